//! The admin interface: everything a test in another process does to the simulator, as JSON over HTTP.
//!
//! It listens on its own loopback port. Nothing here knows the wire protocol; handlers call the [`Simulator`] handle and
//! [`Human`]s, and turn the outcome into JSON. Every error names what was wrong and what would be accepted.

mod accounts;
mod inbox;
mod people;
mod problem;
mod request;
mod route;
mod server;
mod stanzas;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Buf;
use futures::future::join_all;
use futures::{Stream, StreamExt, pin_mut};
use http::header::{AUTHORIZATION, HeaderMap};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::Filter;

use crate::Simulator;
use crate::human::Human;
use problem::Problem;
use request::{Answer, Request};
use route::Table;

/// Largest request body, in bytes.
const BODY_LIMIT: usize = 256 * 1024;
/// How long connections may take to finish when the interface closes.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// Settings of the admin interface.
#[derive(Debug)]
pub struct AdminConfig {
    /// Where to listen; a loopback address. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// When set, every call but `GET /health` must carry it as `Authorization: Bearer …`.
    pub token: Option<Token>,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            token: None,
        }
    }
}

/// The bearer token. Kept as a digest, so that neither `Debug` nor the time a comparison takes tells anything.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// From the secret itself.
    pub fn new(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Why the admin interface did not start.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The address is reachable from elsewhere.
    #[error("{0} is not a loopback address, and the admin interface must not be reachable from elsewhere")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("listening on {address} failed")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// A running admin interface.
#[derive(Debug)]
pub struct Admin {
    addr: SocketAddr,
    state: Arc<State>,
    stop: CancellationToken,
    server: JoinHandle<()>,
}

impl Admin {
    /// Starts to serve calls about `simulator`.
    pub async fn start(config: AdminConfig, simulator: Simulator) -> Result<Self, AdminError> {
        let address = config.listen;
        if !address.ip().is_loopback() {
            return Err(AdminError::NotLoopback(address));
        }
        let failed = |source| AdminError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let state = Arc::new(State {
            simulator,
            token: config.token,
            people: Mutex::new(BTreeMap::new()),
            shutdown: CancellationToken::new(),
        });
        let stop = CancellationToken::new();
        let serving = warp::serve(filter(state.clone()))
            .incoming(listener)
            .graceful(stop.clone().cancelled_owned())
            .run();
        let server = TaskTracker::new().spawn(serving);
        Ok(Self {
            addr,
            state,
            stop,
            server,
        })
    }

    /// The base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Resolves when somebody has called `POST /shutdown`.
    pub async fn shutdown_requested(&self) {
        self.state.shutdown.cancelled().await;
    }

    /// Ends long polls, lets all people leave and closes the port.
    pub async fn close(mut self) {
        self.state.shutdown.cancel();
        let people = std::mem::take(&mut *self.state.people());
        join_all(people.into_values().map(Human::leave)).await;
        self.stop.cancel();
        if tokio::time::timeout(CLOSE_GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

/// What handlers work on.
pub(crate) struct State {
    simulator: Simulator,
    token: Option<Token>,
    people: Mutex<BTreeMap<String, Human>>,
    shutdown: CancellationToken,
}

impl State {
    fn people(&self) -> MutexGuard<'_, BTreeMap<String, Human>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The person with this phone number.
    fn person(&self, phone: &str) -> Result<Human, Problem> {
        let people = self.people();
        people
            .get(phone)
            .cloned()
            .ok_or_else(|| Problem::unknown("person", phone, people.keys()))
    }

    fn authorize(&self, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(token) = &self.token else { return Ok(()) };
        if path == "/health" {
            return Ok(());
        }
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match given.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(secret) if Token::new(secret.trim()) == *token => Ok(()),
            Some(_) | None => Err(Problem::unauthorized()),
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("people", &self.people().len())
            .finish_non_exhaustive()
    }
}

/// One filter for everything; the table inside decides.
fn filter(
    state: Arc<State>,
) -> impl Filter<Extract = (http::Response<Vec<u8>>,), Error = warp::Rejection> + Clone + Send + Sync + 'static {
    let table = Arc::new(Table::new());
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::path::full()
        .and(warp::method())
        .and(warp::header::headers_cloned())
        .and(query)
        .and(warp::body::stream())
        .then(
            move |path: warp::path::FullPath, method, headers: HeaderMap, query, body| {
                let (state, table) = (state.clone(), table.clone());
                async move {
                    let path = path.as_str();
                    let outcome = async {
                        state.authorize(path, &headers)?;
                        let (handler, params) = table.find(&method, path)?;
                        let body = collect(body).await?;
                        handler(state.clone(), Request::new(params, query, body)).await
                    };
                    let outcome: Result<Answer, Problem> = outcome.await;
                    outcome.map_or_else(Problem::into_response, Answer::into_response)
                }
            },
        )
}

/// Reads a body up to [`BODY_LIMIT`].
async fn collect<B: Buf>(body: impl Stream<Item = Result<B, warp::Error>>) -> Result<Vec<u8>, Problem> {
    pin_mut!(body);
    let mut collected = Vec::new();
    while let Some(part) = body.next().await {
        let mut part = part.map_err(|error| Problem::unreadable(&error))?;
        if collected.len() + part.remaining() > BODY_LIMIT {
            return Err(Problem::too_large(BODY_LIMIT));
        }
        while part.has_remaining() {
            let chunk = part.chunk();
            collected.extend_from_slice(chunk);
            let read = chunk.len();
            part.advance(read);
        }
    }
    Ok(collected)
}

//! The admin interface: everything a test in another process does to the simulator, as JSON over HTTP.
//!
//! It listens on its own loopback port. The table of calls (`route.rs`, `resource/`) is also its OpenAPI document. Nothing here knows the wire protocol; handlers call the [`Simulator`] handle and
//! [`Human`]s, and turn the outcome into JSON. Every error names what was wrong and what would be accepted.

mod answer;
mod live;
mod openapi;
mod problem;
mod request;
mod resource;
mod route;
mod serve;
mod state;
mod subject;
mod token;
mod waiting;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Simulator;
use crate::human::Human;
use state::State;

pub use token::Token;

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

/// The OpenAPI document of this interface, as `GET /openapi.json` answers it.
pub fn openapi() -> serde_json::Value {
    openapi::document()
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
        let state = Arc::new(State::new(simulator));
        let stop = CancellationToken::new();
        let serving = warp::serve(serve::filter(state.clone(), config.token))
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

    /// Lets calls name these people too; they leave when the interface closes.
    pub async fn adopt(&self, people: impl IntoIterator<Item = Human>) {
        for human in people {
            // Refused only while closing, and then the person has left already.
            let _closing = self.state.welcome(&human).await;
        }
    }

    /// Resolves when somebody has called `POST /shutdown`.
    pub async fn shutdown_requested(&self) {
        self.state.shutdown.cancelled().await;
    }

    /// Ends long polls, lets all people leave and closes the port.
    pub async fn close(mut self) {
        self.state.close().await;
        self.stop.cancel();
        if tokio::time::timeout(CLOSE_GRACE, &mut self.server).await.is_err() {
            self.server.abort();
        }
    }
}

//! One request and its answer.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use rustls_platform_verifier::BuilderVerifierExt as _;
use url::{Host, Url};
use waspnest_core::clock::Clock;
use waspnest_core::current::Current;

use crate::body::Body;
use crate::guard::{Forbidden, Guard};
use crate::meters::Meters;
use crate::names::Names;
use crate::played::Servers;

/// Connections to one host that are kept open for the next request.
const IDLE_PER_HOST: usize = 4;

/// Sends requests.
#[derive(Debug, Clone)]
pub struct Egress {
    way: Way,
    clock: Arc<dyn Clock>,
    meters: Meters,
}

/// Where requests go.
#[derive(Debug, Clone)]
enum Way {
    /// To the network, past the guard.
    Network(Current<Network>),
    /// To whoever plays the servers; nothing leaves the process, so nothing is guarded.
    Played(Arc<dyn Servers>),
}

/// The way out could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// The operating system has no certificates of authorities, or rustls takes none of them.
    #[error("TLS for outgoing requests cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP client refused its configuration.
    #[error("the client for outgoing requests cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// A request.
#[derive(Clone)]
pub struct Outbound {
    /// What to do.
    pub method: Method,
    /// Where: `http` or `https`.
    pub url: Url,
    /// Headers, as they are sent.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Bytes,
    /// How long all of it may take.
    pub timeout: Duration,
    /// Bytes of the answer's body that are taken.
    pub max_bytes: usize,
}

/// Shows where it goes, and neither query nor headers nor body: secrets may be in them.
impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("method", &self.method)
            .field("origin", &self.url.origin().ascii_serialization())
            .finish_non_exhaustive()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, as far as it was taken.
    pub body: Bytes,
    /// Whether there was more body than was taken.
    pub rest: Rest,
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub struct Opened {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body; dropping it ends the connection.
    pub body: Body,
}

/// Whether a body was longer than what was taken of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// That was all.
    None,
    /// The rest was not read.
    Left,
}

/// No answer.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// The guard does not let it out; nothing was sent.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// The URL has no host or is of another scheme; nothing was sent.
    #[error("only http and https URLs with a host can be requested")]
    Url,
    /// The other side could not be reached or does not speak HTTP.
    #[error("{0}")]
    Unreachable(Box<str>),
    /// It took too long. The other side may have done what was asked.
    #[error("no answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
}

impl Egress {
    /// A way out through `guard`, which looks names up in `names`.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine.
    pub fn new(guard: Guard, names: Arc<dyn Names>, clock: Arc<dyn Clock>) -> Result<Self, SetUpError> {
        Ok(Self {
            way: Way::Network(Network::new(guard, names)?.into()),
            clock,
            meters: Meters::default(),
        })
    }

    /// The same way out through another guard, for all clones. What was opened before goes on; nothing is sent over connections that the old
    /// guard had let through.
    ///
    /// # Errors
    /// When TLS cannot be set up on this machine; the old guard stands then.
    pub fn guard_by(&self, guard: Guard) -> Result<(), SetUpError> {
        if let Way::Network(network) = &self.way {
            let names = Arc::clone(&network.get().guarded.names);
            network.set(Network::new(guard, names)?);
        }
        Ok(())
    }

    /// A way to servers that are played.
    #[must_use]
    pub fn played(servers: Arc<dyn Servers>, clock: Arc<dyn Clock>) -> Self {
        Self {
            way: Way::Played(servers),
            clock,
            meters: Meters::default(),
        }
    }

    /// Whether a URL could be requested now, without requesting anything: for who is told of one long before it is used, when it is judged
    /// once more.
    ///
    /// # Errors
    /// [`EgressError::Forbidden`], [`EgressError::Url`]; [`EgressError::Unreachable`] when its name has no address.
    pub async fn check(&self, url: &Url) -> Result<(), EgressError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressError::Url);
        }
        let Way::Network(network) = &self.way else {
            return Ok(());
        };
        let network = network.get();
        let guarded = &network.guarded;
        judge(&guarded.guard, url)?;
        let Some(Host::Domain(name)) = url.host() else {
            return Ok(());
        };
        match guarded.addresses(name).await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.downcast::<Forbidden>() {
                Ok(forbidden) => EgressError::Forbidden(*forbidden),
                Err(error) => EgressError::Unreachable(error.to_string().into()),
            }),
        }
    }

    /// The same way, measured by `meters`.
    #[must_use]
    pub fn measured(self, meters: Meters) -> Self {
        Self { meters, ..self }
    }

    /// Sends a request and takes its answer. A redirect is an answer.
    ///
    /// # Errors
    /// See [`EgressError`].
    pub async fn exchange(&self, request: Outbound) -> Result<Inbound, EgressError> {
        let begun = self.clock.monotonic();
        let answer = self.exchanged(request).await;
        self.ended(begun, answer.as_ref().map(|answer| answer.status));
        answer
    }

    async fn exchanged(&self, request: Outbound) -> Result<Inbound, EgressError> {
        if !matches!(request.url.scheme(), "http" | "https") {
            return Err(EgressError::Url);
        }
        let (timeout, max_bytes) = (request.timeout, request.max_bytes);
        let answer = async {
            match &self.way {
                Way::Network(network) => {
                    let network = network.get();
                    judge(&network.guarded.guard, &request.url)?;
                    whole(send(&network.client, request).await?, max_bytes).await
                }
                Way::Played(servers) => servers.answer(request).await?.whole(timeout, max_bytes),
            }
        };
        self.within(timeout, answer).await
    }

    /// Sends a request and answers as soon as its answer begins, which `timeout` of the request is for; its `max_bytes` are up to who takes the
    /// body. A redirect is an answer.
    ///
    /// # Errors
    /// See [`EgressError`].
    pub async fn open(&self, request: Outbound) -> Result<Opened, EgressError> {
        let begun = self.clock.monotonic();
        let answer = self.opened(request).await;
        self.ended(begun, answer.as_ref().map(|answer| answer.status));
        answer
    }

    async fn opened(&self, request: Outbound) -> Result<Opened, EgressError> {
        if !matches!(request.url.scheme(), "http" | "https") {
            return Err(EgressError::Url);
        }
        let timeout = request.timeout;
        let answer = async {
            match &self.way {
                Way::Network(network) => {
                    let network = network.get();
                    judge(&network.guarded.guard, &request.url)?;
                    let mut answer = send(&network.client, request).await?;
                    Ok(Opened {
                        status: answer.status(),
                        headers: std::mem::take(answer.headers_mut()),
                        body: Body::of_network(answer, Arc::clone(&self.clock)),
                    })
                }
                Way::Played(servers) => {
                    let played = servers.answer(request).await?;
                    Ok(Opened {
                        status: played.status,
                        headers: played.headers,
                        body: Body::of_played(played.parts),
                    })
                }
            }
        };
        self.within(timeout, answer).await
    }

    fn ended(&self, begun: Duration, answer: Result<StatusCode, &EgressError>) {
        self.meters.ended(answer, self.clock.monotonic().saturating_sub(begun));
    }

    async fn within<T>(
        &self,
        timeout: Duration,
        answer: impl Future<Output = Result<T, EgressError>>,
    ) -> Result<T, EgressError> {
        tokio::select! {
            biased;
            answer = answer => answer,
            () = self.clock.sleep(timeout) => Err(EgressError::TimedOut(timeout)),
        }
    }
}

/// Names are judged where they are looked up, too; an address in the URL is not looked up.
fn judge(guard: &Guard, url: &Url) -> Result<(), EgressError> {
    let literal = |address| guard.address(url.host_str().unwrap_or_default(), address);
    match url.host() {
        None => return Err(EgressError::Url),
        Some(Host::Domain(name)) => guard.name(name)?,
        Some(Host::Ipv4(address)) => literal(IpAddr::V4(address))?,
        Some(Host::Ipv6(address)) => literal(IpAddr::V6(address))?,
    }
    Ok(())
}

async fn send(client: &reqwest::Client, request: Outbound) -> Result<reqwest::Response, EgressError> {
    let Outbound {
        method,
        url,
        headers,
        body,
        timeout: _,
        max_bytes: _,
    } = request;
    let mut sending = client.request(method, url).headers(headers);
    if !body.is_empty() {
        sending = sending.body(body);
    }
    sending.send().await.map_err(failure)
}

async fn whole(mut answer: reqwest::Response, max_bytes: usize) -> Result<Inbound, EgressError> {
    let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
    let mut body = BytesMut::new();
    let mut rest = Rest::None;
    while let Some(chunk) = answer.chunk().await.map_err(failure)? {
        let room = max_bytes - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            rest = Rest::Left;
            break;
        }
    }
    Ok(Inbound {
        status,
        headers,
        body: body.freeze(),
        rest,
    })
}

/// The guard's refusal if that is what is behind an error, else the innermost reason: the outer ones only repeat the URL.
pub(crate) fn failure(error: reqwest::Error) -> EgressError {
    let mut cause: &dyn std::error::Error = &error;
    loop {
        if let Some(forbidden) = cause.downcast_ref::<Forbidden>() {
            return EgressError::Forbidden(forbidden.clone());
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => return EgressError::Unreachable(cause.to_string().into()),
        }
    }
}

/// The network behind a guard.
#[derive(Debug)]
struct Network {
    client: reqwest::Client,
    guarded: Arc<Guarded>,
}

impl Network {
    fn new(guard: Guard, names: Arc<dyn Names>) -> Result<Self, SetUpError> {
        let guarded = Arc::new(Guarded { guard, names });
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_platform_verifier())
            .map_err(SetUpError::Tls)?
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::clone(&guarded))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .build()
            .map_err(SetUpError::Client)?;
        Ok(Self { client, guarded })
    }
}

/// Looks names up and lets only those through whose every address may be dialled: a name with one address inside and one outside is
/// somebody's attempt.
#[derive(Debug, Clone)]
struct Guarded {
    guard: Guard,
    names: Arc<dyn Names>,
}

impl Guarded {
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let addresses = self.names.addresses(name).await?;
        for address in &addresses {
            self.guard.address(name, *address)?;
        }
        Ok(addresses)
    }
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let guarded = self.clone();
        Box::pin(async move {
            let addresses = guarded.addresses(name.as_str()).await?;
            // The port is put in by the client.
            let dialled: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(dialled)
        })
    }
}

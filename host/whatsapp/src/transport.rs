//! How bytes get to WhatsApp: TCP without Nagle's delay, one TLS configuration for all sessions.
//!
//! whatsapp-rust's own transport leaves TCP_NODELAY off: small stanzas then wait for the peer's delayed acknowledgement, 40 ms a time.
//! It also builds a TLS configuration with every dial; here all sessions share one.

use std::sync::Arc;

use async_trait::async_trait;
use http::HeaderValue;
use http::header::ORIGIN;
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Connector};
use whatsapp_rust::anyhow::{Context, Result, bail};
use whatsapp_rust::async_channel::Receiver;
use whatsapp_rust::transport::{Transport, TransportEvent, TransportFactory, default_tls_connector, from_websocket};
use whatsapp_rust::wacore::net::WHATSAPP_WEB_ORIGIN;

use crate::endpoint::{Endpoint, Scheme};
use crate::meters::Meters;
use crate::proxy::Proxy;
use crate::turnstile::Turnstile;

/// How many addresses of a name are tried.
const ADDRESSES: usize = 4;

/// Dials one endpoint. Cheap to clone; clones share the TLS configuration.
#[derive(Clone)]
pub(crate) struct Dialer {
    endpoint: Endpoint,
    tls: Arc<Connector>,
    proxy: Option<Proxy>,
    turnstile: Arc<Turnstile>,
    meters: Meters,
}

impl Dialer {
    pub(crate) fn new(endpoint: Endpoint, turnstile: Turnstile, meters: Meters) -> Self {
        let tls = match endpoint.scheme() {
            Scheme::Wss => default_tls_connector(),
            Scheme::Ws => Connector::Plain,
        };
        Self {
            endpoint,
            tls: Arc::new(tls),
            proxy: None,
            turnstile: Arc::new(turnstile),
            meters,
        }
    }

    /// The same, through a proxy.
    pub(crate) fn through(self, proxy: Option<Proxy>) -> Self {
        Self { proxy, ..self }
    }

    async fn dial(&self) -> Result<TcpStream> {
        if let Some(proxy) = self.proxy.clone() {
            let (host, port) = (self.endpoint.host().to_owned(), self.endpoint.port());
            let dialed = tokio::task::spawn_blocking(move || proxy.dial(&host, port)).await??;
            dialed.set_nonblocking(true)?;
            return Ok(TcpStream::from_std(dialed)?);
        }
        let mut last = None;
        let addresses = tokio::net::lookup_host((self.endpoint.host(), self.endpoint.port()))
            .await
            .context("resolving the name failed")?;
        for address in addresses.take(ADDRESSES) {
            if self.endpoint.scheme() == Scheme::Ws && !address.ip().is_loopback() {
                bail!("{} resolves to {address}, which is not this machine", self.endpoint);
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).context("setting TCP_NODELAY failed")?;
                    return Ok(stream);
                }
                Err(error) => last = Some(error),
            }
        }
        match last {
            Some(error) => Err(error).context("connecting failed"),
            None => bail!("the name has no address"),
        }
    }

    async fn connect(&self) -> Result<(Arc<dyn Transport>, Receiver<TransportEvent>)> {
        let stream = self
            .dial()
            .await
            .with_context(|| format!("dialing {}", self.endpoint))?;
        let stream = self
            .tls
            .wrap(self.endpoint.host(), stream)
            .await
            .context("the TLS handshake failed")?;
        let uri = self.endpoint.to_string().parse().context("the endpoint is not a URI")?;
        let (socket, _response) = ClientBuilder::from_uri(uri)
            .add_header(ORIGIN, HeaderValue::from_static(WHATSAPP_WEB_ORIGIN))
            .context("setting the origin failed")?
            .connect_on(stream)
            .await
            .context("the WebSocket upgrade failed")?;
        Ok(from_websocket(socket))
    }
}

#[async_trait]
impl TransportFactory for Dialer {
    async fn create_transport(&self) -> Result<(Arc<dyn Transport>, Receiver<TransportEvent>)> {
        if let Err(crowded) = self.turnstile.pass().await {
            self.meters.postponed();
            return Err(crowded.into());
        }
        let connected = self.connect().await;
        self.meters.dialed(&connected);
        connected
    }
}

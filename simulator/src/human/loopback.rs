//! How an in-process client reaches the simulator, and nothing else.
//!
//! Two seams of whatsapp-rust are filled here: the WebSocket transport (with `TCP_NODELAY`, because a stanza that waits
//! for the peer's delayed acknowledgement costs 40 ms) and the HTTP client, one agent shared by every human.
//! Neither ever leaves the loopback interface: a client built with certificate checks switched off must not be able to
//! reach a real server by mistake.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use tokio::net::TcpStream;
use tokio_websockets::ClientBuilder;
use whatsapp_rust::http::{HttpClient, HttpRequest, HttpResponse, UreqHttpClient};
use whatsapp_rust::transport::{Transport, TransportEvent, TransportFactory, from_websocket};
use whatsapp_rust::{anyhow, async_channel};

/// Opens plain WebSockets to one simulator.
#[derive(Debug, Clone)]
pub(crate) struct LoopbackTransport {
    addr: SocketAddr,
    url: String,
}

impl LoopbackTransport {
    /// `url` is the simulator's `ws://` address and `addr` the socket behind it.
    pub(crate) fn new(addr: SocketAddr, url: String) -> Self {
        Self { addr, url }
    }
}

#[async_trait]
impl TransportFactory for LoopbackTransport {
    async fn create_transport(
        &self,
    ) -> Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>), anyhow::Error> {
        if !self.addr.ip().is_loopback() {
            anyhow::bail!("{} is not a loopback address", self.addr);
        }
        let uri: http::Uri = self.url.parse()?;
        let stream = TcpStream::connect(self.addr).await?;
        stream.set_nodelay(true)?;
        let (socket, _response) = ClientBuilder::from_uri(uri).connect_on(stream).await?;
        Ok(from_websocket(socket))
    }
}

/// One agent for all humans of the process: its connection pool and TLS configuration are the expensive parts.
static AGENT: LazyLock<Arc<UreqHttpClient>> = LazyLock::new(|| Arc::new(UreqHttpClient::new()));

/// An HTTP client that refuses every host but this machine's loopback.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LoopbackHttp;

#[async_trait]
impl HttpClient for LoopbackHttp {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, anyhow::Error> {
        let uri: http::Uri = request.url.parse()?;
        let host = uri.host().unwrap_or_default();
        if !is_loopback(host) {
            anyhow::bail!("refused a request to {host:?}: simulated people only talk to the loopback interface");
        }
        AGENT.execute(request).await
    }
}

/// Whether a URL's host names this machine's loopback interface.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_pass() {
        for host in ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"] {
            assert!(is_loopback(host), "{host} is this machine");
        }
        for host in [
            "",
            "web.whatsapp.com",
            "10.0.0.1",
            "localhost.example",
            "127.0.0.1.example",
        ] {
            assert!(!is_loopback(host), "{host} is not this machine");
        }
    }

    #[tokio::test]
    async fn a_request_to_the_world_is_refused() {
        let error = LoopbackHttp
            .execute(HttpRequest::get("https://web.whatsapp.com/sw.js"))
            .await
            .expect_err("the world is out of reach");
        assert!(error.to_string().contains("web.whatsapp.com"), "{error}");
    }
}

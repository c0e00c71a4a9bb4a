//! How an in-process client reaches the simulator, and nothing else.
//!
//! Two seams of whatsapp-rust are filled here: the WebSocket transport (with `TCP_NODELAY`, because a stanza that waits
//! for the peer's delayed acknowledgement costs 40 ms) and the HTTP client, one shared by everybody on a simulator, which trusts that
//! simulator's certificate authority and no other.
//! Neither ever leaves the loopback interface: a client built with certificate checks switched off must not be able to
//! reach a real server by mistake.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::net::TcpStream;
use tokio_websockets::ClientBuilder;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use whatsapp_rust::http::{HttpClient, HttpRequest, HttpResponse, UreqHttpClient};
use whatsapp_rust::transport::{Transport, TransportEvent, TransportFactory, from_websocket};
use whatsapp_rust::wacore::net::{StreamingHttpResponse, UploadBody};
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

/// Idle connections kept open to the media server.
const IDLE_CONNECTIONS: usize = 16;

/// An HTTP client that refuses every host but this machine's loopback. Clones share their connections.
#[derive(Debug, Clone)]
pub(crate) struct LoopbackHttp {
    client: UreqHttpClient,
}

impl LoopbackHttp {
    /// One that trusts this certificate authority and no other, and follows no redirection away from here.
    pub(crate) fn trusting(authority: &[u8]) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(
                &[Certificate::from_der(authority).to_owned()],
            ))
            .build();
        let agent = ureq::Agent::config_builder()
            .tls_config(tls)
            .proxy(None)
            .max_redirects(0)
            .max_idle_connections(IDLE_CONNECTIONS)
            .max_idle_connections_per_host(IDLE_CONNECTIONS)
            .build();
        Self {
            client: UreqHttpClient::with_agent(agent.into()),
        }
    }
}

#[async_trait]
impl HttpClient for LoopbackHttp {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, anyhow::Error> {
        admit(&request)?;
        self.client.execute(request).await
    }

    fn supports_streaming(&self) -> bool {
        self.client.supports_streaming()
    }

    fn execute_streaming(&self, request: HttpRequest) -> Result<StreamingHttpResponse, anyhow::Error> {
        admit(&request)?;
        self.client.execute_streaming(request)
    }

    fn supports_upload_streaming(&self) -> bool {
        self.client.supports_upload_streaming()
    }

    fn execute_upload(
        &self,
        request: HttpRequest,
        body: UploadBody,
        content_length: u64,
    ) -> Result<HttpResponse, anyhow::Error> {
        admit(&request)?;
        self.client.execute_upload(request, body, content_length)
    }
}

fn admit(request: &HttpRequest) -> Result<(), anyhow::Error> {
    let uri: http::Uri = request.url.parse()?;
    let host = uri.host().unwrap_or_default();
    if !is_loopback(host) {
        anyhow::bail!("refused a request to {host:?}: simulated people only talk to the loopback interface");
    }
    Ok(())
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
        let error = LoopbackHttp::trusting(&[])
            .execute(HttpRequest::get("https://web.whatsapp.com/sw.js"))
            .await
            .expect_err("the world is out of reach");
        assert!(error.to_string().contains("web.whatsapp.com"), "{error}");
    }
}

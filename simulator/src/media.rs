//! The media server: HTTPS on loopback, where clients upload and fetch what is too large for a message.
//!
//! It knows blobs by their digest and path and never what is in them. One request costs at most one body of bounded size; a
//! connection on which nothing moves for a while is ended, and what a client sends badly is answered with a status, never with a panic.

pub(crate) mod auth;
mod authority;
mod download;
mod patience;
mod upload;

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::error::StartError;
use crate::server::Shared;
use patience::Patient;

pub(crate) use authority::Authority;
pub use authority::TlsError;

/// Connections served at once; more wait until one ends.
const MAX_CONNECTIONS: usize = 512;
/// How long accepting rests after it failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// Largest head of a request, in bytes; a body is read in pieces of this size.
const MAX_HEAD: usize = 64 << 10;

/// The open port before anybody is served.
pub(crate) struct MediaListener {
    listener: TcpListener,
    /// Host and port as clients are told.
    pub(crate) host: String,
    acceptor: TlsAcceptor,
}

/// Opens the port; `authority` signs its certificate.
pub(crate) async fn listen(address: SocketAddr, authority: &Authority) -> Result<MediaListener, StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let reached = if bound.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), bound.port())
    } else {
        bound
    };
    Ok(MediaListener {
        listener,
        host: reached.to_string(),
        acceptor: TlsAcceptor::from(authority.server_config().map_err(StartError::Tls)?),
    })
}

/// Serves until the server stops.
pub(crate) async fn serve(media: MediaListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = media.listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (acceptor, served) = (media.acceptor.clone(), Arc::clone(&shared));
                shared.tasks.spawn(async move {
                    let _permit = permit;
                    tokio::select! {
                        () = served.stop.cancelled() => {}
                        () = connection(stream, acceptor, &served) => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a media connection failed");
                let _ = tokio::time::timeout(ACCEPT_PAUSE, shared.stop.cancelled()).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, shared: &Arc<Shared>) {
    let patience = shared.limits.write_timeout;
    // Small answers follow small requests here as well.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a media connection was gone before it began");
        return;
    }
    let secured = match acceptor.accept(Patient::new(stream, patience)).await {
        Ok(secured) => secured,
        Err(error) => {
            tracing::debug!(%error, "a media client does not speak TLS, or does not trust this server");
            return;
        }
    };
    let service = service_fn(|request| async { Ok::<_, Infallible>(answer(request, shared).await) });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(secured), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a media connection ended early");
    }
}

async fn answer(request: Request<Incoming>, shared: &Arc<Shared>) -> Response<Full<Bytes>> {
    let method = request.method().clone();
    let response = match method {
        Method::POST => upload::handle(request, shared).await,
        Method::GET | Method::HEAD => download::handle(&request, shared),
        _ => refuse(
            StatusCode::METHOD_NOT_ALLOWED,
            "uploads are POST, downloads are GET or HEAD",
        ),
    };
    tracing::debug!(%method, status = response.status().as_u16(), "media request");
    response
}

/// A refusal, in words that end up in clients' logs.
fn refuse(status: StatusCode, why: &str) -> Response<Full<Bytes>> {
    json(status, &serde_json::json!({ "error": why }))
}

fn json(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    response
}

/// A parameter of the request's query, as it stands there: none of those used here needs escaping.
fn parameter<'q>(request: &'q Request<Incoming>, name: &str) -> Option<&'q str> {
    request
        .uri()
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

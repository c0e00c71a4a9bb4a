//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Body;
use hyper::rt::Executor;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::Clock;

use super::guarded::{Arriving, Guarded, Peer};
use super::line::Line;
use super::meters::{Cut, Meters, Open};
use super::places::Place;
use super::pulse::{Late, Pulse};
use crate::config::connections::Connections;
use crate::shutdown::Shutdown;
use waspnest_core::current::Current;

/// Streams of one connection over HTTP/2 that are answered at the same time.
const STREAMS: u32 = 128;

/// What a connection is served with.
pub(super) struct Served {
    pub(super) peer: SocketAddr,
    /// Given back when the connection is gone, whatever it became.
    pub(super) held: (Place, Open),
    pub(super) clock: Arc<dyn Clock>,
    pub(super) rules: Current<Connections>,
    pub(super) meters: Meters,
    pub(super) tasks: Shutdown,
    pub(super) stop: CancellationToken,
}

/// Starts the tasks of HTTP/2 streams, which are tracked as all tasks are.
#[derive(Clone)]
struct Streams(Shutdown);

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        self.0.spawn_finite("http2 stream", stream);
    }
}

impl Served {
    /// Speaks HTTP/1.1 or HTTP/2, as the other side begins, until either ends it. What is being answered when the host stops is answered.
    pub(super) async fn over<S, A, B>(self, stream: S, api: A)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        A: Service<Request<Arriving>, Response = Response<B>, Error = Infallible> + Send + 'static,
        A::Future: Send + 'static,
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn StdError + Send + Sync>>,
    {
        let Self {
            peer,
            held,
            clock,
            rules,
            meters,
            tasks,
            stop,
        } = self;
        let builder = {
            let rules = rules.get();
            let head = usize::try_from(rules.head_bytes).unwrap_or(usize::MAX);
            let mut builder = Builder::new(Streams(tasks));
            builder.http1().max_headers(rules.headers).max_buf_size(head);
            builder
                .http2()
                .max_header_list_size(u32::try_from(head).unwrap_or(u32::MAX))
                .max_concurrent_streams(STREAMS);
            builder
        };
        let pulse = Arc::new(Pulse::new(clock));
        let line = TokioIo::new(Line::new(stream, Arc::clone(&pulse), held));
        let api = Guarded::new(api, Peer(peer), Arc::clone(&pulse));
        let mut connection = pin!(builder.serve_connection_with_upgrades(line, api));
        let mut stopping = false;
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(error, "a connection broke off");
                    }
                    return;
                }
                late = pulse.late(&rules) => {
                    meters.cut(Cut::Late(late));
                    match late {
                        Late::Idle => {}
                        Late::Head | Late::Stalled | Late::Parting => return,
                    }
                }
                () = stop.cancelled(), if !stopping => stopping = true,
            }
            connection.as_mut().graceful_shutdown();
            pulse.parts();
        }
    }
}

//! The API as hyper calls it: the request learns who asks, and the connection learns when a body is waited for and when an answer has ended.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::service::Service;

use super::pulse::{Answering, Pulse};

/// Who is at the other end of a connection; every request carries it.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Peer(pub(in crate::http) SocketAddr);

/// The service of one connection.
#[derive(Debug)]
pub(super) struct Guarded<S> {
    inner: S,
    peer: Peer,
    pulse: Arc<Pulse>,
}

impl<S> Guarded<S> {
    pub(super) const fn new(inner: S, peer: Peer, pulse: Arc<Pulse>) -> Self {
        Self { inner, peer, pulse }
    }
}

impl<S, B> Service<Request<Incoming>> for Guarded<S>
where
    S: Service<Request<Arriving>, Response = Response<B>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Leaving<B>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let answering = self.pulse.begins(request.version());
        request.extensions_mut().insert(self.peer);
        let pulse = Arc::clone(&self.pulse);
        let answer = self.inner.call(request.map(|body| Arriving { body, pulse }));
        Box::pin(async move {
            let answer = answer.await?;
            Ok(answer.map(|body| Leaving {
                body,
                _answering: answering,
            }))
        })
    }
}

/// The body of a request.
#[derive(Debug)]
pub(super) struct Arriving {
    body: Incoming,
    pulse: Arc<Pulse>,
}

impl Body for Arriving {
    type Data = <Incoming as Body>::Data;
    type Error = <Incoming as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let come = Pin::new(&mut self.body).poll_frame(cx);
        match &come {
            Poll::Pending => self.pulse.awaits(),
            Poll::Ready(_) => self.pulse.has_come(),
        }
        come
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Arriving {
    fn drop(&mut self) {
        self.pulse.has_come();
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Leaving<B> {
    body: B,
    _answering: Answering,
}

impl<B: Body + Unpin> Body for Leaving<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

//! The listener: takes connections and serves a warp filter over each.
//!
//! warp's own server holds as many connections as come, for as long as they like. This one has places for so many, in all and from each
//! address, and a time for everything that the other side can drag out ([`pulse`]). Every connection is a task that the host knows and ends
//! in order. Nothing here knows what is asked or answered.

mod accept;
mod connection;
mod guarded;
mod line;
mod meters;
mod places;
mod pulse;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::error::Error as StdError;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Body;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use warp::Filter;
use waspnest_core::clock::Clock;

use crate::config::callers::Callers;
use crate::config::connections::Connections;
use crate::service::caller::block;
use crate::shutdown::Shutdown;
pub(in crate::http) use accept::Listen;
use connection::Served;
use guarded::Arriving;
pub(in crate::http) use guarded::Peer;
pub(in crate::http) use meters::Meters;
use meters::{Accepted, Cut};
use places::{Place, Places};
use waspnest_core::current::Current;

/// What connections come in through.
#[derive(Clone)]
pub(in crate::http) struct Door {
    /// How many, and how long.
    pub(in crate::http) rules: Current<Connections>,
    /// Whose connections are not counted by address.
    pub(in crate::http) callers: Current<Callers>,
    /// What connections are shown; none where they are served as they are.
    pub(in crate::http) tls: Option<TlsAcceptor>,
    /// What is measured.
    pub(in crate::http) meters: Meters,
    /// Where connections are served.
    pub(in crate::http) tasks: Shutdown,
    /// Time.
    pub(in crate::http) clock: Arc<dyn Clock>,
    /// When to take no more.
    pub(in crate::http) stop: CancellationToken,
}

impl Door {
    /// Serves what `listener` gives until the host stops, and those that are open then have ended.
    pub(in crate::http) async fn serve<F>(self, mut listener: impl Listen, filter: F)
    where
        F: Filter<Extract = (warp::reply::Response,), Error = Infallible> + Clone + Send + Sync + 'static,
    {
        let places = Places::default();
        let open = TaskTracker::new();
        loop {
            let (stream, peer) = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                come = accept::next(&mut listener, &*self.clock, &self.meters) => come,
            };
            let rules = self.rules.get();
            let from = (!self.callers.get().believes(peer.ip())).then(|| block(peer.ip()));
            match places.take(from, &rules) {
                Err(full) => self.meters.accepted(Accepted::Refused(full)),
                Ok(place) => {
                    self.meters.accepted(Accepted::Served);
                    let served = self.served(peer, place);
                    let api = TowerToHyperService::new(warp::service(filter.clone()));
                    let connected = connected(served, stream, self.tls.clone(), api, open.token());
                    self.tasks.spawn_finite("connection", connected);
                }
            }
        }
        // Nobody waits in front of a closed door.
        drop(listener);
        open.close();
        open.wait().await;
    }

    fn served(&self, peer: SocketAddr, place: Place) -> Served {
        Served {
            peer,
            held: (place, self.meters.open()),
            clock: Arc::clone(&self.clock),
            rules: self.rules.clone(),
            meters: self.meters.clone(),
            tasks: self.tasks.clone(),
            stop: self.stop.clone(),
        }
    }
}

/// Serves a connection over TLS, or as it is.
async fn connected<A, B>(served: Served, stream: TcpStream, tls: Option<TlsAcceptor>, api: A, _here: TaskTrackerToken)
where
    A: Service<Request<Arriving>, Response = Response<B>, Error = Infallible> + Send + 'static,
    A::Future: Send + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
{
    // An answer that is small is not worth waiting for more of it; where that cannot be said, it only comes later.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return served.over(stream, api).await;
    };
    let in_time = served.clock.sleep(served.rules.get().head_timeout);
    let shaken = tokio::select! {
        biased;
        () = served.stop.cancelled() => return,
        shaken = tls.accept(stream) => shaken,
        () = in_time => Err(ErrorKind::TimedOut.into()),
    };
    match shaken {
        Ok(stream) => served.over(stream, api).await,
        Err(error) => {
            served.meters.cut(Cut::Handshake);
            tracing::debug!(%error, "a TLS handshake failed");
        }
    }
}

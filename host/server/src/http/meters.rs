//! What is measured of requests. A route is named by its pattern, never by what somebody asked for.

use std::time::Duration;

use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;
use waspnest_core::measure::{self, Shown};

use super::listener;
use crate::live::Ended;

/// What stands for a path that is no route's.
const NO_ROUTE: &str = "none";

/// The measurements of the API. Clones are the same.
#[derive(Debug, Clone)]
pub struct Meters {
    requests: Family<Answered, Counter>,
    seconds: Family<Route, Histogram>,
    denied: Family<Denied, Counter>,
    streams: Family<Kind, Gauge>,
    pub(super) connections: listener::Meters,
    ended: Family<StreamEnd, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    method: &'static str,
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: &'static str,
    route: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Denied {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StreamEnd {
    kind: &'static str,
    reason: &'static str,
}

/// Why a stream ended that was not ended by what is told: whoever listened left, or does not take what is told.
const GONE: &str = "gone";

/// How somebody is told what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamKind {
    /// Server-sent events.
    Sse,
    /// A WebSocket.
    Ws,
}

/// A stream that is open, until this is dropped.
pub(super) struct OpenStream {
    open: Gauge,
    ended: Family<StreamEnd, Counter>,
    kind: StreamKind,
    reason: &'static str,
}

impl OpenStream {
    /// It ends for this reason.
    pub(super) const fn ends(&mut self, why: Ended) {
        self.reason = why.code();
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.open.dec();
        let (kind, reason) = (self.kind.name(), self.reason);
        self.ended.get_or_create(&StreamEnd { kind, reason }).inc();
    }
}

impl StreamKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Sse => "sse",
            Self::Ws => "ws",
        }
    }
}

impl Default for Meters {
    fn default() -> Self {
        let streams = Family::<Kind, Gauge>::default();
        for kind in [StreamKind::Sse, StreamKind::Ws] {
            streams.get_or_create_owned(&Kind { kind: kind.name() });
        }
        let ended = Family::<StreamEnd, Counter>::default();
        for kind in [StreamKind::Sse.name(), StreamKind::Ws.name()] {
            for reason in [GONE, Ended::TooSlow.code()] {
                ended.get_or_create_owned(&StreamEnd { kind, reason });
            }
        }
        let denied = Family::<Denied, Counter>::default();
        for code in ["unauthenticated", "wrong_password", "too_many_requests"] {
            denied.get_or_create_owned(&Denied { code });
        }
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(measure::seconds),
            denied,
            streams,
            connections: listener::Meters::default(),
            ended,
        }
    }
}

impl Meters {
    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register(
            "http_requests",
            "Requests to the API, by pattern of the route and class of the status",
            self.requests.clone(),
        );
        shown.register_with_unit(
            "http_request",
            "From a request until its answer begins, by pattern of the route",
            Unit::Seconds,
            self.seconds.clone(),
        );
        shown.register(
            "http_denied",
            "Requests that were refused for who made them or how often, by code of the answer",
            self.denied.clone(),
        );
        shown.register("http_streams", "Streams of events that are open", self.streams.clone());
        self.connections.register(shown);
        shown.register(
            "http_streams_ended",
            "Streams of events that ended, by why; those are gone whose listener left or took nothing any more",
            self.ended.clone(),
        );
    }

    /// A request was answered. `template` is empty where no route was found.
    pub(super) fn answered(&self, method: &Method, template: &'static str, status: StatusCode, took: Duration) {
        let route = if template.is_empty() { NO_ROUTE } else { template };
        let method = known(method);
        let status = match status.as_u16() / 100 {
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "1xx",
        };
        let answered = Answered { method, route, status };
        self.requests.get_or_create(&answered).inc();
        self.seconds
            .get_or_create(&Route { method, route })
            .observe(took.as_secs_f64());
    }

    /// A request was denied.
    pub(super) fn denied(&self, code: &'static str) {
        self.denied.get_or_create(&Denied { code }).inc();
    }

    /// Somebody listens.
    pub(super) fn stream(&self, kind: StreamKind) -> OpenStream {
        let open = self.streams.get_or_create_owned(&Kind { kind: kind.name() });
        open.inc();
        OpenStream {
            open,
            ended: self.ended.clone(),
            kind,
            reason: GONE,
        }
    }
}

/// A method as a label: callers may make up methods.
const fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

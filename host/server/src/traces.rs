//! What the host tells a collector of traces (OpenTelemetry, OTLP over HTTP): which work an event led to, where, and how long it took.
//!
//! A piece of work is told when it has ended. Its name and its place in the trace are derived ([`waspnest_core::trace_context`]), so work that goes over
//! a restart is still in one trace. Nobody waits for the collector: a queue takes what is told, one task sends it, and what does not fit is
//! counted and left out. In no piece of work is anything that people wrote, and no number of theirs.

mod exporter;
mod meters;
mod traced;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::event::Event;
use waspnest_core::trace_context::{Sampled, SpanId, TraceContext};

pub use exporter::ExportSetUpError;
pub(crate) use exporter::exporting;
pub use meters::Meters;
pub(crate) use traced::Traced;

/// Pieces of work that may wait for the task.
const QUEUE: usize = 4096;

/// Where pieces of work are told. Clones are the same. The default tells nobody.
#[derive(Debug, Clone, Default)]
pub struct Traces(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    queue: mpsc::Sender<Told>,
    /// Of all traces that begin here, those whose name is below it are told.
    below: u64,
    meters: Meters,
    clock: Arc<dyn Clock>,
}

/// A piece of work that has just ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Work {
    /// What kind of work: a constant, since dashboards are built on it.
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// What it is part of.
    pub(crate) parent: Option<Parent>,
    pub(crate) took: Duration,
    /// In a failure of which class it ended: a word, never what a plugin or a server said. None for what went well.
    pub(crate) failed: Option<&'static str>,
    /// Facts, by the names that OpenTelemetry gives them or names of ours with a dot.
    pub(crate) facts: Vec<(&'static str, Fact)>,
}

/// A piece of work on its way.
#[derive(Debug)]
struct Told {
    context: TraceContext,
    work: Work,
    ended: UnixMs,
}

/// What a piece of work is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    /// Another piece of work of this host.
    Here(SpanId),
    /// Work of another program.
    Elsewhere(SpanId),
}

/// Which end of a request a piece of work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It answers one.
    Server,
    /// It makes one.
    Client,
    /// It takes what somebody left for it.
    Consumer,
    /// Neither.
    Internal,
}

/// A fact of a piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    Text(String),
    Number(i64),
}

impl From<u32> for Fact {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for Fact {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Traces {
    /// Whether anybody is told.
    #[must_use]
    pub fn are_told(&self) -> bool {
        self.0.is_some()
    }

    /// An event, as what it causes is told of it. While nobody is told of work here, that is what came from outside, passed on as it came;
    /// none if nothing did.
    #[must_use]
    pub(crate) fn context(&self, event: &Event) -> Option<TraceContext> {
        match (&self.0, TraceContext::from_outside(event)) {
            (None, outside) => outside,
            (Some(_), Some(_)) => Some(TraceContext::of_event(event)),
            (Some(inner), None) => Some(inner.sampled(TraceContext::of_event(event))),
        }
    }

    /// A trace that begins here, if it is told.
    #[must_use]
    pub(crate) fn began(&self, context: TraceContext) -> Option<TraceContext> {
        self.0.as_ref().map(|inner| inner.sampled(context))
    }

    /// What a piece of work is told as; while nobody is told of it, what it is part of.
    #[must_use]
    pub(crate) fn named(&self, context: TraceContext, span: SpanId) -> TraceContext {
        match &self.0 {
            Some(_) => context.with(span),
            None => context,
        }
    }

    /// Tells of a piece of work that has just ended, under its own name in its trace. `work` is made only if somebody wants to know.
    pub(crate) fn tell(&self, context: Option<TraceContext>, work: impl FnOnce() -> Work) {
        let (Some(inner), Some(context)) = (&self.0, context) else {
            return;
        };
        if context.sampled == Sampled::No {
            return;
        }
        let told = Told {
            context,
            work: work(),
            ended: inner.clock.now(),
        };
        if inner.queue.try_send(told).is_err() {
            inner.meters.left_out.inc();
        }
    }
}

impl Inner {
    /// Chance is in the last bytes of a trace's name, and everybody who looks there decides the same.
    fn sampled(&self, context: TraceContext) -> TraceContext {
        let [.., a, b, c, d, e, f, g, h] = context.trace.bytes();
        let sampled = match u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 1 < self.below {
            true => Sampled::Yes,
            false => Sampled::No,
        };
        TraceContext { sampled, ..context }
    }
}

#[cfg(test)]
mod tests {
    use waspnest_core::clock::ManualClock;
    use waspnest_core::event::{EventKind, Position, RequestEvent};
    use waspnest_core::id::{EventId, SessionId};
    use waspnest_core::trace_context::{TRACEPARENT, TRACESTATE};

    use super::*;

    const OUTSIDE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn requested(headers: &[(&str, &str)]) -> Event {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Event {
            id: EventId::new(ulid::Ulid::from_parts(1, 1)),
            session: SessionId::new(ulid::Ulid::from_parts(1, 2)),
            position: Position(1),
            received_at: UnixMs(1),
            kind: EventKind::Request(Box::new(RequestEvent {
                installation: "board".parse().expect("an id"),
                method: "POST".into(),
                path: "/".into(),
                query: None,
                headers: headers.collect(),
                body: Vec::new(),
            })),
        }
    }

    fn told(below: u64, most: usize) -> (Traces, mpsc::Receiver<Told>) {
        let (queue, told) = mpsc::channel(most);
        let inner = Inner {
            queue,
            below,
            meters: Meters::default(),
            clock: Arc::new(ManualClock::at(UnixMs(1_000))),
        };
        (Traces(Some(Arc::new(inner))), told)
    }

    fn work() -> Work {
        Work {
            name: "work",
            role: Role::Internal,
            parent: None,
            took: Duration::from_millis(10),
            failed: None,
            facts: Vec::new(),
        }
    }

    #[test]
    fn while_nobody_is_told_what_came_from_outside_is_passed_on_as_it_came() {
        let traces = Traces::default();
        let event = requested(&[(TRACEPARENT, OUTSIDE), (TRACESTATE, "vendor=1")]);
        let traced = Traced::of(&traces, &event, SpanId::of_event(event.id));
        let mut headers = http::HeaderMap::new();
        traced.request(&traces, 1).put(&mut headers);
        assert_eq!(headers[TRACEPARENT], OUTSIDE);
        assert_eq!(headers[TRACESTATE], "vendor=1");
        let nothing = Traced::of(&traces, &requested(&[]), SpanId::of_event(event.id));
        let mut headers = http::HeaderMap::new();
        nothing.put(&mut headers);
        assert!(headers.is_empty(), "{headers:?}");
    }

    #[test]
    fn what_a_plugin_says_itself_is_left_alone() {
        let (traces, _told) = told(u64::MAX, 1);
        let event = requested(&[]);
        let mut headers = http::HeaderMap::new();
        headers.insert(TRACEPARENT, http::HeaderValue::from_static(OUTSIDE));
        Traced::of(&traces, &event, SpanId::of_event(event.id)).put(&mut headers);
        assert_eq!(headers[TRACEPARENT], OUTSIDE);
    }

    #[test]
    fn a_share_is_told_and_who_brings_a_trace_decides_for_it() {
        let (none, mut told_none) = told(0, 10);
        none.tell(none.context(&requested(&[])), work);
        assert!(told_none.try_recv().is_err(), "a share of nothing");
        none.tell(none.context(&requested(&[(TRACEPARENT, OUTSIDE)])), work);
        assert!(told_none.try_recv().is_ok(), "it was decided outside");
        let (all, mut told_all) = told(1 << 63, 10);
        all.tell(all.context(&requested(&[])), work);
        assert!(told_all.try_recv().is_ok());
        let unwanted = OUTSIDE.replace("-01", "-00");
        all.tell(all.context(&requested(&[(TRACEPARENT, &unwanted)])), work);
        assert!(told_all.try_recv().is_err(), "it was decided outside");
    }

    #[test]
    fn what_does_not_fit_is_counted_and_nobody_waits() {
        let (traces, _told) = told(1 << 63, 2);
        for _ in 0..5 {
            traces.tell(traces.context(&requested(&[])), work);
        }
        let Traces(Some(inner)) = &traces else {
            panic!("it is on")
        };
        assert_eq!(inner.meters.left_out.get(), 3);
    }
}

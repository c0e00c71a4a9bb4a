//! The place of one piece of work in a trace, and how others are told of it.

use http::{HeaderMap, HeaderName, HeaderValue};
use waspnest_core::event::Event;
use waspnest_core::trace_context::{SpanId, TRACEPARENT, TRACESTATE, TraceContext, tracestate};

use super::Traces;

/// A piece of work in its trace; in none, if nobody is told and nobody outside said of one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traced {
    pub(crate) context: Option<TraceContext>,
    /// What others want to know of the trace.
    state: Option<String>,
}

impl Traced {
    /// The work `span` that an event led to.
    pub(crate) fn of(traces: &Traces, event: &Event, span: SpanId) -> Self {
        Self {
            context: traces.context(event).map(|context| traces.named(context, span)),
            state: tracestate(event).map(str::to_owned),
        }
    }

    /// Work in a trace that begins here.
    pub(crate) fn begun(traces: &Traces, context: TraceContext, span: SpanId) -> Self {
        Self {
            context: traces.began(context).map(|context| context.with(span)),
            state: None,
        }
    }

    /// A request that the work makes.
    pub(crate) fn request(&self, traces: &Traces, number: u32) -> Self {
        let context = self.context.map(|context| {
            let span = SpanId::of_request(context.span, number);
            traces.named(context, span)
        });
        Self {
            context,
            state: self.state.clone(),
        }
    }

    /// Says in the headers of a request where it belongs, unless whoever makes it has said so.
    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        let Some(context) = self.context else { return };
        if headers.contains_key(TRACEPARENT) {
            return;
        }
        let said = [
            (TRACEPARENT, Some(context.to_string())),
            (TRACESTATE, self.state.clone()),
        ];
        for (name, text) in said {
            // What came from outside was a header's value there; the other is plain ASCII.
            if let Some(Ok(value)) = text.as_deref().map(HeaderValue::from_str) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
    }
}

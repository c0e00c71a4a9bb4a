//! What is told of a request's place in a trace: it is part of what its caller says (`traceparent`), and what it leads to is part of it.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use waspnest_core::id::EventId;
use waspnest_core::trace_context::{SpanId, TRACEPARENT, TRACESTATE, TraceContext};

use super::HttpParts;
use crate::telemetry::span;
use crate::traces::{Parent, Role, Traces, Work};

/// The place of one request in a trace; none while nobody is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestTrace {
    context: Option<TraceContext>,
    parent: Option<SpanId>,
}

impl RequestTrace {
    /// A request begins. Whoever reads its headers from now on finds itself to be part of it.
    pub(super) fn begin(parts: &HttpParts, headers: &mut HeaderMap) -> Self {
        let outside = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
        let outside = outside.and_then(|text| text.parse::<TraceContext>().ok());
        if outside.is_none() {
            headers.remove(TRACEPARENT);
            // It means nothing alone (W3C Trace Context, 3.3).
            headers.remove(TRACESTATE);
        }
        let parent = outside.map(|outside| outside.span);
        if !parts.traces.are_told() {
            return Self { context: None, parent };
        }
        let fresh = TraceContext::own(EventId::new(parts.ids.ulid(parts.clock.now())));
        let context = match outside {
            Some(outside) => Some(outside.with(fresh.span)),
            None => parts.traces.began(fresh),
        };
        let value = context.and_then(|context| HeaderValue::from_str(&context.to_string()).ok());
        if let Some(value) = value {
            headers.insert(TRACEPARENT, value);
        }
        Self { context, parent }
    }

    /// The request was answered.
    pub(super) fn ended(
        self,
        traces: &Traces,
        (method, template): (&Method, &'static str),
        status: StatusCode,
        took: Duration,
    ) {
        traces.tell(self.context, || Work {
            name: span::REQUEST,
            role: Role::Server,
            parent: self.parent.map(Parent::Elsewhere),
            took,
            failed: status.is_server_error().then_some("5xx"),
            facts: vec![
                ("http.request.method", method.as_str().into()),
                ("http.route", template.into()),
                ("http.response.status_code", status.as_u16().into()),
            ],
        });
    }
}

//! Where something belongs in a trace that goes over several programs: W3C Trace Context, level 1 (`traceparent`, version 00).
//!
//! Names of traces and spans are derived, never drawn: from the event, the installation, the attempt. So everything that an event leads to is
//! in one trace, over restarts and crashes too, and nothing has to be kept for it.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::effect::{Cause, Effect};
use crate::event::{Event, EventKind};
use crate::id::{EffectId, EventId, InstallationId, WebhookId};

/// The header that says where a request belongs.
pub const TRACEPARENT: &str = "traceparent";
/// The header with what others want to know of the same trace; it is passed on as it came.
pub const TRACESTATE: &str = "tracestate";

/// A trace; never zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId([u8; 16]);

/// One piece of work in a trace; never zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpanId([u8; 8]);

/// Whether whoever began a trace wants it to be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampled {
    /// It is to be.
    Yes,
    /// It need not be.
    No,
}

/// A piece of work somewhere, as what it causes is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The piece of work.
    pub span: SpanId,
    /// Whether it is recorded.
    pub sampled: Sampled,
}

impl TraceId {
    /// Sixteen bytes, first the most significant.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// That of what has no trace from outside: the id itself, which is as long.
    fn of(event: EventId) -> Self {
        // The time is in front of it: it is never zero.
        Self(event.ulid().to_bytes())
    }
}

impl SpanId {
    /// Eight bytes, first the most significant.
    #[must_use]
    pub const fn bytes(self) -> [u8; 8] {
        self.0
    }

    /// The event itself: that it came in.
    #[must_use]
    pub fn of_event(event: EventId) -> Self {
        Self::derive(&[b"event", &event.ulid().to_bytes()])
    }

    /// All that one installation does about an event, over all attempts.
    #[must_use]
    pub fn of_handling(event: EventId, installation: &InstallationId) -> Self {
        Self::derive(&[b"handling", &event.ulid().to_bytes(), installation.as_str().as_bytes()])
    }

    /// One call of a plugin. Attempts count from 1; `again` is how often this attempt was made once more because others were faster.
    #[must_use]
    pub fn of_call(event: EventId, installation: &InstallationId, attempt: u32, again: u32) -> Self {
        let (event, installation) = (event.ulid().to_bytes(), installation.as_str().as_bytes());
        Self::derive(&[
            b"call",
            &event,
            &attempt.to_be_bytes(),
            &again.to_be_bytes(),
            installation,
        ])
    }

    /// One attempt to carry an effect out; attempts count from 1.
    #[must_use]
    pub fn of_effect(effect: EffectId, attempt: u32) -> Self {
        Self::derive(&[b"effect", &effect.ulid().to_bytes(), &attempt.to_be_bytes()])
    }

    /// One attempt to tell a webhook of an event; attempts count from 1.
    #[must_use]
    pub fn of_delivery(event: EventId, webhook: WebhookId, attempt: u32) -> Self {
        let (event, webhook) = (event.ulid().to_bytes(), webhook.ulid().to_bytes());
        Self::derive(&[b"delivery", &event, &webhook, &attempt.to_be_bytes()])
    }

    /// The `number`-th request that a piece of work makes.
    #[must_use]
    pub fn of_request(work: Self, number: u32) -> Self {
        Self::derive(&[b"request", &work.0, &number.to_be_bytes()])
    }

    fn derive(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new_with_prefix(b"waspnest.span.1\0");
        for part in parts {
            hash.update(part);
            hash.update(b"\0");
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash.finalize()[..8]);
        // Zero is no span; a digest is that once in the life of some universes.
        bytes[7] |= u8::from(bytes == [0; 8]);
        Self(bytes)
    }
}

impl TraceContext {
    /// What an event belongs to outside, where somebody said so: a request that came with a `traceparent`.
    #[must_use]
    pub fn from_outside(event: &Event) -> Option<Self> {
        said(event, TRACEPARENT)?.parse().ok()
    }

    /// The event as what it causes is told of it: in the trace it came with, or in one of its own.
    #[must_use]
    pub fn of_event(event: &Event) -> Self {
        let outside = Self::from_outside(event);
        Self {
            trace: outside.map_or_else(|| TraceId::of(event.id), |outside| outside.trace),
            span: SpanId::of_event(event.id),
            sampled: outside.map_or(Sampled::Yes, |outside| outside.sampled),
        }
    }

    /// What led to an effect, where nothing more is known of that than its id.
    #[must_use]
    pub fn of_cause(effect: &Effect) -> Self {
        match &effect.cause {
            Cause::Plugin { event, .. } => Self::own(*event),
            Cause::Request { request } => Self::own(*request),
        }
    }

    /// The trace of something that came without one.
    #[must_use]
    pub fn own(id: EventId) -> Self {
        Self {
            trace: TraceId::of(id),
            span: SpanId::of_event(id),
            sampled: Sampled::Yes,
        }
    }

    /// Another piece of work of the same trace.
    #[must_use]
    pub const fn with(self, span: SpanId) -> Self {
        Self { span, ..self }
    }
}

/// What others want to know of the trace that an event came with.
#[must_use]
pub fn tracestate(event: &Event) -> Option<&str> {
    said(event, TRACESTATE)
}

fn said<'a>(event: &'a Event, name: &str) -> Option<&'a str> {
    let EventKind::Request(request) = &event.kind else {
        return None;
    };
    let header = request.headers.iter().find(|(header, _)| &**header == name);
    header.map(|(_, value)| &**value)
}

/// What no `traceparent` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 00, a trace of 32 digits, a span of 16 and flags of 2, in lower case and joined by -")]
pub struct InvalidTraceparent;

impl FromStr for TraceContext {
    type Err = InvalidTraceparent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceparent> {
        let mut parts = text.splitn(5, '-');
        let mut next = || parts.next().ok_or(InvalidTraceparent);
        let (version, trace, span, flags) = (next()?, next()?, next()?, next()?);
        let ([version], [flags]) = (digits(version)?, digits(flags)?);
        // Later versions may have more behind; this one has nothing. 255 is none.
        if version == u8::MAX || (version == 0 && parts.next().is_some()) {
            return Err(InvalidTraceparent);
        }
        let (trace, span) = (digits(trace)?, digits(span)?);
        if trace == [0; 16] || span == [0; 8] {
            return Err(InvalidTraceparent);
        }
        Ok(Self {
            trace: TraceId(trace),
            span: SpanId(span),
            sampled: if flags & 1 == 1 { Sampled::Yes } else { Sampled::No },
        })
    }
}

fn digits<const N: usize>(text: &str) -> Result<[u8; N], InvalidTraceparent> {
    let text = text.as_bytes();
    if text.len() != 2 * N {
        return Err(InvalidTraceparent);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(bytes)
}

const fn digit(letter: u8) -> Result<u8, InvalidTraceparent> {
    match letter {
        b'0'..=b'9' => Ok(letter - b'0'),
        b'a'..=b'f' => Ok(letter - b'a' + 10),
        _ => Err(InvalidTraceparent),
    }
}

/// The header's value.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = match self.sampled {
            Sampled::Yes => "01",
            Sampled::No => "00",
        };
        write!(f, "00-{}-{}-{flags}", self.trace, self.span)
    }
}

macro_rules! shown_in_digits {
    ($($name:ident),+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }
    )+};
}

shown_in_digits!(TraceId, SpanId);

#[cfg(test)]
mod tests {
    use ulid::Ulid;

    use super::*;
    use crate::clock::UnixMs;
    use crate::event::{Position, RequestEvent};
    use crate::id::SessionId;

    /// The example of the specification (W3C Trace Context, 3.2.3).
    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn requested(headers: &[(&str, &str)]) -> Event {
        Event {
            id: EventId::new(Ulid::from_parts(1, 1)),
            session: SessionId::new(Ulid::from_parts(1, 2)),
            position: Position(1),
            received_at: UnixMs(1),
            kind: EventKind::Request(Box::new(RequestEvent {
                installation: "org.example.echo".parse().expect("an id"),
                method: "POST".into(),
                path: "/".into(),
                query: None,
                headers: headers
                    .iter()
                    .map(|(name, value)| ((*name).into(), (*value).into()))
                    .collect(),
                body: Vec::new(),
            })),
        }
    }

    #[test]
    fn what_is_read_is_written_the_same() {
        let context: TraceContext = EXAMPLE.parse().expect("the specification's own");
        assert_eq!(context.to_string(), EXAMPLE);
        assert_eq!(context.sampled, Sampled::Yes);
        let not_sampled = EXAMPLE.replace("-01", "-00");
        assert_eq!(
            not_sampled.parse::<TraceContext>().expect("valid").to_string(),
            not_sampled
        );
    }

    #[test]
    fn a_later_version_may_say_more() {
        let later = EXAMPLE.replacen("00", "01", 1) + "-what-comes-then";
        assert_eq!(later.parse::<TraceContext>().expect("valid").to_string(), EXAMPLE);
    }

    #[test]
    fn what_is_none_is_none() {
        for none in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473ö-00f067aa0ba902b7-01",
        ] {
            assert_eq!(none.parse::<TraceContext>(), Err(InvalidTraceparent), "{none}");
        }
    }

    #[test]
    fn what_an_event_leads_to_is_in_its_trace() {
        let from_outside = requested(&[(TRACEPARENT, EXAMPLE), (TRACESTATE, "vendor=1")]);
        let context = TraceContext::of_event(&from_outside);
        assert_eq!(context.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(tracestate(&from_outside), Some("vendor=1"));
        let own = TraceContext::of_event(&requested(&[(TRACEPARENT, "nonsense")]));
        assert_eq!(own.trace.bytes(), from_outside.id.ulid().to_bytes());
        assert_eq!(own.span, context.span, "a span is the event's, whatever its trace");
        let echo = "org.example.echo".parse().expect("an id");
        let spans = [
            SpanId::of_event(own_id()),
            SpanId::of_handling(own_id(), &echo),
            SpanId::of_call(own_id(), &echo, 1, 0),
            SpanId::of_call(own_id(), &echo, 1, 1),
            SpanId::of_call(own_id(), &echo, 2, 0),
            SpanId::of_request(SpanId::of_call(own_id(), &echo, 1, 0), 1),
        ];
        let different: std::collections::HashSet<_> = spans.into_iter().collect();
        assert_eq!(different.len(), spans.len());
    }

    fn own_id() -> EventId {
        EventId::new(Ulid::from_parts(1, 1))
    }
}

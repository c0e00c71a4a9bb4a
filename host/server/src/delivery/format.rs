//! The shapes of what webhooks are told: the host's own, and those of other gateways, so that what was written for one of them goes on.
//!
//! A shape that is not the host's own knows less: of some types it has nothing to say, and a webhook that wants it is not told of them. A
//! session goes by its name in them, since that is what its operator may choose.

mod gowa;
mod gowa_status;
mod multi_session;
mod multi_session_rest;
mod named;

use bytes::Bytes;
use http::HeaderName;
use serde::Serialize;
use serde_json::Value;
use waspnest_core::event::Event;
use waspnest_core::session::SessionRecord;
use waspnest_core::webhook::Format;

use super::body::Ping;
use crate::public_event::{EventSession, EventType, PublicEvent, TypeSet};

/// The body of one request, and what its headers say of it.
pub(super) struct Telling {
    /// JSON.
    pub(super) body: Bytes,
    pub(super) headers: Vec<(HeaderName, &'static str)>,
}

impl Telling {
    /// With this body and nothing in headers.
    pub(super) fn of(body: &impl Serialize) -> Self {
        Self {
            // Nothing of an event has keys that are not texts, or numbers that are none.
            body: serde_json::to_vec(body).unwrap_or_default().into(),
            headers: Vec::new(),
        }
    }
}

/// What bodies are signed with besides the two that each request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnSignature {
    /// Nothing.
    None,
    /// `X-Webhook-Signature` with the code of the body behind `sha256=`.
    Prefixed,
    /// `X-Webhook-Signature` with nothing but the code.
    Bare,
}

/// The types that a shape has something to say of.
#[must_use]
pub fn told_types(format: Format) -> TypeSet {
    match format {
        Format::Native => EventType::all(),
        Format::MultiSession | Format::MultiSessionFlat => named::types(&multi_session::TYPES),
        Format::MultiSessionRest => named::types(&multi_session_rest::TYPES),
        Format::Gowa => named::types(&gowa::TYPES),
        Format::GowaStatus => named::types(&gowa_status::TYPES),
    }
}

/// What is told of an event, one request after the other. Nothing, where the shape has nothing to say of it.
pub(super) fn tellings(format: Format, event: &Event, session: &SessionRecord) -> Vec<Telling> {
    match format {
        Format::Native => {
            let shown = PublicEvent::recorded(event, &EventSession::from(session));
            vec![Telling::of(&shown)]
        }
        Format::MultiSession => one(multi_session::documented(event, session)),
        Format::MultiSessionFlat => one(multi_session::flat(event, session)),
        Format::MultiSessionRest => multi_session_rest::tellings(event, session),
        Format::Gowa => one(gowa::body(event, session)),
        Format::GowaStatus => one(gowa_status::body(event, session)),
    }
}

/// What is told to try a webhook: what nobody takes for an event.
pub(super) fn ping(format: Format, ping: Ping) -> Telling {
    match format {
        Format::MultiSessionRest => multi_session_rest::ping(ping.at),
        Format::Native | Format::MultiSession | Format::MultiSessionFlat | Format::Gowa | Format::GowaStatus => {
            ping.telling()
        }
    }
}

/// How a shape signs.
pub(super) const fn own_signature(format: Format) -> OwnSignature {
    match format {
        Format::Native | Format::MultiSession | Format::MultiSessionFlat | Format::Gowa => OwnSignature::None,
        Format::MultiSessionRest => OwnSignature::Prefixed,
        Format::GowaStatus => OwnSignature::Bare,
    }
}

fn one(body: Option<Value>) -> Vec<Telling> {
    body.iter().map(Telling::of).collect()
}

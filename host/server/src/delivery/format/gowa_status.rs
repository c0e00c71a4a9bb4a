//! How a session stands as `LuizFelipeNeves/go-whatsapp-web-multidevice` tells it (`docs/WEBHOOK_STATUS.md`, 2025-08), with a bare code of the
//! body. It runs a container for each session; there are none here, and nothing is told of them.

use serde_json::{Value, json};
use waspnest_core::event::{Event, EventKind, SessionEvent, SessionState};
use waspnest_core::session::SessionRecord;

use crate::address::Moment;

/// What it tells of.
pub(super) const TYPES: [&str; 6] = [
    "session.connected",
    "session.disconnected",
    "session.logged_out",
    "session.replaced",
    "session.banned",
    "session.outdated",
];

/// What is told of an event.
pub(super) fn body(event: &Event, session: &SessionRecord) -> Option<Value> {
    let EventKind::Session(stands) = &event.kind else {
        return None;
    };
    let (status, told) = match stands.state {
        SessionState::Connected => (
            "connected",
            json!({
                "type": "connected",
                "code": "LIST_DEVICES",
                "message": words(stands, "Device connected and ready"),
                "devices": session.jid.iter().map(|jid| json!({ "device": jid.to_string() })).collect::<Vec<_>>(),
            }),
        ),
        SessionState::Disconnected | SessionState::Replaced => (
            "disconnected",
            json!({
                "type": "disconnected",
                "code": "LIST_DEVICES",
                "message": words(stands, "Device disconnected"),
                "devices": [],
            }),
        ),
        SessionState::LoggedOut | SessionState::Banned { .. } | SessionState::Outdated => {
            let words = words(stands, "Authentication failed");
            (
                "error",
                json!({
                    "type": "auth_failed",
                    "code": "AUTH_FAILURE",
                    "message": words,
                    "error": { "reason": stands.state.name().replace('-', "_"), "details": words },
                }),
            )
        }
        SessionState::Unlinked | SessionState::Pairing | SessionState::Connecting => return None,
    };
    Some(json!({
        "device": { "deviceHash": session.name.to_string(), "status": status },
        "event": told,
        "timestamp": Moment(event.received_at),
    }))
}

fn words<'a>(stands: &'a SessionEvent, usual: &'a str) -> &'a str {
    stands.reason.as_deref().unwrap_or(usual)
}

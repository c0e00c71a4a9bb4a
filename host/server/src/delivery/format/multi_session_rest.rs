//! Events as `gdbrns/go-whatsapp-multi-session-rest-api` tells them (`pkg/whatsapp/whatsapp.go`, `internal/webhook/{types,delivery}.go`, 2025-12):
//! each message of a receipt by itself, the type in a header too, and a code of the body behind `sha256=`.

use http::HeaderName;
use serde_json::{Value, json};
use waspnest_core::address::Party;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{Event, EventKind, Receipt, ReceiptStatus, SessionState};
use waspnest_core::message::{Content, Message, MessageKey};
use waspnest_core::session::SessionRecord;

use super::{Telling, named};
use crate::address::Moment;

/// What it tells of.
pub(super) const TYPES: [&str; 12] = [
    "message.received",
    "message.sent",
    "message.edited",
    "message.reaction",
    "message.vote",
    "message.revoked",
    "receipt.delivered",
    "receipt.read",
    "receipt.played",
    "session.connected",
    "session.disconnected",
    "session.logged_out",
];

const EVENT: HeaderName = HeaderName::from_static("x-webhook-event");

/// The type of what is told to try a webhook.
const TEST: &str = "test.ping";

/// What is told of an event.
pub(super) fn tellings(event: &Event, session: &SessionRecord) -> Vec<Telling> {
    let (kind, data) = match &event.kind {
        EventKind::Message(message) => {
            if let Content::Revoke(target) = &message.content {
                ("message.deleted", vec![revoked(message, target)])
            } else {
                ("message.received", vec![received(message)])
            }
        }
        EventKind::Receipt(receipt) => match &receipt.status {
            ReceiptStatus::Delivered => ("message.delivered", each(receipt)),
            ReceiptStatus::Read => ("message.read", each(receipt)),
            ReceiptStatus::Played => ("message.played", each(receipt)),
            ReceiptStatus::ServerAck | ReceiptStatus::Failed { .. } => return Vec::new(),
        },
        EventKind::Session(event) => match event.state {
            SessionState::Connected => ("connection.connected", vec![account(session)]),
            SessionState::Disconnected => ("connection.disconnected", vec![account(session)]),
            SessionState::LoggedOut => ("connection.logged_out", vec![account(session)]),
            SessionState::Unlinked
            | SessionState::Pairing
            | SessionState::Connecting
            | SessionState::Replaced
            | SessionState::Banned { .. }
            | SessionState::Outdated => return Vec::new(),
        },
        EventKind::Tick(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => return Vec::new(),
    };
    let at = event.received_at;
    let name = session.name.to_string();
    data.iter().map(|data| telling(kind, Some(&name), at, data)).collect()
}

/// What is told to try a webhook, which is of no session.
pub(super) fn ping(at: UnixMs) -> Telling {
    telling(TEST, None, at, &json!({ "message": "a test of the webhook" }))
}

fn telling(kind: &'static str, session: Option<&str>, at: UnixMs, data: &Value) -> Telling {
    let body = json!({ "event_type": kind, "device_id": session, "timestamp": Moment(at), "data": data });
    Telling {
        headers: vec![(EVENT, kind)],
        ..Telling::of(&body)
    }
}

fn received(message: &Message) -> Value {
    json!({
        "message_id": message.key.id.to_string(),
        "from": named::sender(message).to_string(),
        "chat": named::chat(message).to_string(),
        "timestamp": message.timestamp.0 / 1000,
        "is_from_me": named::is_own(message),
        // Its program leaves out what is said; here it is told.
        "type": message.content.kind(),
        "text": message.plain_text(),
        "push_name": message.sender.push_name,
    })
}

fn revoked(message: &Message, target: &MessageKey) -> Value {
    let sender = named::sender(message).to_string();
    json!({
        "message_id": target.id.to_string(),
        "from": sender,
        "chat": named::chat(message).to_string(),
        "timestamp": message.timestamp.0 / 1000,
        "deleted_by": sender,
        "is_from_me": named::is_own(message),
    })
}

fn each(receipt: &Receipt) -> Vec<Value> {
    let sender = receipt.by.as_ref().map_or(&receipt.chat, Party::canonical);
    let of = |id: &waspnest_core::id::MessageId| {
        json!({
            "message_id": id.to_string(),
            "chat": receipt.chat.to_string(),
            "sender": sender.to_string(),
            "timestamp": receipt.at.0 / 1000,
        })
    };
    receipt.messages.iter().map(of).collect()
}

fn account(session: &SessionRecord) -> Value {
    json!({ "jid": session.jid.as_ref().map(|jid| jid.user()).unwrap_or_default() })
}

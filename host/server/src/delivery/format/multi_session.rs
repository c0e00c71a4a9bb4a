//! Messages as `robiokidenis/whatsapp-multi-session` tells them: as its guide has it, and flat as its program sends it (`main.go`, 2025-07).
//! It signs nothing.

use serde_json::{Value, json};
use waspnest_core::address::Jid;
use waspnest_core::event::{Event, EventKind};
use waspnest_core::message::Message;
use waspnest_core::session::SessionRecord;

use super::named;

/// What it tells of.
pub(super) const TYPES: [&str; 2] = ["message.received", "message.sent"];

/// As its guide has it.
pub(super) fn documented(event: &Event, session: &SessionRecord) -> Option<Value> {
    let message = message(event)?;
    Some(json!({
        "session_id": session.name.to_string(),
        "message": {
            "id": message.key.id.to_string(),
            "from": named::sender(message).to_string(),
            "to": named::receiver(message, session).to_string(),
            "message": message.plain_text().unwrap_or_default(),
            "timestamp": message.timestamp.0 / 1000,
        },
    }))
}

/// As its program sends it. What kind a message is it leaves open; here it is told.
pub(super) fn flat(event: &Event, session: &SessionRecord) -> Option<Value> {
    let message = message(event)?;
    let sender = named::sender(message);
    let mut body = json!({
        "session_id": session.name.to_string(),
        "timestamp": message.timestamp.0 / 1000,
        "message_id": message.key.id.to_string(),
        "from": {
            "jid": sender.to_string(),
            "phone": sender.user(),
            "push_name": message.sender.push_name.as_deref().unwrap_or_default(),
        },
        "message_type": message.content.kind(),
        "content": message.plain_text().unwrap_or_default(),
        "is_from_me": named::is_own(message),
        "is_group": is_group(message),
    });
    if is_group(message) {
        body["group"] = json!({
            "jid": message.key.chat.to_string(),
            "name": message.chat_name.as_deref().unwrap_or_default(),
        });
    }
    Some(body)
}

fn message(event: &Event) -> Option<&Message> {
    let EventKind::Message(message) = &event.kind else {
        return None;
    };
    Some(message)
}

fn is_group(message: &Message) -> bool {
    matches!(message.key.chat, Jid::Group(_))
}

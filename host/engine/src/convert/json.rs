//! An event as JSON, as `raw-handler` takes it: schema `waspnest.event/1`.
//!
//! Made by hand, field by field: what is stored and what typed handlers see may change without this changing. Within the schema fields
//! are only added. Bytes are left out; a file is named by its `handle`, and its SHA-256 is in hexadecimal. Times are milliseconds since
//! 1970, and what is not known is `null`.

mod content;
mod family;
mod message;

use serde_json::{Value, json};
use ulid::Ulid;
use waspnest_core::address::Party;
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::id::{EventId, SessionName};
use waspnest_core::message::{Content, MessageKey, Origin};

use super::FileOf;

/// The name of what this writes.
pub(crate) const SCHEMA: &str = "waspnest.event/1";

/// An event. Points in time and requests have handlers of their own and are empty here.
pub(crate) fn event(event: &Event, session: &SessionName) -> Value {
    let file = FileOf {
        event: event.id,
        position: event.position,
    };
    let body = match &event.kind {
        EventKind::Tick(_) | EventKind::Request(_) => Value::Null,
        EventKind::Message(message) => message::message(message, file),
        EventKind::Receipt(receipt) => family::receipt(receipt),
        EventKind::Group(event) => family::group(event),
        EventKind::Presence(presence) => family::presence(presence),
        EventKind::Contact(event) => family::contact(event),
        EventKind::Chat(event) => family::chat(event),
        EventKind::Call(call) => family::call(call),
        EventKind::Session(event) => family::session(event),
        EventKind::Topic(event) => family::topic(event),
    };
    json!({
        "id": event.id.to_string(),
        "session": session.as_str(),
        "received_at": event.received_at.0,
        "kind": event.kind.name(),
        "event": body,
    })
}

/// What a message says, every kind of it, for whoever is shown it without being a plugin: files have no handles there.
#[must_use]
pub fn content(content: &Content) -> Value {
    let nobody = FileOf {
        event: EventId::new(Ulid::nil()),
        position: Position::default(),
    };
    let mut shown = content::content(content, nobody);
    without_handles(&mut shown);
    shown
}

fn without_handles(shown: &mut Value) {
    match shown {
        Value::Object(fields) => {
            fields.shift_remove("handle");
            fields.values_mut().for_each(without_handles);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_handles),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn address(party: &Party) -> Value {
    json!({
        "jid": party.jid.to_string(),
        "alt": party.alt.as_ref().map(ToString::to_string),
        "push_name": party.push_name,
    })
}

fn maybe_address(party: Option<&Party>) -> Value {
    party.map_or(Value::Null, address)
}

fn key(key: &MessageKey) -> Value {
    json!({
        "chat": key.chat.to_string(),
        "id": key.id.as_str(),
        "from_me": match key.from {
            Origin::Me => true,
            Origin::Them => false,
        },
        "participant": key.participant.as_ref().map(ToString::to_string),
    })
}

fn maybe_key(message: Option<&MessageKey>) -> Value {
    message.map_or(Value::Null, key)
}

#[cfg(test)]
mod tests;

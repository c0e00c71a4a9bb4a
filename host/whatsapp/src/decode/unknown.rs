//! What this version has no kind for: kept under the name of its protocol buffer field, with its parts as JSON.
//!
//! Fields newer than the protocol description leave no trace when the wire is parsed; a message with nothing else is not known here.

use serde::Serialize;
use serde_json::Value;
use waspnest_core::message::{Content, Unknown};
use whatsapp_rust::waproto::{codec, whatsapp as wa};

/// Longer copies of what nobody understands are not kept.
const LONGEST: usize = 64 * 1024;

/// Fields that say nothing themselves.
const BESIDE: [&str; 3] = [
    "message_context_info",
    "sender_key_distribution_message",
    "fast_ratchet_key_sender_key_distribution_message",
];

/// Names the first field that is set; `None` when none is.
pub(super) fn decode(base: &wa::Message) -> Option<Content> {
    let Ok(Value::Object(fields)) = serde_json::to_value(base) else {
        return Some(of_field("message", base));
    };
    let (name, value) = fields
        .iter()
        .find(|(name, value)| is_set(value) && !BESIDE.contains(&name.as_str()) && !is_empty_text(value))?;
    let name = match (name.as_str(), value) {
        ("protocol_message", Value::Object(parts)) => parts
            .iter()
            .find(|(part, value)| is_set(value) && !["key", "type", "timestamp_ms"].contains(&part.as_str()))
            .map_or(name, |(part, _)| part),
        (_, _) => name,
    };
    Some(Content::Other(Unknown {
        kind: field_name(name),
        text: None,
        json: shortened(value.clone()),
        raw: raw(base),
    }))
}

/// A message that is known but cannot be understood as what it says it is.
pub(super) fn of_field(kind: &str, message: &wa::Message) -> Content {
    Content::Other(Unknown {
        kind: kind.into(),
        text: None,
        json: json(message),
        raw: raw(message),
    })
}

/// A whole message as JSON.
pub(super) fn json(message: &wa::Message) -> Option<Box<str>> {
    json_of(message)
}

/// A part of a message as JSON.
pub(super) fn json_of<T: Serialize>(part: &T) -> Option<Box<str>> {
    serde_json::to_value(part).ok().and_then(shortened)
}

fn shortened(mut value: Value) -> Option<Box<str>> {
    strip(&mut value);
    Some(value.to_string())
        .filter(|text| text.len() <= LONGEST)
        .map(Into::into)
}

fn raw(message: &wa::Message) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    codec::message_encode_into(message, &mut bytes);
    Some(bytes).filter(|bytes| bytes.len() <= LONGEST)
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => true,
    }
}

fn is_empty_text(value: &Value) -> bool {
    value.as_str().is_some_and(str::is_empty)
}

/// Leaves out what is not set: most of a message is not.
fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| is_set(value));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `poll_update_message` as the protocol spells it: `pollUpdateMessage`.
fn field_name(name: &str) -> Box<str> {
    let mut parts = name.split('_');
    let mut field = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        field.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        field.push_str(letters.as_str());
    }
    field.into()
}

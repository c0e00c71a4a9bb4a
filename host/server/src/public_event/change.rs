//! What changes in groups, about people, and in the account's own view of its chats.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};
use waspnest_core::address::Party;
use waspnest_core::event::{ChatChange, ChatEvent, ContactChange, ContactEvent, GroupChange, GroupEvent};
use waspnest_core::message::MessageKey;

use super::data::spelled;
use crate::address::{Address, Moment};
use crate::rfc3339::rfc3339;

/// A change: `group.…`, `contact.…`, `chat.…`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ChangeEvent")]
pub(super) struct Change {
    /// The group, the person or the chat; none for changes of a label itself.
    subject: Option<Address>,
    /// What changed: the second part of the type.
    change: String,
    /// Who did it; none when nobody says.
    actor: Option<Address>,
    /// Whom it happened to; empty for changes of the group itself.
    targets: Vec<Address>,
    /// What is new, where there is something to say: `subject`, `description`, `picture`, `setting` with `on`, `seconds`, `code`, `other`,
    /// `name`, `about`, `old` and `new`, `on` with `until`, `message` or `label`.
    detail: Map<String, Value>,
    /// When, as WhatsApp says.
    time: Moment,
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

fn key(key: &MessageKey) -> Value {
    json!({ "id": key.id.to_string(), "chat": Address::from(&key.chat) })
}

impl Change {
    pub(super) fn group(it: &GroupEvent) -> Self {
        let detail = match &it.change {
            GroupChange::Created { subject } => json!({ "subject": subject }),
            GroupChange::Subject(subject) => json!({ "subject": subject }),
            GroupChange::Description(description) => json!({ "description": description }),
            GroupChange::Picture(id) => json!({ "picture": id }),
            GroupChange::Setting(setting, on) => json!({ "setting": spelled(setting.name()), "on": on.is_on() }),
            GroupChange::Ephemeral(seconds) => json!({ "seconds": seconds }),
            GroupChange::InviteLink(code) => json!({ "code": code }),
            GroupChange::JoinRequested => json!({ "on": true }),
            GroupChange::JoinRequestRevoked => json!({ "on": false }),
            GroupChange::Linked(other) | GroupChange::Unlinked(other) => {
                json!({ "other": other.as_ref().map(Address::from) })
            }
            GroupChange::Deleted { reason } => json!({ "reason": reason }),
            GroupChange::Other(name) => json!({ "name": name }),
            GroupChange::Joined
            | GroupChange::Added
            | GroupChange::Left
            | GroupChange::Removed
            | GroupChange::Promoted
            | GroupChange::Demoted
            | GroupChange::NumberChanged => Value::Null,
        };
        Self {
            subject: Some(Address::from(&it.group)),
            change: spelled(it.change.name()),
            actor: it.actor.as_ref().map(Address::from),
            targets: it.targets.iter().map(|party: &Party| Address::from(party)).collect(),
            detail: object(detail),
            time: Moment(it.at),
        }
    }

    pub(super) fn contact(it: &ContactEvent) -> Self {
        let detail = match &it.change {
            ContactChange::Name(name) => json!({ "name": name }),
            ContactChange::About(about) => json!({ "about": about }),
            ContactChange::Picture(id) => json!({ "picture": id }),
            ContactChange::Number { old, new } => json!({ "old": Address::from(old), "new": Address::from(new) }),
            ContactChange::Business(what) => json!({ "name": what }),
            ContactChange::Devices(change) => json!({ "name": change.name() }),
            ContactChange::DefaultTimer(seconds) => json!({ "seconds": seconds }),
            ContactChange::Identity | ContactChange::Profile => Value::Null,
        };
        Self {
            subject: Some(Address::from(&it.who)),
            change: spelled(it.change.name()),
            actor: None,
            targets: Vec::new(),
            detail: object(detail),
            time: Moment(it.at),
        }
    }

    pub(super) fn chat(it: &ChatEvent) -> Self {
        let on = it.change.switch().is_on();
        let detail = match &it.change {
            ChatChange::Muted { on: _, until } => {
                json!({ "on": on, "until": until.map(rfc3339) })
            }
            ChatChange::Starred { on: _, message } => json!({ "on": on, "message": key(message) }),
            ChatChange::MessageDeleted { message } => json!({ "message": key(message) }),
            ChatChange::Labeled { on: _, label } => json!({ "on": on, "label": label }),
            ChatChange::LabelEdited { on: _, label, name } => json!({ "on": on, "label": label, "name": name }),
            ChatChange::Archived(_) | ChatChange::Pinned(_) | ChatChange::Read(_) => json!({ "on": on }),
            ChatChange::Cleared | ChatChange::Deleted => Value::Null,
        };
        Self {
            subject: it.chat.as_ref().map(Address::from),
            change: spelled(it.change.name()),
            actor: None,
            targets: Vec::new(),
            detail: object(detail),
            time: Moment(it.at),
        }
    }
}

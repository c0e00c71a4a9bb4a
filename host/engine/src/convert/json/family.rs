//! The families beside messages.

use serde_json::{Value, json};
use waspnest_core::event::{
    CallEvent, CallMedia, ChatChange, ChatEvent, ContactChange, ContactEvent, GroupChange, GroupEvent, Presence,
    Receipt, ReceiptStatus, SessionEvent, SessionState, TopicEvent,
};

use super::{address, key, maybe_address};

pub(super) fn receipt(receipt: &Receipt) -> Value {
    let (code, reason) = match &receipt.status {
        ReceiptStatus::Failed { reason, code } => (*code, Some(reason)),
        ReceiptStatus::ServerAck | ReceiptStatus::Delivered | ReceiptStatus::Read | ReceiptStatus::Played => {
            (None, None)
        }
    };
    let messages: Vec<_> = receipt.messages.iter().map(|id| id.as_str()).collect();
    json!({
        "chat": receipt.chat.to_string(),
        "messages": messages,
        "status": receipt.status.name(),
        "by": maybe_address(receipt.by.as_ref()),
        "at": receipt.at.0,
        "code": code,
        "reason": reason,
    })
}

pub(super) fn group(event: &GroupEvent) -> Value {
    let mut shown = json!({
        "group": event.group.to_string(),
        "change": event.change.name(),
        "actor": maybe_address(event.actor.as_ref()),
        "targets": event.targets.iter().map(address).collect::<Vec<_>>(),
        "at": event.at.0,
    });
    let detail = match &event.change {
        GroupChange::Created { subject } => Some(("subject", json!(subject))),
        GroupChange::Subject(subject) => Some(("subject", json!(subject))),
        GroupChange::Description(description) => Some(("description", json!(description))),
        GroupChange::Picture(id) => Some(("picture", json!(id))),
        GroupChange::Setting(setting, on) => {
            shown["on"] = on.is_on().into();
            Some(("setting", json!(setting.name())))
        }
        GroupChange::Ephemeral(seconds) => Some(("seconds", json!(seconds))),
        GroupChange::InviteLink(code) => Some(("code", json!(code))),
        GroupChange::JoinRequested => Some(("request", json!("requested"))),
        GroupChange::JoinRequestRevoked => Some(("request", json!("revoked"))),
        GroupChange::Linked(group) | GroupChange::Unlinked(group) => {
            Some(("other", json!(group.as_ref().map(ToString::to_string))))
        }
        GroupChange::Deleted { reason } => Some(("reason", json!(reason))),
        GroupChange::Other(name) => Some(("name", json!(name))),
        GroupChange::Joined
        | GroupChange::Added
        | GroupChange::Left
        | GroupChange::Removed
        | GroupChange::Promoted
        | GroupChange::Demoted
        | GroupChange::NumberChanged => None,
    };
    if let Some((name, value)) = detail {
        shown[name] = value;
    }
    shown
}

pub(super) fn presence(presence: &Presence) -> Value {
    json!({
        "chat": presence.chat.to_string(),
        "who": address(&presence.who),
        "state": presence.state.name(),
        "last_seen": presence.last_seen.map(|at| at.0),
    })
}

pub(super) fn contact(event: &ContactEvent) -> Value {
    let mut shown = json!({
        "who": address(&event.who),
        "change": event.change.name(),
        "at": event.at.0,
    });
    let detail = match &event.change {
        ContactChange::Name(name) => Some(("name", json!(name))),
        ContactChange::About(about) => Some(("about", json!(about))),
        ContactChange::Picture(id) => Some(("picture", json!(id))),
        ContactChange::Number { old, new } => {
            shown["new"] = json!(new.to_string());
            Some(("old", json!(old.to_string())))
        }
        ContactChange::Business(what) => Some(("what", json!(what))),
        ContactChange::Devices(change) => Some(("devices", json!(change.name()))),
        ContactChange::DefaultTimer(seconds) => Some(("seconds", json!(seconds))),
        ContactChange::Identity | ContactChange::Profile => None,
    };
    if let Some((name, value)) = detail {
        shown[name] = value;
    }
    shown
}

pub(super) fn chat(event: &ChatEvent) -> Value {
    let mut shown = json!({
        "chat": event.chat.as_ref().map(ToString::to_string),
        "change": event.change.name(),
        "on": event.change.switch().is_on(),
        "at": event.at.0,
    });
    match &event.change {
        ChatChange::Muted { on: _, until } => shown["until"] = json!(until.map(|until| until.0)),
        ChatChange::Starred { on: _, message } | ChatChange::MessageDeleted { message } => {
            shown["message"] = key(message);
        }
        ChatChange::Labeled { on: _, label } => shown["label"] = json!(label),
        ChatChange::LabelEdited { on: _, label, name } => {
            shown["label"] = json!(label);
            shown["label_name"] = json!(name);
        }
        ChatChange::Archived(_)
        | ChatChange::Pinned(_)
        | ChatChange::Read(_)
        | ChatChange::Cleared
        | ChatChange::Deleted => {}
    }
    shown
}

pub(super) fn call(call: &CallEvent) -> Value {
    json!({
        "id": call.id,
        "caller": address(&call.caller),
        "group": call.group.as_ref().map(ToString::to_string),
        "video": call.media.map(|media| match media {
            CallMedia::Audio => false,
            CallMedia::Video => true,
        }),
        "state": call.state.name(),
        "at": call.at.0,
    })
}

/// What was published is shown where it is text.
pub(super) fn topic(event: &TopicEvent) -> Value {
    json!({
        "topic": event.topic.as_str(),
        "publisher": event.publisher.as_str(),
        "text": std::str::from_utf8(&event.body).ok(),
        "bytes": event.body.len(),
        "chat": event.origin.as_ref().map(|origin| origin.chat.to_string()),
    })
}

pub(super) fn session(event: &SessionEvent) -> Value {
    let until = match event.state {
        SessionState::Banned { until } => until,
        SessionState::Unlinked
        | SessionState::Pairing
        | SessionState::Connecting
        | SessionState::Connected
        | SessionState::Disconnected
        | SessionState::LoggedOut
        | SessionState::Replaced
        | SessionState::Outdated => None,
    };
    json!({
        "state": event.state.name(),
        "reason": event.reason,
        "until": until.map(|until| until.0),
    })
}

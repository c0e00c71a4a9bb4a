//! A change of a group, towards the guest.

use waspnest_core::event::{GroupChange, GroupEvent};

use super::message::address;
use super::{maybe, text};
use crate::bindings::exports::waspnest::plugin::group_handler as wit;
use crate::bindings::waspnest::plugin::types::Attr;

pub(crate) fn group(event: &GroupEvent) -> wit::GroupEvent {
    use wit::Change;
    let (change, value, attrs) = match &event.change {
        GroupChange::Created { subject } => (Change::Created, maybe(subject.as_deref()), Vec::new()),
        GroupChange::Joined => (Change::Joined, None, Vec::new()),
        GroupChange::Added => (Change::Added, None, Vec::new()),
        GroupChange::Left => (Change::Left, None, Vec::new()),
        GroupChange::Removed => (Change::Removed, None, Vec::new()),
        GroupChange::Promoted => (Change::Promoted, None, Vec::new()),
        GroupChange::Demoted => (Change::Demoted, None, Vec::new()),
        GroupChange::Subject(subject) => (Change::Subject, Some(text(subject)), Vec::new()),
        GroupChange::Description(description) => (Change::Description, maybe(description.as_deref()), Vec::new()),
        GroupChange::Picture(id) => (Change::Picture, maybe(id.as_deref()), Vec::new()),
        GroupChange::Setting(setting, on) => (
            Change::Settings,
            Some(text(setting.name())),
            vec![attr("on", if on.is_on() { "true" } else { "false" })],
        ),
        GroupChange::Ephemeral(seconds) => (Change::Ephemeral, Some(seconds.to_string()), Vec::new()),
        GroupChange::InviteLink(code) => (Change::InviteLink, maybe(code.as_deref()), Vec::new()),
        GroupChange::JoinRequested => (Change::JoinRequest, None, vec![attr("state", "requested")]),
        GroupChange::JoinRequestRevoked => (Change::JoinRequest, None, vec![attr("state", "revoked")]),
        GroupChange::Linked(group) => (Change::Linked, group.as_ref().map(ToString::to_string), Vec::new()),
        GroupChange::Unlinked(group) => (Change::Unlinked, group.as_ref().map(ToString::to_string), Vec::new()),
        GroupChange::NumberChanged => (Change::NumberChanged, None, Vec::new()),
        GroupChange::Deleted { reason } => (Change::Deleted, maybe(reason.as_deref()), Vec::new()),
        GroupChange::Other(name) => (Change::Other, Some(text(name)), Vec::new()),
    };
    wit::GroupEvent {
        group: event.group.to_string(),
        change,
        actor: event.actor.as_ref().map(address),
        targets: event.targets.iter().map(address).collect(),
        value,
        attrs,
        at: event.at.0,
    }
}

fn attr(name: &str, value: &str) -> Attr {
    Attr {
        name: text(name),
        value: text(value),
    }
}

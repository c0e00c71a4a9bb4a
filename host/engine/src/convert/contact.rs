//! A change of a person, towards the guest.

use waspnest_core::event::{ContactChange, ContactEvent};

use super::message::address;
use super::{maybe, text};
use crate::bindings::exports::waspnest::plugin::contact_handler as wit;

pub(crate) fn contact(event: &ContactEvent) -> wit::ContactEvent {
    use wit::Change;
    let (change, value) = match &event.change {
        ContactChange::Name(name) => (Change::Name, maybe(name.as_deref())),
        ContactChange::About(about) => (Change::About, Some(text(about))),
        ContactChange::Picture(id) => (Change::Picture, maybe(id.as_deref())),
        // The new number is who it is about.
        ContactChange::Number { old, new: _ } => (Change::Number, Some(old.to_string())),
        ContactChange::Identity => (Change::Identity, None),
        ContactChange::Business(what) => (Change::Business, Some(text(what))),
        ContactChange::Devices(change) => (Change::Devices, Some(text(change.name()))),
        ContactChange::Profile => (Change::Profile, None),
        ContactChange::DefaultTimer(seconds) => (Change::DefaultTimer, Some(seconds.to_string())),
    };
    wit::ContactEvent {
        who: address(&event.who),
        change,
        value,
        at: event.at.0,
    }
}

//! What the account did with a chat elsewhere, towards the guest.

use waspnest_core::event::{ChatChange, ChatEvent};

use super::message::ToGuest;
use super::{maybe, text};
use crate::bindings::exports::waspnest::plugin::chat_handler as wit;

impl ToGuest<'_> {
    pub(crate) fn chat(&self, event: &ChatEvent) -> wit::ChatEvent {
        use wit::Change;
        let bare = |change| wit::ChatEvent {
            chat: event.chat.as_ref().map(ToString::to_string),
            change,
            on: event.change.switch().is_on(),
            message: None,
            until: None,
            label: None,
            label_name: None,
            at: event.at.0,
        };
        match &event.change {
            ChatChange::Archived(_) => bare(Change::Archived),
            ChatChange::Pinned(_) => bare(Change::Pinned),
            ChatChange::Muted { on: _, until } => wit::ChatEvent {
                until: until.map(|until| until.0),
                ..bare(Change::Muted)
            },
            ChatChange::Starred { on: _, message } => wit::ChatEvent {
                message: Some(self.key(message)),
                ..bare(Change::Starred)
            },
            ChatChange::Read(_) => bare(Change::Read),
            ChatChange::Cleared => bare(Change::Cleared),
            ChatChange::Deleted => bare(Change::Deleted),
            ChatChange::MessageDeleted { message } => wit::ChatEvent {
                message: Some(self.key(message)),
                ..bare(Change::MessageDeleted)
            },
            ChatChange::Labeled { on: _, label } => wit::ChatEvent {
                label: Some(text(label)),
                ..bare(Change::Labeled)
            },
            ChatChange::LabelEdited { on: _, label, name } => wit::ChatEvent {
                label: Some(text(label)),
                label_name: maybe(name.as_deref()),
                ..bare(Change::LabelEdited)
            },
        }
    }
}

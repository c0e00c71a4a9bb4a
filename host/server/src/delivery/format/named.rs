//! Names as other gateways write them: people by their phone numbers where those are known, types by what the host calls them.

use waspnest_core::address::Jid;
use waspnest_core::message::{Message, Origin};
use waspnest_core::session::SessionRecord;

use crate::public_event::{TypeSet, other_address};

/// The types of these names.
pub(super) fn types(names: &[&str]) -> TypeSet {
    let sets = names.iter().filter_map(|name| name.parse::<TypeSet>().ok());
    sets.fold(TypeSet::default(), TypeSet::or)
}

/// Whose message it is.
pub(super) fn sender(message: &Message) -> &Jid {
    message.sender.canonical()
}

/// The chat of a message: a person's by their phone number, where that is known.
pub(super) fn chat(message: &Message) -> &Jid {
    let chat = &message.key.chat;
    match other_address(chat, &message.sender) {
        Some(other @ Jid::Phone(_)) => other,
        Some(_) | None => chat,
    }
}

/// Whom a message was for, seen from the account: the account itself, or the chat it wrote to.
pub(super) fn receiver<'a>(message: &'a Message, session: &'a SessionRecord) -> &'a Jid {
    match (&message.key.from, &message.key.chat) {
        (Origin::Me, _) => chat(message),
        (Origin::Them, Jid::Phone(_) | Jid::Lid(_)) => session.jid.as_ref().unwrap_or(&message.key.chat),
        (Origin::Them, Jid::Group(_) | Jid::Newsletter(_) | Jid::Status | Jid::Broadcast(_) | Jid::Bot(_)) => {
            &message.key.chat
        }
    }
}

/// Whether the account wrote it.
pub(super) fn is_own(message: &Message) -> bool {
    message.key.from == Origin::Me
}

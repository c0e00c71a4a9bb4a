//! The people of events that are not messages: by which addresses they are known, and what the event tells of that.
//!
//! Chats get their canonical address, so that an event is ordered with the messages of the same chat; people get their other address
//! where it is known. Nothing is looked up elsewhere than in what the session has learned.

use crate::address::{Jid, Party};
use crate::contact::{Contacts, phone_and_lid};
use crate::event::{ChatChange, EventKind};
use crate::id::SessionId;
use crate::store::StoreError;

/// Phone numbers and LIDs of the same person that an event tells together.
pub(super) fn pairs_in(kind: &EventKind) -> Vec<(Jid, Jid)> {
    people(kind)
        .into_iter()
        .filter_map(|party| {
            let (phone, lid) = phone_and_lid(&party.jid, party.alt.as_ref()?)?;
            Some((phone.clone(), lid.clone()))
        })
        .collect()
}

/// Fills in what is known of an event's people and chats.
pub(super) async fn complete(contacts: &Contacts, session: SessionId, kind: &mut EventKind) -> Result<(), StoreError> {
    // What the event itself tells is not committed yet, and counts.
    let told = pairs_in(kind);
    for party in people_mut(kind) {
        if party.alt.is_none() {
            party.alt = match told_of(&told, &party.jid) {
                Some(other) => Some(other),
                None => contacts.resolve(session, &party.jid, None).await?.other,
            };
        }
    }
    for chat in chats_mut(kind) {
        let alt = told_of(&told, chat);
        *chat = contacts.resolve(session, chat, alt.as_ref()).await?.canonical;
    }
    Ok(())
}

fn told_of(told: &[(Jid, Jid)], jid: &Jid) -> Option<Jid> {
    told.iter().find_map(|(phone, lid)| match jid {
        jid if jid == phone => Some(lid.clone()),
        jid if jid == lid => Some(phone.clone()),
        _ => None,
    })
}

fn people(kind: &EventKind) -> Vec<&Party> {
    match kind {
        EventKind::Receipt(receipt) => receipt.by.iter().collect(),
        EventKind::Group(event) => event.actor.iter().chain(&event.targets).collect(),
        EventKind::Presence(presence) => vec![&presence.who],
        EventKind::Contact(event) => vec![&event.who],
        EventKind::Call(call) => vec![&call.caller],
        EventKind::Message(_)
        | EventKind::Tick(_)
        | EventKind::Chat(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => Vec::new(),
    }
}

fn people_mut(kind: &mut EventKind) -> Vec<&mut Party> {
    match kind {
        EventKind::Receipt(receipt) => receipt.by.iter_mut().collect(),
        EventKind::Group(event) => event.actor.iter_mut().chain(&mut event.targets).collect(),
        EventKind::Presence(presence) => vec![&mut presence.who],
        EventKind::Contact(event) => vec![&mut event.who],
        EventKind::Call(call) => vec![&mut call.caller],
        EventKind::Message(_)
        | EventKind::Tick(_)
        | EventKind::Chat(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => Vec::new(),
    }
}

fn chats_mut(kind: &mut EventKind) -> Vec<&mut Jid> {
    match kind {
        EventKind::Receipt(receipt) => vec![&mut receipt.chat],
        EventKind::Presence(presence) => vec![&mut presence.chat],
        EventKind::Chat(event) => {
            let message = match &mut event.change {
                ChatChange::Starred { message, .. } | ChatChange::MessageDeleted { message } => Some(&mut message.chat),
                ChatChange::Archived(_)
                | ChatChange::Pinned(_)
                | ChatChange::Muted { .. }
                | ChatChange::Read(_)
                | ChatChange::Cleared
                | ChatChange::Deleted
                | ChatChange::Labeled { .. }
                | ChatChange::LabelEdited { .. } => None,
            };
            event.chat.iter_mut().chain(message).collect()
        }
        // A group is its own address, and a person's chat is asked for by `EventKind::chat` when all is filled in.
        EventKind::Group(_)
        | EventKind::Contact(_)
        | EventKind::Call(_)
        | EventKind::Message(_)
        | EventKind::Tick(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => Vec::new(),
    }
}

//! What the account did with its chats on another device, from the synchronised state of its devices.
//!
//! The state a device gets when it is linked, or when it has to start over, is told item by item in the same form; whoever calls knows which
//! of both it is.

use waspnest_core::clock::UnixMs;
use waspnest_core::event::{ChatChange, ChatEvent, Switch};
use waspnest_core::message::{MessageKey, Origin};
use whatsapp_rust::Jid as WireJid;
use whatsapp_rust::types::events::{
    ArchiveUpdate, ClearChatUpdate, DeleteChatUpdate, DeleteMessageForMeUpdate, LabelAssociationUpdate,
    LabelEditUpdate, MarkChatAsReadUpdate, MuteUpdate, PinUpdate, StarUpdate,
};
use whatsapp_rust::wacore::chrono::{DateTime, Utc};

use super::moment;
use crate::decode::has_several;
use crate::jid;

fn chat(jid: &WireJid, at: &DateTime<Utc>, change: ChatChange) -> Option<ChatEvent> {
    Some(ChatEvent {
        chat: Some(jid::from_wire(jid)?),
        change,
        at: moment(at),
    })
}

fn switch(on: Option<bool>) -> Switch {
    on.unwrap_or_default().into()
}

pub(super) fn archived(told: &ArchiveUpdate) -> Option<ChatEvent> {
    let change = ChatChange::Archived(switch(told.action.archived));
    chat(&told.jid, &told.timestamp, change)
}

pub(super) fn pinned(told: &PinUpdate) -> Option<ChatEvent> {
    let change = ChatChange::Pinned(switch(told.action.pinned));
    chat(&told.jid, &told.timestamp, change)
}

pub(super) fn muted(told: &MuteUpdate) -> Option<ChatEvent> {
    // WhatsApp writes -1 for ever.
    let until = told
        .action
        .mute_end_timestamp
        .and_then(|until| u64::try_from(until).ok());
    let change = ChatChange::Muted {
        on: switch(told.action.muted),
        until: until.filter(|until| *until > 0).map(UnixMs),
    };
    chat(&told.jid, &told.timestamp, change)
}

pub(super) fn starred(told: &StarUpdate) -> Option<ChatEvent> {
    let message = key(
        &told.chat_jid,
        &told.message_id,
        told.from_me,
        told.participant_jid.as_ref(),
    )?;
    let change = ChatChange::Starred {
        on: switch(told.action.starred),
        message,
    };
    chat(&told.chat_jid, &told.timestamp, change)
}

pub(super) fn read(told: &MarkChatAsReadUpdate) -> Option<ChatEvent> {
    let change = ChatChange::Read(switch(told.action.read));
    chat(&told.jid, &told.timestamp, change)
}

pub(super) fn cleared(told: &ClearChatUpdate) -> Option<ChatEvent> {
    chat(&told.jid, &told.timestamp, ChatChange::Cleared)
}

pub(super) fn deleted(told: &DeleteChatUpdate) -> Option<ChatEvent> {
    chat(&told.jid, &told.timestamp, ChatChange::Deleted)
}

pub(super) fn message_deleted(told: &DeleteMessageForMeUpdate) -> Option<ChatEvent> {
    let message = key(
        &told.chat_jid,
        &told.message_id,
        told.from_me,
        told.participant_jid.as_ref(),
    )?;
    let change = ChatChange::MessageDeleted { message };
    chat(&told.chat_jid, &told.timestamp, change)
}

pub(super) fn labeled(told: &LabelAssociationUpdate) -> Option<ChatEvent> {
    let change = ChatChange::Labeled {
        on: switch(told.action.labeled),
        label: told.label_id.as_str().into(),
    };
    chat(&told.chat_jid, &told.timestamp, change)
}

pub(super) fn label_edited(told: &LabelEditUpdate) -> Option<ChatEvent> {
    Some(ChatEvent {
        chat: None,
        change: ChatChange::LabelEdited {
            on: Switch::from(!told.action.deleted.unwrap_or_default()),
            label: told.label_id.as_str().into(),
            name: crate::decode::filled(told.action.name.as_deref()),
        },
        at: moment(&told.timestamp),
    })
}

fn key(chat: &WireJid, id: &str, own: bool, participant: Option<&WireJid>) -> Option<MessageKey> {
    let chat = jid::from_wire(chat)?;
    let participant = participant.and_then(jid::from_wire).filter(|_| has_several(&chat));
    Some(MessageKey {
        chat,
        id: id.parse().ok()?,
        from: if own { Origin::Me } else { Origin::Them },
        participant,
    })
}

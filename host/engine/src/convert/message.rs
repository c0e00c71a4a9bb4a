//! A message and what names and describes it, towards the guest.

use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::message::{Media, Message, MessageKey, Origin, Quoted};

use super::{FileOf, maybe, text};
use crate::bindings::waspnest::plugin::types as wit;

/// Converts for one event of one session.
pub(crate) struct ToGuest<'a> {
    /// The session's name, which is part of message keys.
    pub(crate) session: &'a str,
    /// The name of the message's file.
    pub(crate) file: FileOf,
}

impl ToGuest<'_> {
    pub(crate) fn message(&self, message: &Message) -> wit::Message {
        wit::Message {
            key: self.key(&message.key),
            chat_kind: chat_kind(message.chat_kind),
            chat_name: maybe(message.chat_name.as_deref()),
            sender: address(&message.sender),
            timestamp: message.timestamp.0,
            content: self.content(&message.content),
            plain_text: maybe(message.plain_text()),
            quoted: message.quoted.as_ref().map(|quoted| self.quoted(quoted)),
            mentions: message.mentions.iter().map(Jid::to_string).collect(),
            mentions_me: message.mentions_me,
            mentions_all: message.mentions_all,
            edit_of: self.maybe_key(message.edit_of.as_ref()),
            album_of: self.maybe_key(message.album_of.as_ref()),
            thread: self.maybe_key(message.thread.as_ref()),
            forwarded_score: message.forwarded_score,
            view_once: message.view_once,
            ephemeral_s: message.ephemeral_s,
            spoiler: message.spoiler,
            offline: message.offline,
            history: message.history,
            // WhatsApp numbers a person's devices: 0 is the phone, all others are linked to it.
            device: message
                .device
                .map(|device| if device == 0 { text("phone") } else { text("linked") }),
            attrs: Vec::new(),
        }
    }

    pub(crate) fn key(&self, key: &MessageKey) -> wit::MessageKey {
        wit::MessageKey {
            session: text(self.session),
            chat: key.chat.to_string(),
            id: text(key.id.as_str()),
            from_me: match key.from {
                Origin::Me => true,
                Origin::Them => false,
            },
            participant: key.participant.as_ref().map(Jid::to_string),
        }
    }

    pub(super) fn maybe_key(&self, key: Option<&MessageKey>) -> Option<wit::MessageKey> {
        key.map(|key| self.key(key))
    }

    fn quoted(&self, quoted: &Quoted) -> wit::Quoted {
        wit::Quoted {
            key: self.key(&quoted.key),
            sender: quoted.sender.to_string(),
            kind: text(&quoted.kind),
            text: maybe(quoted.text.as_deref()),
        }
    }

    /// A file. Keys and addresses of it stay with the host.
    pub(super) fn media(&self, media: &Media) -> wit::Media {
        wit::Media {
            handle: self.file.to_string(),
            mime: text(&media.mime),
            size: media.size,
            sha256: media.sha256.clone(),
            caption: maybe(media.caption.as_deref()),
            file_name: maybe(media.file_name.as_deref()),
            width: media.width,
            height: media.height,
            duration_ms: media.duration_ms,
            pages: media.pages,
            waveform: media.waveform.clone(),
            animated: media.animated,
            gif: media.gif,
            thumbnail: media.thumbnail.clone(),
        }
    }
}

pub(crate) fn address(party: &Party) -> wit::Address {
    wit::Address {
        jid: party.jid.to_string(),
        alt: party.alt.as_ref().map(Jid::to_string),
        push_name: maybe(party.push_name.as_deref()),
    }
}

fn chat_kind(kind: ChatKind) -> wit::ChatKind {
    match kind {
        ChatKind::Direct => wit::ChatKind::Direct,
        ChatKind::Group => wit::ChatKind::Group,
        ChatKind::Community => wit::ChatKind::Community,
        ChatKind::Broadcast => wit::ChatKind::Broadcast,
        ChatKind::Status => wit::ChatKind::Status,
        ChatKind::Newsletter => wit::ChatKind::Newsletter,
        ChatKind::Bot => wit::ChatKind::Bot,
        ChatKind::Other => wit::ChatKind::Other,
    }
}

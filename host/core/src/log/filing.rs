//! Under which addresses a message is filed, which decides whether two deliveries are one message.
//!
//! A message is one by (chat, sender, id). Its chat and sender count by their canonical address; while a person is known by LID only,
//! that is the LID, and so a message may have to be looked for under an address that is canonical no more.

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::address::{Jid, Party};
use crate::contact::{Contacts, Resolved, phone_and_lid};
use crate::id::{MessageId, SessionId};
use crate::message::{MessageKey, Origin};
use crate::schema::{Key, session};
use crate::store::StoreError;

pub(super) struct Filing {
    chat: Resolved,
    /// None for the account itself, and for chats without people.
    sender: Option<Resolved>,
    id: MessageId,
}

impl Filing {
    /// `sender` is who wrote it, where more is known of them than the key tells.
    pub(super) async fn of(
        contacts: &Contacts,
        session: SessionId,
        key: &MessageKey,
        sender: Option<&Party>,
    ) -> Result<Self, StoreError> {
        let alt_of = |jid: &Jid| sender.and_then(|sender| other_of(sender, jid));
        let chat = contacts.resolve(session, &key.chat, alt_of(&key.chat)).await?;
        let author = sender.map(|sender| &sender.jid).or(key.participant.as_ref());
        let sender = match (key.from, author) {
            (Origin::Me, _) => None,
            // In a direct chat the other side is the chat.
            (Origin::Them, _) if key.chat.is_person() => Some(chat.clone()),
            (Origin::Them, None) => None,
            (Origin::Them, Some(author)) => Some(contacts.resolve(session, author, alt_of(author)).await?),
        };
        Ok(Self {
            chat,
            sender,
            id: key.id.clone(),
        })
    }

    /// The chat it is filed under.
    pub(super) fn chat(self) -> Jid {
        self.chat.canonical
    }

    /// The row it is recorded in now.
    pub(super) fn row(&self) -> Bytes {
        row(
            &self.chat.canonical,
            self.sender.as_ref().map(|sender| &sender.canonical),
            &self.id,
        )
    }

    /// Every row it may be recorded in, the present one first.
    pub(super) fn rows(&self) -> impl Iterator<Item = Bytes> {
        self.rows_by(|resolved| resolved.formerly.as_ref())
    }

    /// Every row it could be recorded in by a commit in the making, in which what is filed where is not known yet.
    pub(super) fn rows_coming(&self) -> impl Iterator<Item = Bytes> {
        self.rows_by(|resolved| resolved.other.as_ref())
    }

    fn rows_by(&self, second: impl Fn(&Resolved) -> Option<&Jid>) -> impl Iterator<Item = Bytes> {
        let forms = |resolved: &Resolved| -> Vec<Jid> {
            std::iter::once(&resolved.canonical)
                .chain(second(resolved))
                .cloned()
                .collect()
        };
        let senders = self
            .sender
            .as_ref()
            .map_or(vec![None], |sender| forms(sender).into_iter().map(Some).collect());
        let chats = forms(&self.chat);
        chats.into_iter().flat_map(move |chat| {
            senders
                .clone()
                .into_iter()
                .map(move |sender| row(&chat, sender.as_ref(), &self.id))
        })
    }

    /// The LIDs it is filed under now.
    pub(super) fn under_lids(&self) -> impl Iterator<Item = &Jid> {
        let chat = &self.chat.canonical;
        let sender = self
            .sender
            .as_ref()
            .map(|sender| &sender.canonical)
            .filter(|sender| *sender != chat);
        [Some(chat), sender]
            .into_iter()
            .flatten()
            .filter(|jid| matches!(jid, Jid::Lid(_)))
    }
}

/// The phone number and the LID of a person whose both are told.
pub(super) fn pair_in(party: &Party) -> Option<(&Jid, &Jid)> {
    party.alt.as_ref().and_then(|alt| phone_and_lid(&party.jid, alt))
}

fn other_of<'a>(party: &'a Party, jid: &Jid) -> Option<&'a Jid> {
    match &party.alt {
        Some(alt) if party.jid == *jid => Some(alt),
        Some(alt) if alt == jid => Some(&party.jid),
        Some(_) | None => None,
    }
}

fn row(chat: &Jid, sender: Option<&Jid>, id: &MessageId) -> Bytes {
    let mut hash = Sha256::new();
    hash.update(chat.to_string());
    hash.update([0]);
    hash.update(sender.map(Jid::to_string).unwrap_or_default());
    hash.update([0]);
    hash.update(id.as_str());
    Key::table(session::MESSAGE).bytes(&hash.finalize()[..16]).into()
}

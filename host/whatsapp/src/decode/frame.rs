//! Whose point of view a message is written from, and the keys inside it read from there.
//!
//! A key inside a message is the sender's: `fromMe` means the sender, and `remoteJid` of a direct chat names the other end as the
//! sender sees it, which is us. [`Frame`] turns such keys into the host's, which are written from the account's side.

use waspnest_core::address::{Jid, Party};
use waspnest_core::id::MessageId;
use waspnest_core::message::{MessageKey, Origin};
use whatsapp_rust::types::message::MessageInfo;
use whatsapp_rust::waproto::whatsapp as wa;

use crate::jid;

pub(super) struct Frame {
    pub(super) chat: Jid,
    pub(super) sender: Party,
    pub(super) from: Origin,
    me: Option<Party>,
}

impl Frame {
    /// `destination` is the chat a wrapper from another device of the account names.
    pub(super) fn of(info: &MessageInfo, me: Option<&Party>, destination: Option<&str>) -> Option<Self> {
        let source = &info.source;
        let mut sender = jid::party(&source.sender, source.sender_alt.as_ref())?;
        sender.push_name = super::filled(Some(&info.push_name));
        let from = if source.is_from_me { Origin::Me } else { Origin::Them };
        // The account knows both its addresses; the stanza may tell one.
        if from == Origin::Me
            && sender.alt.is_none()
            && let Some(me) = me.filter(|me| is(me, &sender.jid))
        {
            sender.alt = [Some(&me.jid), me.alt.as_ref()]
                .into_iter()
                .flatten()
                .find(|jid| **jid != sender.jid)
                .cloned();
        }
        let mut chat = jid::party(&source.chat, None)?;
        match from {
            // A direct chat is the other person, also for what the account sent from elsewhere.
            Origin::Me => {
                if source.recipient.is_none()
                    && chat.jid.is_person()
                    && let Some(destination) = destination.and_then(jid::parse)
                {
                    chat.jid = destination;
                }
                let alt = source.recipient_alt.as_ref().or(info.peer_recipient_pn.as_ref());
                if chat.jid.is_person() {
                    chat.alt = alt.and_then(jid::from_wire);
                }
            }
            Origin::Them => {
                if chat.jid == sender.jid {
                    chat.alt.clone_from(&sender.alt);
                }
            }
        }
        let mut frame = Self {
            chat: chat.canonical().clone(),
            sender,
            from,
            me: me.cloned(),
        };
        frame.chat = frame.canonical(frame.chat.clone());
        Some(frame)
    }

    pub(super) const fn is_newsletter(&self) -> bool {
        matches!(self.chat, Jid::Newsletter(_))
    }

    /// The one address of a person, as far as this message tells.
    pub(super) fn canonical(&self, jid: Jid) -> Jid {
        [Some(&self.sender), self.me.as_ref()]
            .into_iter()
            .flatten()
            .find(|party| is(party, &jid))
            .map_or(jid, |party| party.canonical().clone())
    }

    pub(super) fn is_me(&self, jid: &Jid) -> bool {
        let by_account = self.me.as_ref().is_some_and(|me| is(me, jid));
        let by_sender = self.from == Origin::Me && is(&self.sender, jid);
        by_account || by_sender
    }

    pub(super) const fn knows_me(&self) -> bool {
        self.me.is_some()
    }

    /// The key of the message itself.
    pub(super) fn own_key(&self, id: MessageId) -> MessageKey {
        MessageKey {
            chat: self.chat.clone(),
            id,
            from: self.from,
            participant: has_several(&self.chat).then(|| self.sender.canonical().clone()),
        }
    }

    /// The key of a message in this chat, by its author.
    pub(super) fn key_by(&self, id: MessageId, author: Option<Jid>) -> MessageKey {
        let author = author.map(|author| self.canonical(author));
        let from = match &author {
            Some(author) if self.is_me(author) => Origin::Me,
            Some(_) | None => Origin::Them,
        };
        MessageKey {
            chat: self.chat.clone(),
            id,
            from,
            participant: author.filter(|_| has_several(&self.chat)),
        }
    }

    /// A key the sender wrote. `None` when one of its parts is no id or no address.
    pub(super) fn key(&self, key: &wa::MessageKey) -> Option<MessageKey> {
        let id = key.id.as_deref()?.parse().ok()?;
        let chat = self.chat_of_key(optional(key.remote_jid.as_deref())?);
        let participant = optional(key.participant.as_deref())?.map(|author| self.canonical(author));
        let by_sender = key.from_me.unwrap_or_default();
        if has_several(&chat) {
            let author = participant.or_else(|| by_sender.then(|| self.sender.canonical().clone()));
            let from = match &author {
                Some(author) if self.is_me(author) => Origin::Me,
                Some(_) | None => Origin::Them,
            };
            return Some(MessageKey {
                chat,
                id,
                from,
                participant: author,
            });
        }
        let ours = match &chat {
            Jid::Newsletter(_) => by_sender && self.from == Origin::Me,
            // Everything in the chat with oneself is one's own.
            chat if self.is_me(chat) => true,
            Jid::Phone(_) | Jid::Lid(_) | Jid::Bot(_) | Jid::Group(_) | Jid::Status | Jid::Broadcast(_) => {
                by_sender == (self.from == Origin::Me)
            }
        };
        Some(MessageKey {
            chat,
            id,
            from: if ours { Origin::Me } else { Origin::Them },
            participant: None,
        })
    }

    /// The chat a key or a quote means.
    pub(super) fn chat_of_key(&self, named: Option<Jid>) -> Jid {
        match named {
            // One of the two ends of this very chat.
            Some(person) if person.is_person() && !has_several(&self.chat) => self.chat.clone(),
            Some(person) if person.is_person() && self.is_me(&person) => self.sender.canonical().clone(),
            Some(chat) => self.canonical(chat),
            None => self.chat.clone(),
        }
    }
}

/// Whether messages of this chat have to say who of several people wrote them.
pub(crate) const fn has_several(chat: &Jid) -> bool {
    match chat {
        Jid::Group(_) | Jid::Status | Jid::Broadcast(_) => true,
        Jid::Phone(_) | Jid::Lid(_) | Jid::Newsletter(_) | Jid::Bot(_) => false,
    }
}

/// An address that may be missing but not malformed.
pub(super) fn optional(text: Option<&str>) -> Option<Option<Jid>> {
    match text {
        None | Some("") => Some(None),
        Some(text) => jid::parse(text).map(Some),
    }
}

fn is(party: &Party, jid: &Jid) -> bool {
    party.jid == *jid || party.alt.as_ref() == Some(jid)
}

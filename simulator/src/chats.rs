//! What an account's phone remembers: what it decrypted of chats between two, and what it was given as a past, in groups as well.
//!
//! It is bounded; the oldest messages go first. What is said in groups it does not read. Nothing here is ever read by the server for its own ends:
//! it is the phone's, kept with the account because the phone and the handle both reach for it.

mod invented;
pub(crate) mod saved;

use std::collections::{BTreeMap, VecDeque};

use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp::{Message, MessageKey, WebMessageInfo};

use crate::groups::GroupId;

pub use invented::HistorySpec;
pub(crate) use invented::{invent, invent_in_group};

/// Chats one phone remembers.
const MAX_CHATS: usize = 1_000;
/// Messages one chat remembers.
const MAX_MESSAGES: usize = 1_000;

/// The other side of a chat, by both of its addresses; a group has one, which stands for both.
#[derive(Debug, Clone)]
pub(crate) struct Partner {
    pub(crate) jid: String,
    pub(crate) lid: String,
    pub(crate) name: String,
}

impl Partner {
    /// The group it is, if it is one.
    pub(crate) fn group(&self) -> Option<GroupId> {
        GroupId::of(&self.jid.parse().ok()?)
    }
}

/// Who wrote a message in a group.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Its address there.
    pub(crate) lid: String,
    pub(crate) name: String,
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Author {
    Me,
    Partner,
}

/// A message as the phone keeps it.
pub(crate) struct Kept {
    pub(crate) id: String,
    pub(crate) author: Author,
    pub(crate) at_s: u64,
    pub(crate) message: Message,
    /// Whoever wrote it in a group, unless it was the account.
    pub(crate) member: Option<Member>,
}

/// A chat, oldest message first.
pub(crate) struct Chat {
    pub(crate) partner: Partner,
    pub(crate) messages: VecDeque<Kept>,
}

impl Chat {
    /// A message in the form in which history carries it.
    pub(crate) fn written(&self, kept: &Kept) -> WebMessageInfo {
        let from_me = kept.author == Author::Me;
        let member = kept.member.as_ref();
        let name = member.map_or(&self.partner.name, |member| &member.name);
        let participant = member.map(|member| member.lid.clone());
        WebMessageInfo {
            key: MessageField::some(MessageKey {
                remote_jid: Some(self.partner.jid.clone()),
                from_me: Some(from_me),
                id: Some(kept.id.clone()),
                participant: participant.clone(),
            }),
            message: MessageField::some(kept.message.clone()),
            message_timestamp: Some(kept.at_s),
            push_name: (!from_me).then(|| name.clone()),
            participant,
            ..WebMessageInfo::default()
        }
    }

    fn last_s(&self) -> u64 {
        self.messages.back().map_or(0, |kept| kept.at_s)
    }
}

/// All chats of one phone.
#[derive(Default)]
pub(crate) struct Chats {
    /// By the partner's JID.
    by_jid: BTreeMap<String, Chat>,
}

impl Chats {
    /// Remembers a message, unless it is remembered already.
    pub(crate) fn keep(&mut self, partner: &Partner, kept: Kept) {
        if !self.by_jid.contains_key(&partner.jid) && self.by_jid.len() >= MAX_CHATS {
            self.forget_oldest();
        }
        let chat = self.by_jid.entry(partner.jid.clone()).or_insert_with(|| Chat {
            partner: partner.clone(),
            messages: VecDeque::new(),
        });
        if !partner.name.is_empty() {
            chat.partner.name.clone_from(&partner.name);
        }
        if chat.messages.iter().rev().any(|known| known.id == kept.id) {
            return;
        }
        if chat.messages.len() >= MAX_MESSAGES {
            chat.messages.pop_front();
        }
        chat.messages.push_back(kept);
    }

    fn forget_oldest(&mut self) {
        let oldest = self.by_jid.values().min_by_key(|chat| chat.last_s());
        if let Some(jid) = oldest.map(|chat| chat.partner.jid.clone()) {
            self.by_jid.remove(&jid);
        }
    }

    /// Chats, the one with the newest message first.
    pub(crate) fn newest_first(&self) -> Vec<&Chat> {
        let mut chats: Vec<&Chat> = self.by_jid.values().collect();
        chats.sort_by_key(|chat| std::cmp::Reverse(chat.last_s()));
        chats
    }

    /// The chat with a partner, by whichever address.
    pub(crate) fn with(&self, jid: &str) -> Option<&Chat> {
        self.by_jid
            .get(jid)
            .or_else(|| self.by_jid.values().find(|chat| chat.partner.lid == jid))
    }

    /// The message with an id, in whichever chat.
    pub(crate) fn find(&self, id: &str) -> Option<(&Chat, &Kept)> {
        self.by_jid.values().find_map(|chat| {
            let kept = chat.messages.iter().find(|kept| kept.id == id)?;
            Some((chat, kept))
        })
    }
}

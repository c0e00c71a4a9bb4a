//! Whether the rows of a mailbox can be read and agree with each other, for who looks over a store.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::history::Progress;
use super::record::{ChatNumber, ChatRecord, Contact, Group, Mark, Marks, Number, Role, Stored, Usage, key};
use super::words_index::Made;
use crate::address::Jid;
use crate::codec::{self, Record};
use crate::id::MessageId;
use crate::schema::{session, trailing_number};
use crate::store::{Op, StoreError};

/// Whether a row of a mailbox can be read.
pub(crate) fn readable(row: &[u8], value: &[u8]) -> Result<(), StoreError> {
    fn read<R: Record>(row: &[u8], value: &[u8]) -> Result<(), StoreError> {
        codec::decode::<R>(row, value).map(drop)
    }
    match row.first().copied().unwrap_or_default() {
        session::MAILBOX => match row.get(1) {
            Some(1) => read::<Marks>(row, value),
            Some(2) => read::<Usage>(row, value),
            Some(3) => read::<Progress>(row, value),
            Some(4) => read::<Made>(row, value),
            Some(_) | None => Err(StoreError::Damaged {
                key: row.escape_ascii().to_string().into(),
                reason: "it is nothing that a mailbox has".into(),
            }),
        },
        session::MAILBOX_CHAT => read::<ChatRecord>(row, value),
        session::MAILBOX_CHAT_OF => read::<ChatNumber>(row, value),
        session::MAILBOX_MESSAGE => read::<Stored>(row, value),
        session::MAILBOX_ABOUT => read::<Mark>(row, value),
        session::MAILBOX_CONTACT => read::<Contact>(row, value),
        session::MAILBOX_GROUP => read::<Group>(row, value),
        session::MAILBOX_MEMBER => read::<Role>(row, value),
        // Their keys say it all, or their bytes are numbers and nothing else.
        _ => Ok(()),
    }
}

/// Something that does not agree.
pub(crate) struct Mismatch {
    /// The row; none for one that is missing.
    pub(crate) key: Option<Bytes>,
    /// What does not agree.
    pub(crate) what: &'static str,
    /// What makes it right.
    pub(crate) mend: Vec<Op>,
}

/// The rows of one mailbox, as they go by in the order of their keys.
#[derive(Default)]
pub(crate) struct Consistency {
    usage: Option<Usage>,
    counted: Usage,
    chats: BTreeMap<u32, ChatRecord>,
    chat_of: BTreeMap<String, u32>,
    chat_at: BTreeSet<Bytes>,
    messages: BTreeMap<u64, Message>,
    mismatches: Vec<Mismatch>,
}

/// What has to lead to a message.
struct Message {
    id: MessageId,
    chat: Jid,
    named: Found,
    in_chat: Found,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    No,
    Yes,
}

impl Consistency {
    /// Takes note of a row that can be read: its key, and all of its record.
    pub(crate) fn see(&mut self, row: &Bytes, value: &Bytes) {
        match row.first().copied().unwrap_or_default() {
            session::MAILBOX if *row == key::usage() => self.usage = codec::decode(row, value).ok(),
            session::MAILBOX_CHAT => {
                if let (Some(number), Ok(chat)) = (chat_in(row), codec::decode(row, value)) {
                    self.chats.insert(number, chat);
                }
            }
            session::MAILBOX_CHAT_OF => {
                let number = codec::decode::<ChatNumber>(row, value).map_or(u32::MAX, |number| number.0);
                let jid = String::from_utf8_lossy(&row[1..]).into_owned();
                if self.chats.contains_key(&number) {
                    self.chat_of.insert(jid, number);
                } else {
                    self.dangling(row, "it leads to a chat that is not there");
                }
            }
            session::MAILBOX_CHAT_AT => drop(self.chat_at.insert(row.clone())),
            session::MAILBOX_MESSAGE => {
                self.counted.messages += 1;
                self.counted.bytes += value.len() as u64;
                if let Ok(stored) = codec::decode::<Stored>(row, value) {
                    let message = Message {
                        id: stored.message.key.id,
                        chat: stored.message.key.chat,
                        named: Found::No,
                        in_chat: Found::No,
                    };
                    self.messages.insert(trailing_number(row).unwrap_or_default(), message);
                }
            }
            session::MAILBOX_NAMED => self.leads(row, |message| message.named = Found::Yes),
            session::MAILBOX_IN_CHAT => self.leads(row, |message| message.in_chat = Found::Yes),
            session::MAILBOX_MEDIA | session::MAILBOX_EXPIRING => self.leads(row, |_| {}),
            _ => {}
        }
    }

    /// What does not agree, when every row was seen.
    pub(crate) fn end(mut self) -> Vec<Mismatch> {
        if self.usage.is_some_and(|usage| usage != self.counted) {
            let key = key::usage();
            self.mismatches.push(Mismatch {
                key: Some(key.clone()),
                what: "it counts other messages than there are",
                mend: vec![Op::Put(key, codec::encode(&self.counted))],
            });
        }
        for (number, chat) in &self.chats {
            let row = key::chat_at(chat.last_at, ChatNumber(*number));
            if chat.shown && !self.chat_at.remove(&row) {
                self.mismatches.push(Mismatch {
                    key: None,
                    what: "a chat is not found by its last message",
                    mend: vec![Op::Put(row, Bytes::new())],
                });
            }
        }
        for row in std::mem::take(&mut self.chat_at) {
            self.dangling(&row, "no chat has its last message then");
        }
        for (number, message) in &self.messages {
            if message.named == Found::No {
                let row = key::named(&message.id).number(*number).finish();
                self.mismatches.push(Mismatch {
                    key: None,
                    what: "a message is not found by its id",
                    mend: vec![Op::Put(row, Bytes::new())],
                });
            }
            let chat = self.chat_of.get(&message.chat.to_string());
            if let (Found::No, Some(chat)) = (message.in_chat, chat) {
                let row = key::in_chat(ChatNumber(*chat), Number(*number));
                self.mismatches.push(Mismatch {
                    key: None,
                    what: "a message is not found in its chat",
                    // Whether it counted as unread is not known; it does not.
                    mend: vec![Op::Put(row, Bytes::from_static(&[0]))],
                });
            }
        }
        self.mismatches
    }

    /// A row that ends with the number of a message.
    fn leads(&mut self, row: &Bytes, found: impl FnOnce(&mut Message)) {
        let number = trailing_number(row).unwrap_or_default();
        match self.messages.get_mut(&number) {
            Some(message) => found(message),
            None => self.dangling(row, "it leads to a message that is not there"),
        }
    }

    fn dangling(&mut self, row: &Bytes, what: &'static str) {
        self.mismatches.push(Mismatch {
            key: Some(row.clone()),
            what,
            mend: vec![Op::Delete(row.clone())],
        });
    }
}

fn chat_in(row: &[u8]) -> Option<u32> {
    row.last_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes))
}

//! What is kept of messages, chats, people and groups, and where.
//!
//! A message has a number that orders it among all of its session: the second in which WhatsApp took it, then the order of arrival. All
//! else about it is kept under that number.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::address::{ChatKind, InvalidJid, Jid};
use crate::clock::UnixMs;
use crate::codec::Record;
use crate::event::Position;
use crate::files::FileName;
use crate::id::{EffectId, MessageId};
use crate::message::{Content, Message};
use crate::schema::{Key, session};

/// A message's place among all of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Number(pub u64);

/// Bits that tell messages of the same millisecond apart.
const ORDER_BITS: u32 = 12;

impl Number {
    /// Behind every message.
    pub const END: Self = Self(u64::MAX);

    /// The first one a message of a moment can have.
    #[must_use]
    pub const fn at(moment: UnixMs) -> Self {
        // Beyond the year 37 000 all moments are one.
        let moment = if moment.0 < 1 << 50 { moment.0 } else { 1 << 50 };
        Self(moment << ORDER_BITS)
    }

    /// The first one of the second of a moment, and the first one behind that second. The wire tells whole seconds, the host knows more:
    /// within a second what counts is the order of arrival.
    pub(super) const fn second_of(moment: UnixMs) -> (Self, Self) {
        let start = moment.0 - moment.0 % 1000;
        (Self::at(UnixMs(start)), Self::at(UnixMs(start.saturating_add(1000))))
    }
}

/// The number of a chat within its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct ChatNumber(pub(super) u32);

impl Record for ChatNumber {
    const VERSION: u8 = 1;
}

/// Who did something to a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Author {
    /// The session's own account.
    Me,
    /// Somebody else.
    Person(Jid),
}

impl fmt::Display for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str("me"),
            Self::Person(jid) => fmt::Display::fmt(jid, f),
        }
    }
}

impl FromStr for Author {
    type Err = InvalidJid;

    fn from_str(text: &str) -> Result<Self, InvalidJid> {
        match text {
            "me" => Ok(Self::Me),
            jid => jid.parse().map(Self::Person),
        }
    }
}

/// How far the session has read what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Marks {
    pub(super) log: Position,
    pub(super) outbox: Position,
}

impl Record for Marks {
    const VERSION: u8 = 1;
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Messages.
    pub messages: u64,
    /// Bytes of their records.
    pub bytes: u64,
}

impl Record for Usage {
    const VERSION: u8 = 1;
}

/// A message as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Stored {
    /// As it is now: edited, and without its words when it was taken back.
    pub(super) message: Message,
    /// The effect that sends it.
    pub(super) effect: Option<EffectId>,
    /// What it said before, oldest first; at most [`EDITS`].
    pub(super) edits: Vec<Edit>,
    pub(super) edited_at: Option<UnixMs>,
    pub(super) revoked: Option<Revoked>,
    pub(super) starred: bool,
    pub(super) pinned: Option<Pinned>,
    pub(super) kept: bool,
    /// How far a message of the account has come, as receipts tell.
    pub(super) come: Come,
    /// Whether there are rows of [`Mark`] beside receipts.
    pub(super) marked: bool,
    /// Counts of a newsletter's poll.
    pub(super) tally: Vec<(Box<str>, u64)>,
}

/// Earlier words of a message that are kept.
pub(super) const EDITS: usize = 8;

impl Record for Stored {
    const VERSION: u8 = 1;
}

impl Stored {
    pub(super) const fn new(message: Message) -> Self {
        Self {
            message,
            effect: None,
            edits: Vec::new(),
            edited_at: None,
            revoked: None,
            starred: false,
            pinned: None,
            kept: false,
            come: Come::Sent,
            marked: false,
            tally: Vec::new(),
        }
    }

    /// When it disappears; none for ever.
    pub(super) fn expires_at(&self) -> Option<UnixMs> {
        let seconds = self.message.ephemeral_s.filter(|_| !self.kept)?;
        Some(UnixMs(
            self.message.timestamp.0.saturating_add(u64::from(seconds) * 1000),
        ))
    }
}

/// What a message said before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// Until when.
    pub until: UnixMs,
    /// What it said.
    pub content: Content,
}

/// That a message was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When.
    pub at: UnixMs,
    /// By whom.
    pub by: Author,
}

/// That a message is at the top of its chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// Since when.
    pub at: UnixMs,
    /// Until when; none for ever.
    pub until: Option<UnixMs>,
}

/// How far a message of the account has come. It only goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Come {
    /// WhatsApp's server has it.
    Sent,
    /// It is on somebody's device.
    Delivered,
    /// Somebody has seen it.
    Read,
    /// Somebody has listened to it.
    Played,
}

/// What one person did about a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Mark {
    Reaction {
        emoji: Box<str>,
        at: UnixMs,
    },
    Vote {
        options: Vec<Box<str>>,
        at: UnixMs,
    },
    Answer {
        going: crate::message::Rsvp,
        guests: u32,
        at: UnixMs,
    },
    Receipt(Receipt),
}

impl Record for Mark {
    const VERSION: u8 = 1;
}

impl Mark {
    /// When it was made; of those of one kind and person the latest counts.
    pub(super) const fn at(&self) -> UnixMs {
        match self {
            Self::Reaction { at, .. } | Self::Vote { at, .. } | Self::Answer { at, .. } => *at,
            Self::Receipt(_) => UnixMs(0),
        }
    }
}

/// When a message came how far with one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// On one of their devices.
    pub delivered_at: Option<UnixMs>,
    /// Seen.
    pub read_at: Option<UnixMs>,
    /// Listened to.
    pub played_at: Option<UnixMs>,
}

/// The kinds of [`Mark`] in keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MarkKind {
    Reaction = 1,
    Vote = 2,
    Answer = 3,
    Receipt = 4,
}

/// A chat as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ChatRecord {
    pub(super) jid: Jid,
    pub(super) kind: ChatKind,
    pub(super) name: Option<Box<str>>,
    pub(super) last_at: UnixMs,
    /// Messages from others behind [`ChatRecord::read_to`].
    pub(super) unread: u32,
    pub(super) marked_unread: bool,
    pub(super) read_to: Number,
    pub(super) archived: bool,
    pub(super) pinned_at: Option<UnixMs>,
    pub(super) muted: Option<Muted>,
    pub(super) ephemeral_s: Option<u32>,
    pub(super) labels: Vec<Box<str>>,
    /// Whether the phone has nothing older.
    pub(super) complete: bool,
    /// Whether it is shown among the chats: it has had a message since it was removed last.
    pub(super) shown: bool,
}

impl Record for ChatRecord {
    const VERSION: u8 = 1;
}

impl ChatRecord {
    pub(super) const fn new(jid: Jid) -> Self {
        Self {
            kind: jid.chat_kind(),
            jid,
            name: None,
            last_at: UnixMs(0),
            unread: 0,
            marked_unread: false,
            read_to: Number(0),
            archived: false,
            pinned_at: None,
            muted: None,
            ephemeral_s: None,
            labels: Vec::new(),
            complete: false,
            shown: false,
        }
    }
}

/// That a chat makes no sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Muted {
    /// Until when; none for ever.
    pub until: Option<UnixMs>,
}

/// A person as they are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Contact {
    /// The name in the account's address book.
    pub name: Option<Box<str>>,
    /// The name they gave themselves.
    pub push_name: Option<Box<str>>,
    /// What they say about themselves, where they said something new.
    pub about: Option<Box<str>>,
    /// WhatsApp's id of their picture.
    pub picture: Option<Box<str>>,
}

impl Record for Contact {
    const VERSION: u8 = 1;
}

/// A group as it is kept, beside its chat.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Group {
    /// What it says about itself.
    pub description: Option<Box<str>>,
    /// WhatsApp's id of its picture.
    pub picture: Option<Box<str>>,
    /// Settings that are on, by their names.
    pub settings: Vec<Box<str>>,
    /// Whether it does not exist any more.
    pub deleted: bool,
}

impl Record for Group {
    const VERSION: u8 = 1;
}

/// What somebody may do in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Take part.
    Member,
    /// Administrate.
    Admin,
}

impl Record for Role {
    const VERSION: u8 = 1;
}

/// The rows of the mailbox of a session.
pub(super) mod key {
    use super::{Author, ChatNumber, FileName, Jid, Key, MarkKind, MessageId, Number, UnixMs, session};
    use super::{Bytes, Position};

    pub(in super::super) fn marks() -> Bytes {
        Key::table(session::MAILBOX).bytes(&[1]).finish()
    }

    pub(in super::super) fn usage() -> Bytes {
        Key::table(session::MAILBOX).bytes(&[2]).finish()
    }

    pub(in super::super) fn history() -> Bytes {
        Key::table(session::MAILBOX).bytes(&[3]).finish()
    }

    pub(in super::super) fn words_made() -> Bytes {
        Key::table(session::MAILBOX).bytes(&[4]).finish()
    }

    pub(in super::super) fn waiting(effect: Position) -> Bytes {
        Key::table(session::MAILBOX_WAITING).number(effect.0).finish()
    }

    pub(in super::super) fn chat(chat: ChatNumber) -> Bytes {
        Key::table(session::MAILBOX_CHAT).bytes(&chat.0.to_be_bytes()).finish()
    }

    pub(in super::super) fn chat_of(jid: &Jid) -> Bytes {
        Key::table(session::MAILBOX_CHAT_OF)
            .bytes(jid.to_string().as_bytes())
            .finish()
    }

    pub(in super::super) fn chat_at(at: UnixMs, chat: ChatNumber) -> Bytes {
        Key::table(session::MAILBOX_CHAT_AT)
            .number(at.0)
            .bytes(&chat.0.to_be_bytes())
            .finish()
    }

    pub(in super::super) fn message(number: Number) -> Bytes {
        Key::table(session::MAILBOX_MESSAGE).number(number.0).finish()
    }

    pub(in super::super) fn named(id: &MessageId) -> Key {
        Key::table(session::MAILBOX_NAMED).text(id.as_str())
    }

    pub(in super::super) fn messages_of(chat: ChatNumber) -> Key {
        Key::table(session::MAILBOX_IN_CHAT).bytes(&chat.0.to_be_bytes())
    }

    pub(in super::super) fn in_chat(chat: ChatNumber, number: Number) -> Bytes {
        messages_of(chat).number(number.0).finish()
    }

    pub(in super::super) fn marks_of(number: Number) -> Key {
        Key::table(session::MAILBOX_ABOUT).number(number.0)
    }

    pub(in super::super) fn mark_kind(number: Number, kind: MarkKind) -> Key {
        marks_of(number).bytes(&[kind as u8])
    }

    pub(in super::super) fn mark(number: Number, kind: MarkKind, author: &Author) -> Bytes {
        mark_kind(number, kind).bytes(author.to_string().as_bytes()).finish()
    }

    pub(in super::super) fn word(word: &str) -> Key {
        Key::table(session::MAILBOX_WORD).text(word)
    }

    pub(in super::super) fn contact(jid: &Jid) -> Bytes {
        Key::table(session::MAILBOX_CONTACT)
            .bytes(jid.to_string().as_bytes())
            .finish()
    }

    pub(in super::super) fn group(jid: &Jid) -> Bytes {
        Key::table(session::MAILBOX_GROUP)
            .bytes(jid.to_string().as_bytes())
            .finish()
    }

    pub(in super::super) fn members(group: &Jid) -> Key {
        Key::table(session::MAILBOX_MEMBER).text(&group.to_string())
    }

    pub(in super::super) fn member(group: &Jid, person: &Jid) -> Bytes {
        members(group).bytes(person.to_string().as_bytes()).finish()
    }

    pub(in super::super) fn media(name: &FileName) -> Key {
        Key::table(session::MAILBOX_MEDIA).bytes(name.bytes())
    }

    pub(in super::super) fn expiring(at: UnixMs, number: Number) -> Bytes {
        Key::table(session::MAILBOX_EXPIRING)
            .number(at.0)
            .number(number.0)
            .finish()
    }
}

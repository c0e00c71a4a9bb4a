//! What is shown of a mailbox.

use std::fmt;

use super::record::{Author, Contact, Edit, Muted, Number, Pinned, Revoked, Role};
use crate::address::{ChatKind, Jid};
use crate::clock::UnixMs;
use crate::id::EffectId;
use crate::message::{Message, Rsvp};

/// A message with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mail {
    /// Its place among all messages of the session.
    pub number: Number,
    /// The message as it is now. Its chat is the canonical one.
    pub message: Message,
    /// The other address of its chat, where that is a person.
    pub chat_other: Option<Jid>,
    /// The effect that sent it.
    pub effect: Option<EffectId>,
    /// How far it has come; none for messages of others.
    pub state: Option<State>,
    /// When it was edited last.
    pub edited_at: Option<UnixMs>,
    /// What it said before, oldest first.
    pub edits: Vec<Edit>,
    /// That it was taken back; it says nothing then.
    pub revoked: Option<Revoked>,
    /// Whether the account starred it.
    pub starred: bool,
    /// That it is at the top of its chat.
    pub pinned: Option<Pinned>,
    /// When it disappears.
    pub expires_at: Option<UnixMs>,
    /// Reactions, earliest first.
    pub reactions: Vec<Reaction>,
    /// Votes, where it is a poll.
    pub votes: Vec<Vote>,
    /// Votes of a newsletter's poll, of which only the numbers are known.
    pub tally: Vec<(Box<str>, u64)>,
    /// Who comes, where it is an event.
    pub answers: Vec<(Author, Rsvp, u32)>,
}

/// How far a message of the account has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It has not left yet.
    Pending,
    /// WhatsApp's server has it.
    Sent,
    /// It is on somebody's device.
    Delivered,
    /// Somebody has seen it.
    Read,
    /// Somebody has listened to it.
    Played,
    /// It was given up.
    Failed {
        /// Why.
        reason: Box<str>,
    },
}

/// Somebody's reaction.
#[derive(Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Whose.
    pub by: Author,
    /// The emoji.
    pub emoji: Box<str>,
    /// When.
    pub at: UnixMs,
}

/// Shows whose, never which.
impl fmt::Debug for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reaction").field("by", &self.by).finish_non_exhaustive()
    }
}

/// Somebody's choice in a poll.
#[derive(Clone, PartialEq, Eq)]
pub struct Vote {
    /// Whose.
    pub by: Author,
    /// The options.
    pub options: Vec<Box<str>>,
    /// When.
    pub at: UnixMs,
}

/// Shows whose, never which.
impl fmt::Debug for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vote").field("by", &self.by).finish_non_exhaustive()
    }
}

/// A chat.
#[derive(Debug, Clone, PartialEq)]
pub struct Chat {
    /// Where the next page of chats begins behind this one.
    pub place: (UnixMs, u32),
    /// Its address.
    pub jid: Jid,
    /// Its other address, where it is a person's.
    pub other: Option<Jid>,
    /// What kind it is.
    pub kind: ChatKind,
    /// Its name: the subject of a group, the name of a person.
    pub name: Option<Box<str>>,
    /// When its last message was.
    pub last_at: UnixMs,
    /// Messages nobody has read.
    pub unread: u32,
    /// Whether the account marked it as unread.
    pub marked_unread: bool,
    /// Whether it is in the archive.
    pub archived: bool,
    /// Since when it is at the top.
    pub pinned_at: Option<UnixMs>,
    /// That it makes no sound.
    pub muted: Option<Muted>,
    /// Seconds until messages in it disappear.
    pub ephemeral_s: Option<u32>,
    /// WhatsApp's ids of its labels.
    pub labels: Vec<Box<str>>,
    /// Whether the phone has nothing older than what is here.
    pub complete: bool,
    /// Its last message.
    pub last: Option<Box<Mail>>,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their address.
    pub jid: Jid,
    /// Their other address, where known.
    pub other: Option<Jid>,
    /// What is known of them.
    pub contact: Contact,
}

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub jid: Jid,
    /// Their other address, where known.
    pub other: Option<Jid>,
    /// What they may do.
    pub role: Role,
}

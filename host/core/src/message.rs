//! One message, in every kind WhatsApp has.
//!
//! The kinds are those of the plugin contract. Wrappers of the wire format (view once, ephemeral, edited, document with caption) are
//! flags on [`Message`], never kinds of their own. Nothing here knows the wire format.

mod body;
mod content;
mod media;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{ChatKind, Jid, Party};
use crate::clock::UnixMs;
use crate::id::MessageId;

pub use body::*;
pub use content::Content;
pub use media::{Media, MediaSource};

/// Names one message within a session.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct MessageKey {
    /// The chat it is in.
    pub chat: Jid,
    /// WhatsApp's id.
    pub id: MessageId,
    /// Which side of the chat it came from.
    pub from: Origin,
    /// Who wrote it, in chats with several people.
    pub participant: Option<Jid>,
}

/// Which side of a chat a message came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Origin {
    /// The session's own account, on this or another device.
    Me,
    /// Somebody else.
    Them,
}

/// A message as it was received.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its name.
    pub key: MessageKey,
    /// What kind of chat it is in.
    pub chat_kind: ChatKind,
    /// The chat's name, where known.
    pub chat_name: Option<Box<str>>,
    /// Who wrote it.
    pub sender: Party,
    /// When WhatsApp took it.
    pub timestamp: UnixMs,
    /// What it says.
    pub content: Content,
    /// The message it answers.
    pub quoted: Option<Quoted>,
    /// Who is mentioned.
    pub mentions: Vec<Jid>,
    /// Whether the session's own account is mentioned.
    pub mentions_me: bool,
    /// Whether everybody in the group is mentioned.
    pub mentions_all: bool,
    /// The message this one replaces.
    pub edit_of: Option<MessageKey>,
    /// The album this one is part of.
    pub album_of: Option<MessageKey>,
    /// The message whose thread this one is in.
    pub thread: Option<MessageKey>,
    /// How often it was forwarded; 0 for an original.
    pub forwarded_score: u32,
    /// May be looked at once.
    pub view_once: bool,
    /// Seconds until it disappears.
    pub ephemeral_s: Option<u32>,
    /// Hidden until tapped.
    pub spoiler: bool,
    /// Waited on the server while the session was away.
    pub offline: bool,
    /// Came from history sync, not live.
    pub history: bool,
    /// The sender's device, where known (`0` is the phone).
    pub device: Option<u16>,
}

impl Message {
    /// A message of which there is nothing more to tell: it came live, answers nothing and mentions nobody.
    #[must_use]
    pub const fn new(key: MessageKey, chat_kind: ChatKind, sender: Party, timestamp: UnixMs, content: Content) -> Self {
        Self {
            key,
            chat_kind,
            chat_name: None,
            sender,
            timestamp,
            content,
            quoted: None,
            mentions: Vec::new(),
            mentions_me: false,
            mentions_all: false,
            edit_of: None,
            album_of: None,
            thread: None,
            forwarded_score: 0,
            view_once: false,
            ephemeral_s: None,
            spoiler: false,
            offline: false,
            history: false,
            device: None,
        }
    }

    /// What a command or a pattern is matched on: the body, the caption or the chosen title.
    #[must_use]
    pub fn plain_text(&self) -> Option<&str> {
        self.content.plain_text()
    }
}

/// Shows what it is and where, never what it says.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("key", &self.key)
            .field("kind", &self.content.kind())
            .finish_non_exhaustive()
    }
}

/// What is known of the message another one answers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// Its name.
    pub key: MessageKey,
    /// Who wrote it.
    pub sender: Jid,
    /// What kind it was (see [`Content::kind`]).
    pub kind: Box<str>,
    /// Its text, where it had one.
    pub text: Option<Box<str>>,
}

impl fmt::Debug for Quoted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quoted")
            .field("key", &self.key)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

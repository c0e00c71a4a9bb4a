//! What is done to messages that exist: each is a message of its own, but for stars, which only the account's devices see.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Jid, Party};
use crate::message::{Content, MessageKey};

/// One thing to be done to a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Change {
    /// Give a message of the account other words.
    Edit {
        /// The message.
        target: MessageKey,
        /// What it says from now on.
        content: Box<Content>,
    },
    /// Take a message back for everybody: one of the account, or another's in a group the account administrates.
    Revoke {
        /// The message.
        target: MessageKey,
    },
    /// Choose in a poll.
    Vote(Box<Vote>),
    /// Put a message at the top of its chat, for everybody.
    Pin {
        /// The message.
        target: MessageKey,
        /// For how long; none takes it down.
        seconds: Option<u32>,
    },
    /// Put a star on a message, for the account's devices alone.
    Star {
        /// The message.
        target: MessageKey,
        /// Put on, or taken off.
        starred: bool,
    },
    /// Remove a message from the account's devices; everybody else keeps it.
    DeleteForMe {
        /// The message.
        target: MessageKey,
    },
}

/// A choice in a poll.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Vote {
    /// The poll.
    pub poll: MessageKey,
    /// Who asked, by every address that is known of them: votes are sealed for them.
    pub author: Party,
    /// The options chosen; none takes an earlier vote back.
    pub selected: Vec<Box<str>>,
}

/// Shows how many options, never which.
impl fmt::Debug for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vote")
            .field("poll", &self.poll)
            .field("selected", &self.selected.len())
            .finish_non_exhaustive()
    }
}

impl Change {
    /// The message it is done to.
    #[must_use]
    pub const fn target(&self) -> &MessageKey {
        match self {
            Self::Edit { target, .. }
            | Self::Revoke { target }
            | Self::Pin { target, .. }
            | Self::Star { target, .. }
            | Self::DeleteForMe { target } => target,
            Self::Vote(vote) => &vote.poll,
        }
    }

    /// The chat it is done in.
    #[must_use]
    pub const fn chat(&self) -> &Jid {
        &self.target().chat
    }

    /// Whether it travels as a message with an id of its own.
    #[must_use]
    pub const fn is_message(&self) -> bool {
        match self {
            Self::Edit { .. } | Self::Revoke { .. } | Self::Vote(_) | Self::Pin { .. } => true,
            Self::Star { .. } | Self::DeleteForMe { .. } => false,
        }
    }

    /// Its stable name in logs and answers.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Edit { .. } => "edit",
            Self::Revoke { .. } => "revoke",
            Self::Vote(_) => "vote",
            Self::Pin { .. } => "pin",
            Self::Star { .. } => "star",
            Self::DeleteForMe { .. } => "delete_for_me",
        }
    }
}

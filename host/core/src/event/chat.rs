//! What the account did with its chats on another of its devices.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::group::Switch;
use crate::address::Jid;
use crate::clock::UnixMs;
use crate::message::MessageKey;

/// One change of the account's own view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatEvent {
    /// The chat; none for changes of a label itself.
    pub chat: Option<Jid>,
    /// What changed.
    pub change: ChatChange,
    /// When, as the other device says.
    pub at: UnixMs,
}

/// What changed about a chat.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatChange {
    /// It was put into the archive, or taken out.
    Archived(Switch),
    /// It was pinned to the top, or is no more.
    Pinned(Switch),
    /// It was muted, or is no more.
    Muted {
        /// Whether.
        on: Switch,
        /// Until when; none for ever.
        until: Option<UnixMs>,
    },
    /// A message in it got or lost its star.
    Starred {
        /// Whether.
        on: Switch,
        /// Which message.
        message: MessageKey,
    },
    /// It was marked as read (on) or as unread (off).
    Read(Switch),
    /// Its messages were removed, for the account alone.
    Cleared,
    /// It was removed, for the account alone.
    Deleted,
    /// One message was removed, for the account alone.
    MessageDeleted {
        /// Which message.
        message: MessageKey,
    },
    /// A label was put on it, or taken off.
    Labeled {
        /// Whether.
        on: Switch,
        /// WhatsApp's id of the label.
        label: Box<str>,
    },
    /// A label was made or changed (on), or removed (off).
    LabelEdited {
        /// Whether.
        on: Switch,
        /// WhatsApp's id of the label.
        label: Box<str>,
        /// Its name.
        name: Option<Box<str>>,
    },
}

impl ChatChange {
    /// The names of the changes, as manifests and plugins know them.
    pub const NAMES: [&'static str; 10] = [
        "archived",
        "pinned",
        "muted",
        "starred",
        "read",
        "cleared",
        "deleted",
        "message-deleted",
        "labeled",
        "label-edited",
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Archived(_) => "archived",
            Self::Pinned(_) => "pinned",
            Self::Muted { .. } => "muted",
            Self::Starred { .. } => "starred",
            Self::Read(_) => "read",
            Self::Cleared => "cleared",
            Self::Deleted => "deleted",
            Self::MessageDeleted { .. } => "message-deleted",
            Self::Labeled { .. } => "labeled",
            Self::LabelEdited { .. } => "label-edited",
        }
    }

    /// Whether it is so now; what cannot be undone is always on.
    #[must_use]
    pub const fn switch(&self) -> Switch {
        match self {
            Self::Archived(on)
            | Self::Pinned(on)
            | Self::Read(on)
            | Self::Muted { on, .. }
            | Self::Starred { on, .. }
            | Self::Labeled { on, .. }
            | Self::LabelEdited { on, .. } => *on,
            Self::Cleared | Self::Deleted | Self::MessageDeleted { .. } => Switch::On,
        }
    }
}

/// What people write stays out.
impl fmt::Debug for ChatChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChatChange").field(&self.name()).finish()
    }
}

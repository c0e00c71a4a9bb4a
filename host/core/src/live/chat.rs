//! What can be different in the account's own view of a chat.

use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::event::Switch;

/// What is to be different. New ones come at the end: the stored form counts them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChatWish {
    /// In the archive.
    Archived(Switch),
    /// At the top.
    Pinned(Switch),
    /// Quiet until then; none for ever.
    MutedUntil(Option<UnixMs>),
    /// Not quiet any more.
    Unmuted,
    /// Marked as read (on) or unread (off).
    Read(Switch),
    /// How long new messages stay for everybody, in seconds; none for ever.
    Ephemeral(Option<u32>),
    /// With or without a label, by WhatsApp's id of it.
    Labeled {
        /// With it, or without.
        on: Switch,
        /// Which label.
        label: Box<str>,
    },
    /// Without its messages.
    Cleared,
    /// Gone, with its messages.
    Deleted,
}

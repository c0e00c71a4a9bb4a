//! Who is online, and who is writing. Fleeting: nobody wants to know who typed an hour ago.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::address::{Jid, Party};
use crate::clock::UnixMs;

/// How long a presence is worth telling. An older one is passed over, in the log as it may be.
pub const PRESENCE_LIFE: Duration = Duration::from_secs(60);

/// What somebody does right now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Where: the chat somebody types in, or the person's own chat.
    pub chat: Jid,
    /// Who.
    pub who: Party,
    /// What they do.
    pub state: PresenceState,
    /// When they were last online, where WhatsApp says so of somebody who is not.
    pub last_seen: Option<UnixMs>,
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PresenceState {
    /// They have WhatsApp open.
    Online,
    /// They have not.
    Offline,
    /// They are writing in the chat.
    Typing,
    /// They are recording a voice message in the chat.
    Recording,
    /// They have stopped to.
    Paused,
}

impl PresenceState {
    /// The names.
    pub const NAMES: [&'static str; 5] = ["online", "offline", "typing", "recording", "paused"];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Typing => "typing",
            Self::Recording => "recording",
            Self::Paused => "paused",
        }
    }
}

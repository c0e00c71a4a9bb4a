//! Calls, as far as signalling tells: the host takes no part in any.

use serde::{Deserialize, Serialize};

use crate::address::{Jid, Party};
use crate::clock::UnixMs;

/// News of one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallEvent {
    /// WhatsApp's id of the call: the same in all news of it.
    pub id: Box<str>,
    /// Who calls.
    pub caller: Party,
    /// The group that is called; none for a call between two.
    pub group: Option<Jid>,
    /// With picture or without; only an offer says so.
    pub media: Option<CallMedia>,
    /// What is happening.
    pub state: CallState,
    /// When, as WhatsApp says.
    pub at: UnixMs,
}

/// What a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallMedia {
    /// Voices.
    Audio,
    /// Voices and pictures.
    Video,
}

/// What is happening to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CallState {
    /// It rings.
    Offered,
    /// Somebody took it, on whichever device.
    Accepted,
    /// Somebody refused it, on whichever device.
    Rejected,
    /// It rang, and nobody took it; or it rang while the session was away.
    Missed,
    /// It is over.
    Ended,
}

impl CallState {
    /// The names.
    pub const NAMES: [&'static str; 5] = ["offered", "accepted", "rejected", "missed", "ended"];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Missed => "missed",
            Self::Ended => "ended",
        }
    }
}

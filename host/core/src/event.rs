//! What happened: immutable, with a position in its session's log.

use serde::{Deserialize, Serialize};

use crate::address::Jid;
use crate::clock::UnixMs;
use crate::draft::TimerOrigin;
use crate::id::{EventId, InstallationId, ScheduleId, SessionId};
use crate::message::Message;

/// A place in a session's log. The first event has position 1; 0 means "before everything".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Position(pub u64);

impl Position {
    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// One thing that happened in one session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Stable name; what plugins de-duplicate on.
    pub id: EventId,
    /// The session it belongs to.
    pub session: SessionId,
    /// Where it is in that session's log.
    pub position: Position,
    /// When the host took it.
    pub received_at: UnixMs,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum EventKind {
    /// A message came in, or went out from another device of the account.
    Message(Box<Message>),
    /// A point in time has come for one installation.
    Tick(Tick),
}

impl EventKind {
    /// Its stable name in configuration, logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Tick(_) => "schedule",
        }
    }

    /// The chat whose order this event is part of; none for events that belong to no chat.
    #[must_use]
    pub fn chat(&self) -> Option<&Jid> {
        match self {
            Self::Message(message) => Some(&message.key.chat),
            Self::Tick(tick) => tick.origin.as_ref().map(|origin| &origin.chat),
        }
    }
}

/// A schedule fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// The only installation it is for.
    pub installation: InstallationId,
    /// Which of its schedules.
    pub schedule: ScheduleId,
    /// Why it fires now.
    pub cause: TickCause,
    /// When it should have fired.
    pub scheduled_for: UnixMs,
    /// How many earlier moments were missed and are not made up for.
    pub missed: u32,
    /// When it fired before.
    pub previous: Option<UnixMs>,
    /// IANA time zone it was computed in.
    pub zone: Box<str>,
    /// What the plugin put there.
    pub payload: Vec<u8>,
    /// The chat the timer was set from; none for schedules of the configuration.
    pub origin: Option<TimerOrigin>,
}

/// Why a schedule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TickCause {
    /// Its recurring rule says so.
    Recurring,
    /// It was set for one moment.
    Once,
    /// An operator asked for it.
    Manual,
    /// The host was down at the moment it was due.
    CatchUp,
}

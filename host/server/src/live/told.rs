//! What a listener is told: events, that there are none, and why there will be no more.

use bytes::Bytes;
use waspnest_core::id::SessionId;
use waspnest_core::log::LogError;
use waspnest_core::session::SessionError;
use waspnest_core::store::StoreError;

use super::Cursor;

/// What a listener is told.
pub enum Told {
    /// The feed is open.
    Opened(Opening),
    /// Something happened. The place behind it, unless it is in no log.
    Event(Bytes, Option<Cursor>),
    /// Nothing happened for a while. The place it has come to, if that is another one.
    Beat(Option<Cursor>),
    /// Nothing more is told.
    Ended(Ended),
}

/// Where a feed begins.
#[derive(Debug)]
pub struct Opening {
    /// From here on everything is told.
    pub place: Cursor,
    /// What is not told any more of what was asked for.
    pub missed: Vec<Missed>,
}

/// Events between the place where a listener stood and the oldest one that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// Whose.
    pub session: SessionId,
    /// How many, of all types.
    pub events: u64,
}

/// Why nothing more is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The listener took too long.
    TooSlow,
    /// What it showed opens nothing any more.
    NotAdmitted,
    /// It may see nothing any more of what it asked for.
    Forbidden,
    /// The host stops.
    Stopping,
    /// The store failed.
    Failed,
}

impl Ended {
    /// For programs; stable.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooSlow => "too_slow",
            Self::NotAdmitted => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::Stopping => "stopping",
            Self::Failed => "store_unavailable",
        }
    }

    /// For people.
    #[must_use]
    pub const fn detail(self) -> &'static str {
        match self {
            Self::TooSlow => "events came faster than they were taken; go on from the last one with its cursor",
            Self::NotAdmitted => "the credential opens nothing any more",
            Self::Forbidden => "nothing of what was asked for may be seen any more",
            Self::Stopping => "the host stops; go on with the cursor of the last event when it is back",
            Self::Failed => "the store is not available; go on with the cursor of the last event later",
        }
    }
}

impl From<LogError> for Ended {
    fn from(error: LogError) -> Self {
        tracing::error!(%error, "a stream of events ends");
        Self::Failed
    }
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        LogError::Store(error).into()
    }
}

impl From<SessionError> for Ended {
    fn from(error: SessionError) -> Self {
        tracing::error!(%error, "a stream of events ends");
        Self::Failed
    }
}

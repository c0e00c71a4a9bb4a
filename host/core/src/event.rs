//! What happened: immutable, with a position in its session's log.

mod call;
mod chat;
mod contact;
mod family;
mod group;
mod live_interest;
mod presence;
mod receipt;
mod request;
mod session;
#[cfg(test)]
mod tests;
mod topic;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use call::{CallEvent, CallMedia, CallState};
pub use chat::{ChatChange, ChatEvent};
pub use contact::{ContactChange, ContactEvent, DeviceChange};
pub use family::{Family, Interest};
pub use group::{GroupChange, GroupEvent, GroupSetting, Switch};
pub use live_interest::LiveInterest;
pub use presence::{PRESENCE_LIFE, Presence, PresenceState};
pub use receipt::{Receipt, ReceiptStatus};
pub use request::RequestEvent;
pub use session::{SessionEvent, SessionState};
pub use topic::{MAX_HOPS, TopicEvent};

use crate::address::{Jid, Party};
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

/// What happened. New cases go to the end: the stored form counts them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum EventKind {
    /// A message came in, or went out from another device of the account.
    Message(Box<Message>),
    /// A point in time has come for one installation.
    Tick(Tick),
    /// Messages of the account have come further.
    Receipt(Receipt),
    /// A group changed.
    Group(GroupEvent),
    /// Somebody is online, or types.
    Presence(Presence),
    /// A person changed.
    Contact(ContactEvent),
    /// The account did something with a chat on another device.
    Chat(ChatEvent),
    /// Somebody calls.
    Call(CallEvent),
    /// The session is in another state.
    Session(SessionEvent),
    /// Another installation published something.
    Topic(Box<TopicEvent>),
    /// Somebody outside called an installation's hook.
    Request(Box<RequestEvent>),
}

impl EventKind {
    /// Its stable name in configuration, logs and metrics.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.family().name()
    }

    /// The chat whose order this event is part of; none for events that belong to no chat.
    #[must_use]
    pub fn chat(&self) -> Option<&Jid> {
        match self {
            Self::Message(message) => Some(&message.key.chat),
            Self::Tick(tick) => tick.origin.as_ref().map(|origin| &origin.chat),
            Self::Receipt(receipt) => Some(&receipt.chat),
            Self::Group(event) => Some(&event.group),
            Self::Presence(presence) => Some(&presence.chat),
            Self::Contact(event) => Some(event.who.canonical()),
            Self::Chat(event) => event.chat.as_ref(),
            Self::Call(call) => Some(call.group.as_ref().unwrap_or_else(|| call.caller.canonical())),
            Self::Topic(event) => event.origin.as_ref().map(|origin| &origin.chat),
            Self::Session(_) | Self::Request(_) => None,
        }
    }

    /// Who did it, or whom it is about; none where nobody is known or there are several.
    #[must_use]
    pub fn person(&self) -> Option<&Party> {
        match self {
            Self::Message(message) => Some(&message.sender),
            Self::Receipt(receipt) => receipt.by.as_ref(),
            Self::Group(event) => event.actor.as_ref(),
            Self::Presence(presence) => Some(&presence.who),
            Self::Contact(event) => Some(&event.who),
            Self::Call(call) => Some(&call.caller),
            Self::Tick(_) | Self::Chat(_) | Self::Session(_) | Self::Topic(_) | Self::Request(_) => None,
        }
    }

    /// What happened, by the name manifests filter it by; none for families that are filtered otherwise.
    #[must_use]
    pub const fn detail(&self) -> Option<&'static str> {
        match self {
            Self::Message(_) | Self::Tick(_) | Self::Topic(_) | Self::Request(_) => None,
            Self::Receipt(receipt) => Some(receipt.status.name()),
            Self::Group(event) => Some(event.change.name()),
            Self::Presence(presence) => Some(presence.state.name()),
            Self::Contact(event) => Some(event.change.name()),
            Self::Chat(event) => Some(event.change.name()),
            Self::Call(call) => Some(call.state.name()),
            Self::Session(event) => Some(event.state.name()),
        }
    }

    /// How long after it was received it is worth handling; none for ever.
    #[must_use]
    pub const fn life(&self) -> Option<Duration> {
        match self {
            Self::Presence(_) => Some(PRESENCE_LIFE),
            Self::Message(_)
            | Self::Tick(_)
            | Self::Receipt(_)
            | Self::Group(_)
            | Self::Contact(_)
            | Self::Chat(_)
            | Self::Call(_)
            | Self::Session(_)
            | Self::Topic(_)
            | Self::Request(_) => None,
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
    /// Nobody has answered in time (see [`crate::dialogue`]).
    Expired,
}

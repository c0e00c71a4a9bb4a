//! An event as everybody outside is shown it: lists, streams and webhooks show this and nothing else.
//!
//! Made by hand, field by field, so that what is stored may change without this changing: names of types and fields only come on top. It
//! holds what people wrote, so it is for those who may read that; its [`Debug`] says what it is and nothing more.

mod change;
mod data;
mod event_type;
mod message;

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{Event, EventKind};
use waspnest_core::id::SessionId;
use waspnest_core::runs::Run;
use waspnest_core::session::SessionRecord;
use waspnest_whatsapp::Qr;

use crate::address::{Address, Moment};
use data::Data;
pub use event_type::{EventType, TypeSet, UnknownType, Who};
pub(crate) use message::other_of as other_address;

/// Something that happened.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub struct PublicEvent {
    /// Its id: the same wherever it is shown, and however often it is delivered. What is only shown while it happens has none.
    id: Option<String>,
    /// What happened, such as `message.received`.
    r#type: EventType,
    session: EventSession,
    /// Where it is in the log of its session. What is only shown while it happens has no place there.
    position: Option<u64>,
    /// When the host took it.
    time: Moment,
    /// What there is to tell; which fields there are says `type`.
    data: Data,
}

/// The session it happened in.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct EventSession {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// The account, once one is linked.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<Address>,
}

impl From<&SessionRecord> for EventSession {
    fn from(session: &SessionRecord) -> Self {
        Self {
            id: session.id.to_string(),
            name: session.name.to_string(),
            account: session.jid.as_ref().map(|jid| Address::pair(jid, session.lid.as_ref())),
        }
    }
}

impl PublicEvent {
    /// An event of a log.
    #[must_use]
    pub fn recorded(event: &Event, session: &EventSession) -> Self {
        Self {
            id: Some(event.id.to_string()),
            r#type: EventType::of(&event.kind),
            session: session.clone(),
            position: Some(event.position.0),
            time: Moment(event.received_at),
            data: Data::of(&event.kind),
        }
    }

    /// A code that links a phone.
    #[must_use]
    pub fn code(code: &Qr, session: &EventSession, now: UnixMs) -> Self {
        Self::passing(EventType::qr(), session, now, Data::qr(code))
    }

    /// A call of a plugin that has ended.
    #[must_use]
    pub fn run(run: &Run, session: &EventSession) -> Self {
        let ended = run.started.plus(Duration::from_micros(run.duration_us));
        Self::passing(EventType::run(), session, ended, Data::run(run))
    }

    /// What a plugin wrote into its log during a call; `line` is as the call's record has it.
    #[must_use]
    pub fn line(run: &Run, line: &Value, session: &EventSession) -> Self {
        let ended = run.started.plus(Duration::from_micros(run.duration_us));
        Self::passing(EventType::line(), session, ended, Data::line(run, line))
    }

    fn passing(kind: EventType, session: &EventSession, time: UnixMs, data: Data) -> Self {
        Self {
            id: None,
            r#type: kind,
            session: session.clone(),
            position: None,
            time: Moment(time),
            data,
        }
    }

    /// Its type.
    #[must_use]
    pub const fn event_type(&self) -> EventType {
        self.r#type
    }
}

/// Says what it is, never what anybody wrote.
impl fmt::Debug for PublicEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicEvent")
            .field("id", &self.id)
            .field("type", &self.r#type)
            .field("session", &self.session.id)
            .finish_non_exhaustive()
    }
}

/// Which events somebody wants, of those they may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of these types; of all, if nothing is said.
    pub types: Option<TypeSet>,
    /// Of these sessions; of all, if nothing is said.
    pub sessions: Option<Vec<SessionId>>,
    /// Of this chat, by any of its addresses; of all and of none, if nothing is said.
    pub chat: Option<Jid>,
}

impl Filter {
    /// Whether an event of a session is wanted. `other` is the other address of its chat, where one is known.
    #[must_use]
    pub fn wants(&self, session: SessionId, kind: EventType, chat: Option<&Jid>, other: Option<&Jid>) -> bool {
        self.types.is_none_or(|types| types.has(kind))
            && self.sessions.as_ref().is_none_or(|wanted| wanted.contains(&session))
            && self
                .chat
                .as_ref()
                .is_none_or(|wanted| chat == Some(wanted) || other == Some(wanted))
    }
}

/// The chat of an event, and its other address where the event tells it.
#[must_use]
pub fn chat_of(kind: &EventKind) -> (Option<&Jid>, Option<&Jid>) {
    let chat = kind.chat();
    let other = chat
        .zip(kind.person())
        .and_then(|(chat, person)| message::other_of(chat, person));
    (chat, other)
}

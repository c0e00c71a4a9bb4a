//! Puts what plugins want to learn of, beside messages, into the session's log.
//!
//! WhatsApp has been told of all of it already, so it reaches the log at most once: what is not written when the process dies is gone.
//! Nobody waits for it, so it is gathered and written lazily, many at a time; and families that nobody wants cost one look.

use waspnest_core::address::Party;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{EventKind, Family, Interest, LiveInterest, SessionEvent, SessionState};
use waspnest_core::id::SessionId;
use waspnest_core::log::{Incoming, Log};
use whatsapp_rust::types::events::Event;

use crate::decode;
use crate::status::State;

/// How many events wait to be written before that is done.
const MANY: usize = 256;

/// What one session has to report.
#[derive(Debug)]
pub(crate) struct Report {
    session: SessionId,
    log: Log,
    interest: LiveInterest,
    waiting: Vec<Incoming>,
}

impl Report {
    pub(crate) const fn new(session: SessionId, log: Log, interest: LiveInterest) -> Self {
        Self {
            session,
            log,
            interest,
            waiting: Vec::new(),
        }
    }

    pub(crate) fn wants(&self, family: Family) -> bool {
        self.interest.now().wants(family)
    }

    /// Takes in what somebody wants of what WhatsApp said.
    pub(crate) fn told(&mut self, event: &Event, me: Option<&Party>, now: UnixMs) {
        if self.interest.now() != Interest::NONE
            && let Some(kind) = decode::event::event(event, me, now)
        {
            self.take(kind);
        }
    }

    /// Takes in a state of the session.
    pub(crate) fn state(&mut self, state: State, reason: Option<&str>) {
        let state = match state {
            State::New => SessionState::Unlinked,
            State::Pairing => SessionState::Pairing,
            State::Connecting => SessionState::Connecting,
            State::Connected => SessionState::Connected,
            State::Disconnected => SessionState::Disconnected,
            State::LoggedOut => SessionState::LoggedOut,
            State::Banned { until } => SessionState::Banned { until },
            State::Replaced => SessionState::Replaced,
            State::Outdated => SessionState::Outdated,
        };
        self.take(EventKind::Session(SessionEvent {
            state,
            reason: reason.map(Into::into),
        }));
    }

    /// Takes in an event, if somebody wants it.
    pub(crate) fn take(&mut self, kind: EventKind) {
        if self.wants(kind.family()) {
            self.waiting.push(kind.into());
        }
    }

    /// Whether so much has gathered that it should be written before more is taken in.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= MANY
    }

    /// Writes what has gathered.
    pub(crate) async fn write(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let events = std::mem::take(&mut self.waiting);
        let count = events.len();
        if let Err(error) = self.log.append_lazily(self.session, events).await {
            tracing::error!(session = %self.session, %error, count, "events were lost");
        }
    }
}

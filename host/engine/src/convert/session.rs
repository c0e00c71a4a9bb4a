//! A state of the session, towards the guest.

use waspnest_core::event::{SessionEvent, SessionState};

use super::maybe;
use crate::bindings::exports::waspnest::plugin::session_handler as wit;

pub(crate) fn session(event: &SessionEvent) -> wit::SessionEvent {
    let (state, until) = match event.state {
        SessionState::Unlinked => (wit::State::Unlinked, None),
        SessionState::Pairing => (wit::State::Pairing, None),
        SessionState::Connecting => (wit::State::Connecting, None),
        SessionState::Connected => (wit::State::Connected, None),
        SessionState::Disconnected => (wit::State::Disconnected, None),
        SessionState::LoggedOut => (wit::State::LoggedOut, None),
        SessionState::Replaced => (wit::State::Replaced, None),
        SessionState::Banned { until } => (wit::State::Banned, until.map(|until| until.0)),
        SessionState::Outdated => (wit::State::Outdated, None),
    };
    wit::SessionEvent {
        state,
        reason: maybe(event.reason.as_deref()),
        until,
    }
}

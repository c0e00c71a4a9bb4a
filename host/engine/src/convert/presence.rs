//! Who is online and who types, towards the guest.

use waspnest_core::event::{Presence, PresenceState};

use super::message::address;
use crate::bindings::exports::waspnest::plugin::presence_handler as wit;

pub(crate) fn presence(presence: &Presence) -> wit::Presence {
    wit::Presence {
        chat: presence.chat.to_string(),
        who: address(&presence.who),
        state: match presence.state {
            PresenceState::Online => wit::State::Online,
            PresenceState::Offline => wit::State::Offline,
            PresenceState::Typing => wit::State::Typing,
            PresenceState::Recording => wit::State::Recording,
            PresenceState::Paused => wit::State::Paused,
        },
        last_seen: presence.last_seen.map(|at| at.0),
    }
}

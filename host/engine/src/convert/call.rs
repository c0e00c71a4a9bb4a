//! News of a call, towards the guest.

use waspnest_core::event::{CallEvent, CallMedia, CallState};

use super::message::address;
use super::text;
use crate::bindings::exports::waspnest::plugin::call_handler as wit;

pub(crate) fn call(call: &CallEvent) -> wit::Call {
    wit::Call {
        id: text(&call.id),
        caller: address(&call.caller),
        group: call.group.as_ref().map(ToString::to_string),
        video: call.media.map(|media| match media {
            CallMedia::Audio => false,
            CallMedia::Video => true,
        }),
        state: match call.state {
            CallState::Offered => wit::State::Offered,
            CallState::Accepted => wit::State::Accepted,
            CallState::Rejected => wit::State::Rejected,
            CallState::Missed => wit::State::Missed,
            CallState::Ended => wit::State::Ended,
        },
        at: call.at.0,
    }
}

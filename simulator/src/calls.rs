//! Calls under way and over: who rang whom, and how it ended. No sound is ever carried.

pub(crate) mod saved;

use std::collections::{HashMap, VecDeque};

use crate::address::{AccountId, DeviceAddress};

/// Calls remembered; the oldest are forgotten first.
const REMEMBERED: usize = 1000;

/// What a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallMedia {
    /// Sound.
    Audio,
    /// Sound and picture.
    Video,
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// It rings, or waits for a device that is away.
    Ringing,
    /// Somebody answered.
    Accepted,
    /// Somebody declined.
    Rejected,
    /// The caller hung up, or it rang too long.
    Ended,
}

/// One call, for tests and the admin interface.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "Call")]
pub struct CallView {
    /// Its id (`call-id` on the wire).
    pub id: String,
    /// Phone digits of who calls.
    pub from: String,
    /// Phone digits of who is called.
    pub to: String,
    /// How far it is.
    pub state: CallState,
    /// The device that answered or declined.
    pub answered_by: Option<u16>,
}

/// A call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) caller: DeviceAddress,
    pub(crate) callee: AccountId,
    pub(crate) state: CallState,
    pub(crate) answered_by: Option<u16>,
}

/// Every call that is remembered.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    by_id: HashMap<String, Call>,
    order: VecDeque<String>,
}

impl Calls {
    /// Remembers a call that begins to ring; one with the same id stays as it is.
    pub(crate) fn ring(&mut self, id: &str, caller: DeviceAddress, callee: AccountId) {
        let call = Call {
            caller,
            callee,
            state: CallState::Ringing,
            answered_by: None,
        };
        self.remember(id, call);
    }

    fn remember(&mut self, id: &str, call: Call) {
        if self.by_id.contains_key(id) {
            return;
        }
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.order.push_back(id.to_owned());
        self.by_id.insert(id.to_owned(), call);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Call> {
        self.by_id.get(id)
    }

    /// Moves a call on. What has been answered, declined or ended is not so twice.
    pub(crate) fn settle(&mut self, id: &str, state: CallState, by: DeviceAddress) {
        let Some(call) = self.by_id.get_mut(id) else {
            return;
        };
        let from_callee = by.account == call.callee;
        match (call.state, state) {
            (CallState::Ringing, CallState::Accepted | CallState::Rejected) if from_callee => {
                call.state = state;
                call.answered_by = Some(by.device);
            }
            (CallState::Ringing | CallState::Accepted, CallState::Ended) => call.state = CallState::Ended,
            (
                CallState::Ringing | CallState::Accepted | CallState::Rejected | CallState::Ended,
                CallState::Ringing | CallState::Accepted | CallState::Rejected | CallState::Ended,
            ) => {}
        }
    }

    /// All that are remembered, oldest first.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Call)> {
        self.order
            .iter()
            .filter_map(|id| Some((id.as_str(), self.by_id.get(id)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_answered_by_who_is_called_and_once() {
        let at = |account, device| DeviceAddress {
            account: AccountId(account),
            device,
        };
        let mut calls = Calls::default();
        calls.ring("one", at(1, 0), AccountId(2));
        calls.settle("one", CallState::Rejected, at(3, 1));
        let state = |calls: &Calls| calls.get("one").map(|call| (call.state, call.answered_by));
        assert_eq!(state(&calls), Some((CallState::Ringing, None)));
        calls.settle("one", CallState::Rejected, at(2, 4));
        calls.settle("one", CallState::Accepted, at(2, 5));
        calls.settle("one", CallState::Ended, at(1, 0));
        assert_eq!(state(&calls), Some((CallState::Rejected, Some(4))));
    }
}

//! Calls in a file. One that rings goes on ringing: what its devices have not acknowledged is in their queues.

use crate::address::DeviceAddress;
use crate::calls::{Call, CallState, Calls};
use crate::saved::{Unsound, account_id};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedCalls(Vec<SavedCall>);

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedCall {
    id: String,
    caller: usize,
    caller_device: u16,
    callee: usize,
    state: CallState,
    answered_by: Option<u16>,
}

impl SavedCalls {
    pub(crate) fn of(calls: &Calls) -> Self {
        let calls = calls.all().map(|(id, call)| SavedCall {
            id: id.to_owned(),
            caller: call.caller.account.0,
            caller_device: call.caller.device,
            callee: call.callee.0,
            state: call.state,
            answered_by: call.answered_by,
        });
        Self(calls.collect())
    }

    /// The calls again, in a world of `count` accounts.
    pub(crate) fn restore(self, count: usize) -> Result<Calls, Unsound> {
        let mut calls = Calls::default();
        for saved in self.0 {
            let call = Call {
                caller: DeviceAddress {
                    account: account_id(saved.caller, count)?,
                    device: saved.caller_device,
                },
                callee: account_id(saved.callee, count)?,
                state: saved.state,
                answered_by: saved.answered_by,
            };
            calls.remember(&saved.id, call);
        }
        Ok(calls)
    }
}

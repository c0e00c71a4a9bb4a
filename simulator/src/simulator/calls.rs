//! Calls that phones make, and what became of calls.

use crate::calls::{CallMedia, CallView};
use crate::error::{AccountError, CallError};
use crate::simulator::Simulator;
use crate::stanza::call;

impl Simulator {
    /// The phone of `from` calls `to`: every companion of `to` rings. Answers the call's id.
    pub fn offer_call(&self, from: &str, to: &str, media: CallMedia) -> Result<String, AccountError> {
        let (from, to) = (self.find(from)?, self.find(to)?);
        Ok(call::ring(&mut self.inner.shared.world(), from, to, media))
    }

    /// The phone that made a call hangs up. A call that was not answered counts as missed on the other side.
    pub fn end_call(&self, id: &str) -> Result<(), CallError> {
        self.stop_call(id, None)
    }

    /// A call that a phone made has rung for too long.
    pub fn time_out_call(&self, id: &str) -> Result<(), CallError> {
        self.stop_call(id, Some("timeout"))
    }

    /// One call.
    pub fn call(&self, id: &str) -> Result<CallView, CallError> {
        let found = self.calls().into_iter().find(|call| call.id == id);
        found.ok_or_else(|| CallError::Unknown(id.to_owned()))
    }

    /// The latest thousand calls, oldest first.
    pub fn calls(&self) -> Vec<CallView> {
        let world = self.inner.shared.world();
        world
            .calls
            .all()
            .map(|(id, call)| CallView {
                id: id.to_owned(),
                from: world.account(call.caller.account).phone.to_string(),
                to: world.account(call.callee).phone.to_string(),
                state: call.state,
                answered_by: call.answered_by,
            })
            .collect()
    }

    fn stop_call(&self, id: &str, reason: Option<&'static str>) -> Result<(), CallError> {
        let mut world = self.inner.shared.world();
        if world.calls.get(id).is_none() {
            return Err(CallError::Unknown(id.to_owned()));
        }
        if call::hang_up(&mut world, id, reason) {
            Ok(())
        } else {
            Err(CallError::NotUnderWay(id.to_owned()))
        }
    }
}

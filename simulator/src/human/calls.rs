//! Calls, as a phone shows them: ringing, declined, missed.

use std::time::Duration;

use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::call::{CallAction, IncomingCall, MissedCall};

use super::{Human, HumanError};
use crate::calls::CallMedia;

/// Something about a call that a human's client told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSeen {
    /// The call's id.
    pub id: String,
    /// JID of the other side without a device, as the wire named it.
    pub from: String,
    /// What it was.
    pub kind: CallEvent,
    /// Where an answer goes.
    pub(crate) peer: Jid,
    pub(crate) creator: Option<Jid>,
}

/// What a client can tell about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallEvent {
    /// It rings.
    Ringing(CallMedia),
    /// The other side answered.
    Accepted,
    /// The other side declined.
    Rejected,
    /// It was ended.
    Ended,
    /// It rang in vain, or while this human was away.
    Missed,
}

impl CallSeen {
    pub(crate) fn of(call: &IncomingCall) -> Option<Self> {
        let kind = match &call.action {
            CallAction::Offer { is_video: true, .. } => CallEvent::Ringing(CallMedia::Video),
            CallAction::Offer { is_video: false, .. } => CallEvent::Ringing(CallMedia::Audio),
            CallAction::Accept { .. } => CallEvent::Accepted,
            CallAction::Reject { .. } => CallEvent::Rejected,
            CallAction::Terminate { .. } => CallEvent::Ended,
            // An open enum of somebody else's: what helps a call along is nothing a phone shows.
            _ => return None,
        };
        Some(Self {
            id: call.action.call_id().to_owned(),
            from: call.from.to_non_ad_string(),
            kind,
            peer: call.from.clone(),
            creator: Some(call.action.call_creator().clone()),
        })
    }

    pub(crate) fn missed(call: &MissedCall) -> Self {
        Self {
            id: call.call_id.clone(),
            from: call.from.to_non_ad_string(),
            kind: CallEvent::Missed,
            peer: call.from.clone(),
            creator: None,
        }
    }
}

impl Human {
    /// What was heard of calls so far, oldest first.
    pub fn calls_seen(&self) -> Vec<CallSeen> {
        self.inner.ears.look(|inbox| inbox.calls().cloned().collect())
    }

    /// Waits for something about a call that satisfies `wanted`.
    pub async fn wait_call(
        &self,
        wanted: impl Fn(&CallSeen) -> bool + Send,
        timeout: Duration,
    ) -> Result<CallSeen, HumanError> {
        let look = move |inbox: &super::inbox::Inbox| inbox.calls().find(|call| wanted(call)).cloned();
        self.inner.ears.wait("call", timeout, look).await
    }

    /// Declines a call that rings.
    pub async fn reject_call(&self, call: &CallSeen) -> Result<(), HumanError> {
        let client = self.inner.line.client()?;
        let creator = call.creator.as_ref().unwrap_or(&call.peer);
        let rejected = client.voip().reject_call(&call.id, &call.peer, creator).await;
        rejected.map_err(|source| HumanError::Send {
            source: Box::new(source),
        })
    }
}

//! Calls, as a phone shows them: dialled, ringing, answered, declined, missed. Only what devices tell each other about a call is made
//! here: nobody says anything in it, and no key for that travels with the offer.

use std::time::Duration;

use whatsapp_rust::wacore::stanza::call as wire;
use whatsapp_rust::wacore::types::call::{CallAction, IncomingCall, MissedCall};
use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::{Client, Jid};

use super::{Human, HumanError, address};
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

/// The sound a device can take, in samples a second.
const AUDIO_RATES: &[&str] = &["8000", "16000"];

/// What a client can tell about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallEvent {
    /// This human calls somebody.
    Dialled(CallMedia),
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

    /// Who began it, as far as that was told.
    fn creator(&self) -> &Jid {
        self.creator.as_ref().unwrap_or(&self.peer)
    }
}

async fn signal(client: &Client, stanza: Node) -> Result<(), HumanError> {
    client.send_node(stanza).await.map_err(|source| HumanError::Send {
        source: Box::new(source),
    })
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

    /// Calls somebody: all their devices ring. Answers the call's id.
    pub async fn call(&self, to: &str, media: CallMedia) -> Result<String, HumanError> {
        let to = address::parse(to)?;
        let client = self.client()?;
        let creator = client.lid().ok_or(HumanError::NotConnected)?;
        let (id, wrapper) = (client.generate_message_id(), client.generate_message_id());
        let offer = wire::build_offer(&wire::OfferParams {
            call_id: &id,
            to: &to,
            call_creator: &creator,
            device_keys: &[],
            privacy_token: None,
            capability: None,
            device_identity: None,
            id: Some(&wrapper),
            multi_device: true,
            video: media == CallMedia::Video,
            audio_rates: AUDIO_RATES,
        });
        let dialled = CallSeen {
            id: id.clone(),
            from: to.to_non_ad_string(),
            kind: CallEvent::Dialled(media),
            peer: to,
            creator: Some(creator),
        };
        // Before it is sent: the answer may be there before this goes on.
        self.inner.ears.dialled(dialled);
        signal(&client, offer).await?;
        Ok(id)
    }

    /// Answers a call that rings. Nothing is said in it.
    pub async fn accept_call(&self, call: &CallSeen) -> Result<(), HumanError> {
        let client = self.client()?;
        let wrapper = client.generate_message_id();
        let accept = wire::build_accept(&wire::AcceptParams {
            call_id: &call.id,
            to: &call.peer,
            id: &wrapper,
            call_creator: call.creator(),
            audio_rates: AUDIO_RATES,
            relay_te: None,
            rte: None,
            voip_settings: None,
            capability: None,
            video: call.kind == CallEvent::Ringing(CallMedia::Video),
            peer_abtest_bucket: None,
            peer_abtest_bucket_id_list: None,
        });
        signal(&client, accept).await
    }

    /// Hangs up.
    pub async fn hang_up(&self, call: &CallSeen) -> Result<(), HumanError> {
        let client = self.client()?;
        let wrapper = client.generate_message_id();
        let terminate = wire::build_terminate(&wire::TerminateParams {
            call_id: &call.id,
            to: &call.peer,
            id: Some(&wrapper),
            call_creator: call.creator(),
            reason: None,
        });
        signal(&client, terminate).await
    }

    /// Declines a call that rings.
    pub async fn reject_call(&self, call: &CallSeen) -> Result<(), HumanError> {
        let client = self.inner.line.client()?;
        let rejected = client.voip().reject_call(&call.id, &call.peer, call.creator()).await;
        rejected.map_err(|source| HumanError::Send {
            source: Box::new(source),
        })
    }
}

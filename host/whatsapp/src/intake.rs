//! From a decrypted message to a durable event.
//!
//! whatsapp-rust acknowledges a message to WhatsApp only after [`Intake::record`] has returned, so it returns when the event survives a
//! crash. It is called once for each live message and holds up its chat meanwhile: nothing slow belongs here, and nothing may be sent from
//! here. What cannot be understood is not an event, and is acknowledged; WhatsApp would only send the same again.

use waspnest_core::address::Party;
use waspnest_core::event::EventKind;
use waspnest_core::id::SessionId;
use waspnest_core::log::{Incoming, Log, LogError};
use waspnest_core::master_key::MasterKey;
use waspnest_core::message::{MessageKey, Unavailable, UnavailableReason};
use waspnest_core::outbox::Outbox;
use whatsapp_rust::Client;
use whatsapp_rust::types::durability_hook::InboundMessage;
use whatsapp_rust::types::message::{MessageCategory, MessageInfo};

use crate::decode::{self, Decoded};
use crate::expiry::Expiry;
use crate::jid;
use crate::secret;
use crate::session::bypasses_the_hook;
use crate::unseal::Unsealer;

/// See the module documentation.
pub(crate) struct Intake {
    pub(crate) session: SessionId,
    pub(crate) log: Log,
    /// Where questions that were asked from here are found when answers to them come.
    pub(crate) outbox: Outbox,
    /// What the secrets of those are derived from.
    pub(crate) key: MasterKey,
    /// How long the secrets of messages are kept.
    pub(crate) expiry: Expiry,
}

impl Intake {
    /// Records messages that WhatsApp was told of already; all that can be done about a failure is to say so.
    pub(crate) async fn take_unacknowledged(&self, client: &Client, messages: &[InboundMessage]) {
        let messages = messages.iter().filter(|message| bypasses_the_hook(&message.info));
        if let Err(error) = self.record(client, messages).await {
            tracing::error!(session = %self.session, %error, "messages were lost");
        }
    }

    /// Records messages, and returns when their events survive a crash.
    pub(crate) async fn record<'a>(
        &self,
        client: &Client,
        messages: impl Iterator<Item = &'a InboundMessage>,
    ) -> Result<(), LogError> {
        let me = me(client);
        let mut incoming = Vec::new();
        for message in messages {
            incoming.extend(self.read(client, message, me.as_ref()).await?);
        }
        if incoming.is_empty() {
            return Ok(());
        }
        let appended = self.log.append(self.session, incoming).await?;
        appended.applied.durable().await.map_err(LogError::Store)
    }

    /// The key of a message of which nothing is here but where it came from, if its event is missing; none when it is recorded, was sent so
    /// long ago that nobody can tell, or is not of a kind that is recorded.
    pub(crate) async fn unrecorded(&self, client: &Client, info: &MessageInfo) -> Result<Option<MessageKey>, LogError> {
        match info.category {
            MessageCategory::Peer => return Ok(None),
            MessageCategory::Empty | MessageCategory::Other(_) => {}
        }
        let nothing = Unavailable {
            reason: UnavailableReason::Other,
            retrying: true,
        };
        let Some(message) = decode::unavailable(info, me(client).as_ref(), nothing) else {
            return Ok(None);
        };
        let over = self.log.is_done_with(self.session, &message).await?;
        Ok((!over).then_some(message.key))
    }

    async fn read(
        &self,
        client: &Client,
        inbound: &InboundMessage,
        me: Option<&Party>,
    ) -> Result<Option<Incoming>, LogError> {
        let mut message = match decode::message(&inbound.message, &inbound.info, me) {
            Decoded::Message(message) => message,
            Decoded::Protocol => return Ok(None),
            Decoded::Unaddressed => {
                tracing::debug!(session = %self.session, id = %inbound.info.id, "a message from an address of no known kind was passed over");
                return Ok(None);
            }
        };
        if let Err(error) = secret::keep(client, inbound, self.expiry).await {
            tracing::warn!(session = %self.session, %error, "the secret of a message could not be kept; answers to it may stay sealed");
        }
        let unsealer = Unsealer {
            client,
            session: self.session,
            log: &self.log,
            outbox: &self.outbox,
            key: &self.key,
            me,
        };
        if let Some(content) = unsealer.open(inbound).await? {
            message.content = content;
        }
        Ok(Some(EventKind::Message(message).into()))
    }
}

/// The account a client is logged in to, once it is.
pub(crate) fn me(client: &Client) -> Option<Party> {
    let mut me = jid::party(&client.pn()?, client.lid().as_ref())?;
    me.push_name = Some(client.push_name()).filter(|name| !name.is_empty()).map(Into::into);
    Some(me)
}

//! From a decrypted message to a durable event.
//!
//! whatsapp-rust acknowledges a message to WhatsApp only after [`Intake`] has returned, so it returns when the event survives a crash.
//! It is called once for each live message and holds up its chat meanwhile: nothing slow belongs here, and nothing may be sent from
//! here. What cannot be understood is not an event, and is acknowledged; WhatsApp would only send the same again.

use std::sync::Arc;

use async_trait::async_trait;
use waspnest_core::event::EventKind;
use waspnest_core::id::SessionId;
use waspnest_core::log::{Incoming, Log, LogError};
use whatsapp_rust::types::durability_hook::InboundMessage;
use whatsapp_rust::{Client, InboundDurabilityHook};

use crate::session::bypasses_the_hook;
use crate::wire;

/// See the module documentation.
pub(crate) struct Intake {
    session: SessionId,
    log: Log,
}

impl Intake {
    pub(crate) const fn new(session: SessionId, log: Log) -> Self {
        Self { session, log }
    }

    /// Records messages that WhatsApp was told of already; all that can be done about a failure is to say so.
    pub(crate) async fn take_unacknowledged(&self, messages: &[InboundMessage]) {
        let messages: Vec<_> = messages
            .iter()
            .filter(|message| bypasses_the_hook(&message.info))
            .collect();
        if let Err(error) = self.record(messages.into_iter()).await {
            tracing::error!(session = %self.session, %error, "messages were lost");
        }
    }

    async fn record<'a>(&self, messages: impl Iterator<Item = &'a InboundMessage>) -> Result<(), LogError> {
        let mut incoming = Vec::new();
        for message in messages {
            if let Some(message) = wire::incoming(&message.message, &message.info) {
                incoming.push(Incoming::from(EventKind::Message(Box::new(message))));
            }
        }
        if incoming.is_empty() {
            return Ok(());
        }
        let appended = self.log.append(self.session, incoming).await?;
        appended.applied.durable().await.map_err(LogError::Store)
    }
}

#[async_trait]
impl InboundDurabilityHook for Intake {
    async fn on_messages(&self, _client: Arc<Client>, batch: &[InboundMessage]) -> whatsapp_rust::anyhow::Result<()> {
        Ok(self.record(batch.iter()).await?)
    }
}

//! Where whatsapp-rust waits before it acknowledges messages: until what they tell survives a crash.

use std::sync::Arc;

use async_trait::async_trait;
use whatsapp_rust::types::durability_hook::InboundMessage;
use whatsapp_rust::{Client, InboundDurabilityHook, anyhow};

use crate::intake::Intake;
use crate::meters::Meters;
use crate::redelivery::{Asked, Asker, StandIn};

/// See the module documentation.
pub(crate) struct Hook {
    pub(crate) intake: Intake,
    pub(crate) stand_in: StandIn,
    pub(crate) asker: Asker,
    pub(crate) meters: Meters,
}

/// Messages that must not be acknowledged.
#[derive(Debug, thiserror::Error)]
#[error("{missing} messages that came again were never recorded; their senders are asked for them")]
struct Unrecorded {
    missing: usize,
}

impl Hook {
    /// Whether a message that came again, without a copy of it here, may be acknowledged; if not, its sender is asked for it.
    async fn settled(&self, client: &Arc<Client>, again: &InboundMessage) -> anyhow::Result<bool> {
        let Some(unrecorded) = self.intake.unrecorded(client, &again.info).await? else {
            return Ok(true);
        };
        let (session, id) = (self.intake.session, &again.info.id);
        match self.asker.ask(client, &unrecorded, &again.info) {
            Asked::Now => {
                tracing::warn!(%session, %id, "a message that came again was never recorded; its sender is asked for it");
                self.meters.asked_again();
                Ok(false)
            }
            Asked::Enough => {
                tracing::warn!(%session, %id, "a message that was never recorded is given up: its sender was asked for it in vain");
                Ok(true)
            }
        }
    }
}

#[async_trait]
impl InboundDurabilityHook for Hook {
    async fn on_messages(&self, client: Arc<Client>, batch: &[InboundMessage]) -> anyhow::Result<()> {
        let stands_in = |message: &InboundMessage| self.stand_in.is(&message.message);
        // First what is here: it may be what is missed further on.
        let here = batch.iter().filter(|message| !stands_in(message));
        self.intake.record(&client, here).await?;
        let mut missing = 0;
        for again in batch.iter().filter(|message| stands_in(message)) {
            missing += usize::from(!self.settled(&client, again).await?);
        }
        if missing > 0 {
            return Err(Unrecorded { missing }.into());
        }
        Ok(())
    }
}

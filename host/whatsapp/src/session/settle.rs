//! From the server's acknowledgements and the recipients' receipts to the states of effects.
//!
//! States only move forward in the outbox, so order and repetition of what arrives here do not matter.

use std::time::Duration;

use futures::future::join_all;
use waspnest_core::clock::Clock;
use waspnest_core::effect::Progress;
use waspnest_core::id::{EffectId, MessageId, SessionId};
use waspnest_core::outbox::Outbox;
use whatsapp_rust::types::events::{Receipt, ServerAck};
use whatsapp_rust::types::presence::ReceiptType;

use super::in_flight::{InFlight, Settled, Waiting};

/// How long to wait before a message is tried again that WhatsApp refused for a reason that may pass.
const REFUSED_FOR_NOW: Duration = Duration::from_secs(5);

/// Tells the outbox of one session.
#[derive(Debug, Clone)]
pub(crate) struct Settler {
    pub(crate) session: SessionId,
    pub(crate) outbox: Outbox,
}

impl Settler {
    /// The server answered one stanza of ours.
    pub(crate) async fn acknowledged(&self, ack: &ServerAck, in_flight: &InFlight, clock: &dyn Clock) {
        if ack.class.as_deref().is_some_and(|class| class != "message") {
            return;
        }
        // What is not on its way any more was settled, or was not ours to begin with.
        let Some(waiting) = in_flight.take(&ack.id) else { return };
        let (progress, settled) = match &ack.error {
            None => (Progress::Sent, Settled::Sent),
            Some(code) => {
                let code = code.parse().ok();
                (refusal(code, clock), Settled::Refused { code })
            }
        };
        self.tell(waiting.effect, progress).await;
        waiting.settle(settled);
    }

    /// The connection ended before the server answered these.
    pub(crate) async fn lost(&self, lost: Vec<Waiting>, clock: &dyn Clock) {
        let not_before = clock.now();
        join_all(lost.into_iter().map(|waiting| async {
            let error = "the connection ended before WhatsApp's server acknowledged it".into();
            self.tell(waiting.effect, Progress::Retry { not_before, error }).await;
            waiting.settle(Settled::Lost);
        }))
        .await;
    }

    /// A recipient's device has messages of ours, or its user has seen them.
    pub(crate) async fn received(&self, receipt: &Receipt) {
        // The account's other devices confirm what this one sent; that says nothing about the recipient.
        if receipt.source.is_from_me {
            return;
        }
        let progress = match &receipt.r#type {
            ReceiptType::Delivered | ReceiptType::Inactive => Progress::Delivered,
            ReceiptType::Read | ReceiptType::Played => Progress::Read,
            // Retries, the account's own devices, history: not about how far a message has come.
            _ => return,
        };
        join_all(receipt.message_ids.iter().map(|id| async {
            let Ok(id) = id.parse::<MessageId>() else { return };
            match self.outbox.by_message(self.session, &id).await {
                Ok(Some(effect)) => self.tell(effect, progress.clone()).await,
                Ok(None) => {}
                Err(error) => tracing::warn!(session = %self.session, %error, "a receipt could not be matched"),
            }
        }))
        .await;
    }

    async fn tell(&self, effect: EffectId, progress: Progress) {
        if let Err(error) = self.outbox.progress(self.session, effect, progress).await {
            tracing::warn!(session = %self.session, %effect, %error, "how far an effect has come could not be recorded");
        }
    }
}

/// What a refused message means for its effect. Codes as WhatsApp Web and whatsmeow know them.
fn refusal(code: Option<u32>, clock: &dyn Clock) -> Progress {
    let reason = match code {
        // The recipient's device list has changed, or a session is missing: the client has renewed what it knew.
        Some(421 | 479 | 500..) => {
            let error = "WhatsApp's server could not take it now".into();
            return Progress::Retry {
                not_before: clock.now().plus(REFUSED_FOR_NOW),
                error,
            };
        }
        Some(463) => "WhatsApp does not let this account write to people it does not know for now",
        Some(_) | None => "WhatsApp's server refused it",
    };
    Progress::Failed {
        reason: reason.into(),
        code,
    }
}

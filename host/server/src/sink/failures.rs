//! Tells plugins, as receipts, of messages the sink has given up. What the server and recipients say comes from the session itself.

use waspnest_core::clock::UnixMs;
use waspnest_core::effect::{self, Effect, Progress};
use waspnest_core::event::{EventKind, Family, LiveInterest, Receipt, ReceiptStatus};
use waspnest_core::id::SessionId;
use waspnest_core::log::Log;

/// Where failures of one session are told.
#[derive(Debug)]
pub(crate) struct Failures {
    session: SessionId,
    log: Log,
    interest: LiveInterest,
}

impl Failures {
    pub(crate) const fn new(session: SessionId, log: Log, interest: LiveInterest) -> Self {
        Self { session, log, interest }
    }

    /// Puts a receipt into the log when an effect that is a message has failed and somebody wants to know.
    pub(super) async fn tell(&self, effect: &Effect, progress: &Progress, at: UnixMs) {
        if !self.interest.now().wants(Family::Receipt) {
            return;
        }
        let Some(receipt) = receipt(effect, progress, at) else {
            return;
        };
        let event = EventKind::Receipt(receipt).into();
        if let Err(error) = self.log.append_lazily(self.session, vec![event]).await {
            tracing::error!(session.id = %self.session, effect.id = %effect.id, %error, "a receipt was lost");
        }
    }
}

fn receipt(effect: &Effect, progress: &Progress, at: UnixMs) -> Option<Receipt> {
    let status = match progress {
        Progress::Failed { reason, code } => ReceiptStatus::Failed {
            reason: reason.clone(),
            code: *code,
        },
        Progress::Sent | Progress::Delivered | Progress::Read | Progress::Retry { .. } | Progress::Held { .. } => {
            return None;
        }
    };
    Some(Receipt {
        chat: effect.action.chat()?.clone(),
        messages: vec![effect::message_id(effect)?],
        status,
        by: None,
        at,
    })
}

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
    /// The server answered one stanza of ours. Answers how far that brought a message; none for what is none, or was settled before.
    pub(crate) async fn acknowledged(
        &self,
        ack: &ServerAck,
        in_flight: &InFlight,
        clock: &dyn Clock,
    ) -> Option<Progress> {
        if ack.class.as_deref().is_some_and(|class| class != "message") {
            return None;
        }
        // What is not on its way any more was settled, or was not ours to begin with.
        let waiting = in_flight.take(&ack.id)?;
        let (progress, settled) = match &ack.error {
            None => (Progress::Sent, Settled::Sent),
            Some(code) => {
                let code = code.parse().ok();
                (refusal(code, clock), Settled::Refused { code })
            }
        };
        self.tell(waiting.effect, progress.clone()).await;
        waiting.settle(settled);
        Some(progress)
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
        // Too busy, or a session or a device list that was out of date and is renewed by now. (479 is not of these: a malformed stanza.)
        Some(421 | 429 | 500..) => {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use waspnest_core::address::Jid;
    use waspnest_core::clock::{Ids, ManualClock, SeededIds, UnixMs};
    use waspnest_core::effect::{Action, Effect, EffectState, Typing};
    use waspnest_core::id::EventId;
    use waspnest_core::log::Log;
    use waspnest_core::store::{MemoryStore, Store};

    use super::*;

    struct Bench {
        settler: Settler,
        in_flight: InFlight,
        clock: Arc<ManualClock>,
        effect: Effect,
    }

    impl Bench {
        async fn new() -> Self {
            let clock = Arc::new(ManualClock::at(UnixMs(1_000)));
            let ids = SeededIds::new(3);
            let session = SessionId::new(ids.ulid(UnixMs(1)));
            let store: Arc<dyn Store> = MemoryStore::new();
            let log = Log::new(Arc::clone(&store), clock.clone(), Arc::new(SeededIds::new(4)));
            let outbox = Outbox::new(store, clock.clone(), log);
            let chat = Jid::Phone("4915112345678".into());
            // What the effect does is beside the point: its id is what acknowledgements name.
            let action = Action::SetTyping {
                chat,
                state: Typing::Paused,
            };
            let committed = outbox
                .submit(session, EventId::new(ids.ulid(UnixMs(2))), vec![action])
                .await
                .expect("submitted");
            let effect = committed.effects.into_iter().next().expect("one effect");
            Self {
                settler: Settler { session, outbox },
                in_flight: InFlight::default(),
                clock,
                effect,
            }
        }

        async fn answered(&self, error: Option<&str>) -> Settled {
            let id = self.effect.id.message_id();
            let coming = self.in_flight.begin(id.clone(), self.effect.id, Duration::ZERO);
            let ack = ServerAck::builder()
                .id(id.as_str().to_owned())
                .class("message".to_owned())
                .maybe_error(error.map(str::to_owned))
                .build();
            self.settler.acknowledged(&ack, &self.in_flight, &*self.clock).await;
            coming.await
        }

        async fn state(&self) -> EffectState {
            let found = self
                .settler
                .outbox
                .get(self.settler.session, self.effect.id)
                .await
                .expect("read");
            found.expect("it is there").state
        }
    }

    #[tokio::test]
    async fn an_acknowledgement_makes_it_sent() {
        let bench = Bench::new().await;
        assert_eq!(bench.answered(None).await, Settled::Sent);
        assert!(matches!(bench.state().await, EffectState::Sent { .. }));
    }

    #[tokio::test]
    async fn a_refusal_for_good_fails_it_with_the_code() {
        let bench = Bench::new().await;
        assert_eq!(bench.answered(Some("463")).await, Settled::Refused { code: Some(463) });
        assert!(matches!(
            bench.state().await,
            EffectState::Failed { code: Some(463), .. }
        ));
    }

    #[tokio::test]
    async fn a_refusal_for_now_makes_it_due_later() {
        let bench = Bench::new().await;
        assert_eq!(bench.answered(Some("503")).await, Settled::Refused { code: Some(503) });
        let due = UnixMs(1_000).plus(REFUSED_FOR_NOW);
        assert!(matches!(bench.state().await, EffectState::Pending { not_before, .. } if not_before == due));
    }

    #[tokio::test]
    async fn what_is_lost_is_due_at_once() {
        let bench = Bench::new().await;
        let coming = bench
            .in_flight
            .begin(bench.effect.id.message_id(), bench.effect.id, Duration::ZERO);
        bench.settler.lost(bench.in_flight.take_all(), &*bench.clock).await;
        assert_eq!(coming.await, Settled::Lost);
        assert!(matches!(
            bench.state().await,
            EffectState::Pending {
                not_before: UnixMs(1_000),
                ..
            }
        ));
    }

    #[tokio::test]
    async fn acknowledgements_of_other_things_settle_nothing() {
        let bench = Bench::new().await;
        let id = bench.effect.id.message_id();
        let _coming = bench.in_flight.begin(id.clone(), bench.effect.id, Duration::ZERO);
        let ack = ServerAck::builder()
            .id(id.as_str().to_owned())
            .class("receipt".to_owned())
            .build();
        bench.settler.acknowledged(&ack, &bench.in_flight, &*bench.clock).await;
        assert_eq!(bench.in_flight.take_all().len(), 1, "it is still on its way");
    }
}

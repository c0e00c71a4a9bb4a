//! Messages that were handed to the connection and that WhatsApp's server has not acknowledged yet.
//!
//! Every entry ends in exactly one [`Settled`]. A connection that ends settles all of its entries as lost: they may or may not have
//! arrived, and sending them again with the same message id is right in both cases, as a phone shows one row per id.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::oneshot;
use waspnest_core::id::{EffectId, MessageId};

/// How the wait for the server's acknowledgement ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// The server has it. The outbox knows.
    Sent,
    /// The server refused it. The outbox knows: failed for good, or pending again after a wait.
    Refused {
        /// WhatsApp's code.
        code: Option<u32>,
    },
    /// The connection ended first. The outbox has the effect as pending again, due at once; another attempt uses the same message id.
    Lost,
}

/// The coming answer of WhatsApp's server to one message. Nothing is lost by dropping it: the outbox learns the same.
#[derive(Debug)]
pub struct Acknowledgement(oneshot::Receiver<Settled>);

impl Future for Acknowledgement {
    type Output = Settled;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Settled> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|settled| settled.unwrap_or(Settled::Lost))
    }
}

/// One message on its way.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) effect: EffectId,
    since: Duration,
    settle: oneshot::Sender<Settled>,
}

impl Waiting {
    pub(crate) fn settle(self, settled: Settled) {
        // Nobody has to listen.
        let _ = self.settle.send(settled);
    }
}

/// The messages on their way.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    waiting: Mutex<HashMap<MessageId, Waiting>>,
}

impl InFlight {
    /// Notes a message that is about to be handed to the connection, at a moment of the monotonic clock. A second attempt takes the place of the first, which is then lost.
    pub(crate) fn begin(&self, message: MessageId, effect: EffectId, now: Duration) -> Acknowledgement {
        let (settle, coming) = oneshot::channel();
        let before = self.lock().insert(
            message,
            Waiting {
                effect,
                since: now,
                settle,
            },
        );
        if let Some(before) = before {
            before.settle(Settled::Lost);
        }
        Acknowledgement(coming)
    }

    /// Forgets a message that could not be handed over.
    pub(crate) fn abandon(&self, message: &MessageId) {
        self.lock().remove(message);
    }

    /// Takes one out, to be settled.
    pub(crate) fn take(&self, message: &str) -> Option<Waiting> {
        let message: MessageId = message.parse().ok()?;
        self.lock().remove(&message)
    }

    /// Takes those out that have been waiting for `span` and longer, to be settled.
    pub(crate) fn take_older(&self, now: Duration, span: Duration) -> Vec<Waiting> {
        self.lock()
            .extract_if(|_, waiting| now.saturating_sub(waiting.since) >= span)
            .map(|(_, waiting)| waiting)
            .collect()
    }

    /// Takes all out, to be settled.
    pub(crate) fn take_all(&self) -> Vec<Waiting> {
        self.lock().drain().map(|(_, waiting)| waiting).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<MessageId, Waiting>> {
        // A panic cannot leave a map of plain values half-way.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use waspnest_core::clock::{Ids, SeededIds, UnixMs};

    use super::*;

    fn effect() -> EffectId {
        EffectId::new(SeededIds::new(1).ulid(UnixMs(1)))
    }

    #[tokio::test]
    async fn each_message_is_settled_once() {
        let flights = InFlight::default();
        let id = effect().message_id();
        let coming = flights.begin(id.clone(), effect(), Duration::ZERO);
        flights.take(id.as_str()).expect("on its way").settle(Settled::Sent);
        assert_eq!(coming.await, Settled::Sent);
        assert!(flights.take(id.as_str()).is_none());
    }

    #[tokio::test]
    async fn a_second_attempt_loses_the_first() {
        let flights = InFlight::default();
        let id = effect().message_id();
        let first = flights.begin(id.clone(), effect(), Duration::ZERO);
        let second = flights.begin(id, effect(), Duration::ZERO);
        assert_eq!(first.await, Settled::Lost);
        let all = flights.take_all();
        assert_eq!(all.len(), 1);
        drop(all);
        assert_eq!(
            second.await,
            Settled::Lost,
            "an entry that is dropped is lost, not forgotten"
        );
    }
}

//! The sink of one session, for what WhatsApp carries.
//!
//! While there is no connection nothing is kept in memory: the outbox has it all, and each new connection starts by reading what is
//! pending. While there is one, fresh effects come straight from the commit that made them, but never before what is pending was read:
//! an older effect of the same chat may be among that.

mod cancel;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, FuturesUnordered};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::Clock;
use waspnest_core::effect::{Action, Effect, EffectState, Progress, Typing};
use waspnest_core::event::Position;
use waspnest_core::id::{EffectId, SessionId};
use waspnest_core::outbox::{Committed, Outbox};
use waspnest_core::store::{Store, StoreError};

use super::carrier::{Answer, Carried, Carrier, CarryError};
use super::effect_traces::EffectTraces;
use super::failures::Failures;
use super::lanes::Lanes;
use super::policy::{Happened, Policy, PolicyParts};
use crate::config::plugins::Retry;
use crate::traces::Traced;
pub(crate) use cancel::CANCELED;
use cancel::Cancel;
use cancel::Uncancelable;

/// Effects whose commits wait for the sink; a full queue slows the plugins of this session down.
const OFFERS: usize = 1024;
/// Effects that are to be called off and wait for the sink.
const CANCELS: usize = 16;
/// Effects read from the outbox at a time.
const PAGE: usize = 500;
/// How long the server may take to acknowledge before an effect leaves again.
const ACK_PATIENCE: Duration = Duration::from_secs(30);
/// How long an effect waits that met no connection although there should be one.
const RECHECK: Duration = Duration::from_secs(1);
/// How long those who refuse an effect for the moment make it wait at most, where retries do not wait longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// "Typing" that could not be shown within this time is not worth showing.
const TYPING_LIFE: Duration = Duration::from_secs(15);

/// Where commits are offered to the sink.
#[derive(Debug, Clone)]
pub(crate) struct SinkPort {
    offers: mpsc::Sender<Committed>,
    cancels: mpsc::Sender<Cancel>,
    webhooks: Arc<Notify>,
}

impl SinkPort {
    /// Hands over what a commit made; waits while the sink is busy. A sink that is gone finds it in the outbox when it comes back.
    pub(crate) async fn offer(&self, committed: Committed) {
        if committed.effects.iter().any(is_webhook) {
            self.webhooks.notify_one();
        }
        // A closed queue means shutdown, and the outbox keeps what was not taken.
        let _ = self.offers.send(committed).await;
    }

    /// Calls off an effect that has not left. Of a sink that is gone nothing leaves any more: then it is for the caller to note it.
    pub(crate) async fn cancel(&self, id: EffectId) -> Result<(), Uncancelable> {
        let (done, answer) = oneshot::channel();
        match self.cancels.send(Cancel { id, done }).await {
            Ok(()) => answer.await.unwrap_or(Ok(())),
            Err(_) => Ok(()),
        }
    }

    /// Tells when there may be something for servers.
    pub(crate) fn webhooks(&self) -> Arc<Notify> {
        Arc::clone(&self.webhooks)
    }
}

/// What a sink is made of.
#[derive(Debug)]
pub(crate) struct SinkParts {
    pub session: SessionId,
    pub store: Arc<dyn Store>,
    pub outbox: Outbox,
    pub carrier: Arc<dyn Carrier>,
    pub clock: Arc<dyn Clock>,
    pub retry: Retry,
    pub failures: Failures,
    pub policy: PolicyParts,
    pub traces: EffectTraces,
}

/// The sink of one session; [`SessionSink::run`] is its task.
#[derive(Debug)]
pub(crate) struct SessionSink {
    parts: Arc<SinkParts>,
    offers: mpsc::Receiver<Committed>,
    cancels: mpsc::Receiver<Cancel>,
    connection: watch::Receiver<Option<u64>>,
    policy: Policy,
    /// The connection for which everything pending was read; none while nothing may leave.
    current: Option<u64>,
    /// How far the outbox was read then; what is offered of that is in the lanes already, or has left.
    read_to: Position,
    lanes: Lanes,
    /// Left, not yet acknowledged.
    awaiting: HashSet<EffectId>,
    answers: FuturesUnordered<BoxFuture<'static, (EffectId, Answer)>>,
    under_way: JoinSet<Attempted>,
    /// Effects whose next attempt is not yet due; they keep their place in their lanes.
    pausing: JoinSet<Effect>,
    paused: HashMap<EffectId, AbortHandle>,
    /// Ends when the connection is to be tried again.
    recheck: JoinSet<()>,
}

/// One attempt that came to an end.
struct Attempted {
    effect: Effect,
    /// The connection it began on.
    connection: Option<u64>,
    end: AttemptEnd,
}

enum AttemptEnd {
    /// It is the next one's turn.
    Finished,
    /// It is the next one's turn, and this one awaits its acknowledgement.
    Left(BoxFuture<'static, Answer>),
    /// There was no connection. Nothing of its chat may leave before it.
    NotConnected,
    /// The same effect again, when it is due.
    Again,
}

impl SessionSink {
    /// A sink and the port to it.
    pub(crate) fn new(parts: SinkParts) -> (Self, SinkPort) {
        let (offer, offers) = mpsc::channel(OFFERS);
        let (cancel, cancels) = mpsc::channel(CANCELS);
        let connection = parts.carrier.connection();
        let policy = Policy::new(parts.policy.clone());
        let sink = Self {
            parts: Arc::new(parts),
            offers,
            cancels,
            connection,
            policy,
            current: None,
            read_to: Position::default(),
            lanes: Lanes::default(),
            awaiting: HashSet::new(),
            answers: FuturesUnordered::new(),
            under_way: JoinSet::new(),
            pausing: JoinSet::new(),
            paused: HashMap::new(),
            recheck: JoinSet::new(),
        };
        let port = SinkPort {
            offers: offer,
            cancels: cancel,
            webhooks: Arc::default(),
        };
        (sink, port)
    }

    /// Carries effects out until `stop`, then lets attempts under way come to their end.
    ///
    /// # Errors
    /// When the store is lost.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), StoreError> {
        let mut becoming_durable = FuturesOrdered::new();
        self.policy.take_up().await?;
        self.connection.mark_changed();
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                Ok(()) = self.connection.changed() => self.reconnected().await?,
                Some(committed) = self.offers.recv(), if becoming_durable.len() < OFFERS => {
                    let Committed { effects, applied } = committed;
                    becoming_durable.push_back(async move { applied.durable().await.map(|()| effects) });
                }
                Some(durable) = becoming_durable.next() => {
                    let read_to = self.read_to;
                    for effect in durable?.into_iter().filter(|effect| effect.sequence > read_to) {
                        self.take(effect);
                    }
                }
                Some(attempted) = self.under_way.join_next() => {
                    // An attempt neither panics nor is aborted before shutdown; if one did, its effect is still in the outbox.
                    if let Ok(attempted) = attempted {
                        self.attempted(attempted).await?;
                    }
                }
                Some(Ok(due)) = self.pausing.join_next() => {
                    self.paused.remove(&due.id);
                    self.start(Some(due));
                }
                happened = self.policy.happens() => self.happened(happened?).await?,
                Some(Cancel { id, done }) = self.cancels.recv() => {
                    // Whoever asked may have gone meanwhile.
                    let _ = done.send(self.cancel(id).await?);
                }
                Some(Ok(())) = self.recheck.join_next() => self.try_again().await?,
                Some((id, answer)) = self.answers.next() => self.answered(id, answer).await?,
            }
        }
        while self.under_way.join_next().await.is_some() {}
        Ok(())
    }

    /// Starts over from the outbox when the connection is a new one.
    async fn reconnected(&mut self) -> Result<(), StoreError> {
        self.current = *self.connection.borrow_and_update();
        self.awaiting.clear();
        self.answers = FuturesUnordered::new();
        if self.current.is_some() {
            self.policy.connected().await?;
        }
        self.read_pending().await
    }

    /// Looks whether there is a connection after all. What awaits its answer goes on to.
    async fn try_again(&mut self) -> Result<(), StoreError> {
        self.current = *self.connection.borrow();
        self.read_pending().await
    }

    /// Fills the lanes from the outbox, in order, where anything may leave at all.
    async fn read_pending(&mut self) -> Result<(), StoreError> {
        self.recheck.abort_all();
        self.lanes.clear_waiting();
        if self.current.is_none() {
            return Ok(());
        }
        let mut after = Position::default();
        loop {
            let page = self.parts.outbox.due(self.parts.session, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.sequence;
            self.read_to = self.read_to.max(after);
            // What is pending may have been committed a moment ago and not be durable yet.
            self.parts.store.flush().await?;
            for effect in page {
                self.take(effect);
            }
        }
    }

    /// Queues an effect that may leave. One that may not is in the outbox when a connection comes.
    fn take(&mut self, effect: Effect) {
        let may_leave = self.current.is_some() && *self.connection.borrow() == self.current;
        if may_leave && !is_webhook(&effect) && !self.awaiting.contains(&effect.id) {
            let chat = effect.action.chat().cloned();
            match self.lanes.push(effect) {
                // Somebody may have written meanwhile, whom this answers: then what is before it is an answer too.
                None => self.policy.look_again(chat.as_ref()),
                first => self.start(first),
            }
        }
    }

    /// Begins the next attempt of an effect whose turn it is, or waits until it is due.
    fn start(&mut self, effect: Option<Effect>) {
        let Some(effect) = effect else { return };
        let now = self.parts.clock.now();
        let pause = match effect.state {
            EffectState::Pending { not_before, .. } => {
                not_before.left(now, self.parts.retry.backoff.max.max(LONGEST_PAUSE))
            }
            EffectState::Held { .. }
            | EffectState::Sent { .. }
            | EffectState::Delivered { .. }
            | EffectState::Read { .. }
            | EffectState::Failed { .. } => Duration::ZERO,
        };
        if !pause.is_zero() {
            let due = self.parts.clock.sleep_until(now.plus(pause));
            let id = effect.id;
            let pause = self.pausing.spawn(async move {
                due.await;
                effect
            });
            self.paused.insert(id, pause);
        } else if self.policy.passes(&effect) {
            self.leave(effect);
        } else {
            self.policy.judge(effect);
        }
    }

    fn leave(&mut self, effect: Effect) {
        let (parts, connection) = (Arc::clone(&self.parts), self.current);
        self.under_way
            .spawn(async move { parts.attempt(effect, connection).await });
    }

    /// Lets go what the policy lets go.
    async fn happened(&mut self, happened: Happened) -> Result<(), StoreError> {
        match happened {
            Happened::Judged(effect, standing) => {
                if let Some(effect) = self.policy.weigh(*effect, standing).await? {
                    self.leave(effect);
                }
            }
            // What may leave now leaves; without a connection it would only be taken back, and is looked at with the next one.
            Happened::Moment => {
                for effect in self.policy.release().await? {
                    self.leave(effect);
                }
            }
        }
        Ok(())
    }

    async fn attempted(&mut self, attempted: Attempted) -> Result<(), StoreError> {
        let Attempted {
            effect,
            connection,
            end,
        } = attempted;
        match end {
            AttemptEnd::Again => self.start(Some(effect)),
            AttemptEnd::Finished => {
                let next = self.lanes.finish(&effect);
                self.start(next);
            }
            // It left over a connection that is gone, and others of its chat would leave over the new one before it did again.
            AttemptEnd::Left(_) if connection != self.current => {
                self.lanes.release(&effect);
                self.read_pending().await?;
            }
            AttemptEnd::Left(answer) => {
                let patience = self.parts.clock.sleep(ACK_PATIENCE);
                let id = effect.id;
                self.awaiting.insert(id);
                self.answers.push(Box::pin(async move {
                    tokio::select! {
                        answer = answer => (id, answer),
                        () = patience => (id, Answer::NotTaken),
                    }
                }));
                let next = self.lanes.finish(&effect);
                self.start(next);
            }
            AttemptEnd::NotConnected => {
                self.lanes.release(&effect);
                self.policy.take_back(&effect).await?;
                if self.current == connection {
                    // The connection is gone, or will be told of as gone. Should neither be so, it is tried again.
                    self.current = None;
                    let later = self.parts.clock.sleep(RECHECK);
                    self.recheck.spawn(later);
                } else {
                    // When the outbox was read for the connection that came meanwhile, this one was still under way.
                    self.read_pending().await?;
                }
            }
        }
        Ok(())
    }

    /// Forgets an effect the server has, and takes up again one it does not have.
    async fn answered(&mut self, id: EffectId, answer: Answer) -> Result<(), StoreError> {
        self.awaiting.remove(&id);
        match answer {
            Answer::Taken => {}
            Answer::NotTaken => {
                let effect = self.parts.outbox.get(self.parts.session, id).await?;
                if let Some(effect) = effect.filter(|effect| effect.state.is_pending()) {
                    tracing::warn!(effect.id = %id, "effect was not acknowledged and leaves again");
                    self.take(effect);
                }
            }
        }
        Ok(())
    }
}

fn is_webhook(effect: &Effect) -> bool {
    matches!(effect.action, Action::Webhook(_))
}

impl SinkParts {
    /// Makes one attempt and records what came of it.
    async fn attempt(&self, mut effect: Effect, connection: Option<u64>) -> Attempted {
        let traced = match self.traces.are_told() {
            true => self.traces.begin(&effect).await,
            // WhatsApp is told of no trace.
            false => Traced::default(),
        };
        let started = self.clock.monotonic();
        let outcome = if self.is_stale(&effect) {
            Err(CarryError::Permanent {
                reason: "too late to be worth showing".into(),
                code: None,
            })
        } else {
            self.carrier.carry_out(&effect).await
        };
        let took = self.clock.monotonic() - started;
        let duration_ms = took.as_millis();
        let name = effect.action.name();
        let failed = match &outcome {
            Ok(_) => None,
            Err(CarryError::NotConnected) => Some("not_connected"),
            Err(CarryError::Transient { .. }) => Some("again"),
            Err(CarryError::Permanent { .. }) => Some("given_up"),
        };
        self.traces.ended(&traced, &effect, took, failed);
        let (progress, end) = match outcome {
            Ok(carried) => {
                tracing::info!(effect.id = %effect.id, effect.kind = name, duration_ms, "effect left");
                match carried {
                    Carried::AwaitAck(answer) => (None, AttemptEnd::Left(answer)),
                    Carried::Done => (Some(Progress::Sent), AttemptEnd::Finished),
                }
            }
            Err(CarryError::NotConnected) => (None, AttemptEnd::NotConnected),
            Err(CarryError::Transient { reason, after }) => {
                match self.retry.wait_after(effect.attempts + 1, after, 0) {
                    Some(wait) => {
                        tracing::warn!(effect.id = %effect.id, effect.kind = name, duration_ms, %reason, "effect will be tried again");
                        let not_before = self.clock.now().plus(wait);
                        effect.attempts += 1;
                        effect.state = EffectState::Pending {
                            not_before,
                            last_error: Some(reason.clone()),
                        };
                        (
                            Some(Progress::Retry {
                                not_before,
                                error: reason,
                            }),
                            AttemptEnd::Again,
                        )
                    }
                    None => (Some(self.given_up(&effect, reason, None)), AttemptEnd::Finished),
                }
            }
            Err(CarryError::Permanent { reason, code }) => {
                (Some(self.given_up(&effect, reason, code)), AttemptEnd::Finished)
            }
        };
        if let Some(progress) = progress {
            self.failures.tell(&effect, &progress, self.clock.now()).await;
            if let Err(error) = self.outbox.progress(self.session, effect.id, progress).await {
                // The effect stays as it was in the outbox, and the lost store ends the process elsewhere.
                tracing::error!(effect.id = %effect.id, %error, "the effect's state was not recorded");
            }
        }
        Attempted {
            effect,
            connection,
            end,
        }
    }

    fn given_up(&self, effect: &Effect, reason: Box<str>, code: Option<u32>) -> Progress {
        tracing::error!(effect.id = %effect.id, effect.kind = effect.action.name(), %reason, code, "effect failed");
        Progress::Failed { reason, code }
    }

    fn is_stale(&self, effect: &Effect) -> bool {
        match &effect.action {
            Action::SetTyping {
                state: Typing::Composing | Typing::Recording,
                ..
            } => self.clock.now().since(effect.created_at) > TYPING_LIFE,
            Action::SetTyping {
                state: Typing::Paused, ..
            }
            | Action::Send(_)
            | Action::React { .. }
            | Action::MarkRead { .. }
            | Action::MarkPlayed { .. }
            | Action::Change(_)
            | Action::SendMarked(_)
            | Action::SendRaw(_)
            | Action::Webhook(_) => false,
        }
    }
}

//! Tells servers what plugins want them told: the effects of a session's outbox that are no business of WhatsApp's.
//!
//! In order for each endpoint and chat: while one cannot be told, those behind it in the same chat wait, and others do not. Lanes hold
//! ids alone, for a server may be away for hours; what is to be told is read again at each attempt. Whatever is not settled is found in
//! the outbox at the next start, so an attempt may be made twice, under the same id.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waspnest_core::address::Jid;
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::effect::{Action, Cause, Effect, EffectState, Progress, Webhook};
use waspnest_core::event::Position;
use waspnest_core::id::{EffectId, EndpointName, SessionId, SessionName};
use waspnest_core::outbox::Outbox;
use waspnest_core::store::StoreError;

use super::EffectTraces;
use crate::rfc3339::rfc3339;
use crate::webhook::{Message, Undelivered, Webhooks};
use crate::webhook_meters::{Told, WebhookMeters};

/// Effects read from the outbox at a time.
const PAGE: usize = 500;
/// Attempts of one session at the same time.
const AT_ONCE: usize = 16;

/// What the sink is made of.
#[derive(Debug)]
pub(crate) struct WebhookSinkParts {
    pub session: SessionId,
    pub name: SessionName,
    pub outbox: Outbox,
    pub webhooks: Webhooks,
    pub traces: EffectTraces,
    pub meters: WebhookMeters,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

/// What is kept in order.
type Lane = (EndpointName, Option<Jid>);

/// The sink of one session's webhooks; [`WebhookSink::run`] is its task.
#[derive(Debug)]
pub(crate) struct WebhookSink {
    parts: Arc<WebhookSinkParts>,
    /// Told when there may be new ones.
    wake: Arc<Notify>,
    read_to: Position,
    /// Behind the one that is being told, which is not in here.
    lanes: HashMap<Lane, VecDeque<EffectId>>,
    under_way: JoinSet<Result<Lane, StoreError>>,
    attempts: Arc<Semaphore>,
}

impl WebhookSink {
    pub(crate) fn new(parts: WebhookSinkParts, wake: Arc<Notify>) -> Self {
        Self {
            parts: Arc::new(parts),
            wake,
            read_to: Position::default(),
            lanes: HashMap::new(),
            under_way: JoinSet::new(),
            attempts: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Tells servers until `stop`. Attempts under way are given up then, and made again at the next start.
    ///
    /// # Errors
    /// When the store is lost.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), StoreError> {
        self.read().await?;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.wake.notified() => self.read().await?,
                Some(told) = self.under_way.join_next() => {
                    // A task that died is a fault of ours; its lane stands still, and its effects are found at the next start.
                    match told {
                        Ok(lane) => self.next(lane?),
                        Err(error) => tracing::error!(session.id = %self.parts.session, %error, "a lane of webhooks died"),
                    }
                }
            }
        }
        self.under_way.shutdown().await;
        Ok(())
    }

    /// Takes up what is new in the outbox, all of it durable.
    async fn read(&mut self) -> Result<(), StoreError> {
        loop {
            let page = self.parts.outbox.due(self.parts.session, self.read_to, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            self.read_to = last.sequence;
            for effect in page {
                if let Action::Webhook(webhook) = &effect.action {
                    let lane = (webhook.endpoint.clone(), webhook.chat.clone());
                    self.push(lane, effect.id);
                }
            }
        }
    }

    fn push(&mut self, lane: Lane, id: EffectId) {
        match self.lanes.get_mut(&lane) {
            Some(waiting) => waiting.push_back(id),
            None => {
                self.lanes.insert(lane.clone(), VecDeque::new());
                self.start(lane, id);
            }
        }
    }

    fn next(&mut self, lane: Lane) {
        match self.lanes.get_mut(&lane).and_then(VecDeque::pop_front) {
            Some(id) => self.start(lane, id),
            None => {
                self.lanes.remove(&lane);
            }
        }
    }

    fn start(&mut self, lane: Lane, id: EffectId) {
        let (parts, attempts) = (Arc::clone(&self.parts), Arc::clone(&self.attempts));
        self.under_way.spawn(async move {
            while let Some(effect) = parts.waiting(id).await? {
                // Closed never.
                let _place = attempts.acquire().await;
                parts.attempt(&effect).await?;
            }
            Ok(lane)
        });
    }
}

impl WebhookSinkParts {
    /// The effect, when it is time for its next attempt; none when there is nothing to do any more.
    async fn waiting(&self, id: EffectId) -> Result<Option<Effect>, StoreError> {
        let Some(effect) = self.outbox.get(self.session, id).await? else {
            return Ok(None);
        };
        match effect.state {
            EffectState::Pending { not_before, .. } => {
                let now = self.clock.now();
                let most = self.longest_wait(&effect);
                self.clock.sleep_until(now.plus(not_before.left(now, most))).await;
                Ok(Some(effect))
            }
            // What is for servers is never held back.
            EffectState::Held { .. } => Ok(Some(effect)),
            EffectState::Sent { .. }
            | EffectState::Delivered { .. }
            | EffectState::Read { .. }
            | EffectState::Failed { .. } => Ok(None),
        }
    }

    /// How long an effect waits between two attempts at most; not at all where there is no endpoint any more.
    fn longest_wait(&self, effect: &Effect) -> Duration {
        let Action::Webhook(webhook) = &effect.action else {
            return Duration::ZERO;
        };
        let endpoint = self.webhooks.endpoint(&webhook.endpoint);
        endpoint.map_or(Duration::ZERO, |endpoint| endpoint.retry.backoff.max)
    }

    /// Makes one attempt and records what came of it.
    async fn attempt(&self, effect: &Effect) -> Result<(), StoreError> {
        let Action::Webhook(webhook) = &effect.action else {
            return Ok(());
        };
        let traced = self.traces.begin(effect).await;
        let started = self.clock.monotonic();
        let endpoint = self.webhooks.endpoint(&webhook.endpoint);
        let told = match endpoint {
            None => Err(Undelivered::Permanent {
                reason: format!("there is no [webhooks.{}]", webhook.endpoint).into(),
                status: None,
            }),
            Some(endpoint) => {
                let message = self.message(effect, webhook);
                self.webhooks.deliver(endpoint, &message, &traced).await
            }
        };
        let took = self.clock.monotonic() - started;
        let duration_ms = took.as_millis();
        let given_up = |reason: Box<str>, status: Option<u16>| {
            tracing::error!(effect.id = %effect.id, endpoint = %webhook.endpoint, duration_ms, %reason, "webhook failed");
            Progress::Failed {
                reason,
                code: status.map(u32::from),
            }
        };
        let progress = match told {
            Ok(()) => {
                tracing::info!(effect.id = %effect.id, endpoint = %webhook.endpoint, duration_ms, "webhook told");
                Progress::Sent
            }
            Err(Undelivered::Permanent { reason, status }) => given_up(reason, status),
            Err(Undelivered::Transient { reason, after }) => {
                let retry = endpoint.map(|endpoint| &endpoint.retry);
                let wait = retry.and_then(|retry| retry.wait_after(effect.attempts + 1, after, self.ids.seed()));
                match wait {
                    None => given_up(reason, None),
                    Some(wait) => {
                        tracing::warn!(effect.id = %effect.id, endpoint = %webhook.endpoint, duration_ms, %reason, "webhook will be tried again");
                        Progress::Retry {
                            not_before: self.clock.now().plus(wait),
                            error: reason,
                        }
                    }
                }
            }
        };
        let told = match &progress {
            Progress::Sent => Told::Taken,
            Progress::Retry { .. } => Told::Again,
            Progress::Failed { .. } | Progress::Delivered | Progress::Read | Progress::Held { .. } => Told::GivenUp,
        };
        self.traces.ended(&traced, effect, took, told.failed());
        // Names that nobody set up are chosen by plugins.
        if endpoint.is_some() {
            self.meters.attempted(webhook.endpoint.as_str(), told, took);
        }
        self.outbox.progress(self.session, effect.id, progress).await.map(drop)
    }

    /// What a server is told. The plugin's data stand in it as the plugin wrote them.
    fn message(&self, effect: &Effect, webhook: &Webhook) -> Message {
        let installation = match &effect.cause {
            Cause::Plugin { installation, .. } => Some(installation.as_str()),
            Cause::Request { .. } => None,
        };
        let id = effect.id.to_string();
        let around = json!({
            "id": id,
            "type": webhook.event,
            "timestamp": rfc3339(effect.created_at),
            "session": self.name.as_str(),
            "installation": installation,
        })
        .to_string();
        let body = format!("{},\"data\":{}}}", around.trim_end_matches('}'), webhook.data);
        Message {
            id,
            body: Bytes::from(body),
        }
    }
}

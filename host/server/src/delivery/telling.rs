//! Tells one webhook of one event: again until that comes to an end.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use waspnest_core::clock::{Clock, Ids, UnixMs};
use waspnest_core::delivery::{At, Deliveries, Delivery, DeliveryOutcome};
use waspnest_core::event::{Event, Position};
use waspnest_core::id::{SessionId, TenantId};
use waspnest_core::log::{Log, LogError};
use waspnest_core::progress::{Attempt, DeadLetter, Progress};
use waspnest_core::session::{SessionError, Sessions as Register};
use waspnest_core::store::StoreError;
use waspnest_core::trace_context::SpanId;
use waspnest_egress::Egress;

use super::endpoint::Endpoint;
use super::endpoints::Endpoints;
use crate::breaker::Verdict;
use crate::public_event::EventType;
use crate::telemetry::span;
use crate::traces::{Parent, Role, Traced, Traces, Work};
use crate::webhook::{Letter, Undelivered, post};
use crate::webhook_meters::{Told, WebhookMeters};

/// The status of a server that is gone for good (RFC 9110, 15.5.11).
const GONE: u16 = 410;

/// What a deliverer is made of.
#[derive(Debug)]
pub(crate) struct DelivererParts {
    pub session: SessionId,
    pub tenant: TenantId,
    pub endpoints: Endpoints,
    pub log: Log,
    pub progress: Progress,
    pub deliveries: Deliveries,
    pub register: Register,
    pub egress: Egress,
    pub meters: WebhookMeters,
    pub traces: Traces,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

/// Why a deliverer cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DelivererError {
    /// The log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What became of deliveries cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The session cannot be looked up.
    #[error(transparent)]
    Register(#[from] SessionError),
}

/// An event that waits to be told.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) position: Position,
    /// The event, while it is at hand.
    pub(super) event: Option<Arc<Event>>,
    /// Attempts so far.
    pub(super) attempt: Attempt,
    pub(super) cause: Cause,
}

/// Why an event is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It happened.
    First,
    /// Somebody wants a dead letter told again.
    Letter,
    /// Somebody wants a range told again.
    Again,
}

/// How telling came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It is told, or given up.
    Done,
    /// Everybody rests; it is taken up again where its attempts stand.
    Left,
}

impl DelivererParts {
    /// Makes attempts until one is taken, the server refuses for good, the last is made, or `rest` comes between two.
    pub(super) async fn tell(
        &self,
        endpoint: &Endpoint,
        waiting: Waiting,
        rest: &CancellationToken,
    ) -> Result<End, DelivererError> {
        let Waiting {
            position,
            event,
            mut attempt,
            ..
        } = waiting;
        let event = match event {
            Some(event) => event,
            None => match self.log.get(self.session, position).await? {
                Some(event) => Arc::new(event),
                // The log does not have it any more.
                None => return Ok(End::Done),
            },
        };
        loop {
            let ready = async {
                let most = self.endpoints.rules().retry.backoff.max;
                let now = self.clock.now();
                self.clock
                    .sleep_until(now.plus(attempt.not_before.left(now, most)))
                    .await;
                let place = endpoint.server.places.acquire().await;
                endpoint.server.breaker.pass(&*self.clock).await;
                place
            };
            let _place = tokio::select! {
                biased;
                () = rest.cancelled() => return Ok(End::Left),
                place = ready => place,
            };
            if let Some(end) = self.attempt(endpoint, &event, &mut attempt).await? {
                return Ok(end);
            }
        }
    }

    /// Makes one attempt and notes what came of it; none when there is to be another.
    async fn attempt(
        &self,
        endpoint: &Endpoint,
        event: &Event,
        attempt: &mut Attempt,
    ) -> Result<Option<End>, DelivererError> {
        let Some(record) = self.register.get(self.session).await? else {
            // It was just removed; this ends with it.
            return Ok(Some(End::Left));
        };
        let rules = self.endpoints.rules();
        let (begun, started) = (self.clock.now(), self.clock.monotonic());
        let span = SpanId::of_delivery(event.id, endpoint.id, attempt.count + 1);
        let traced = Traced::of(&self.traces, event, span);
        let told = match endpoint.tells(event, &record, begun, rules.timeout) {
            Some(letters) => self.post_all(letters, &traced).await,
            None => Err(Undelivered::never("its URL cannot be read")),
        };
        let duration = self.clock.monotonic().saturating_sub(started);
        self.tell_attempt(&traced, endpoint, (event, attempt.count + 1), (&told, duration));
        let now = self.clock.now();
        self.note(endpoint, &told, now, duration);
        let at = At {
            session: self.session,
            webhook: endpoint.id,
            position: event.position,
        };
        attempt.count += 1;
        let first_at = match attempt.count {
            1 => begun,
            _ => self.deliveries.get(at).await?.map_or(begun, |earlier| earlier.first_at),
        };
        let delivery = |outcome, attempts| Delivery {
            event: event.id,
            kind: EventType::of(&event.kind).name().into(),
            attempts,
            first_at,
            last_at: now,
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            outcome,
        };
        let (reason, wait) = match told {
            Ok(status) => {
                self.measure(endpoint, Told::Taken, duration);
                let taken = delivery(DeliveryOutcome::Delivered { status }, attempt.count);
                self.deliveries.delivered(at, &taken).await?;
                return Ok(Some(End::Done));
            }
            Err(Undelivered::Permanent {
                reason,
                status: Some(GONE),
            }) => {
                // It is kept for the day on which somebody wants it told again.
                attempt.count -= 1;
                self.measure(endpoint, Told::Again, duration);
                let (error, next) = (reason, now);
                let left = delivery(DeliveryOutcome::Waiting { error, next }, attempt.count);
                self.deliveries.failed(at, attempt, &left).await?;
                self.endpoints.gone(endpoint.id, now).await;
                return Ok(Some(End::Left));
            }
            Err(Undelivered::Permanent { reason, .. }) => (reason, None),
            Err(Undelivered::Transient { reason, after }) => {
                (reason, rules.retry.wait_after(attempt.count, after, self.ids.seed()))
            }
        };
        let Some(wait) = wait else {
            self.measure(endpoint, Told::GivenUp, duration);
            self.give_up(endpoint, at, event, attempt.count, reason, delivery)
                .await?;
            return Ok(Some(End::Done));
        };
        self.measure(endpoint, Told::Again, duration);
        attempt.not_before = now.plus(wait);
        attempt.last_error.clone_from(&reason);
        let outcome = DeliveryOutcome::Waiting {
            error: reason,
            next: attempt.not_before,
        };
        let failed = delivery(outcome, attempt.count);
        self.deliveries.failed(at, attempt, &failed).await?;
        Ok(None)
    }

    /// Sends one after the other, and answers with the last status. The next attempt begins with the first again.
    async fn post_all(&self, letters: Vec<Letter>, traced: &Traced) -> Result<u16, Undelivered> {
        // It was told in another format when this was queued.
        let mut told = Err(Undelivered::never("its format has nothing to say of such events"));
        for mut letter in letters {
            traced.put(&mut letter.headers);
            told = post(&self.egress, letter).await;
            if told.is_err() {
                break;
            }
        }
        told
    }

    fn tell_attempt(
        &self,
        traced: &Traced,
        endpoint: &Endpoint,
        (event, attempt): (&Event, u32),
        (told, took): (&Result<u16, Undelivered>, Duration),
    ) {
        self.traces.tell(traced.context, || {
            let (status, failed) = match told {
                Ok(status) => (Some(*status), None),
                Err(Undelivered::Permanent { status, .. }) => (*status, Some("given_up")),
                Err(Undelivered::Transient { .. }) => (None, Some("again")),
            };
            let mut facts = vec![
                ("session.id", self.session.to_string().into()),
                ("event.id", event.id.to_string().into()),
                ("event.type", EventType::of(&event.kind).name().into()),
                ("webhook.id", endpoint.id.to_string().into()),
                ("attempt", attempt.into()),
            ];
            facts.extend(status.map(|status| ("http.response.status_code", status.into())));
            Work {
                name: span::DELIVERY,
                role: Role::Client,
                parent: Some(Parent::Here(SpanId::of_event(event.id))),
                took,
                failed,
                facts,
            }
        });
    }

    fn measure(&self, endpoint: &Endpoint, told: Told, took: Duration) {
        self.meters.attempted(&endpoint.id.to_string(), told, took);
    }

    async fn give_up(
        &self,
        endpoint: &Endpoint,
        at: At,
        event: &Event,
        attempts: u32,
        reason: Box<str>,
        delivery: impl Fn(DeliveryOutcome, u32) -> Delivery,
    ) -> Result<(), DelivererError> {
        endpoint.server.gave_up();
        tracing::error!(webhook.id = %endpoint.id, event.id = %event.id, attempts, %reason, "the webhook was not told");
        let letter = DeadLetter {
            event: event.id,
            attempts,
            error: reason.clone(),
            at: self.clock.now(),
            kind: EventType::of(&event.kind).name().into(),
        };
        let given_up = delivery(DeliveryOutcome::GivenUp { error: reason }, attempts);
        self.deliveries.given_up(at, &letter, &given_up).await?;
        Ok(())
    }

    /// What an attempt says of the server. A refusal is about the event, and the server is well.
    fn note(&self, endpoint: &Endpoint, told: &Result<u16, Undelivered>, now: UnixMs, duration: Duration) {
        let server = &endpoint.server;
        let verdict = match told {
            Ok(_) => {
                server.took(now, duration);
                Verdict::Good
            }
            Err(error @ Undelivered::Permanent { .. }) => {
                server.failed(now, &error.to_string());
                Verdict::Good
            }
            Err(error @ Undelivered::Transient { .. }) => {
                server.failed(now, &error.to_string());
                Verdict::Failed
            }
        };
        if let Some(rest) = server.breaker.note(verdict, now) {
            tracing::warn!(webhook.id = %endpoint.id, rest_s = rest.as_secs(), "the webhook keeps failing and is left alone for a while");
        }
    }
}

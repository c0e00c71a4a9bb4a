//! One webhook as it is told: its record, read, and what is known of its server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Semaphore;
use url::Url;
use waspnest_core::address::ChatKind;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::id::{SessionId, TenantId, WebhookId};
use waspnest_core::message::Origin;
use waspnest_core::webhook::{Own, Seen, Standing, Webhook};

use super::format::told_types;
use crate::breaker::Breaker;
use crate::config::deliveries::Deliveries as Rules;
use crate::public_event::{EventType, TypeSet};

/// A webhook. Another one stands in its place when its record changes; what is known of its server stays.
#[derive(Debug)]
pub struct Endpoint {
    /// Its id.
    pub id: WebhookId,
    /// What is kept of it.
    pub webhook: Webhook,
    pub(super) url: Option<Url>,
    pub(super) headers: HeaderMap,
    types: TypeSet,
    /// What is known of its server.
    pub server: Arc<Server>,
}

/// What is known of a server, over all sessions, since the host started.
#[derive(Debug)]
pub struct Server {
    /// Whether it is left alone.
    pub breaker: Breaker,
    /// How many attempts may be made at the same time.
    pub(super) places: Semaphore,
    delivered: AtomicU64,
    failed: AtomicU64,
    given_up: AtomicU64,
    /// Milliseconds that attempts took which were taken.
    spent_ms: AtomicU64,
    last: Mutex<(Option<UnixMs>, Option<Last>)>,
    /// How far it has come in each session at work.
    reached: Mutex<BTreeMap<SessionId, Position>>,
}

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// When it did.
    pub at: UnixMs,
    /// Why.
    pub error: Box<str>,
}

/// What became of deliveries since the host started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Events that were taken.
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Events that were given up.
    pub given_up: u64,
    /// How long attempts took that were taken, on average.
    pub mean_ms: Option<u64>,
    /// When the last event was taken.
    pub last_success: Option<UnixMs>,
    /// The last attempt that failed.
    pub last_failure: Option<Last>,
}

impl Server {
    pub(super) fn new(rules: &Rules) -> Self {
        Self {
            breaker: Breaker::new(rules.breaker),
            places: Semaphore::new(rules.concurrency),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            given_up: AtomicU64::new(0),
            spent_ms: AtomicU64::new(0),
            last: Mutex::default(),
            reached: Mutex::default(),
        }
    }

    pub(super) fn took(&self, at: UnixMs, duration: Duration) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
        let spent = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.spent_ms.fetch_add(spent, Ordering::Relaxed);
        self.last.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(at);
    }

    pub(super) fn failed(&self, at: UnixMs, error: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let error = error.into();
        self.last.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(Last { at, error });
    }

    pub(super) fn gave_up(&self) {
        self.given_up.fetch_add(1, Ordering::Relaxed);
    }

    /// It is done with everything up to there, in a session.
    pub(super) fn has_reached(&self, session: SessionId, low: Position) {
        self.marks().insert(session, low);
    }

    /// It is not told of a session any more.
    pub(super) fn leaves(&self, session: SessionId) {
        self.marks().remove(&session);
    }

    /// How far it has come in each session at work.
    #[must_use]
    pub fn reached(&self) -> Vec<(SessionId, Position)> {
        self.marks().iter().map(|(session, low)| (*session, *low)).collect()
    }

    fn marks(&self) -> MutexGuard<'_, BTreeMap<SessionId, Position>> {
        // Plain data; no panic can leave it half-way.
        self.reached.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What became of deliveries.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let delivered = self.delivered.load(Ordering::Relaxed);
        let (last_success, last_failure) = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Counts {
            delivered,
            failed: self.failed.load(Ordering::Relaxed),
            given_up: self.given_up.load(Ordering::Relaxed),
            mean_ms: self.spent_ms.load(Ordering::Relaxed).checked_div(delivered),
            last_success,
            last_failure,
        }
    }
}

impl Endpoint {
    /// A record, read. What in it cannot be read any more is told nothing: a type that a later version knew, a URL that none is.
    pub(super) fn new(id: WebhookId, webhook: Webhook, server: Arc<Server>) -> Self {
        let url = Url::parse(&webhook.url).ok();
        let headers = webhook.secrets.headers.iter().filter_map(|(name, value)| {
            let mut value = HeaderValue::from_str(value).ok()?;
            value.set_sensitive(true);
            Some((name.parse::<HeaderName>().ok()?, value))
        });
        let seen = match &webhook.wants.seen {
            Seen::Everything => EventType::all(),
            Seen::Within(scopes) => TypeSet::within(scopes),
        };
        let wanted = match &webhook.wants.events {
            None => EventType::all(),
            Some(names) => names
                .iter()
                .filter_map(|name| name.parse::<TypeSet>().ok())
                .fold(TypeSet::default(), TypeSet::or),
        };
        Self {
            id,
            url,
            headers: headers.collect(),
            types: wanted
                .and(seen)
                .and(TypeSet::recorded())
                .and(told_types(webhook.format)),
            webhook,
            server,
        }
    }

    /// Whether it is told anything now.
    #[must_use]
    pub fn is_active(&self) -> bool {
        match self.webhook.standing {
            Standing::Active => true,
            Standing::Paused | Standing::Gone { .. } => false,
        }
    }

    /// The types of events that it is told of.
    #[must_use]
    pub const fn types(&self) -> TypeSet {
        self.types
    }

    /// Whether a session is one that it is told of.
    #[must_use]
    pub fn is_of(&self, tenant: TenantId, session: SessionId) -> bool {
        let sessions = &self.webhook.wants.sessions;
        self.webhook.tenant == tenant && sessions.as_ref().is_none_or(|sessions| sessions.contains(&session))
    }

    /// Whether it wants an event of such a session.
    #[must_use]
    pub fn wants(&self, event: &Event) -> bool {
        let wants = &self.webhook.wants;
        let kind = |chats: &Vec<ChatKind>| chat_kind(&event.kind).is_none_or(|kind| chats.contains(&kind));
        self.types.has(EventType::of(&event.kind))
            && wants.chats.as_ref().is_none_or(kind)
            && (wants.own == Own::Told || !is_own(&event.kind))
    }
}

fn chat_kind(kind: &EventKind) -> Option<ChatKind> {
    match kind {
        EventKind::Message(message) => Some(message.chat_kind),
        EventKind::Tick(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => kind.chat().map(waspnest_core::address::Jid::chat_kind),
    }
}

/// Whether the account wrote it.
fn is_own(kind: &EventKind) -> bool {
    matches!(kind, EventKind::Message(message) if message.key.from == Origin::Me)
}

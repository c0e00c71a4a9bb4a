//! What became of telling webhooks of events.
//!
//! A webhook is a consumer of a session's log (see [`crate::progress`]). Beside its marks stands, for each event it was told or was to be
//! told, what became of that: the record of one delivery, written in the commit of the mark. It is there for people; what is to be done
//! next is decided by the marks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::event::Position;
use crate::id::{EventId, SessionId, WebhookId};
use crate::installation_data::remove_rows;
use crate::progress::{Attempt, DeadLetter, Progress, attempt_key, done_key, done_mark, replay_key};
use crate::schema::{self, Key, session};
use crate::store::{Applied, Commit, Expect, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// One event and one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The event.
    pub event: EventId,
    /// Its type, as it was told.
    pub kind: Box<str>,
    /// Attempts made.
    pub attempts: u32,
    /// When the first began.
    pub first_at: UnixMs,
    /// When the last ended.
    pub last_at: UnixMs,
    /// How long the last took, in milliseconds.
    pub duration_ms: u64,
    /// What came of it.
    pub outcome: DeliveryOutcome,
}

impl Record for Delivery {
    const VERSION: u8 = 1;
}

/// What came of telling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryOutcome {
    /// The server took it.
    Delivered {
        /// The status it answered with.
        status: u16,
    },
    /// It did not, and is asked again.
    Waiting {
        /// Why not.
        error: Box<str>,
        /// When.
        next: UnixMs,
    },
    /// It did not, and is not asked again by itself.
    GivenUp {
        /// Why not.
        error: Box<str>,
    },
}

/// Events that a webhook is told once more, in the order of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Again {
    /// The next of them.
    pub next: Position,
    /// The last.
    pub to: Position,
}

impl Record for Again {
    const VERSION: u8 = 1;
}

/// The deliveries of all webhooks. Clones are the same.
#[derive(Debug, Clone)]
pub struct Deliveries {
    store: Arc<dyn Store>,
    progress: Progress,
}

/// One event of a session's log, and the webhook it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The session.
    pub session: SessionId,
    /// The webhook.
    pub webhook: WebhookId,
    /// Where the event is in the log.
    pub position: Position,
}

impl Deliveries {
    /// Those in `store`, beside the marks of `progress`.
    #[must_use]
    pub const fn new(store: Arc<dyn Store>, progress: Progress) -> Self {
        Self { store, progress }
    }

    /// Notes that a server has taken an event. Lazy: a crash tells it again.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn delivered(&self, at: At, delivery: &Delivery) -> Result<Applied, StoreError> {
        let commit = at.done(Commit::lazy(at.space())).put(at.key(), codec::encode(delivery));
        self.store.commit(commit).await
    }

    /// Notes an attempt that failed and is made again. Lazy: a crash makes it at once.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn failed(&self, at: At, attempt: &Attempt, delivery: &Delivery) -> Result<Applied, StoreError> {
        let commit = Commit::lazy(at.space())
            .put(attempt_key(&at.webhook, at.position), codec::encode(attempt))
            .put(at.key(), codec::encode(delivery));
        self.store.commit(commit).await
    }

    /// Gives an event up: it becomes a dead letter, and counts as done.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn given_up(&self, at: At, letter: &DeadLetter, delivery: &Delivery) -> Result<Applied, StoreError> {
        let letters = schema::of_at(session::DEAD_LETTER, &at.webhook, at.position);
        let commit = at
            .done(Commit::durable(at.space()))
            .put(letters, codec::encode(letter))
            .put(at.key(), codec::encode(delivery));
        self.store.commit(commit).await
    }

    /// Up to `limit` (at most 1000) deliveries of a webhook before a position, the latest first; the latest of all, if none is named.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(
        &self,
        session: SessionId,
        webhook: WebhookId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<Vec<(Position, Delivery)>, StoreError> {
        let mut range = KeyRange::prefix(schema::of(session::DELIVERY, &webhook).as_slice());
        if let Some(before) = before {
            range.end = Some(schema::of_at(session::DELIVERY, &webhook, before));
        }
        let rows = self
            .store
            .scan(Space::Session(session), range, Order::Descending, limit)
            .await?;
        rows.into_iter()
            .map(|(key, value)| {
                let position = Position(schema::trailing_number(&key).unwrap_or_default());
                Ok((position, codec::decode(&key, &value)?))
            })
            .collect()
    }

    /// One delivery.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, at: At) -> Result<Option<Delivery>, StoreError> {
        let key = at.key();
        let found = self.store.get(at.space(), &key).await?;
        found.map(|value| codec::decode(&key, &value)).transpose()
    }

    /// Forgets deliveries below a position, some at a time: for people they are too old.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn trim(&self, at: At) -> Result<(), StoreError> {
        let mut commit = Commit::lazy(at.space());
        let last = Position(at.position.0.saturating_sub(1));
        self.let_go(at.session, at.webhook, last, &mut commit.ops).await?;
        if commit.ops.is_empty() {
            return Ok(());
        }
        self.store.commit(commit).await.map(drop)
    }

    /// Adds the writes that remove deliveries of events up to `last`, the oldest 1000 of them.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn let_go(
        &self,
        session: SessionId,
        webhook: WebhookId,
        last: Position,
        ops: &mut Vec<Op>,
    ) -> Result<(), StoreError> {
        let range = KeyRange {
            start: schema::of(session::DELIVERY, &webhook).finish(),
            end: Some(schema::of_at(session::DELIVERY, &webhook, last.next())),
        };
        let space = Space::Session(session);
        let rows = self.store.scan(space, range, Order::Ascending, MAX_SCAN).await?;
        ops.extend(rows.into_iter().map(|(key, _)| Op::Delete(key)));
        Ok(())
    }

    /// Has a webhook told of a range of the log once more. A range that is being told already grows to hold both. Durable when this
    /// returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn tell_again(&self, session: SessionId, webhook: WebhookId, range: Again) -> Result<(), StoreError> {
        let both = match self.again(session, webhook).await? {
            None => range,
            Some(other) => Again {
                next: range.next.min(other.next),
                to: range.to.max(other.to),
            },
        };
        let key = again_key(webhook);
        let commit = Commit::durable(Space::Session(session)).put(key, codec::encode(&both));
        self.store.commit(commit).await?.durable().await?;
        self.progress.wake_replays(session);
        Ok(())
    }

    /// What a webhook is still to be told once more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn again(&self, session: SessionId, webhook: WebhookId) -> Result<Option<Again>, StoreError> {
        let key = again_key(webhook);
        let found = self.store.get(Space::Session(session), &key).await?;
        found.map(|value| codec::decode(&key, &value)).transpose()
    }

    /// Notes that everything before `next` of a range has been told, unless it has grown meanwhile. Lazy: a crash tells some of it again.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn told_again(
        &self,
        session: SessionId,
        webhook: WebhookId,
        range: Again,
        next: Position,
    ) -> Result<(), StoreError> {
        let key = again_key(webhook);
        let commit = Commit::lazy(Space::Session(session)).expect(Expect::Equals(key.clone(), codec::encode(&range)));
        let commit = match next <= range.to {
            true => commit.put(key, codec::encode(&Again { next, ..range })),
            false => commit.delete(key),
        };
        match self.store.commit(commit).await {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The webhooks that have a place in a session's log.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn known(&self, session: SessionId) -> Result<Vec<WebhookId>, StoreError> {
        let range = KeyRange::prefix(Key::table(session::LOW).bytes(WebhookId::PREFIX.as_bytes()).as_slice());
        let rows = self
            .store
            .scan(Space::Session(session), range, Order::Ascending, MAX_SCAN)
            .await?;
        // An installation may be called something that begins like a webhook.
        let ids = rows.iter().filter_map(|(key, _)| {
            let name = std::str::from_utf8(key.get(1..)?).ok()?;
            name.trim_end_matches('\0').parse().ok()
        });
        Ok(ids.collect())
    }

    /// Forgets a webhook that is gone in one session; durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove(&self, session: SessionId, webhook: WebhookId) -> Result<(), StoreError> {
        for table in [session::DELIVERY, session::DELIVERED_AGAIN] {
            remove_rows(&*self.store, session, table, &webhook).await?;
        }
        self.progress.remove(session, webhook).await?;
        let last = Commit::durable(Space::Session(session));
        self.store.commit(last).await?.durable().await
    }
}

impl At {
    const fn space(self) -> Space {
        Space::Session(self.session)
    }

    fn key(self) -> bytes::Bytes {
        schema::of_at(session::DELIVERY, &self.webhook, self.position)
    }

    /// The event needs no more work.
    fn done(self, commit: Commit) -> Commit {
        commit
            .put(done_key(&self.webhook, self.position), done_mark())
            .delete(attempt_key(&self.webhook, self.position))
            .delete(replay_key(&self.webhook, self.position))
    }
}

fn again_key(webhook: WebhookId) -> bytes::Bytes {
    schema::of(session::DELIVERED_AGAIN, &webhook).finish()
}

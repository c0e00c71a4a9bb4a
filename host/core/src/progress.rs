//! How far each installation, and each webhook, has come in each session's log.
//!
//! A consumer works on many chats at once, so it finishes events out of order. What is done is everything up to a low-water mark
//! plus a set of finished positions above it. A restart repeats what is neither. The done-mark of a call is written by
//! [`crate::outbox::Outbox::commit_draft`] together with what the call asked for; here are the marks that need no draft.

mod replay;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::consumer::Consumer;
use crate::event::Position;
use crate::id::{EventId, SessionId};
use crate::installation_data::remove_rows;
use crate::per_session::PerSession;
use crate::retention::Trimmed;
use crate::schema::{self, Holder, session};
use crate::store::{Applied, Commit, Expect, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

pub use replay::{Found, Round};
pub(crate) use replay::{replay_key, replay_mark};

/// Where one consumer is in one session's log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor {
    /// Everything up to here is done.
    pub low: Position,
    /// Done above `low`.
    pub done: BTreeSet<Position>,
    /// Tried and not done.
    pub attempts: BTreeMap<Position, Attempt>,
    /// Whether it has ever been started in this session (see [`Progress::start_at`]).
    pub started: Started,
}

/// Whether a consumer has a place in a log yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Started {
    /// It is new here.
    #[default]
    No,
    /// It has been here before.
    Yes,
}

impl Cursor {
    /// Whether an event needs no more work.
    #[must_use]
    pub fn is_done(&self, position: Position) -> bool {
        position <= self.low || self.done.contains(&position)
    }

    /// Notes that an event is done, and moves `low` over everything that is done without a gap.
    pub fn finish(&mut self, position: Position) {
        self.attempts.remove(&position);
        if position > self.low {
            self.done.insert(position);
        }
        while self.done.remove(&self.low.next()) {
            self.low = self.low.next();
        }
    }
}

/// Failed attempts at one event.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attempt {
    /// How many.
    pub count: u32,
    /// Earliest moment of the next.
    pub not_before: UnixMs,
    /// Why the last one failed, for the operator.
    pub last_error: Box<str>,
}

impl Record for Attempt {
    const VERSION: u8 = 1;
}

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The event.
    pub event: EventId,
    /// Attempts made.
    pub attempts: u32,
    /// Why the last one failed, for the operator.
    pub error: Box<str>,
    /// When it was given up.
    pub at: UnixMs,
    /// What kind of event it is ([`crate::event::EventKind::name`]).
    pub kind: Box<str>,
}

impl Record for DeadLetter {
    const VERSION: u8 = 1;
}

/// The stored low-water mark.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Low(Position);

impl Record for Low {
    const VERSION: u8 = 1;
}

/// The places of all consumers in all logs. Clones are the same.
#[derive(Debug, Clone)]
pub struct Progress {
    store: Arc<dyn Store>,
    /// Low-water marks as stored. Held while one is moved, so that none moves back.
    lows: Arc<PerSession<Mutex<BTreeMap<Consumer, Position>>>>,
    /// Wakes whoever replays dead letters.
    replays: Arc<PerSession<watch::Sender<()>>>,
}

impl Progress {
    /// The places in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            lows: Arc::default(),
            replays: Arc::default(),
        }
    }

    /// Where a consumer is; behind what was let go of the log.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn load(&self, session: SessionId, consumer: impl Into<Consumer> + Send) -> Result<Cursor, StoreError> {
        let consumer = &consumer.into();
        let space = Space::Session(session);
        let mut cursor = Cursor::default();
        if let Some(low) = self.stored_low(space, consumer).await? {
            // Who was not at work for long may not find everything any more.
            let Trimmed(trimmed) = Trimmed::of(&*self.store, session).await?;
            cursor.low = low.max(trimmed);
            cursor.started = Started::Yes;
        }
        for (key, _) in self.all(space, session::DONE, consumer, cursor.low).await? {
            cursor.done.insert(position_in(&key));
        }
        for (key, value) in self.all(space, session::ATTEMPT, consumer, cursor.low).await? {
            cursor.attempts.insert(position_in(&key), codec::decode(&key, &value)?);
        }
        cursor.attempts.retain(|position, _| !cursor.done.contains(position));
        while cursor.done.remove(&cursor.low.next()) {
            cursor.low = cursor.low.next();
        }
        Ok(cursor)
    }

    /// Gives a new consumer its place: behind `position`, usually the head of the log, so that it gets no old events. One that has a
    /// place keeps it. Answers where it is.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn start_at(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
        position: Position,
    ) -> Result<Position, StoreError> {
        let consumer = &consumer.into();
        let space = Space::Session(session);
        let key = low_key(consumer);
        let commit = Commit::durable(space)
            .put(key.clone(), codec::encode(&Low(position)))
            .expect(Expect::Absent(key));
        match self.store.commit(commit).await {
            Ok(applied) => {
                applied.durable().await?;
                Ok(position)
            }
            Err(StoreError::Conflict) => Ok(self.stored_low(space, consumer).await?.unwrap_or_default()),
            Err(error) => Err(error),
        }
    }

    /// Stores that everything up to `low` is done, and removes the marks and the journal this makes superfluous. Never moves back.
    /// Lazy: what a crash takes of it only means that marks are read again.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn advance(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
        low: Position,
    ) -> Result<(), StoreError> {
        let consumer = &consumer.into();
        let space = Space::Session(session);
        let lows = self.lows.of(session);
        let mut lows = lows.lock().await;
        let stored = match lows.get(consumer) {
            Some(stored) => Some(*stored),
            None => {
                // A commit whose caller has gone may still be on its way; this one is behind it.
                self.store.commit(Commit::lazy(space)).await?;
                self.stored_low(space, consumer).await?
            }
        };
        if stored.is_some_and(|stored| stored >= low) {
            return Ok(());
        }
        let mut commit = Commit::lazy(space).put(low_key(consumer), codec::encode(&Low(low)));
        // What was answered to a call that is being made again is still wanted.
        let replayed: BTreeSet<_> = self.replays(session, consumer).await?.into_iter().collect();
        let prefix = schema::of(session::JOURNAL, consumer).as_slice().len();
        for table in [session::DONE, session::ATTEMPT, session::JOURNAL] {
            let range = KeyRange {
                start: schema::of(table, consumer).finish(),
                end: Some(schema::of_at(table, consumer, low.next())),
            };
            // Marks that do not fit this time stay below the mark, where nobody looks, until the next time.
            let rows = self.store.scan(space, range, Order::Ascending, MAX_SCAN).await?;
            let wanted = |key: &Bytes| {
                let position = key.get(prefix..).and_then(|rest| rest.first_chunk::<8>());
                position.is_some_and(|bytes| replayed.contains(&Position(u64::from_be_bytes(*bytes))))
            };
            let gone = rows.into_iter().map(|(key, _)| key);
            let gone = gone.filter(|key| table != session::JOURNAL || !wanted(key));
            commit.ops.extend(gone.map(Op::Delete));
        }
        // Until the end of this commit is known, the mark is not.
        lows.remove(consumer);
        self.store.commit(commit).await?;
        lows.insert(consumer.clone(), low);
        Ok(())
    }

    /// Notes that a call was made and what became of it without a draft: nothing to do, and nothing to repeat. Lazy: a crash repeats
    /// the call.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn finish(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
        position: Position,
    ) -> Result<Applied, StoreError> {
        let consumer = &consumer.into();
        self.store
            .commit(Commit::lazy(Space::Session(session)).put(done_key(consumer, position), done_mark()))
            .await
    }

    /// Stores a failed attempt.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn record_attempt(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
        position: Position,
        attempt: &Attempt,
    ) -> Result<Applied, StoreError> {
        let consumer = &consumer.into();
        let key = attempt_key(consumer, position);
        self.store
            .commit(Commit::lazy(Space::Session(session)).put(key, codec::encode(attempt)))
            .await
    }

    /// Gives an event up: it becomes a dead letter and counts as done, in one commit.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn park(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
        position: Position,
        letter: &DeadLetter,
    ) -> Result<Applied, StoreError> {
        let consumer = &consumer.into();
        let commit = Commit::durable(Space::Session(session))
            .put(
                schema::of_at(session::DEAD_LETTER, consumer, position),
                codec::encode(letter),
            )
            .put(done_key(consumer, position), done_mark())
            .delete(attempt_key(consumer, position))
            .delete(replay_key(consumer, position));
        self.store.commit(commit).await
    }

    /// Up to `limit` (at most 1000) dead letters behind `after`, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn dead_letters(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(Position, DeadLetter)>, StoreError> {
        let consumer = &consumer.into();
        let table = session::DEAD_LETTER;
        let range =
            KeyRange::prefix(schema::of(table, consumer).as_slice()).after(&schema::of_at(table, consumer, after));
        let rows = self
            .store
            .scan(Space::Session(session), range, Order::Ascending, limit)
            .await?;
        rows.into_iter()
            .map(|(key, value)| Ok((position_in(&key), codec::decode(&key, &value)?)))
            .collect()
    }

    /// Forgets a consumer that is gone: its place, its marks, its dead letters, what it was answered.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove(&self, session: SessionId, consumer: impl Into<Consumer> + Send) -> Result<(), StoreError> {
        let consumer = &consumer.into();
        let lows = self.lows.of(session);
        let mut lows = lows.lock().await;
        lows.remove(consumer);
        for table in [
            session::DONE,
            session::ATTEMPT,
            session::JOURNAL,
            session::DEAD_LETTER,
            session::REPLAY,
            session::LOW,
        ] {
            remove_rows(&*self.store, session, table, consumer).await?;
        }
        Ok(())
    }

    /// Forgets what is in memory of a session that is gone.
    pub fn forget(&self, session: SessionId) {
        self.lows.forget(session);
        self.replays.forget(session);
    }

    /// Up to where a consumer is done with everything; none where it has no place.
    pub(crate) async fn low(&self, session: SessionId, consumer: &Consumer) -> Result<Option<Position>, StoreError> {
        self.stored_low(Space::Session(session), consumer).await
    }

    async fn stored_low(&self, space: Space, consumer: &Consumer) -> Result<Option<Position>, StoreError> {
        let key = low_key(consumer);
        let Some(value) = self.store.get(space, &key).await? else {
            return Ok(None);
        };
        let Low(low) = codec::decode(&key, &value)?;
        Ok(Some(low))
    }

    /// Every row of one table and consumer above a position.
    async fn all(
        &self,
        space: Space,
        table: u8,
        consumer: &Consumer,
        above: Position,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let mut range =
            KeyRange::prefix(schema::of(table, consumer).as_slice()).after(&schema::of_at(table, consumer, above));
        let mut all = Vec::new();
        loop {
            let page = self
                .store
                .scan(space, range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else { return Ok(all) };
            range = range.after(last);
            all.extend(page);
        }
    }
}

pub(crate) fn done_key(holder: &impl Holder, position: Position) -> Bytes {
    schema::of_at(session::DONE, holder, position)
}

pub(crate) const fn done_mark() -> Bytes {
    Bytes::from_static(&[1])
}

pub(crate) fn attempt_key(holder: &impl Holder, position: Position) -> Bytes {
    schema::of_at(session::ATTEMPT, holder, position)
}

fn low_key(holder: &impl Holder) -> Bytes {
    schema::of(session::LOW, holder).finish()
}

fn position_in(key: &[u8]) -> Position {
    Position(schema::trailing_number(key).unwrap_or_default())
}

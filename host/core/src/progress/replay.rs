//! Dead letters, given another chance or thrown away.
//!
//! A replay is a row beside the marks, which stay as they are: for them the event is done. The commit of the replayed call's draft
//! removes the row, and so does parking the event again, so that a replay is made until one of both happens, whatever crashes.

use bytes::Bytes;
use tokio::sync::watch;

use super::{Progress, position_in};
use crate::consumer::Consumer;
use crate::event::Position;
use crate::id::SessionId;
use crate::schema::{self, Holder, session};
use crate::store::{Applied, Commit, Expect, Space, StoreError};

/// Which time an event is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Round {
    /// In the order of the log.
    #[default]
    First,
    /// Again, because an operator wants a dead letter replayed.
    Replay,
}

impl Progress {
    /// Turns a dead letter into a replay. Answers whether there was one.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn replay(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
        position: Position,
    ) -> Result<Found, StoreError> {
        let consumer = &consumer.into();
        let commit = Commit::durable(Space::Session(session)).put(replay_key(consumer, position), replay_mark());
        let found = self.take_letter(session, consumer, position, commit).await?;
        if found == Found::Yes {
            self.wake_replays(session);
        }
        Ok(found)
    }

    /// Throws a dead letter away. Answers whether there was one.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn discard(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
        position: Position,
    ) -> Result<Found, StoreError> {
        let consumer = &consumer.into();
        let commit = Commit::durable(Space::Session(session));
        self.take_letter(session, consumer, position, commit).await
    }

    async fn take_letter(
        &self,
        session: SessionId,
        consumer: &Consumer,
        position: Position,
        commit: Commit,
    ) -> Result<Found, StoreError> {
        let key = schema::of_at(session::DEAD_LETTER, consumer, position);
        let Some(letter) = self.store.get(Space::Session(session), &key).await? else {
            return Ok(Found::No);
        };
        let commit = commit.delete(key.clone()).expect(Expect::Equals(key, letter));
        match self.store.commit(commit).await {
            Ok(applied) => {
                applied.durable().await?;
                Ok(Found::Yes)
            }
            // Somebody else took it in this moment.
            Err(StoreError::Conflict) => Ok(Found::No),
            Err(error) => Err(error),
        }
    }

    /// Gives a replay up that comes to no call.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn forget_replay(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
        position: Position,
    ) -> Result<Applied, StoreError> {
        let consumer = &consumer.into();
        self.store
            .commit(Commit::lazy(Space::Session(session)).delete(replay_key(consumer, position)))
            .await
    }

    /// Events that wait for being handled again, in the order of the log.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn replays(
        &self,
        session: SessionId,
        consumer: impl Into<Consumer> + Send,
    ) -> Result<Vec<Position>, StoreError> {
        let consumer = &consumer.into();
        let rows = self
            .all(Space::Session(session), session::REPLAY, consumer, Position::default())
            .await?;
        Ok(rows.iter().map(|(key, _)| position_in(key)).collect())
    }

    /// Says that somebody is to be told again.
    pub(crate) fn wake_replays(&self, session: SessionId) {
        self.replays.of(session).send_replace(());
    }

    /// Says that there are new replays in a session.
    #[must_use]
    pub fn replay_wake(&self, session: SessionId) -> watch::Receiver<()> {
        self.replays.of(session).subscribe()
    }
}

/// Whether something was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// It was, and is dealt with.
    Yes,
    /// It was not.
    No,
}

pub(crate) fn replay_key(holder: &impl Holder, position: Position) -> Bytes {
    schema::of_at(session::REPLAY, holder, position)
}

pub(crate) const fn replay_mark() -> Bytes {
    Bytes::from_static(&[1])
}

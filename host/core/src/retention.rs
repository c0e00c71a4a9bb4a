//! What is let go of a session's past: events that everybody is done with, and effects that are over, once they are old.
//!
//! Of the log it is always the beginning that goes, so that it stays without gaps. Whoever is not done with an event holds it and all behind
//! it: a consumer at work, the mailbox, somebody who is told a range again. What a consumer has given up goes with its event, for nobody could
//! take it up again. The newest event stays, whatever its age: positions go on behind it.
//!
//! Effects that failed stay: they are what somebody still looks for.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::consumer::Consumer;
use crate::delivery::Deliveries;
use crate::event::Position;
use crate::id::SessionId;
use crate::log::{Log, LogError};
use crate::mailbox::Mailbox;
use crate::outbox::Outbox;
use crate::progress::Progress;
use crate::schema::{self, session};
use crate::store::{Commit, Expect, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// The pasts of all sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct Retention {
    store: Arc<dyn Store>,
    log: Log,
    outbox: Outbox,
    mailbox: Mailbox,
    progress: Progress,
    deliveries: Deliveries,
}

/// What was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LetGo {
    /// Events.
    pub events: usize,
    /// Effects.
    pub effects: usize,
}

/// The stored form of how far a log was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Trimmed(pub(crate) Position);

impl Record for Trimmed {
    const VERSION: u8 = 1;
}

impl Trimmed {
    pub(crate) fn key() -> bytes::Bytes {
        schema::Key::table(session::TRIMMED).finish()
    }

    /// How far the log of a session was let go.
    pub(crate) async fn of(store: &dyn Store, session: SessionId) -> Result<Self, StoreError> {
        let key = Self::key();
        let stored = store.get(Space::Session(session), &key).await?;
        let stored = stored.map(|stored| codec::decode(&key, &stored)).transpose()?;
        Ok(stored.unwrap_or_default())
    }
}

impl Retention {
    /// Those in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, log: Log, outbox: Outbox, mailbox: Mailbox, progress: Progress) -> Self {
        let deliveries = Deliveries::new(Arc::clone(&store), progress.clone());
        Self {
            store,
            log,
            outbox,
            mailbox,
            progress,
            deliveries,
        }
    }

    /// Lets go of what is from before `since` and that nobody holds. `consumers` are those at work; others hold nothing.
    ///
    /// # Errors
    /// Those of the store; what was let go before is gone.
    pub async fn prune(&self, session: SessionId, since: UnixMs, consumers: &[Consumer]) -> Result<LetGo, LogError> {
        let mut gone = LetGo::default();
        loop {
            let some = self.prune_events(session, since, consumers).await?;
            gone.events += some;
            if some == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
        let (_, taken) = self.mailbox.taken(session).await?;
        gone.effects = self.outbox.let_go(session, taken, since).await?;
        Ok(gone)
    }

    /// Lets go of the first events, one commit's worth; answers how many.
    async fn prune_events(&self, session: SessionId, since: UnixMs, consumers: &[Consumer]) -> Result<usize, LogError> {
        let free = self.free(session, consumers).await?;
        let before = Trimmed::of(&*self.store, session).await?.0;
        let mut commit = Commit::lazy(Space::Session(session));
        let Some(last) = self.log.let_go(session, (before, free), since, &mut commit.ops).await? else {
            return Ok(0);
        };
        for consumer in consumers {
            self.let_letters_go(session, consumer, last, &mut commit).await?;
            match consumer {
                Consumer::Installation(_) => {}
                Consumer::Webhook(webhook) => self.deliveries.let_go(session, *webhook, last, &mut commit.ops).await?,
            }
        }
        commit.ops.push(Op::Put(Trimmed::key(), codec::encode(&Trimmed(last))));
        match self.store.commit(commit).await {
            Ok(_) => Ok(usize::try_from(last.0 - before.0).unwrap_or(usize::MAX)),
            // A dead letter has just been taken up: its event is looked at the next time.
            Err(StoreError::Conflict) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// The last event that nobody holds.
    async fn free(&self, session: SessionId, consumers: &[Consumer]) -> Result<Position, LogError> {
        let before = |position: Position| Position(position.0.saturating_sub(1));
        let (taken, _) = self.mailbox.taken(session).await?;
        let mut free = before(self.log.head(session).await?).min(taken);
        for consumer in consumers {
            // One without a place in this log begins at its end.
            if let Some(low) = self.progress.low(session, consumer).await? {
                free = free.min(low);
            }
            if let Some(first) = self.progress.replays(session, consumer).await?.first() {
                free = free.min(before(*first));
            }
            match consumer {
                Consumer::Installation(_) => {}
                Consumer::Webhook(webhook) => {
                    if let Some(range) = self.deliveries.again(session, *webhook).await? {
                        free = free.min(before(range.next));
                    }
                }
            }
        }
        Ok(free)
    }

    /// Adds the writes that remove what a consumer has given up, up to `last`, unless somebody takes it up meanwhile.
    async fn let_letters_go(
        &self,
        session: SessionId,
        consumer: &Consumer,
        last: Position,
        commit: &mut Commit,
    ) -> Result<(), StoreError> {
        let mut range = KeyRange {
            start: schema::of(session::DEAD_LETTER, consumer).finish(),
            end: Some(schema::of_at(session::DEAD_LETTER, consumer, last.next())),
        };
        loop {
            let space = Space::Session(session);
            let page = self
                .store
                .scan(space, range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            range = range.after(last);
            for (key, letter) in page {
                commit.expect.push(Expect::Equals(key.clone(), letter));
                commit.ops.push(Op::Delete(key));
            }
        }
    }
}

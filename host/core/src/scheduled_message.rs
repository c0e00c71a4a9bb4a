//! Messages that are to be sent later: durable until they are handed to the outbox, or called off.
//!
//! Which are due is in memory, read when the host starts ([`ScheduledMessages::take_up`]). One that is due is handed over under an id that
//! derives from its own ([`ScheduledMessageId`]), so that a crash between handing over and forgetting hands it over once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::effect::Action;
use crate::id::{EventId, ScheduledMessageId, SessionId};
use crate::long_record;
use crate::schema::{Key, session};
use crate::store::{Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// A message that is to be sent later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScheduledMessage {
    /// Its name.
    pub id: ScheduledMessageId,
    /// When it is to be sent.
    pub due: UnixMs,
    /// What is to be done then.
    pub action: Action,
    /// When it was asked for.
    pub created_at: UnixMs,
}

impl Record for ScheduledMessage {
    const VERSION: u8 = 1;
}

impl ScheduledMessage {
    /// The request under which it is handed to the outbox.
    #[must_use]
    pub const fn request(&self) -> EventId {
        EventId::new(self.id.ulid())
    }
}

type Due = (UnixMs, SessionId, ScheduledMessageId);

/// The scheduled messages of all sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct ScheduledMessages {
    store: Arc<dyn Store>,
    due: Arc<Mutex<BTreeSet<Due>>>,
    /// Held while one is handed over or called off: only one of both happens.
    turn: Arc<tokio::sync::Mutex<()>>,
    wake: watch::Sender<()>,
}

impl ScheduledMessages {
    /// Those in `store`; which are due is not known before [`ScheduledMessages::take_up`].
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            due: Arc::default(),
            turn: Arc::default(),
            wake: watch::Sender::new(()),
        }
    }

    /// Reads when those of a session are due.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn take_up(&self, session: SessionId) -> Result<(), StoreError> {
        let mut range = KeyRange::prefix(&[session::SCHEDULED_MESSAGE_DUE]);
        loop {
            let page = self
                .store
                .scan(Space::Session(session), range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else {
                self.wake.send_replace(());
                return Ok(());
            };
            range = range.after(last);
            let found = page
                .iter()
                .filter_map(|(key, _)| due_in(key))
                .map(|(at, id)| (at, session, id));
            self.all().extend(found);
        }
    }

    /// Keeps messages; durable when this returns.
    ///
    /// # Errors
    /// Those of the store; none is kept then.
    pub async fn add(&self, session: SessionId, messages: &[ScheduledMessage]) -> Result<(), StoreError> {
        let mut commit = Commit::durable(Space::Session(session));
        for message in messages {
            long_record::put(&mut commit.ops, row(message.id), codec::encode(message))?;
            commit.ops.push(Op::Put(due_row(message), Bytes::new()));
        }
        self.store.commit(commit).await?.durable().await?;
        self.all()
            .extend(messages.iter().map(|message| (message.due, session, message.id)));
        self.wake.send_replace(());
        Ok(())
    }

    /// Those of a session behind `after`, by their ids.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(
        &self,
        session: SessionId,
        after: Option<ScheduledMessageId>,
        limit: usize,
    ) -> Result<Vec<ScheduledMessage>, StoreError> {
        let space = Space::Session(session);
        let mut range = KeyRange::prefix(&[session::SCHEDULED_MESSAGE]);
        if let Some(after) = after {
            range = range.after(&row(after));
        }
        let mut messages = Vec::new();
        for (key, value) in self.store.scan(space, range, Order::Ascending, limit).await? {
            let value = long_record::get(&*self.store, space, &key, value).await?;
            messages.push(codec::decode(&key, &value)?);
        }
        Ok(messages)
    }

    /// One of them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(
        &self,
        session: SessionId,
        id: ScheduledMessageId,
    ) -> Result<Option<ScheduledMessage>, StoreError> {
        let (space, key) = (Space::Session(session), row(id));
        let Some(value) = self.store.get(space, &key).await? else {
            return Ok(None);
        };
        let value = long_record::get(&*self.store, space, &key, value).await?;
        codec::decode(&key, &value).map(Some)
    }

    /// Calls one off, for good when this returns; none when it is not there (any more).
    ///
    /// # Errors
    /// Those of the store.
    pub async fn call_off(
        &self,
        session: SessionId,
        id: ScheduledMessageId,
    ) -> Result<Option<ScheduledMessage>, StoreError> {
        let _turn = self.turn.lock().await;
        let found = self.get(session, id).await?;
        if let Some(message) = &found {
            self.forget(session, message).await?;
        }
        Ok(found)
    }

    /// When the next one is due, of any session.
    #[must_use]
    pub fn next(&self) -> Option<UnixMs> {
        self.all().first().map(|(at, ..)| *at)
    }

    /// Tells when what is due may have changed.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.wake.subscribe()
    }

    /// Hands over the first one that is due by `now`: `hand_over` puts it into the outbox, durably, and may be called again for the same
    /// one after a crash. Answers whether there was one.
    ///
    /// # Errors
    /// Those of the store and of `hand_over`; the message is kept then.
    pub async fn hand_over<E: From<StoreError>>(
        &self,
        now: UnixMs,
        hand_over: impl AsyncFnOnce(SessionId, &ScheduledMessage) -> Result<(), E>,
    ) -> Result<bool, E> {
        let _turn = self.turn.lock().await;
        let first = self.all().first().copied().filter(|(at, ..)| *at <= now);
        let Some(due @ (_, session, id)) = first else {
            return Ok(false);
        };
        match self.get(session, id).await? {
            Some(message) => {
                hand_over(session, &message).await?;
                self.forget(session, &message).await?;
            }
            // Its session is gone.
            None => {
                self.all().remove(&due);
            }
        }
        Ok(true)
    }

    async fn forget(&self, session: SessionId, message: &ScheduledMessage) -> Result<(), StoreError> {
        let (space, key) = (Space::Session(session), row(message.id));
        let mut commit = Commit::durable(space).delete(due_row(message));
        if let Some(value) = self.store.get(space, &key).await? {
            long_record::delete(&mut commit.ops, key, &value);
        }
        self.store.commit(commit).await?.durable().await?;
        self.all().remove(&(message.due, session, message.id));
        Ok(())
    }

    fn all(&self) -> MutexGuard<'_, BTreeSet<Due>> {
        // Only inserted into and removed from; neither leaves it half-way.
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn row(id: ScheduledMessageId) -> Bytes {
    Key::table(session::SCHEDULED_MESSAGE)
        .bytes(&id.ulid().to_bytes())
        .finish()
}

fn due_row(message: &ScheduledMessage) -> Bytes {
    Key::table(session::SCHEDULED_MESSAGE_DUE)
        .number(message.due.0)
        .bytes(&message.id.ulid().to_bytes())
        .finish()
}

fn due_in(key: &[u8]) -> Option<(UnixMs, ScheduledMessageId)> {
    let at = u64::from_be_bytes(key.get(1..9)?.try_into().ok()?);
    let id: [u8; 16] = key.get(9..)?.try_into().ok()?;
    Some((UnixMs(at), ScheduledMessageId::new(ulid::Ulid::from_bytes(id))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{NOON, SESSION, World, on_every_engine, send};

    const ADA: &str = "4915100000001@s.whatsapp.net";

    fn message(number: u128, due: u64) -> ScheduledMessage {
        ScheduledMessage {
            id: ScheduledMessageId::new(ulid::Ulid(number)),
            due: UnixMs(NOON.0 + due),
            action: send(ADA, &"long ".repeat(20_000)),
            created_at: NOON,
        }
    }

    async fn hands_over(all: &ScheduledMessages, now: UnixMs) -> Vec<ScheduledMessageId> {
        let mut handed = Vec::new();
        while all
            .hand_over(now, async |_, message| {
                handed.push(message.id);
                Ok::<_, StoreError>(())
            })
            .await
            .expect("the store works")
        {}
        handed
    }

    on_every_engine! {
        async fn messages_are_handed_over_when_they_are_due_and_once(world: &mut World) {
            let all = ScheduledMessages::new(world.store.clone());
            let [late, soon, never] = [message(1, 20), message(2, 10), message(3, 15)];
            all.add(SESSION, &[late.clone(), soon.clone(), never.clone()]).await.expect("they are kept");
            assert_eq!(all.list(SESSION, Some(late.id), 10).await.expect("it lists"), [soon.clone(), never.clone()]);
            assert_eq!(all.call_off(SESSION, never.id).await.expect("it is called off"), Some(never.clone()));
            assert_eq!(all.call_off(SESSION, never.id).await.expect("it looks"), None);
            assert_eq!(all.next(), Some(soon.due));
            assert_eq!(hands_over(&all, NOON).await, []);
            assert_eq!(hands_over(&all, soon.due).await, [soon.id]);
            drop(all);
            world.restart();
            let all = ScheduledMessages::new(world.store.clone());
            all.take_up(SESSION).await.expect("it reads");
            assert_eq!(hands_over(&all, late.due).await, [late.id]);
            assert_eq!(all.list(SESSION, None, 10).await.expect("it lists"), []);
            assert_eq!(all.next(), None);
        }

        async fn what_was_not_handed_over_is_kept(world: &mut World) {
            let all = ScheduledMessages::new(world.store.clone());
            let one = message(1, 0);
            all.add(SESSION, std::slice::from_ref(&one)).await.expect("it is kept");
            let refused = all.hand_over(NOON, async |_, _| Err(StoreError::Conflict)).await;
            assert!(matches!(refused, Err(StoreError::Conflict)));
            assert_eq!(hands_over(&all, NOON).await, [one.id]);
        }
    }
}

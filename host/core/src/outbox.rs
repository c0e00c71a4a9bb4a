//! What shall be done outside, durable and ordered, one queue per session.
//!
//! Two things put effects in: the commit of a plugin call's draft ([`Outbox::commit_draft`]) and the REST API ([`Outbox::submit`]).
//! Only the sink takes from it ([`Outbox::due`]) and reports what became of them ([`Outbox::progress`]). An effect is given out only when
//! it is durable, so that nothing leaves the process that a crash would make undone.

mod commit;
mod letting_go;
mod listing;
mod meters;
mod queue;
mod removal;
mod sent_keys;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::clock::{Clock, UnixMs};
use crate::codec::{self, Record};
use crate::data_version::DataVersions;
use crate::draft::{Draft, KvRead, KvWrite};
use crate::effect::{Action, Cause, Effect, EffectState, Progress};
use crate::event::{Event, Position};
use crate::id::{EffectId, EventId, InstallationId, MessageId, SessionId};
use crate::kv::{KvView, Quota};
use crate::log::{Log, LogError};
use crate::long_record;
use crate::per_session::PerSession;
use crate::progress::Round;
use crate::schema::{self, session};
use crate::store::{Applied, Commit, KeyRange, Order, Space, Store, StoreError};
use crate::timer::Timers;
pub use listing::Listed;
pub use meters::Meters;
pub use queue::Backlog;
use queue::Queue;
pub(crate) use queue::Settled;
pub use sent_keys::KEY_LIFE;
pub(crate) use sent_keys::Sent;

/// Which call a draft comes from.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The event that was handled.
    pub event: &'a Event,
    /// Who handled it.
    pub installation: &'a InstallationId,
    /// How much it may store in this session.
    pub quota: Quota,
    /// How much its dialogues may store in this session.
    pub dialogue_quota: Quota,
    /// Which time the event is handled.
    pub round: Round,
    /// Installations that do not get the event because of what this one says: they are done with it in the same commit.
    pub also_done: &'a [InstallationId],
}

/// What became of an installation's values in one session.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Migration {
    /// Writes, in this order.
    pub writes: Vec<KvWrite>,
    /// What was seen of the values and is relied on.
    pub reads: Vec<KvRead>,
    /// The form they have now.
    pub data_version: u32,
}

/// Effects that are in the outbox now.
#[derive(Debug)]
pub struct Committed {
    /// They.
    pub effects: Vec<Effect>,
    /// Durable when they are.
    pub applied: Applied,
}

/// Why a draft was not committed. Nothing of it was.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CommitError {
    /// A value the call relies on has changed meanwhile: make the call again.
    #[error("a stored value has changed since the call read it")]
    Conflict,
    /// This call (or request) was committed before; its effects stand.
    #[error("this call was committed before")]
    AlreadyDone,
    /// The call would store more than was granted.
    #[error("the call would store {bytes} bytes under {keys} keys; granted are {} bytes and {} keys", quota.bytes, quota.keys)]
    KvQuota {
        /// Bytes it would come to.
        bytes: u64,
        /// Keys it would come to.
        keys: u64,
        /// What is granted.
        quota: Quota,
    },
    /// The store failed.
    #[error("the outbox could not be written")]
    Store(#[from] StoreError),
}

impl From<LogError> for CommitError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Conflict => Self::Conflict,
            LogError::Store(error) => Self::Store(error),
        }
    }
}

/// The stored form of an effect as it was asked for; session and sequence are in its key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EffectRecord {
    pub(crate) id: EffectId,
    cause: Cause,
    action: Action,
    created_at: UnixMs,
}

impl Record for EffectRecord {
    const VERSION: u8 = 1;
}

/// The stored form of how far an effect has come. An effect without one is pending and untried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateRecord {
    state: EffectState,
    attempts: u32,
}

impl StateRecord {
    /// Whether something is still to be done.
    pub(crate) const fn is_pending(&self) -> bool {
        self.state.is_pending()
    }

    const fn untried() -> Self {
        Self {
            state: EffectState::Pending {
                not_before: UnixMs(0),
                last_error: None,
            },
            attempts: 0,
        }
    }
}

impl Record for StateRecord {
    const VERSION: u8 = 1;
}

/// The stored form of where an effect is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) sequence: Position,
    pub(crate) id: EffectId,
}

impl Record for Place {
    const VERSION: u8 = 1;
}

/// The outboxes of all sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct Outbox {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    kv: KvView,
    dialogues: KvView,
    timers: Timers,
    data_versions: DataVersions,
    /// Where what drafts publish is recorded.
    log: Log,
    meters: Meters,
    queues: Arc<PerSession<Queue>>,
}

impl Outbox {
    /// The outboxes in `store`; what drafts publish is recorded in `log`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, log: Log) -> Self {
        let kv = KvView::new(Arc::clone(&store), Arc::clone(&clock));
        let dialogues = KvView::of_dialogues(Arc::clone(&store), Arc::clone(&clock));
        let timers = Timers::new(Arc::clone(&store));
        let data_versions = DataVersions::new(Arc::clone(&store));
        Self {
            store,
            clock,
            kv,
            dialogues,
            timers,
            data_versions,
            log,
            meters: Meters::default(),
            queues: Arc::default(),
        }
    }

    /// The same outboxes, measured by `meters`.
    #[must_use]
    pub fn measured(self, meters: Meters) -> Self {
        Self { meters, ..self }
    }

    /// How much is pending in the sessions that are at work.
    pub async fn backlog(&self) -> Backlog {
        let mut all = Backlog::default();
        for queue in self.queues.each() {
            let Backlog { pending, oldest } = queue.backlog().await;
            all.pending += pending;
            all.oldest = all.oldest.into_iter().chain(oldest).min();
        }
        all
    }

    /// The values drafts write.
    #[must_use]
    pub const fn kv(&self) -> &KvView {
        &self.kv
    }

    /// What drafts write of dialogues.
    #[must_use]
    pub const fn dialogues(&self) -> &KvView {
        &self.dialogues
    }

    /// The timers drafts set.
    #[must_use]
    pub const fn timers(&self) -> &Timers {
        &self.timers
    }

    /// The forms of the values drafts write.
    #[must_use]
    pub const fn data_versions(&self) -> &DataVersions {
        &self.data_versions
    }

    /// Commits everything one call asks for, and that the call was made, at once: effects, values, dialogues, timers, done-mark.
    ///
    /// # Errors
    /// See [`CommitError`]; nothing of the draft is committed then.
    pub async fn commit_draft(
        &self,
        session: SessionId,
        call: Call<'_>,
        draft: Draft,
    ) -> Result<Committed, CommitError> {
        let committed = commit::draft(self, session, call, draft).await;
        self.meters.drafted(&committed);
        committed
    }

    /// Commits what a migration made of an installation's values in a session, and that they are of another form now, at once.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] when a value has changed since the migration read it, [`CommitError::KvQuota`], or the store's.
    pub async fn commit_migration(
        &self,
        session: SessionId,
        installation: &InstallationId,
        quota: Quota,
        migration: Migration,
    ) -> Result<Applied, CommitError> {
        commit::migration(self, session, installation, quota, migration).await
    }

    /// Puts in one effect that a call wants to leave at once, whatever becomes of the call.
    ///
    /// # Errors
    /// [`CommitError::AlreadyDone`] when an earlier attempt at the call asked for the same, else the store's.
    pub async fn at_once(
        &self,
        session: SessionId,
        cause: Cause,
        id: EffectId,
        action: Action,
    ) -> Result<Committed, CommitError> {
        commit::at_once(self, session, cause, id, action).await
    }

    /// Puts the effects of one REST request in.
    ///
    /// # Errors
    /// [`CommitError::AlreadyDone`] when the same request was submitted before, else the store's.
    pub async fn submit(
        &self,
        session: SessionId,
        request: EventId,
        actions: Vec<Action>,
    ) -> Result<Committed, CommitError> {
        commit::request(self, session, request, actions).await
    }

    /// Up to `limit` pending effects behind `after`, in sequence, all of them durable. Effects whose time has not come are among them,
    /// because they hold back those behind them in the same chat: look at [`EffectState::Pending`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn due(&self, session: SessionId, after: Position, limit: usize) -> Result<Vec<Effect>, StoreError> {
        let queue = self.queues.of(session);
        let waiting = queue.lock(self, session).await?.pending(after, limit);
        let mut effects = Vec::with_capacity(waiting.len());
        for (sequence, state, cached) in waiting {
            let effect = match cached {
                Some(effect) => Some(effect.as_ref().clone()),
                None => self.read(session, sequence).await?,
            };
            if let Some(effect) = effect {
                effects.push(Effect {
                    state: state.state,
                    attempts: state.attempts,
                    ..effect
                });
            }
        }
        if let Some(last) = effects.last() {
            queue.ensure_durable(&*self.store, last.sequence).await?;
        }
        Ok(effects)
    }

    /// Notes what became of an attempt, or what a receipt tells. States only move forward: news that is older than what is known changes
    /// nothing. Answers the state afterwards; none when there is no such effect. Lazy: a crash repeats the attempt.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn progress(
        &self,
        session: SessionId,
        id: EffectId,
        news: Progress,
    ) -> Result<Option<EffectState>, StoreError> {
        let queue = self.queues.of(session);
        let _turn = queue.turn(id).await;
        let waiting = queue.lock(self, session).await?.waiting(id);
        let (sequence, known, about) = match waiting {
            Some((sequence, known, about)) => (sequence, known, Some(about)),
            None => match self
                .place(session, &id.message_id())
                .await?
                .filter(|place| place.id == id)
            {
                Some(place) => (place.sequence, self.state(session, place.sequence).await?, None),
                None => return Ok(None),
            },
        };
        let now = self.clock.now();
        let Some(next) = queue::advance(&known, news, now) else {
            return Ok(Some(known.state));
        };
        let mut commit = Commit::lazy(Space::Session(session))
            .put(schema::at(session::EFFECT_STATE, sequence), codec::encode(&next));
        commit
            .ops
            .extend(queue.lock(self, session).await?.settle(sequence, &next));
        // Not under the lock: news of other effects, and new effects, need not wait for this.
        queue.doubting(self.store.commit(commit)).await?;
        queue.lock(self, session).await?.settled(sequence, &next);
        if let Some(about) = about {
            self.meters.moved(about, &next.state, now);
        }
        queue.tell();
        Ok(Some(next.state))
    }

    /// Up to `limit` (at most 1000) effects behind `after`, in sequence, whatever has become of them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn all(&self, session: SessionId, after: Position, limit: usize) -> Result<Vec<Effect>, StoreError> {
        let space = Space::Session(session);
        let range = KeyRange::prefix(&[session::EFFECT]).after(&schema::at(session::EFFECT, after));
        let rows = self.store.scan(space, range, Order::Ascending, limit).await?;
        let mut effects = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            let sequence = Position(schema::trailing_number(&key).unwrap_or_default());
            effects.push(self.whole(session, sequence, &key, value).await?);
        }
        Ok(effects)
    }

    /// The effect of a sequence.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn at(&self, session: SessionId, sequence: Position) -> Result<Option<Effect>, StoreError> {
        let key = schema::at(session::EFFECT, sequence);
        match self.store.get(Space::Session(session), &key).await? {
            None => Ok(None),
            Some(value) => self.whole(session, sequence, &key, value).await.map(Some),
        }
    }

    async fn whole(
        &self,
        session: SessionId,
        sequence: Position,
        key: &[u8],
        value: bytes::Bytes,
    ) -> Result<Effect, StoreError> {
        let value = long_record::get(&*self.store, Space::Session(session), key, value).await?;
        let record: EffectRecord = codec::decode(key, &value)?;
        let StateRecord { state, attempts } = self.state(session, sequence).await?;
        Ok(Effect {
            state,
            attempts,
            ..record.at(session, sequence)
        })
    }

    /// Changes with every piece of news of an effect. Missed ones are not made up for.
    #[must_use]
    pub fn news(&self, session: SessionId) -> watch::Receiver<u64> {
        self.queues.of(session).news()
    }

    /// Which effect a WhatsApp message came from; none when it is not one of this outbox.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn by_message(&self, session: SessionId, message: &MessageId) -> Result<Option<EffectId>, StoreError> {
        Ok(self.place(session, message).await?.map(|place| place.id))
    }

    /// One effect.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, session: SessionId, id: EffectId) -> Result<Option<Effect>, StoreError> {
        let Some(place) = self
            .place(session, &id.message_id())
            .await?
            .filter(|place| place.id == id)
        else {
            return Ok(None);
        };
        let Some(effect) = self.read(session, place.sequence).await? else {
            return Ok(None);
        };
        let StateRecord { state, attempts } = self.state(session, place.sequence).await?;
        Ok(Some(Effect {
            state,
            attempts,
            ..effect
        }))
    }

    /// Tells of every new effect's sequence. Missed ones are not made up for: ask [`Outbox::due`] until there is nothing more.
    #[must_use]
    pub fn wake(&self, session: SessionId) -> watch::Receiver<Position> {
        self.queues.of(session).wake()
    }

    /// Forgets what is in memory of a session that is gone.
    pub fn forget(&self, session: SessionId) {
        self.queues.forget(session);
        self.timers.forget(session);
    }

    async fn place(&self, session: SessionId, message: &MessageId) -> Result<Option<Place>, StoreError> {
        let key = place_key(message);
        let value = self.store.get(Space::Session(session), &key).await?;
        value.map(|value| codec::decode(&key, &value)).transpose()
    }

    /// An effect as it was asked for.
    async fn read(&self, session: SessionId, sequence: Position) -> Result<Option<Effect>, StoreError> {
        let space = Space::Session(session);
        let key = schema::at(session::EFFECT, sequence);
        let Some(value) = self.store.get(space, &key).await? else {
            return Ok(None);
        };
        let value = long_record::get(&*self.store, space, &key, value).await?;
        let record: EffectRecord = codec::decode(&key, &value)?;
        Ok(Some(record.at(session, sequence)))
    }

    async fn state(&self, session: SessionId, sequence: Position) -> Result<StateRecord, StoreError> {
        let key = schema::at(session::EFFECT_STATE, sequence);
        match self.store.get(Space::Session(session), &key).await? {
            None => Ok(StateRecord::untried()),
            Some(value) => codec::decode(&key, &value),
        }
    }
}

impl EffectRecord {
    fn at(self, session: SessionId, sequence: Position) -> Effect {
        let StateRecord { state, attempts } = StateRecord::untried();
        let Self {
            id,
            cause,
            action,
            created_at,
        } = self;
        Effect {
            id,
            session,
            sequence,
            cause,
            action,
            created_at,
            state,
            attempts,
        }
    }
}

pub(crate) fn place_key(message: &MessageId) -> bytes::Bytes {
    schema::Key::table(session::EFFECT_ID)
        .bytes(message.as_str().as_bytes())
        .into()
}

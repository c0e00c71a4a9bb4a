//! What is in memory of one session's outbox: the next sequence, what is pending, how much installations store.
//!
//! It is read from the store on first use, from the settled mark on, so that old effects cost nothing. Its lock is held while a commit
//! is applied; that is what makes sequences dense and usage exact.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::{Mutex, MutexGuard, watch};

use super::{EffectRecord, Outbox, StateRecord};
use crate::clock::UnixMs;
use crate::codec;
use crate::effect::{Effect, EffectState, Progress};
use crate::event::Position;
use crate::id::{EffectId, SessionId};
use crate::kv::Usage;
use crate::long_record;
use crate::schema::{self, session};
use crate::store::{Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// Pending effects kept in memory whole; those beyond are read when they are due.
const WHOLE: usize = 256;
/// News of so many effects can be on their way to the store at once.
const TURNS: usize = 16;
/// The settled mark is stored each time it has moved this far.
const SETTLE_EVERY: u64 = 64;

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<Option<Pending>>,
    wake: watch::Sender<Position>,
    news: watch::Sender<u64>,
    /// Everything up to this sequence is durable.
    durable: AtomicU64,
    /// News of one effect are taken one after another: each effect has its turn here, several share one.
    turns: [Mutex<()>; TURNS],
    /// Whoever waited for the commit of an effect's state has gone.
    in_doubt: AtomicBool,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            state: Mutex::new(None),
            wake: watch::Sender::new(Position::default()),
            news: watch::Sender::new(0),
            durable: AtomicU64::new(0),
            turns: std::array::from_fn(|_| Mutex::new(())),
            in_doubt: AtomicBool::new(false),
        }
    }
}

/// Says, when it is dropped, that memory may be behind the store.
struct Doubt<'a>(&'a AtomicBool);

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What is known of a pending effect without reading it.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    /// [`crate::effect::Action::name`].
    pub(super) kind: &'static str,
    /// When it was asked for.
    pub(super) asked: UnixMs,
}

/// How much is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Effects that have not been sent, and have not failed.
    pub pending: usize,
    /// When the oldest of them was asked for.
    pub oldest: Option<UnixMs>,
}

#[derive(Debug)]
struct Waiting {
    id: EffectId,
    about: About,
    state: StateRecord,
    effect: Option<Arc<Effect>>,
}

/// Whether it is known how the last commit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum End {
    #[default]
    Known,
    Unknown,
}

#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Unknown while a commit is under way. If whoever waits for it is dropped it stays so, and everything is read again.
    end: End,
    last: Position,
    waiting: BTreeMap<Position, Waiting>,
    by_id: HashMap<EffectId, Position>,
    whole: usize,
    /// The stored settled mark.
    settled: Position,
    /// What is counted, by the key it is stored under.
    usage: HashMap<Bytes, Usage>,
}

/// Exclusive access to what is pending.
pub(super) struct Locked<'a> {
    guard: MutexGuard<'a, Option<Pending>>,
    wake: &'a watch::Sender<Position>,
}

impl Queue {
    pub(super) fn wake(&self) -> watch::Receiver<Position> {
        self.wake.subscribe()
    }

    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    /// Says that something has become of an effect.
    pub(super) fn tell(&self) {
        self.news.send_modify(|news| *news = news.wrapping_add(1));
    }

    pub(super) async fn lock(&self, outbox: &Outbox, session: SessionId) -> Result<Locked<'_>, StoreError> {
        let mut guard = self.state.lock().await;
        let doubt = self.in_doubt.swap(false, Ordering::AcqRel);
        if doubt || guard.as_ref().is_none_or(|pending| pending.end == End::Unknown) {
            // Stays so until it is read, should this call be dropped or fail on the way.
            *guard = None;
            let pending = load(outbox, session).await?;
            if pending.last > Position::default() {
                self.wake.send_replace(pending.last);
            }
            *guard = Some(pending);
        }
        Ok(Locked {
            guard,
            wake: &self.wake,
        })
    }

    /// How much is pending, as far as anybody has asked before.
    pub(super) async fn backlog(&self) -> Backlog {
        let state = self.state.lock().await;
        state.as_ref().map_or_else(Backlog::default, |known| Backlog {
            pending: known.waiting.len(),
            oldest: known.waiting.values().map(|waiting| waiting.about.asked).next(),
        })
    }

    /// Keeps news of one effect in order.
    pub(super) async fn turn(&self, id: EffectId) -> MutexGuard<'_, ()> {
        let number = id.ulid().0 % TURNS as u128;
        self.turns[number as usize].lock().await
    }

    /// Waits for a commit that is made outside the lock. Whoever drops the wait does not take the commit back.
    pub(super) async fn doubting<T>(&self, commit: impl Future<Output = T>) -> T {
        let doubt = Doubt(&self.in_doubt);
        let committed = commit.await;
        std::mem::forget(doubt);
        committed
    }

    /// Resolves when every effect up to `sequence` is durable.
    pub(super) async fn ensure_durable(&self, store: &dyn Store, sequence: Position) -> Result<(), StoreError> {
        if self.durable.load(Ordering::Acquire) < sequence.0 {
            store.flush().await?;
            self.durable.fetch_max(sequence.0, Ordering::AcqRel);
        }
        Ok(())
    }
}

impl Locked<'_> {
    #[expect(
        clippy::expect_used,
        reason = "`Queue::lock` fills it before it gives out the guard, and nobody empties it"
    )]
    fn inner(&mut self) -> &mut Pending {
        self.guard.as_mut().expect("a locked queue is loaded")
    }

    /// Waits for a commit. Whoever drops the wait does not take the commit back.
    pub(super) async fn committing<T, E>(&mut self, commit: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        self.inner().end = End::Unknown;
        let committed = commit.await;
        self.inner().end = End::Known;
        committed
    }

    pub(super) fn last(&mut self) -> Position {
        self.inner().last
    }

    pub(super) fn usage(&mut self, key: &Bytes) -> Option<Usage> {
        self.inner().usage.get(key).copied()
    }

    pub(super) fn set_usage(&mut self, key: Bytes, usage: Usage) {
        self.inner().usage.insert(key, usage);
    }

    /// Takes effects in that were committed, and wakes the sink.
    pub(super) fn add(&mut self, effects: &[Effect]) {
        let inner = self.inner();
        for effect in effects {
            inner.last = inner.last.max(effect.sequence);
            inner.insert(
                effect.clone(),
                StateRecord {
                    state: effect.state.clone(),
                    attempts: effect.attempts,
                },
            );
        }
        let last = inner.last;
        if !effects.is_empty() {
            self.wake.send_replace(last);
        }
    }

    pub(super) fn pending(
        &mut self,
        after: Position,
        limit: usize,
    ) -> Vec<(Position, StateRecord, Option<Arc<Effect>>)> {
        let run = self
            .inner()
            .waiting
            .range((Bound::Excluded(after), Bound::Unbounded))
            .take(limit);
        run.map(|(sequence, waiting)| (*sequence, waiting.state.clone(), waiting.effect.clone()))
            .collect()
    }

    /// Where a pending effect is and how far it has come; none when it is not pending.
    pub(super) fn waiting(&mut self, id: EffectId) -> Option<(Position, StateRecord, About)> {
        let inner = self.inner();
        let sequence = *inner.by_id.get(&id)?;
        let waiting = inner.waiting.get(&sequence)?;
        Some((sequence, waiting.state.clone(), waiting.about))
    }

    /// The write that moves the settled mark, when it is worth one, given that `sequence` will be in state `next`.
    pub(super) fn settle(&mut self, sequence: Position, next: &StateRecord) -> Option<Op> {
        let inner = self.inner();
        if next.state.is_pending() {
            return None;
        }
        let first = inner.waiting.keys().find(|waiting| **waiting != sequence);
        let settled = first.map_or(inner.last, |first| Position(first.0.saturating_sub(1)));
        if settled.0 < inner.settled.0 + SETTLE_EVERY {
            return None;
        }
        inner.settled = settled;
        Some(Op::Put(
            schema::Key::table(session::SETTLED).finish(),
            codec::encode_as(1, &settled),
        ))
    }

    /// Takes a committed state in.
    pub(super) fn settled(&mut self, sequence: Position, next: &StateRecord) {
        let inner = self.inner();
        if next.state.is_pending() {
            if let Some(waiting) = inner.waiting.get_mut(&sequence) {
                waiting.state = next.clone();
            }
        } else if let Some(waiting) = inner.waiting.remove(&sequence) {
            inner.by_id.remove(&waiting.id);
            inner.whole -= usize::from(waiting.effect.is_some());
        }
    }
}

impl Pending {
    fn insert(&mut self, effect: Effect, state: StateRecord) {
        let (id, sequence) = (effect.id, effect.sequence);
        let about = About {
            kind: effect.action.name(),
            asked: effect.created_at,
        };
        let effect = (self.whole < WHOLE).then(|| Arc::new(effect));
        self.whole += usize::from(effect.is_some());
        self.by_id.insert(id, sequence);
        let waiting = Waiting {
            id,
            about,
            state,
            effect,
        };
        self.waiting.insert(sequence, waiting);
    }
}

/// What an effect's state becomes by news; none when it stays.
pub(super) fn advance(known: &StateRecord, news: Progress, now: UnixMs) -> Option<StateRecord> {
    let attempts = known.attempts;
    let tried = attempts.saturating_add(u32::from(known.state.is_pending()));
    let rank = |state: &EffectState| match state {
        EffectState::Pending { .. } | EffectState::Held { .. } => 0,
        EffectState::Sent { .. } => 1,
        EffectState::Delivered { .. } => 2,
        EffectState::Read { .. } => 3,
        EffectState::Failed { .. } => 4,
    };
    let next = match news {
        Progress::Sent => EffectState::Sent { at: now },
        Progress::Delivered => EffectState::Delivered { at: now },
        Progress::Read => EffectState::Read { at: now },
        Progress::Retry { not_before, error } => {
            let state = EffectState::Pending {
                not_before,
                last_error: Some(error),
            };
            return known
                .state
                .is_pending()
                .then_some(StateRecord { state, attempts: tried });
        }
        Progress::Held { until, because } => {
            let state = EffectState::Held { until, because };
            return known.state.is_pending().then_some(StateRecord { state, attempts });
        }
        // What is on somebody's device cannot fail any more.
        Progress::Failed { .. } if rank(&known.state) >= 2 => return None,
        Progress::Failed { reason, code } => EffectState::Failed { at: now, reason, code },
    };
    (rank(&next) > rank(&known.state)).then_some(StateRecord {
        state: next,
        attempts: tried,
    })
}

async fn load(outbox: &Outbox, session: SessionId) -> Result<Pending, StoreError> {
    let space = Space::Session(session);
    let store = &*outbox.store;
    // A commit whose caller has gone may still be on its way; this one is behind it.
    store.commit(Commit::lazy(space)).await?;
    let mut pending = Pending::default();
    let settled_key = schema::Key::table(session::SETTLED).finish();
    if let Some(value) = store.get(space, &settled_key).await? {
        pending.settled = codec::decode::<Settled>(&settled_key, &value)?.0;
        pending.last = pending.settled;
    }
    let behind = |table| KeyRange::prefix(&[table]).after(&schema::at(table, pending.settled));
    let mut states = HashMap::new();
    let mut range = behind(session::EFFECT_STATE);
    loop {
        let page = store.scan(space, range.clone(), Order::Ascending, MAX_SCAN).await?;
        let Some((last, _)) = page.last() else { break };
        range = range.after(last);
        for (key, value) in page {
            let state: StateRecord = codec::decode(&key, &value)?;
            states.insert(schema::trailing_number(&key).unwrap_or_default(), state);
        }
    }
    let mut range = behind(session::EFFECT);
    loop {
        let page = store.scan(space, range.clone(), Order::Ascending, MAX_SCAN).await?;
        let Some((last, _)) = page.last() else { break };
        range = range.after(last);
        for (key, value) in page {
            let number = schema::trailing_number(&key).unwrap_or_default();
            pending.last = Position(number);
            let state = states.remove(&number).unwrap_or(StateRecord::untried());
            if state.state.is_pending() {
                let value = long_record::get(store, space, &key, value).await?;
                let record: EffectRecord = codec::decode(&key, &value)?;
                pending.insert(record.at(session, Position(number)), state);
            }
        }
    }
    Ok(pending)
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Settled(pub(crate) Position);

impl codec::Record for Settled {
    const VERSION: u8 = 1;
}

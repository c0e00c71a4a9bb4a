//! The timers plugins set for themselves, per installation and session.
//!
//! A timer is set and cancelled by the commit of a draft. It fires through [`Timers::fire`]: its tick enters the log and the timer moves
//! on in one commit, so that each moment makes one tick, whatever crashes.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::draft::{Timer, TimerChange};
use crate::event::{Event, EventKind, Tick};
use crate::id::{InstallationId, ScheduleId, SessionId};
use crate::log::{Incoming, Log, LogError};
use crate::per_session::PerSession;
use crate::schema::{self, session};
use crate::store::{Applied, Commit, Expect, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

impl Record for Timer {
    const VERSION: u8 = 1;
}

/// A timer that is due, and what shall come of it.
#[derive(Debug, Clone)]
pub struct Firing {
    /// Whose timer.
    pub installation: InstallationId,
    /// The timer as [`Timers::due`] gave it.
    pub timer: Timer,
    /// The tick to record.
    pub tick: Tick,
    /// When the timer is due again; none removes it.
    pub next: Option<UnixMs>,
}

/// The timers of all sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct Timers {
    store: Arc<dyn Store>,
    sessions: Arc<PerSession<SessionTimers>>,
}

type Name = (InstallationId, ScheduleId);

#[derive(Debug)]
struct SessionTimers {
    /// When each timer is due; none until they were read from the store. Held while timers change, so that it tells the same as the
    /// store.
    due: Mutex<Option<Due>>,
    wake: watch::Sender<Option<UnixMs>>,
}

impl Default for SessionTimers {
    fn default() -> Self {
        Self {
            due: Mutex::new(None),
            wake: watch::Sender::new(None),
        }
    }
}

#[derive(Debug, Default)]
struct Due {
    by_time: BTreeSet<(UnixMs, Name)>,
    by_name: BTreeMap<Name, UnixMs>,
}

impl Due {
    fn set(&mut self, name: Name, next: Option<UnixMs>) {
        if let Some(before) = self.by_name.remove(&name) {
            self.by_time.remove(&(before, name.clone()));
        }
        if let Some(next) = next {
            self.by_time.insert((next, name.clone()));
            self.by_name.insert(name, next);
        }
    }

    fn next(&self) -> Option<UnixMs> {
        self.by_time.first().map(|(at, _)| *at)
    }
}

impl Timers {
    /// The timers in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            sessions: Arc::default(),
        }
    }

    /// All timers of one installation in one session, by id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self, session: SessionId, installation: &InstallationId) -> Result<Vec<Timer>, StoreError> {
        let rows = self
            .rows(session, schema::of(session::TIMER, installation).as_slice())
            .await?;
        Ok(rows.into_iter().map(|(_, timer)| timer).collect())
    }

    /// Up to `limit` timers that are due at `now`, the longest overdue first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn due(
        &self,
        session: SessionId,
        now: UnixMs,
        limit: usize,
    ) -> Result<Vec<(InstallationId, Timer)>, StoreError> {
        let timers = self.sessions.of(session);
        let mut guard = timers.due.lock().await;
        let loaded = self.loaded(session, &timers, &mut guard).await?;
        let due = guard.insert(loaded);
        let mut found = Vec::new();
        for (_, (installation, schedule)) in due.by_time.iter().take_while(|(at, _)| *at <= now).take(limit) {
            let key = schema::of_schedule(session::TIMER, installation, schedule);
            if let Some(value) = self.store.get(Space::Session(session), &key).await? {
                found.push((installation.clone(), codec::decode(&key, &value)?));
            }
        }
        Ok(found)
    }

    /// When the next timer of a session is due; none when it has none.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn next_due(&self, session: SessionId) -> Result<Option<UnixMs>, StoreError> {
        let timers = self.sessions.of(session);
        let mut guard = timers.due.lock().await;
        let due = self.loaded(session, &timers, &mut guard).await?;
        Ok(guard.insert(due).next())
    }

    /// Tells whenever [`Timers::next_due`] changes. Ask [`Timers::next_due`] first: until then nothing is told.
    #[must_use]
    pub fn wake(&self, session: SessionId) -> watch::Receiver<Option<UnixMs>> {
        self.sessions.of(session).wake.subscribe()
    }

    /// Records the tick of a due timer and moves the timer on, in one commit. Answers none, and does nothing, when the timer has been
    /// changed or cancelled since [`Timers::due`].
    ///
    /// # Errors
    /// Those of the log.
    pub async fn fire(
        &self,
        log: &Log,
        session: SessionId,
        firing: Firing,
    ) -> Result<Option<(Event, Applied)>, LogError> {
        let Firing {
            installation,
            timer,
            tick,
            next,
        } = firing;
        let timers = self.sessions.of(session);
        let mut guard = timers.due.lock().await;
        let mut due = self.loaded(session, &timers, &mut guard).await?;
        let key = schema::of_schedule(session::TIMER, &installation, &timer.id);
        let name = (installation, timer.id.clone());
        let was = codec::encode(&timer);
        let write = match next {
            None => Op::Delete(key.clone()),
            Some(next) => {
                let previous = Some(tick.scheduled_for);
                Op::Put(
                    key.clone(),
                    codec::encode(&Timer {
                        next,
                        previous,
                        ..timer
                    }),
                )
            }
        };
        let incoming = Incoming {
            kind: EventKind::Tick(tick),
            also: vec![write],
            expect: vec![Expect::Equals(key, was)],
        };
        let appended = log.append(session, vec![incoming]).await;
        if appended.is_ok() {
            due.set(name, next);
            timers.tell(&due);
        }
        *guard = Some(due);
        match appended {
            Ok(appended) => Ok(appended
                .events
                .into_iter()
                .next()
                .map(|event| (event, appended.applied))),
            Err(LogError::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Moves a due timer on to `next`, or removes it, without a tick: its moments were missed and are not made up for. Does nothing
    /// when the timer has been changed or cancelled since [`Timers::due`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn pass(
        &self,
        session: SessionId,
        installation: &InstallationId,
        timer: &Timer,
        next: Option<UnixMs>,
    ) -> Result<(), StoreError> {
        let timers = self.sessions.of(session);
        let mut guard = timers.due.lock().await;
        let mut due = self.loaded(session, &timers, &mut guard).await?;
        let key = schema::of_schedule(session::TIMER, installation, &timer.id);
        let write = match next {
            None => Op::Delete(key.clone()),
            Some(next) => Op::Put(key.clone(), codec::encode(&Timer { next, ..timer.clone() })),
        };
        let mut commit = Commit::lazy(Space::Session(session)).expect(Expect::Equals(key, codec::encode(timer)));
        commit.ops.push(write);
        let passed = self.store.commit(commit).await;
        if passed.is_ok() {
            due.set((installation.clone(), timer.id.clone()), next);
            timers.tell(&due);
        }
        *guard = Some(due);
        match passed {
            Ok(_) | Err(StoreError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Cancels every timer of an installation that is gone.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove_all(&self, session: SessionId, installation: &InstallationId) -> Result<(), StoreError> {
        let changes: Vec<_> = self.list(session, installation).await?;
        let changes: Vec<_> = changes.into_iter().map(|timer| TimerChange::Cancel(timer.id)).collect();
        let mut commit = Commit::lazy(Space::Session(session));
        commit.ops = Self::writes(installation, &changes);
        let committed = async { self.store.commit(commit).await.map(drop) };
        self.changing(session, installation, &changes, committed).await
    }

    /// Forgets what is in memory of a session that is gone.
    pub fn forget(&self, session: SessionId) {
        self.sessions.forget(session);
    }

    /// The writes of a draft's changes.
    pub(crate) fn writes(installation: &InstallationId, changes: &[TimerChange]) -> Vec<Op> {
        let write = |change: &TimerChange| match change {
            TimerChange::Set(timer) => Op::Put(
                schema::of_schedule(session::TIMER, installation, &timer.id),
                codec::encode(timer),
            ),
            TimerChange::Cancel(id) => Op::Delete(schema::of_schedule(session::TIMER, installation, id)),
        };
        changes.iter().map(write).collect()
    }

    /// Runs `commit`, which makes these changes, and takes them into memory when it succeeded.
    pub(crate) async fn changing<T, E: From<StoreError>>(
        &self,
        session: SessionId,
        installation: &InstallationId,
        changes: &[TimerChange],
        commit: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let timers = self.sessions.of(session);
        let mut guard = timers.due.lock().await;
        let mut due = self.loaded(session, &timers, &mut guard).await?;
        let committed = commit.await;
        if committed.is_ok() {
            for change in changes {
                match change {
                    TimerChange::Set(timer) => {
                        due.set((installation.clone(), timer.id.clone()), Some(timer.next));
                    }
                    TimerChange::Cancel(id) => due.set((installation.clone(), id.clone()), None),
                }
            }
            timers.tell(&due);
        }
        *guard = Some(due);
        committed
    }

    /// Takes what is known out of the lock, reading it if need be. Whoever takes it puts it back; if the taker is dropped while it waits
    /// for a commit, it is gone and read again, because nobody knows how the commit ended.
    async fn loaded(
        &self,
        session: SessionId,
        timers: &SessionTimers,
        guard: &mut Option<Due>,
    ) -> Result<Due, StoreError> {
        if let Some(due) = guard.take() {
            return Ok(due);
        }
        // A commit whose caller has gone may still be on its way; this one is behind it.
        self.store.commit(Commit::lazy(Space::Session(session))).await?;
        let mut due = Due::default();
        for (name, timer) in self.rows(session, &[session::TIMER]).await? {
            due.set(name, Some(timer.next));
        }
        timers.tell(&due);
        Ok(due)
    }

    async fn rows(&self, session: SessionId, prefix: &[u8]) -> Result<Vec<(Name, Timer)>, StoreError> {
        let mut range = KeyRange::prefix(prefix);
        let mut rows = Vec::new();
        loop {
            let page = self
                .store
                .scan(Space::Session(session), range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else { return Ok(rows) };
            range = range.after(last);
            for (key, value) in page {
                let timer: Timer = codec::decode(&key, &value)?;
                let installation = installation_in(&key).ok_or_else(|| StoreError::Damaged {
                    key: key.escape_ascii().to_string().into(),
                    reason: "its key names no installation".into(),
                })?;
                rows.push(((installation, timer.id.clone()), timer));
            }
        }
    }
}

impl SessionTimers {
    fn tell(&self, due: &Due) {
        let next = due.next();
        self.wake.send_if_modified(|told| std::mem::replace(told, next) != next);
    }
}

fn installation_in(key: &[u8]) -> Option<InstallationId> {
    let text = key.get(1..)?.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

//! What is remembered of the schedules of plugins and of the configuration: when each fired last, by which rule, what it fired, whether it
//! is paused.
//!
//! The rule itself is the manifest's and the configuration's. The state changes only together with the tick it tells of: put
//! [`ScheduleStates::write`] into [`crate::log::Incoming::also`]. What was fired is noted behind the tick, lazily: a crash in between costs
//! the newest note and nothing else.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::event::{Position, TickCause};
use crate::id::{EventId, InstallationId, ScheduleId, SessionId};
use crate::schema::{self, Key, session};
use crate::store::{Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// Runs of a schedule that are remembered in each session.
pub const MOST_RUNS: usize = 100;

/// State of one schedule in one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// The newest moment that was dealt with; for a schedule that never fired, the moment it was first seen; for one whose rule was changed,
    /// the moment that was seen.
    pub last: UnixMs,
    /// Ticks so far.
    pub fired: u64,
}

impl Record for ScheduleState {
    const VERSION: u8 = 1;
}

/// One tick of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRun {
    /// The moment it was for.
    pub scheduled_for: UnixMs,
    /// When it fired.
    pub fired_at: UnixMs,
    /// Why.
    pub cause: TickCause,
    /// Earlier moments that were not made up for.
    pub missed: u32,
    /// Its event.
    pub event: EventId,
}

impl Record for ScheduleRun {
    const VERSION: u8 = 1;
}

/// The rule a schedule stands by, in words that are compared and not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleRule {
    /// Them.
    pub words: Box<str>,
}

impl Record for ScheduleRule {
    const VERSION: u8 = 1;
}

/// A schedule that was told to pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulePause {
    /// Since when.
    pub since: UnixMs,
}

impl Record for SchedulePause {
    const VERSION: u8 = 1;
}

/// The states of all schedules.
#[derive(Debug, Clone)]
pub struct ScheduleStates {
    store: Arc<dyn Store>,
}

impl ScheduleStates {
    /// The states in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// One state; none for a schedule that is new here.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(
        &self,
        session: SessionId,
        installation: &InstallationId,
        schedule: &ScheduleId,
    ) -> Result<Option<ScheduleState>, StoreError> {
        self.read(session, schema::of_schedule(session::SCHEDULE, installation, schedule))
            .await
    }

    /// The write that stores a state.
    #[must_use]
    pub fn write(installation: &InstallationId, schedule: &ScheduleId, state: &ScheduleState) -> Op {
        Op::Put(
            schema::of_schedule(session::SCHEDULE, installation, schedule),
            codec::encode(state),
        )
    }

    /// The rule that a state is of; none for states of programs that did not write it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn rule(
        &self,
        session: SessionId,
        installation: &InstallationId,
        schedule: &ScheduleId,
    ) -> Result<Option<ScheduleRule>, StoreError> {
        let key = schema::of_schedule(session::SCHEDULE_RULE, installation, schedule);
        self.read(session, key).await
    }

    /// Takes a schedule up: stores its state with the rule it stands by. Lazy: a crash in between takes it up again.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn take_up(
        &self,
        session: SessionId,
        installation: &InstallationId,
        schedule: &ScheduleId,
        (state, rule): (&ScheduleState, &ScheduleRule),
    ) -> Result<(), StoreError> {
        let key = schema::of_schedule(session::SCHEDULE_RULE, installation, schedule);
        let mut commit = Commit::lazy(Space::Session(session)).put(key, codec::encode(rule));
        commit.ops.push(Self::write(installation, schedule, state));
        self.store.commit(commit).await?;
        Ok(())
    }

    /// Since when a schedule is paused; none when it is not.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn paused(
        &self,
        session: SessionId,
        installation: &InstallationId,
        schedule: &ScheduleId,
    ) -> Result<Option<SchedulePause>, StoreError> {
        let key = schema::of_schedule(session::SCHEDULE_PAUSE, installation, schedule);
        self.read(session, key).await
    }

    /// Pauses a schedule, or lets it go on, for good.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_paused(
        &self,
        session: SessionId,
        installation: &InstallationId,
        schedule: &ScheduleId,
        pause: Option<SchedulePause>,
    ) -> Result<(), StoreError> {
        let key = schema::of_schedule(session::SCHEDULE_PAUSE, installation, schedule);
        let commit = Commit::durable(Space::Session(session));
        let commit = match pause {
            Some(pause) => commit.put(key, codec::encode(&pause)),
            None => commit.delete(key),
        };
        self.store.commit(commit).await?.durable().await
    }

    /// Notes a tick that is in the log, and forgets the oldest where there are too many.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn note(
        &self,
        session: SessionId,
        installation: &InstallationId,
        schedule: &ScheduleId,
        position: Position,
        run: &ScheduleRun,
    ) -> Result<(), StoreError> {
        let prefix = runs_of(installation, schedule);
        let key = prefix.clone().number(position.0).finish();
        let known = self
            .store
            .scan(
                Space::Session(session),
                KeyRange::prefix(prefix.as_slice()),
                Order::Ascending,
                MAX_SCAN,
            )
            .await?;
        let surplus = (known.len() + 1).saturating_sub(MOST_RUNS);
        let forgotten = known.into_iter().take(surplus).map(|(key, _)| Op::Delete(key));
        let mut commit = Commit::lazy(Space::Session(session)).put(key, codec::encode(run));
        commit.ops.extend(forgotten);
        self.store.commit(commit).await?;
        Ok(())
    }

    /// The newest ticks of a schedule, the newest first, each with its position in the log.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn runs(
        &self,
        session: SessionId,
        installation: &InstallationId,
        schedule: &ScheduleId,
        limit: usize,
    ) -> Result<Vec<(Position, ScheduleRun)>, StoreError> {
        let range = KeyRange::prefix(runs_of(installation, schedule).as_slice());
        let rows = self
            .store
            .scan(Space::Session(session), range, Order::Descending, limit.min(MAX_SCAN))
            .await?;
        let run = |(key, value): (Bytes, Bytes)| {
            let position = schema::trailing_number(&key).map(Position).unwrap_or_default();
            Ok((position, codec::decode(&key, &value)?))
        };
        rows.into_iter().map(run).collect()
    }

    async fn read<T: Record>(&self, session: SessionId, key: Bytes) -> Result<Option<T>, StoreError> {
        let value = self.store.get(Space::Session(session), &key).await?;
        value.map(|value| codec::decode(&key, &value)).transpose()
    }
}

fn runs_of(installation: &InstallationId, schedule: &ScheduleId) -> Key {
    schema::of(session::SCHEDULE_RUN, installation).text(schedule.as_str())
}

#[cfg(test)]
mod tests {
    use crate::fixture::{NOON, SESSION, World, installation, schedule};

    use super::*;

    fn run(number: u64) -> ScheduleRun {
        ScheduleRun {
            scheduled_for: UnixMs(NOON.0 + number),
            fired_at: UnixMs(NOON.0 + number + 1),
            cause: TickCause::Recurring,
            missed: 0,
            event: EventId::new(ulid::Ulid(number.into())),
        }
    }

    #[tokio::test]
    async fn the_newest_runs_are_remembered_apart() {
        let world = World::in_memory();
        let states = ScheduleStates::new(world.store.clone());
        let (bot, daily, dailies) = (installation("bot"), schedule("daily"), schedule("dailies"));
        for number in 1..=150 {
            states
                .note(SESSION, &bot, &daily, Position(number), &run(number))
                .await
                .expect("it is noted");
        }
        states
            .note(SESSION, &bot, &dailies, Position(7), &run(7))
            .await
            .expect("it is noted");
        let runs = states.runs(SESSION, &bot, &daily, 1000).await.expect("they are read");
        assert_eq!(runs.len(), MOST_RUNS);
        assert_eq!(runs.first(), Some(&(Position(150), run(150))));
        assert_eq!(runs.last(), Some(&(Position(51), run(51))));
        assert_eq!(
            states
                .runs(SESSION, &bot, &dailies, 1000)
                .await
                .expect("they are read")
                .len(),
            1
        );
    }

    #[tokio::test]
    async fn a_pause_is_kept_until_it_is_over() {
        let world = World::in_memory();
        let states = ScheduleStates::new(world.store.clone());
        let (bot, daily) = (installation("bot"), schedule("daily"));
        let pause = SchedulePause { since: NOON };
        assert_eq!(states.paused(SESSION, &bot, &daily).await.expect("it is read"), None);
        for wanted in [Some(pause), None] {
            states
                .set_paused(SESSION, &bot, &daily, wanted)
                .await
                .expect("it is kept");
            assert_eq!(states.paused(SESSION, &bot, &daily).await.expect("it is read"), wanted);
        }
    }
}

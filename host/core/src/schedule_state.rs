//! What is remembered of the schedules of the configuration: when each fired last.
//!
//! The rule itself is the configuration's. The state changes only together with the tick it tells of: put [`ScheduleStates::write`]
//! into [`crate::log::Incoming::also`].

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::id::{InstallationId, ScheduleId, SessionId};
use crate::schema::{self, session};
use crate::store::{Op, Space, Store, StoreError};

/// State of one schedule in one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleState {
    /// The moment the newest tick was for; for a schedule that never fired, the moment it was first seen.
    pub last: UnixMs,
    /// Ticks so far.
    pub fired: u64,
}

impl Record for ScheduleState {
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
        let key = schema::of_schedule(session::SCHEDULE, installation, schedule);
        let value = self.store.get(Space::Session(session), &key).await?;
        value.map(|value| codec::decode(&key, &value)).transpose()
    }

    /// The write that stores a state.
    #[must_use]
    pub fn write(installation: &InstallationId, schedule: &ScheduleId, state: &ScheduleState) -> Op {
        Op::Put(
            schema::of_schedule(session::SCHEDULE, installation, schedule),
            codec::encode(state),
        )
    }
}

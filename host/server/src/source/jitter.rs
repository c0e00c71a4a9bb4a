//! How far a schedule's moments are spread, so that a thousand schedules of the same hour do not all fire in the same second.
//!
//! Drawn from names and the moment alone: the same after a restart, another for each session, schedule and moment.

use std::time::Duration;

use sha2::{Digest, Sha256};
use waspnest_core::clock::UnixMs;
use waspnest_core::id::SessionId;

use crate::config::schedule::Schedule;

/// When a moment of a schedule fires in a session: at most its jitter later.
#[must_use]
pub(crate) fn fires_at(schedule: &Schedule, session: SessionId, moment: UnixMs) -> UnixMs {
    let most = u64::try_from(schedule.jitter.as_millis()).unwrap_or(u64::MAX);
    if most == 0 {
        return moment;
    }
    let mut drawn = Sha256::new();
    drawn.update(session.ulid().to_bytes());
    for name in [schedule.plugin.as_str(), schedule.id.as_str()] {
        drawn.update(name.as_bytes());
        drawn.update([0]);
    }
    drawn.update(moment.0.to_be_bytes());
    let drawn = drawn.finalize();
    let number = drawn.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    moment.plus(Duration::from_millis(number % (most + 1)))
}

//! Points in time that the plugin sets for itself. Needs `schedule`.
//!
//! They arrive at the plugin's [`ScheduleHandler`](crate::ScheduleHandler) and survive restarts. Changes commit with the
//! event or not at all.
//!
//! ```
//! # use core::time::Duration;
//! # use waspnest_plugin::{Error, schedule::Job};
//! # fn plan() -> Result<(), Error> {
//! let due = Job::after("tea", Duration::from_secs(240)).payload(&"the tea is ready")?.put()?;
//! Job::cron("morning", "0 8 * * *").zone("Europe/Berlin").put()?;
//! # Ok(())
//! # }
//! ```

use crate::bindings::imports::waspnest::plugin::schedule as contract;
use crate::types::{Tick, UnixMs};
use crate::{Error, host};
use core::time::Duration;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::bindings::imports::waspnest::plugin::schedule::{Missed, Rule};

/// A job: when it is due, and what comes back then.
#[derive(Debug, Clone, PartialEq)]
pub struct Job(contract::Job);

impl Job {
    /// Due once, at a point in time. A past one is due at once.
    #[must_use]
    pub fn at(id: impl Into<String>, time: UnixMs) -> Self {
        Self::new(id, Rule::At(time))
    }

    /// Due once, `delay` after the call.
    #[must_use]
    pub fn after(id: impl Into<String>, delay: Duration) -> Self {
        Self::new(id, Rule::AfterMs(millis(delay)))
    }

    /// Due again and again, `interval` apart.
    #[must_use]
    pub fn every(id: impl Into<String>, interval: Duration) -> Self {
        Self::new(id, Rule::EveryMs(millis(interval)))
    }

    /// Due whenever a cron expression says: minute, hour, day of month, month, day of week, in UTC or [`zone`](Self::zone).
    #[must_use]
    pub fn cron(id: impl Into<String>, expression: impl Into<String>) -> Self {
        Self::new(id, Rule::Cron(expression.into()))
    }

    fn new(id: impl Into<String>, rule: Rule) -> Self {
        Self(contract::Job {
            id: id.into(),
            rule,
            zone: None,
            missed: Missed::Once,
            session: None,
            payload: Vec::new(),
            next: None,
        })
    }

    /// Evaluates a cron expression in an IANA time zone, such as `Europe/Berlin`.
    #[must_use]
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.0.zone = Some(zone.into());
        self
    }

    /// What happens to times that pass while the host is not running; [`Missed::Once`] unless said.
    #[must_use]
    pub fn missed(mut self, missed: Missed) -> Self {
        self.0.missed = missed;
        self
    }

    /// Gives the job something to bring back, as JSON; at most 16 KiB.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn payload<T: Serialize + ?Sized>(mut self, payload: &T) -> Result<Self, Error> {
        self.0.payload = serde_json::to_vec(payload).map_err(|source| Error::Form {
            what: format!("payload of job {:?}", self.0.id),
            source,
        })?;
        Ok(self)
    }

    /// Sets the job, replacing one with the same id, and answers when it is due first.
    ///
    /// # Errors
    /// When the host refuses: no grant, too many jobs, a wrong expression or zone, too short an interval.
    pub fn put(&self) -> Result<UnixMs, Error> {
        host::schedule::put(&self.0).map_err(Error::refused("schedule.put"))
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// When it is due next; known for jobs that come from [`list`].
    #[must_use]
    pub fn next(&self) -> Option<UnixMs> {
        self.0.next
    }

    /// What it brings back.
    ///
    /// # Errors
    /// When that is no `T`.
    pub fn read_payload<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.0.id, &self.0.payload)
    }
}

impl Tick {
    /// What the job brought back.
    ///
    /// # Errors
    /// When that is no `T`.
    pub fn read_payload<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.id, &self.payload)
    }
}

/// Removes a job and answers whether it was there.
///
/// # Errors
/// When the host refuses.
pub fn cancel(id: &str) -> Result<bool, Error> {
    host::schedule::cancel(id).map_err(Error::refused("schedule.cancel"))
}

/// All jobs the plugin has in this session, ordered by id.
///
/// # Errors
/// When the host refuses.
pub fn list() -> Result<Vec<Job>, Error> {
    Ok(host::schedule::list()
        .map_err(Error::refused("schedule.list"))?
        .into_iter()
        .map(Job)
        .collect())
}

fn read<T: DeserializeOwned>(id: &str, payload: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(payload).map_err(|source| Error::Form {
        what: format!("payload of job {id:?}"),
        source,
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

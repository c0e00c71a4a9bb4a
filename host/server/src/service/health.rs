//! How the host is: started, stopping, able to read its store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use waspnest_core::clock::{Clock, UnixMs};

use super::error::Error;
use super::sessions::Sessions;

/// Where the host is in its life. The composition root moves it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Parts are being put together.
    Starting,
    /// It works.
    Ready,
    /// It finishes what it holds.
    Stopping,
}

impl Phase {
    /// Its stable name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
        }
    }
}

/// What there is to say about the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Where it is in its life.
    pub phase: Phase,
    /// When it came up.
    pub up_since: UnixMs,
    /// For how long.
    pub uptime: Duration,
    /// How many sessions are in each state; those that are not at work are `stopped`.
    pub sessions: BTreeMap<&'static str, usize>,
}

/// The use cases of health. Clones are the same.
#[derive(Clone)]
pub struct Health {
    phase: watch::Receiver<Phase>,
    sessions: Sessions,
    clock: Arc<dyn Clock>,
    up_since: UnixMs,
}

impl Health {
    /// Over the phase that the composition root announces. The host is up since now.
    #[must_use]
    pub fn new(phase: watch::Receiver<Phase>, sessions: Sessions, clock: Arc<dyn Clock>) -> Self {
        let up_since = clock.now();
        Self {
            phase,
            sessions,
            clock,
            up_since,
        }
    }

    /// Where the host is in its life.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Everything there is to say. Reading the register of sessions proves that the store answers.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn report(&self) -> Result<Report, Error> {
        let mut sessions = BTreeMap::new();
        for (_, status) in self.sessions.states().await? {
            *sessions
                .entry(status.map_or("stopped", |status| status.state.name()))
                .or_default() += 1;
        }
        Ok(Report {
            phase: self.phase(),
            up_since: self.up_since,
            uptime: self.clock.now().since(self.up_since),
            sessions,
        })
    }
}

//! Whether the host can do its work: whether requests should be sent to it.
//!
//! It can when it is up, its store takes a durable write in time, the disk has room, and no router stands still with events before it.
//! Whether WhatsApp is reached is not asked: sessions that are offline are shown by `/v1/health`, and sending requests elsewhere would not
//! bring them back. Looking costs a flush of the disk, so what was found is believed for a second, whoever asks how often.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use waspnest_core::clock::Clock;
use waspnest_core::event::Position;
use waspnest_core::id::SessionId;
use waspnest_core::log::Log;
use waspnest_core::store::{self, Store};

use super::health::Phase;
use crate::disk;
use crate::router;

/// How long what was found is believed.
const BELIEVED: Duration = Duration::from_secs(1);
/// How long the store may take for a durable write.
const WRITE: Duration = Duration::from_secs(5);
/// How long a router may stand still before an event.
const STILL: Duration = Duration::from_secs(30);

/// What there is to look at.
#[derive(Debug)]
pub struct ReadinessParts {
    /// Where the host is in its life.
    pub phase: watch::Receiver<Phase>,
    /// Where everything durable is.
    pub store: Arc<dyn Store>,
    /// The directory whose disk must have room.
    pub dir: PathBuf,
    /// Bytes of room it must have.
    pub min_free: u64,
    /// How far the routers have come.
    pub routers: router::Meters,
    /// How far the logs have.
    pub log: Log,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Something that keeps the host from its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// It is not up yet, or not any more.
    Phase(Phase),
    /// The store did not make a write durable in time, or takes none.
    Store,
    /// The disk is nearly full.
    Disk {
        /// Bytes that are free.
        free: u64,
        /// Bytes that should be.
        wanted: u64,
    },
    /// Routers of so many sessions stand still with events before them.
    Routers(usize),
}

impl Lack {
    /// The names of all of them.
    pub const NAMES: [&str; 4] = ["phase", "store", "disk", "router"];

    /// Its stable name: `phase`, `store`, `disk`, `router`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Phase(_) => "phase",
            Self::Store => "store",
            Self::Disk { .. } => "disk",
            Self::Routers(_) => "router",
        }
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phase(phase) => write!(f, "the host is {}", phase.name()),
            Self::Store => write!(
                f,
                "the store does not take a durable write within {} s",
                WRITE.as_secs()
            ),
            Self::Disk { free, wanted } => write!(f, "the disk has {free} bytes of room, and should have {wanted}"),
            Self::Routers(sessions) => write!(
                f,
                "events of {sessions} sessions have been waiting for {} s to be handed to plugins",
                STILL.as_secs()
            ),
        }
    }
}

/// The use case of readiness. Clones are the same.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: ReadinessParts,
    /// Held by whoever looks; others wait for what is found.
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    /// When it was looked, and what was found.
    last: Option<(Duration, Vec<Lack>)>,
    /// Routers that were behind their logs: where, and since when.
    behind: HashMap<SessionId, (Position, Duration)>,
}

impl Readiness {
    /// Over these parts.
    #[must_use]
    pub fn new(parts: ReadinessParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            found: Mutex::default(),
        }))
    }

    /// What keeps the host from its work; nothing when it is ready.
    pub async fn lacks(&self) -> Vec<Lack> {
        let parts = &self.0.parts;
        let phase = *parts.phase.borrow();
        match phase {
            Phase::Ready => {}
            Phase::Starting | Phase::Stopping => return vec![Lack::Phase(phase)],
        }
        let mut found = self.0.found.lock().await;
        let now = parts.clock.monotonic();
        if let Some((at, lacks)) = &found.last
            && now.saturating_sub(*at) < BELIEVED
        {
            return lacks.clone();
        }
        let mut lacks = Vec::new();
        lacks.extend(self.store().await);
        lacks.extend(self.disk());
        lacks.extend(self.routers(&mut found.behind));
        for lack in &lacks {
            tracing::warn!(lack = lack.name(), "not ready: {lack}");
        }
        found.last = Some((parts.clock.monotonic(), lacks.clone()));
        lacks
    }

    async fn store(&self) -> Option<Lack> {
        let parts = &self.0.parts;
        let written = tokio::select! {
            biased;
            written = store::probe(&*parts.store) => written.is_ok(),
            () = parts.clock.sleep(WRITE) => false,
        };
        (!written).then_some(Lack::Store)
    }

    fn disk(&self) -> Option<Lack> {
        let wanted = self.0.parts.min_free;
        // What the system does not tell is no reason to send requests elsewhere.
        let free = disk::free(&self.0.parts.dir)?;
        (free < wanted).then_some(Lack::Disk { free, wanted })
    }

    /// A router that is behind its log and has not moved since it was first seen there.
    fn routers(&self, behind: &mut HashMap<SessionId, (Position, Duration)>) -> Option<Lack> {
        let parts = &self.0.parts;
        let now = parts.clock.monotonic();
        let before = std::mem::take(behind);
        for reached in parts.routers.reached() {
            if *parts.log.wake(reached.session).borrow() > reached.read_to {
                let known = before.get(&reached.session).filter(|(at, _)| *at == reached.read_to);
                let since = known.map_or(now, |(_, since)| *since);
                behind.insert(reached.session, (reached.read_to, since));
            }
        }
        let still = behind.values().filter(|(_, since)| now.saturating_sub(*since) >= STILL);
        let still = still.count();
        (still > 0).then_some(Lack::Routers(still))
    }
}

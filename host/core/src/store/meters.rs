//! What is measured of commits: how long each waits until it is applied and until it is durable, and how many become so together.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;

use super::StoreError;
use crate::clock::Clock;
use crate::measure::{self, Shown};

/// The measurements of a store. Clones are the same.
#[derive(Debug, Clone)]
pub struct Meters {
    clock: Arc<dyn Clock>,
    outcomes: Family<Outcome, Counter>,
    committed: Counter,
    conflicts: Counter,
    failed: Counter,
    applied: Histogram,
    durable: Histogram,
    flush: Histogram,
    group: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

impl Meters {
    /// Nothing is measured yet; durations will be, by `clock`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let outcomes = Family::<Outcome, Counter>::default();
        let of = |outcome| outcomes.get_or_create_owned(&Outcome { outcome });
        Self {
            clock,
            committed: of("committed"),
            conflicts: of("conflict"),
            failed: of("failed"),
            outcomes,
            applied: measure::seconds(),
            durable: measure::seconds(),
            flush: measure::seconds(),
            group: measure::counts(),
        }
    }

    /// Makes them part of what is shown.
    pub fn register(&self, shown: &mut Shown) {
        shown.register(
            "store_commits",
            "Commits, by what came of them; a conflict is refused and made again by whoever asked",
            self.outcomes.clone(),
        );
        let mut seconds = |name, help, histogram: &Histogram| {
            shown.register_with_unit(name, help, Unit::Seconds, histogram.clone());
        };
        seconds(
            "store_commit_applied",
            "From asking for a commit until reads see it",
            &self.applied,
        );
        seconds(
            "store_commit_durable",
            "From asking for a durable commit until it survives a crash",
            &self.durable,
        );
        seconds(
            "store_flush",
            "One flush to the disk, which makes all commits before it durable",
            &self.flush,
        );
        shown.register(
            "store_group_commits",
            "Commits that were applied together",
            self.group.clone(),
        );
    }

    /// A moment to measure from.
    pub(super) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// A group of so many commits was applied, or was not.
    pub(super) fn grouped(&self, commits: usize) {
        self.group.observe(commits as f64);
    }

    /// A commit has come to its end, or is applied.
    pub(super) fn answered<T>(&self, since: Duration, answer: &Result<T, StoreError>) {
        match answer {
            Ok(_) => {
                self.committed.inc();
                self.applied.observe(self.since(since));
            }
            Err(StoreError::Conflict) => {
                self.conflicts.inc();
            }
            Err(
                StoreError::TooLarge { .. }
                | StoreError::Read { .. }
                | StoreError::Lost { .. }
                | StoreError::Damaged { .. },
            ) => {
                self.failed.inc();
            }
        }
    }

    /// A commit that was asked for then is durable.
    pub(super) fn survives(&self, since: Duration) {
        self.durable.observe(self.since(since));
    }

    /// A flush that began then has ended.
    pub(super) fn flushed(&self, begun: Duration) {
        self.flush.observe(self.since(begun));
    }

    fn since(&self, moment: Duration) -> f64 {
        self.now().saturating_sub(moment).as_secs_f64()
    }
}

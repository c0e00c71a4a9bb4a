//! How much an installation may log in a minute, over all of its calls.
//!
//! What is over it is left out, which one line says when it begins and one says when the minute is over: how much was left out. The
//! guest is told nothing, since a line is no promise. Where nothing may be logged, nothing is said of it either.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use waspnest_core::clock::UnixMs;
use waspnest_core::id::InstallationId;

const MINUTE: Duration = Duration::from_secs(60);

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct LogQuota {
    bytes: u64,
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    began: UnixMs,
    bytes: u64,
    lost: Lost,
}

/// What was left out of a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Lost {
    lines: u64,
    bytes: u64,
}

/// Whether a line may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    Written,
    LeftOut,
}

impl LogQuota {
    pub(crate) fn new(bytes: u64) -> Self {
        Self {
            bytes,
            minute: Mutex::default(),
        }
    }

    /// Counts a line, and says whether it may be written.
    pub(crate) fn take(&self, installation: &InstallationId, bytes: usize, now: UnixMs) -> Line {
        if self.bytes == 0 {
            return Line::LeftOut;
        }
        let (line, lost, first) = {
            let mut minute = self.minute();
            let lost = minute.turn(now);
            minute.bytes = minute.bytes.saturating_add(bytes as u64);
            if minute.bytes <= self.bytes {
                (Line::Written, lost, false)
            } else {
                minute.lost.lines += 1;
                minute.lost.bytes += bytes as u64;
                (Line::LeftOut, lost, minute.lost.lines == 1)
            }
        };
        tell(installation, lost);
        if first {
            tracing::warn!(target: "waspnest::plugin", %installation, limit = self.bytes, "the plugin logs too much; the rest of this minute is left out");
        }
        line
    }

    /// Says what was left out of a minute that is over.
    pub(crate) fn look(&self, installation: &InstallationId, now: UnixMs) {
        let lost = self.minute().turn(now);
        tell(installation, lost);
    }

    fn minute(&self) -> MutexGuard<'_, Minute> {
        // Nothing can panic while it is locked, so a poisoned lock is still good.
        self.minute.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Minute {
    /// Begins a new minute if this one is over, and answers what was left out of it.
    fn turn(&mut self, now: UnixMs) -> Lost {
        if self.began.plus(MINUTE) > now {
            return Lost::default();
        }
        let over = std::mem::replace(
            self,
            Self {
                began: now,
                ..Self::default()
            },
        );
        over.lost
    }
}

fn tell(installation: &InstallationId, lost: Lost) {
    let Lost { lines, bytes } = lost;
    if lines > 0 {
        tracing::warn!(target: "waspnest::plugin", %installation, lines, bytes, "lines of the plugin were left out");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_holds_so_much_and_the_next_one_says_what_it_did_not() {
        let id: InstallationId = "echo".parse().expect("an id");
        let quota = LogQuota::new(100);
        assert_eq!(quota.take(&id, 60, UnixMs(100_000)), Line::Written);
        assert_eq!(quota.take(&id, 60, UnixMs(101_000)), Line::LeftOut);
        assert_eq!(
            quota.take(&id, 10, UnixMs(159_999)),
            Line::LeftOut,
            "nothing comes after what was left out"
        );
        assert_eq!(quota.minute().lost, Lost { lines: 2, bytes: 70 });
        assert_eq!(quota.take(&id, 60, UnixMs(160_000)), Line::Written);
        assert_eq!(quota.minute().lost, Lost::default());
    }
}

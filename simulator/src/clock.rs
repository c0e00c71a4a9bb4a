//! Where the server takes the time from. Injected, so that a run can be repeated with the same timestamps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The server's wall clock: milliseconds since the Unix epoch.
///
/// It decides every timestamp that leaves the server; it does not drive timeouts of sockets, which are real time.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> u64;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else asks")]
impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that can be moved: what everything in the server asks.
pub(crate) struct MovableClock {
    base: Arc<dyn Clock>,
    by_ms: AtomicI64,
}

impl MovableClock {
    pub(crate) fn new(base: Arc<dyn Clock>) -> Self {
        Self {
            base,
            by_ms: AtomicI64::new(0),
        }
    }

    /// Moves it, on top of earlier moves. Answers how far it is from its base now.
    pub(crate) fn shift(&self, by_ms: i64) -> i64 {
        // Whoever moves it holds the world's lock.
        let shifted = self.shifted_by().saturating_add(by_ms);
        self.by_ms.store(shifted, Ordering::Relaxed);
        shifted
    }

    pub(crate) fn shifted_by(&self) -> i64 {
        self.by_ms.load(Ordering::Relaxed)
    }
}

impl Clock for MovableClock {
    fn now_ms(&self) -> u64 {
        self.base.now_ms().saturating_add_signed(self.shifted_by())
    }
}

//! Where the server takes the time from. Injected, so that a run can be repeated with the same timestamps.

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

//! Time and fresh ids, injected.
//!
//! No other file of the host reads the system clock, sleeps or draws an id. Tests use [`ManualClock`] and [`SeededIds`], so that
//! they never wait and a recorded run can be repeated bit for bit.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use futures_core::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use ulid::Ulid;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct UnixMs(pub u64);

impl UnixMs {
    /// This moment plus `span`, saturating.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// How long from `earlier` to this moment; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// How long this moment is still to be waited for at `now`, when whoever noted it meant to wait for `most` at most. Nothing when it is
    /// farther away than that: then the clock was set back since, and the time that is left cannot be known.
    #[must_use]
    pub fn left(self, now: Self, most: Duration) -> Duration {
        let left = self.since(now);
        if left > most { Duration::ZERO } else { left }
    }
}

impl fmt::Debug for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ms", self.0)
    }
}

/// Where "now" and "later" come from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock.
    fn now(&self) -> UnixMs;

    /// Time since some fixed moment of this process; never goes back, and is what durations are measured with.
    fn monotonic(&self) -> Duration;

    /// Resolves when [`Clock::now`] has reached `at`; at once when it has already. When that clock is set meanwhile: no later than when as
    /// much time has passed as was left, so who must not be early looks at the clock again; and soon when it is set past `at`.
    fn sleep_until(&self, at: UnixMs) -> BoxFuture<'static, ()>;

    /// Resolves after `span`, however the wall clock is set meanwhile.
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        self.sleep_until(self.now().plus(span))
    }
}

/// How often somebody who waits for a moment looks whether the machine's clock was set.
const LOOK: Duration = Duration::from_secs(10);

/// The clock of the machine.
#[derive(Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    #[must_use]
    pub fn new() -> Self {
        Self {
            start: std::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    fn now(&self) -> UnixMs {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        UnixMs::default().plus(since)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep_until(&self, at: UnixMs) -> BoxFuture<'static, ()> {
        let (watching, span) = (Self { start: self.start }, at.since(self.now()));
        let end = self.monotonic() + span;
        Box::pin(async move {
            loop {
                let left = end.saturating_sub(watching.monotonic()).min(at.since(watching.now()));
                if left.is_zero() {
                    return;
                }
                watching.sleep(left.min(LOOK)).await;
            }
        })
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            if !span.is_zero() {
                tokio::time::sleep(span).await;
            }
        })
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<UnixMs>,
    start: UnixMs,
}

impl ManualClock {
    /// A clock standing at `start`.
    #[must_use]
    pub fn at(start: UnixMs) -> Self {
        Self {
            now: watch::Sender::new(start),
            start,
        }
    }

    /// Moves forward by `span` and wakes every sleeper whose time has come.
    pub fn advance(&self, span: Duration) {
        self.now.send_modify(|now| *now = now.plus(span));
    }

    /// Moves to `at`; moving back is allowed, as machines' clocks do it.
    pub fn set(&self, at: UnixMs) {
        self.now.send_replace(at);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixMs {
        *self.now.borrow()
    }

    fn monotonic(&self) -> Duration {
        self.now().since(self.start)
    }

    fn sleep_until(&self, at: UnixMs) -> BoxFuture<'static, ()> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // The sender lives in the clock; when the clock is gone nobody is left to wait for, and waiting for ever is what a still clock does.
            if now.wait_for(|now| *now >= at).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Where fresh ids come from.
pub trait Ids: Send + Sync + fmt::Debug {
    /// A ULID of the moment `now`, larger than any this source gave for an earlier moment.
    fn ulid(&self, now: UnixMs) -> Ulid;

    /// A seed for one plugin call's randomness.
    fn seed(&self) -> u64;
}

/// Ids drawn from a generator: from the system's entropy in production, from a fixed seed in tests.
pub struct SeededIds {
    rng: Mutex<StdRng>,
}

impl SeededIds {
    /// The same seed gives the same ids in the same order.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Mutex::new(StdRng::seed_from_u64(seed)),
        }
    }

    /// Seeded by the operating system.
    #[must_use]
    pub fn from_entropy() -> Self {
        Self {
            rng: Mutex::new(StdRng::from_os_rng()),
        }
    }

    fn draw<T>(&self, take: impl FnOnce(&mut StdRng) -> T) -> T {
        // A panic cannot leave a generator half-way, so a poisoned lock is still good.
        let mut rng = self.rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        take(&mut rng)
    }
}

impl fmt::Debug for SeededIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededIds")
    }
}

impl Ids for SeededIds {
    fn ulid(&self, now: UnixMs) -> Ulid {
        let random = self.draw(|rng| (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64()));
        Ulid::from_parts(now.0, random)
    }

    fn seed(&self) -> u64 {
        self.draw(RngCore::next_u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_is_too_far_away_is_not_waited_for() {
        let (now, most) = (UnixMs(10_000), Duration::from_secs(5));
        let left = |at| UnixMs(at).left(now, most);
        assert_eq!(left(9_000), Duration::ZERO);
        assert_eq!(left(12_000), Duration::from_secs(2));
        assert_eq!(left(15_000), most);
        assert_eq!(left(15_001), Duration::ZERO, "the clock was set back");
    }
}

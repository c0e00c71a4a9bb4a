//! Time that passes when it is told to, and knows what waits for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;
use waspnest_core::clock::{Clock, UnixMs};

/// A clock that stands still between steps. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct StageClock {
    now: watch::Sender<UnixMs>,
    start: UnixMs,
    /// How much of the machine's time has been gone along with.
    followed: Arc<Mutex<Duration>>,
    /// How many wait for a moment.
    sleepers: Arc<Mutex<BTreeMap<UnixMs, usize>>>,
}

impl StageClock {
    pub(crate) fn at(start: UnixMs) -> Self {
        Self {
            now: watch::Sender::new(start),
            start,
            followed: Arc::default(),
            sleepers: Arc::default(),
        }
    }

    /// The next moment that somebody waits for.
    pub(crate) fn next(&self) -> Option<UnixMs> {
        let now = self.now();
        let sleepers = locked(&self.sleepers);
        sleepers
            .range(now.plus(Duration::from_millis(1))..)
            .next()
            .map(|(at, _)| *at)
    }

    /// Whether somebody has not noticed yet that their moment has come.
    pub(crate) fn is_waking(&self) -> bool {
        locked(&self.sleepers).range(..=self.now()).next().is_some()
    }

    /// Goes on to a moment.
    pub(crate) fn set(&self, at: UnixMs) {
        self.now.send_replace(at);
    }

    /// Goes on with the machine's clock, of which that much has passed; what was skipped meanwhile stays skipped.
    pub(crate) fn follow(&self, passed: Duration) {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let more = passed.saturating_sub(*followed);
        *followed = passed;
        self.now.send_modify(|now| *now = now.plus(more));
    }
}

/// One that waits, for as long as it does.
struct Sleeper {
    at: UnixMs,
    sleepers: Arc<Mutex<BTreeMap<UnixMs, usize>>>,
}

impl Sleeper {
    fn new(at: UnixMs, sleepers: &Arc<Mutex<BTreeMap<UnixMs, usize>>>) -> Self {
        *locked(sleepers).entry(at).or_default() += 1;
        Self {
            at,
            sleepers: Arc::clone(sleepers),
        }
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let mut sleepers = locked(&self.sleepers);
        if let Some(count) = sleepers.get_mut(&self.at) {
            *count -= 1;
            if *count == 0 {
                sleepers.remove(&self.at);
            }
        }
    }
}

fn locked(sleepers: &Mutex<BTreeMap<UnixMs, usize>>) -> MutexGuard<'_, BTreeMap<UnixMs, usize>> {
    // Nothing panics while they are locked, so a poisoned lock is still good.
    sleepers.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clock for StageClock {
    fn now(&self) -> UnixMs {
        *self.now.borrow()
    }

    fn monotonic(&self) -> Duration {
        self.now().since(self.start)
    }

    fn sleep_until(&self, at: UnixMs) -> BoxFuture<'static, ()> {
        let mut now = self.now.subscribe();
        let sleeper = Sleeper::new(at, &self.sleepers);
        Box::pin(async move {
            // Held for as long as this is waited for.
            let _sleeper = sleeper;
            // A clock that is gone stands still.
            if now.wait_for(|now| *now >= at).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_knows_what_waits_for_it() {
        let clock = StageClock::at(UnixMs(1000));
        assert_eq!(clock.next(), None);
        let (late, soon) = (clock.sleep_until(UnixMs(3000)), clock.sleep_until(UnixMs(2000)));
        assert_eq!(clock.next(), Some(UnixMs(2000)));
        clock.set(UnixMs(2000));
        assert!(clock.is_waking());
        soon.await;
        assert!(!clock.is_waking());
        assert_eq!(clock.next(), Some(UnixMs(3000)));
        drop(late);
        assert_eq!(clock.next(), None);
        clock.sleep_until(UnixMs(1500)).await;
    }

    #[test]
    fn it_goes_along_with_the_machine_from_wherever_it_was_set() {
        let clock = StageClock::at(UnixMs(1000));
        clock.follow(Duration::from_millis(5));
        clock.set(UnixMs(9000));
        clock.follow(Duration::from_millis(5));
        assert_eq!(clock.now(), UnixMs(9000));
        clock.follow(Duration::from_millis(8));
        assert_eq!(clock.now(), UnixMs(9003));
    }
}

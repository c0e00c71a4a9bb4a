//! How often somebody may do something: buckets that fill up again with time, in memory. A restart forgives.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use waspnest_core::clock::Clock;

use waspnest_core::current::Current;

/// Who is counted at most. Full buckets are forgotten first, and say nothing.
const MOST: usize = 100_000;

/// So many at once, and so many more each minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// At once.
    pub burst: u32,
    /// Each minute.
    pub per_minute: u32,
}

/// It was too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too often; try again in {} s", retry_after.as_secs())]
pub struct Busy {
    /// When there is room again; whole seconds, at least one.
    pub retry_after: Duration,
}

/// The buckets of all. Clones are the same.
#[derive(Debug)]
pub struct Buckets<K> {
    rule: Current<Rule>,
    clock: Arc<dyn Clock>,
    of: Arc<Mutex<HashMap<K, Bucket>>>,
}

impl<K> Clone for Buckets<K> {
    fn clone(&self) -> Self {
        Self {
            rule: self.rule.clone(),
            clock: Arc::clone(&self.clock),
            of: Arc::clone(&self.of),
        }
    }
}

/// What is left, in thousandths, and when that was.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: u64,
    at: Duration,
}

impl Rule {
    const fn full(self) -> u64 {
        self.burst as u64 * 1000
    }

    /// What is in a bucket now.
    fn left(self, bucket: Bucket, now: Duration) -> u64 {
        let passed = u64::try_from(now.saturating_sub(bucket.at).as_millis()).unwrap_or(u64::MAX);
        // Thousandths in a millisecond are so many a second.
        let more = passed.saturating_mul(u64::from(self.per_minute)) / 60;
        bucket.left.saturating_add(more).min(self.full())
    }
}

impl<K: Eq + Hash> Buckets<K> {
    /// All full.
    #[must_use]
    pub fn new(rule: Rule, clock: Arc<dyn Clock>) -> Self {
        Self {
            rule: rule.into(),
            clock,
            of: Arc::default(),
        }
    }

    /// Counts by another rule from now on. What was taken stays taken.
    pub fn set(&self, rule: Rule) {
        self.rule.set(rule);
    }

    /// Takes one, if there is one.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn take(&self, key: K) -> Result<(), Busy> {
        let (now, rule) = (self.clock.monotonic(), *self.rule.get());
        // A map of numbers; no panic can leave it half-way.
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if of.len() >= MOST {
            of.retain(|_, bucket| rule.left(*bucket, now) < rule.full());
            // Whoever comes with so many names at a time is not to take memory as well.
            if of.len() >= MOST {
                of.clear();
            }
        }
        let bucket = of.entry(key).or_insert(Bucket {
            left: rule.full(),
            at: now,
        });
        let left = rule.left(*bucket, now);
        match left.checked_sub(1000) {
            Some(left) => {
                *bucket = Bucket { left, at: now };
                Ok(())
            }
            None => {
                let missing = (1000 - left) * 60;
                let millis = missing.div_ceil(u64::from(rule.per_minute.max(1)));
                Err(Busy {
                    retry_after: Duration::from_secs(millis.div_ceil(1000).max(1)),
                })
            }
        }
    }

    /// Gives one back.
    pub fn give_back(&self, key: &K) {
        let (now, rule) = (self.clock.monotonic(), *self.rule.get());
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = of.get_mut(key) {
            let left = rule.left(*bucket, now).saturating_add(1000).min(rule.full());
            *bucket = Bucket { left, at: now };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waspnest_core::clock::{ManualClock, UnixMs};

    #[test]
    fn a_bucket_is_emptied_and_fills_up() {
        let clock = Arc::new(ManualClock::at(UnixMs(0)));
        let rule = Rule {
            burst: 2,
            per_minute: 30,
        };
        let buckets = Buckets::new(rule, clock.clone());
        assert_eq!((buckets.take("a"), buckets.take("a")), (Ok(()), Ok(())));
        let busy = |seconds| {
            Err(Busy {
                retry_after: Duration::from_secs(seconds),
            })
        };
        assert_eq!(buckets.take("a"), busy(2));
        assert_eq!(buckets.take("b"), Ok(()), "others have buckets of their own");
        clock.advance(Duration::from_millis(1500));
        assert_eq!(buckets.take("a"), busy(1));
        clock.advance(Duration::from_millis(500));
        assert_eq!((buckets.take("a"), buckets.take("a")), (Ok(()), busy(2)));
        buckets.give_back(&"a");
        assert_eq!(buckets.take("a"), Ok(()));
        clock.advance(Duration::from_secs(3600));
        assert_eq!(
            (buckets.take("a"), buckets.take("a"), buckets.take("a")),
            (Ok(()), Ok(()), busy(2))
        );
    }

    #[test]
    fn no_number_of_names_takes_more_memory() {
        let rule = Rule {
            burst: 1,
            per_minute: 1,
        };
        let buckets = Buckets::new(rule, Arc::new(ManualClock::at(UnixMs(0))));
        for name in 0..=MOST {
            assert_eq!(buckets.take(name), Ok(()));
        }
        assert!(buckets.of.lock().expect("no test panics in here").len() <= MOST);
    }
}

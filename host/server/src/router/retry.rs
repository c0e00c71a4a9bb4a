//! When a failed call is made again, and when it is given up.

use std::time::Duration;

use crate::config::plugins::Retry;

impl Retry {
    /// How long to wait after the `failures`-th failed attempt; none when that was the last.
    /// `lot` is a random number; `hint` is the plugin's own wish, honoured up to the longest wait.
    #[must_use]
    pub(crate) fn wait_after(&self, failures: u32, hint: Option<Duration>, lot: u64) -> Option<Duration> {
        if failures >= self.max_attempts {
            return None;
        }
        if let Some(hint) = hint {
            return Some(hint.min(self.backoff.max));
        }
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let plain =
            (self.backoff.first.as_secs_f64() * self.backoff.factor.powi(exponent)).min(self.backoff.max.as_secs_f64());
        #[expect(
            clippy::cast_precision_loss,
            reason = "a lot needs no more than the 53 bits a float keeps"
        )]
        let share = lot as f64 / u64::MAX as f64;
        let drawn = plain * (1.0 - self.backoff.jitter + 2.0 * self.backoff.jitter * share);
        Some(Duration::from_secs_f64(
            drawn.clamp(0.0, self.backoff.max.as_secs_f64()),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::plugins::Backoff;

    fn policy() -> Retry {
        let backoff = Backoff {
            first: Duration::from_secs(1),
            factor: 4.0,
            max: Duration::from_secs(10),
            jitter: 0.0,
        };
        Retry {
            max_attempts: 4,
            backoff,
        }
    }

    #[test]
    fn waits_grow_until_the_longest_and_then_end() {
        let waits: Vec<_> = (1..=4).map(|failures| policy().wait_after(failures, None, 0)).collect();
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(waits, [seconds(1), seconds(4), seconds(10), None]);
    }

    #[test]
    fn a_hint_is_honoured_within_bounds() {
        assert_eq!(
            policy().wait_after(1, Some(Duration::from_millis(20)), 0),
            Some(Duration::from_millis(20))
        );
        assert_eq!(
            policy().wait_after(1, Some(Duration::from_secs(99)), 0),
            Some(Duration::from_secs(10))
        );
        assert_eq!(policy().wait_after(4, Some(Duration::from_millis(20)), 0), None);
    }

    #[test]
    fn jitter_stays_in_its_share() {
        let mut policy = policy();
        policy.backoff.jitter = 0.2;
        for lot in [0, u64::MAX / 3, u64::MAX] {
            let wait = policy
                .wait_after(1, None, lot)
                .expect("not the last attempt")
                .as_secs_f64();
            assert!((0.8..=1.2).contains(&wait), "{wait}");
        }
    }
}

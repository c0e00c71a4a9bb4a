//! A rest for who keeps failing: an installation, or the server behind a webhook.
//!
//! Too many failures within a window open the breaker: no call is made for a while, events wait in their lanes with their attempts
//! unspent, and everybody else goes on. Then one call is let through on trial; its end decides. What is refused for good
//! is about the event and counts neither way. Kept in memory: a restart is a new try.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use waspnest_core::clock::{Clock, UnixMs};

use crate::config::plugins::BreakerRule;

/// The breaker of one installation or server, over all sessions.
#[derive(Debug)]
pub struct Breaker {
    rule: BreakerRule,
    state: Mutex<State>,
    /// Says that the state changed, to those that wait.
    changed: watch::Sender<()>,
}

#[derive(Debug)]
enum State {
    /// Calls are made; when the failures of the window were.
    Closed(VecDeque<UnixMs>),
    /// No calls until then.
    Open(UnixMs),
    /// One call is under way on trial. Should it never end, another is let through then.
    Trial(UnixMs),
}

/// Whether calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// They are.
    Working,
    /// It failed too often; calls begin again then, with one on trial.
    Resting {
        /// When.
        until: UnixMs,
    },
}

impl Condition {
    /// Until when nothing is called, if so.
    #[must_use]
    pub const fn until(self) -> Option<UnixMs> {
        match self {
            Self::Working => None,
            Self::Resting { until } => Some(until),
        }
    }
}

/// What a call came to, as far as the breaker cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Good,
    Failed,
    /// It says nothing about anybody's health.
    Neither,
}

enum Admission {
    Go,
    Wait(UnixMs),
}

impl Breaker {
    /// A closed one.
    #[must_use]
    pub fn new(rule: BreakerRule) -> Self {
        Self {
            rule,
            state: Mutex::new(State::Closed(VecDeque::new())),
            changed: watch::Sender::new(()),
        }
    }

    /// Waits until a call may be made. Whoever is let through owes [`Breaker::note`].
    pub(crate) async fn pass(&self, clock: &dyn Clock) {
        let mut changed = self.changed.subscribe();
        loop {
            let until = match self.admit(clock.now()) {
                Admission::Go => return,
                Admission::Wait(until) => until,
            };
            tokio::select! {
                () = clock.sleep_until(until) => {}
                // The sender is ours: it does not go while this waits.
                _ = changed.changed() => {}
            }
        }
    }

    /// Whether a call may be made now, for who does not wait. Whoever is let through owes [`Breaker::note`].
    pub(crate) fn lets_through(&self, now: UnixMs) -> bool {
        match self.admit(now) {
            Admission::Go => true,
            Admission::Wait(_) => false,
        }
    }

    fn admit(&self, now: UnixMs) -> Admission {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Closed(_) => Admission::Go,
            State::Open(until) | State::Trial(until) if self.is_left(until, now) => Admission::Wait(until),
            State::Open(_) | State::Trial(_) => {
                *state = State::Trial(now.plus(self.rule.open));
                Admission::Go
            }
        }
    }

    /// Notes what a call came to. Answers how long calls rest, if this one opened the breaker.
    pub(crate) fn note(&self, verdict: Verdict, now: UnixMs) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let opened = State::Open(now.plus(self.rule.open));
        let next = match (&mut *state, verdict) {
            (State::Closed(failures), Verdict::Failed) => {
                // One that is still to come was before the clock was set back.
                failures.retain(|failure| *failure <= now && failure.plus(self.rule.window) > now);
                failures.push_back(now);
                (failures.len() >= self.rule.failures as usize).then_some(opened)
            }
            (State::Closed(_), Verdict::Good | Verdict::Neither) => None,
            (State::Trial(_), Verdict::Failed) => Some(opened),
            (State::Trial(_), Verdict::Good) => Some(State::Closed(VecDeque::new())),
            // The next one is the trial.
            (State::Trial(_), Verdict::Neither) => Some(State::Open(now)),
            // A call that had begun before.
            (State::Open(_), Verdict::Good | Verdict::Failed | Verdict::Neither) => None,
        };
        let next = next?;
        let rests = (verdict == Verdict::Failed).then_some(self.rule.open);
        *state = next;
        self.changed.send_replace(());
        rests
    }

    /// Forgets what failed: another version of the plugin is at work.
    pub(crate) fn forget(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::Closed(VecDeque::new());
        self.changed.send_replace(());
    }

    /// Whether calls are made now.
    #[must_use]
    pub fn condition(&self, now: UnixMs) -> Condition {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match *state {
            State::Open(until) if self.is_left(until, now) => Condition::Resting { until },
            State::Closed(_) | State::Open(_) | State::Trial(_) => Condition::Working,
        }
    }

    /// Whether something of the rest is left. None is longer than the rule says, even when the clock was set back.
    fn is_left(&self, until: UnixMs, now: UnixMs) -> bool {
        !until.left(now, self.rule.open).is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(BreakerRule {
            failures: 3,
            window: Duration::from_secs(10),
            open: Duration::from_secs(60),
        })
    }

    fn is_let_through(breaker: &Breaker, at: u64) -> bool {
        breaker.lets_through(UnixMs(at))
    }

    #[test]
    fn failures_spread_over_time_open_nothing() {
        let breaker = breaker();
        for at in [0, 6_000, 12_000, 18_000] {
            assert_eq!(breaker.note(Verdict::Failed, UnixMs(at)), None);
            assert_eq!(breaker.note(Verdict::Neither, UnixMs(at)), None);
        }
        assert!(is_let_through(&breaker, 18_000));
    }

    #[test]
    fn after_the_rest_one_call_decides() {
        let breaker = breaker();
        for at in [0, 1, 2] {
            breaker.note(Verdict::Failed, UnixMs(at));
        }
        assert_eq!(
            breaker.condition(UnixMs(3)),
            Condition::Resting { until: UnixMs(60_002) }
        );
        assert!(!is_let_through(&breaker, 60_001));
        assert!(is_let_through(&breaker, 60_002));
        assert!(!is_let_through(&breaker, 60_003), "one at a time");
        assert_eq!(
            breaker.note(Verdict::Failed, UnixMs(60_004)),
            Some(Duration::from_secs(60))
        );
        assert!(!is_let_through(&breaker, 120_003));
        assert!(is_let_through(&breaker, 120_004));
        assert_eq!(breaker.note(Verdict::Neither, UnixMs(120_004)), None);
        assert!(is_let_through(&breaker, 120_004), "what says nothing is no trial");
        assert_eq!(breaker.note(Verdict::Good, UnixMs(120_005)), None);
        assert!(is_let_through(&breaker, 120_006));
        assert_eq!(
            breaker.note(Verdict::Failed, UnixMs(120_007)),
            None,
            "the earlier failures are forgiven"
        );
    }

    #[test]
    fn a_trial_that_never_ends_does_not_hold_everybody() {
        let breaker = breaker();
        for at in [0, 1, 2] {
            breaker.note(Verdict::Failed, UnixMs(at));
        }
        assert!(is_let_through(&breaker, 60_002));
        assert!(is_let_through(&breaker, 120_002));
    }

    #[test]
    fn a_rest_ends_when_the_clock_is_set_back() {
        let breaker = breaker();
        let (late, hours_before) = (UnixMs(10_000_000), UnixMs(1_000_000));
        for _ in 0..2 {
            breaker.note(Verdict::Failed, late);
        }
        assert_eq!(
            breaker.note(Verdict::Failed, hours_before),
            None,
            "what has not been yet does not count"
        );
        for _ in 0..3 {
            breaker.note(Verdict::Failed, late);
        }
        assert!(!breaker.lets_through(late));
        assert_eq!(breaker.condition(hours_before), Condition::Working);
        assert!(breaker.lets_through(hours_before));
        assert!(!breaker.lets_through(hours_before), "one on trial");
    }
}

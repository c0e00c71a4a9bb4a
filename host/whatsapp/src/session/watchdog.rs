//! When a session is silent or stuck, and what is to be done about it: pure, and told the time.
//!
//! whatsapp-rust keeps its connection alive and makes it anew by itself. This is for what gets past that: a connection that is open and
//! says nothing, an attempt that never ends, a client that stopped. Waits grow with each time it did not help, and start over once a
//! connection has held. What WhatsApp decided, and what operators want, is not for it to change.

use std::time::Duration;

/// A connection that said nothing for so long is asked something.
const QUIET: Duration = Duration::from_secs(45);

/// A connection that said nothing for so long is given up.
const LOST: Duration = Duration::from_secs(90);

/// The first time a connection may take to come about, and the longest.
const STUCK: Duration = Duration::from_secs(5 * 60);
const STUCK_MOST: Duration = Duration::from_secs(60 * 60);

/// How long a client that stopped rests before the next one, at first and at most.
const REST: Duration = Duration::from_secs(5);
const REST_MOST: Duration = Duration::from_secs(15 * 60);

/// A connection that has held so long starts the waits over.
const HELD: Duration = Duration::from_secs(60);

/// What a session is doing, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing that anybody waits for.
    Resting,
    /// It shall be connected, and no client runs.
    Stopped,
    /// A connection is being made.
    Connecting,
    /// It is connected.
    Connected,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    /// Nothing.
    Leave,
    /// Ask the server something.
    Ask,
    /// End the client, if there is one, and start another: nothing came about in this time.
    Renew(Duration),
}

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct Watchdog {
    seen: Seen,
    since: Duration,
    renewed: u32,
}

impl Watchdog {
    pub(crate) const fn new() -> Self {
        Self {
            seen: Seen::Resting,
            since: Duration::ZERO,
            renewed: 0,
        }
    }

    /// Forgets how often it did not help: somebody asked for another attempt.
    pub(super) const fn start_over(&mut self) {
        self.renewed = 0;
    }

    /// What is to be done at a moment, when the server was last heard at another. Both are of the clock that never goes back.
    pub(super) fn look(&mut self, now: Duration, seen: Seen, heard: Duration) -> Advice {
        if seen != self.seen {
            self.seen = seen;
            self.since = now;
        }
        let passed = now.saturating_sub(self.since);
        match seen {
            Seen::Resting => Advice::Leave,
            Seen::Stopped => self.renew_after(passed, grown(REST, self.renewed, REST_MOST), now),
            Seen::Connecting => self.renew_after(passed, grown(STUCK, self.renewed, STUCK_MOST), now),
            Seen::Connected => {
                if passed >= HELD {
                    self.renewed = 0;
                }
                let silent = now.saturating_sub(heard.max(self.since));
                if silent < QUIET {
                    return Advice::Leave;
                }
                if silent < LOST {
                    return Advice::Ask;
                }
                self.renew_after(silent, LOST, now)
            }
        }
    }

    fn renew_after(&mut self, passed: Duration, limit: Duration, now: Duration) -> Advice {
        if passed < limit {
            return Advice::Leave;
        }
        self.renewed = self.renewed.saturating_add(1);
        self.since = now;
        Advice::Renew(passed)
    }
}

fn grown(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(2_u32.saturating_pow(times.min(16))).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_silent_connection_is_asked_and_then_given_up() {
        let mut dog = Watchdog::new();
        assert_eq!(
            dog.look(at(100), Seen::Connected, at(10)),
            Advice::Leave,
            "it has just come"
        );
        assert_eq!(dog.look(at(144), Seen::Connected, at(10)), Advice::Leave);
        assert_eq!(dog.look(at(145), Seen::Connected, at(10)), Advice::Ask);
        assert_eq!(
            dog.look(at(160), Seen::Connected, at(150)),
            Advice::Leave,
            "it answered"
        );
        assert_eq!(dog.look(at(200), Seen::Connected, at(150)), Advice::Ask);
        assert_eq!(dog.look(at(240), Seen::Connected, at(150)), Advice::Renew(at(90)));
    }

    #[test]
    fn what_does_not_come_about_is_tried_again_less_and_less_often() {
        let mut dog = Watchdog::new();
        let mut renewals = Vec::new();
        for minute in 0..400 {
            if let Advice::Renew(_) = dog.look(at(minute * 60), Seen::Connecting, at(0)) {
                renewals.push(minute);
            }
        }
        assert_eq!(renewals, [5, 15, 35, 75, 135, 195, 255, 315, 375]);
        dog.look(at(30_000), Seen::Connected, at(30_000));
        dog.look(at(30_060), Seen::Connected, at(30_050));
        dog.look(at(30_100), Seen::Connecting, at(30_050));
        assert_eq!(
            dog.look(at(30_400), Seen::Connecting, at(30_050)),
            Advice::Renew(at(300)),
            "it had held, so the waits began anew"
        );
    }

    #[test]
    fn a_client_that_stopped_rests_first() {
        let mut dog = Watchdog::new();
        let mut renewals = Vec::new();
        for second in 0..100 {
            if let Advice::Renew(_) = dog.look(at(second), Seen::Stopped, at(0)) {
                renewals.push(second);
            }
        }
        assert_eq!(renewals, [5, 15, 35, 75]);
        dog.start_over();
        assert_eq!(dog.look(at(101), Seen::Resting, at(0)), Advice::Leave);
        dog.look(at(102), Seen::Stopped, at(0));
        assert_eq!(dog.look(at(107), Seen::Stopped, at(0)), Advice::Renew(at(5)));
    }

    #[test]
    fn what_rests_is_left_alone() {
        let mut dog = Watchdog::new();
        for second in [0, 1000, 100_000, 10_000_000] {
            assert_eq!(dog.look(at(second), Seen::Resting, at(0)), Advice::Leave);
        }
    }
}

//! What is on its way and late: one per direction of a connection, in the connection's own task.
//!
//! Order is kept, unless an item is held back for others to overtake it. Time is real and monotonic, because a client's own time is.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::faults::{Swap, Treatment};

/// Items on their way beyond which no more is accepted.
const CAPACITY: usize = 1_024;

/// A line of late items.
#[derive(Debug)]
pub(crate) struct Lag<T> {
    line: VecDeque<(Instant, T)>,
    held: Vec<Held<T>>,
}

#[derive(Debug)]
struct Held<T> {
    behind: u8,
    until: Instant,
    item: T,
}

impl<T> Default for Lag<T> {
    fn default() -> Self {
        Self {
            line: VecDeque::new(),
            held: Vec::new(),
        }
    }
}

impl<T> Lag<T> {
    /// Whether nothing is on its way: the next item need not go through here.
    pub(crate) fn is_idle(&self) -> bool {
        self.line.is_empty() && self.held.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.line.len() + self.held.len() >= CAPACITY
    }

    /// Puts an item behind what is on its way.
    pub(crate) fn follow(&mut self, item: T) {
        self.push(item, now());
    }

    fn push(&mut self, item: T, due: Instant) {
        let due = self.line.back().map_or(due, |(last, _)| due.max(*last));
        self.line.push_back((due, item));
    }

    /// Puts an item on its way as a fault wants it.
    pub(crate) fn treat(&mut self, item: T, treatment: Treatment)
    where
        T: Clone,
    {
        let due = now() + treatment.delay;
        for _ in 0..treatment.again {
            self.push(item.clone(), due);
        }
        match treatment.swap {
            None => self.push(item, due),
            Some(Swap { behind, within }) => self.held.push(Held {
                behind,
                until: due + within,
                item,
            }),
        }
    }

    /// Lets what is held back go before whatever follows.
    pub(crate) fn release(&mut self) {
        for held in &mut self.held {
            held.behind = 0;
        }
    }

    /// The next item whose time has come.
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.is_idle() {
            return None;
        }
        let now = now();
        if let Some(index) = self.held.iter().position(|held| held.behind == 0 || held.until <= now) {
            return Some(self.held.remove(index).item);
        }
        let (due, _) = self.line.front()?;
        if *due > now {
            return None;
        }
        for held in &mut self.held {
            held.behind -= 1;
        }
        self.line.pop_front().map(|(_, item)| item)
    }

    /// When [`Self::pop`] has something again.
    pub(crate) fn next(&self) -> Option<Instant> {
        let line = self.line.front().map(|(due, _)| *due);
        let held = self.held.iter().map(|held| held.until).min();
        match (line, held) {
            (Some(line), Some(held)) => Some(line.min(held)),
            (line, held) => line.or(held),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that gives connections their monotonic time"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn late(ms: u64) -> Treatment {
        Treatment {
            delay: Duration::from_millis(ms),
            ..Treatment::default()
        }
    }

    #[test]
    fn what_is_late_keeps_its_place() {
        let mut lag = Lag::default();
        lag.treat(1, late(3_600_000));
        lag.treat(2, late(1));
        lag.follow(3);
        assert_eq!(lag.pop(), None);
        let due = lag.next().expect("a time");
        assert!(lag.line.iter().all(|(other, _)| *other == due));
    }

    #[test]
    fn a_held_item_is_overtaken_by_as_many_as_it_was_told() {
        let mut lag = Lag::default();
        lag.treat(
            1,
            Treatment {
                swap: Some(Swap {
                    behind: 2,
                    within: Duration::from_secs(3_600),
                }),
                ..Treatment::default()
            },
        );
        assert_eq!(lag.pop(), None);
        for item in [2, 3, 4] {
            lag.follow(item);
        }
        let order: Vec<i32> = std::iter::from_fn(|| lag.pop()).collect();
        assert_eq!(order, [2, 3, 1, 4]);
        assert!(lag.is_idle());
    }

    #[test]
    fn what_is_held_goes_before_the_end() {
        let mut lag = Lag::default();
        lag.treat(
            1,
            Treatment {
                again: 1,
                swap: Some(Swap {
                    behind: 9,
                    within: Duration::from_secs(3_600),
                }),
                ..Treatment::default()
            },
        );
        lag.release();
        lag.follow(2);
        let order: Vec<i32> = std::iter::from_fn(|| lag.pop()).collect();
        assert_eq!(order, [1, 1, 2]);
    }
}

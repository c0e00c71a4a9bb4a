//! Rates of an installation: how often it may do something, over all of its calls.
//!
//! Kept in memory: a restart begins new windows. A place is taken when the guest asks and given back if its call fails, so that a
//! repeated call does not pay twice.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use waspnest_core::clock::UnixMs;

use crate::grant::Effective;
use crate::manifest::{Capability, Rate};

/// The windows of all of an installation's rates.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    windows: Vec<(Capability, Mutex<Window>)>,
}

#[derive(Debug)]
struct Window {
    rate: Rate,
    taken: VecDeque<UnixMs>,
}

impl Rates {
    pub(crate) fn of(effective: &Effective) -> Self {
        let mut windows = Vec::new();
        for capability in Capability::ALL {
            windows.extend(effective.rates(capability).iter().map(|rate| {
                (
                    capability,
                    Mutex::new(Window {
                        rate: *rate,
                        taken: VecDeque::new(),
                    }),
                )
            }));
        }
        Self { windows }
    }

    /// Takes a place in every window of a capability, or says how long until there is room and takes none.
    pub(crate) fn take(&self, capability: Capability, now: UnixMs) -> Result<(), Duration> {
        // In a fixed order, so that two calls never wait for each other.
        let mut windows: Vec<_> = self
            .of_capability(capability)
            .map(|window| window.lock().unwrap_or_else(PoisonError::into_inner))
            .collect();
        let wait = windows.iter_mut().filter_map(|window| window.wait(now)).max();
        match wait {
            Some(wait) => Err(wait),
            None => {
                windows.iter_mut().for_each(|window| window.taken.push_back(now));
                Ok(())
            }
        }
    }

    /// Gives back a place taken at `at`.
    pub(crate) fn give_back(&self, capability: Capability, at: UnixMs) {
        for window in self.of_capability(capability) {
            let mut window = window.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(index) = window.taken.iter().rposition(|taken| *taken == at) {
                window.taken.remove(index);
            }
        }
    }

    fn of_capability(&self, wanted: Capability) -> impl Iterator<Item = &Mutex<Window>> {
        self.windows
            .iter()
            .filter(move |(capability, _)| *capability == wanted)
            .map(|(_, window)| window)
    }
}

impl Window {
    /// How long until there is room; none if there is room now.
    fn wait(&mut self, now: UnixMs) -> Option<Duration> {
        while self.taken.front().is_some_and(|first| first.plus(self.rate.per) <= now) {
            self.taken.pop_front();
        }
        let full = self.taken.len() >= self.rate.count as usize;
        self.taken
            .front()
            .filter(|_| full)
            .map(|first| first.plus(self.rate.per).since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::MessageTerms;

    #[test]
    fn a_window_fills_and_empties_with_the_clock() {
        let terms = MessageTerms {
            rates: vec!["2/min".parse().expect("a rate")],
            ..MessageTerms::default()
        };
        let rates = Rates::of(&Effective {
            send: Some(terms),
            ..Effective::default()
        });
        let send = Capability::MessagesSend;
        assert_eq!(rates.take(send, UnixMs(1_000)), Ok(()));
        assert_eq!(rates.take(send, UnixMs(2_000)), Ok(()));
        assert_eq!(rates.take(send, UnixMs(3_000)), Err(Duration::from_secs(58)));
        rates.give_back(send, UnixMs(2_000));
        assert_eq!(
            rates.take(send, UnixMs(4_000)),
            Ok(()),
            "a place that was given back can be taken"
        );
        assert_eq!(
            rates.take(send, UnixMs(61_000)),
            Ok(()),
            "the first place is free again after a minute"
        );
        assert_eq!(
            rates.take(Capability::MessagesReact, UnixMs(0)),
            Ok(()),
            "what has no rate is never full"
        );
    }
}

//! Places of the pool, given out fairly among installations.
//!
//! A sandbox takes places while it exists. Where they are short, whoever holds the fewest is next, and within one installation whoever
//! came first; and no installation takes all of them: a quarter is left for others. So however many calls of one installation wait,
//! another one's call waits for at most one of them to end, and not behind all of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use waspnest_core::id::InstallationId;

/// All places of an engine.
pub(crate) struct Places {
    total: u32,
    state: Mutex<State>,
}

struct State {
    free: u32,
    next_waiter: u64,
    by: HashMap<InstallationId, Share>,
}

/// How many places there are, and how many are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    /// All there are.
    pub total: u32,
    /// Taken by sandboxes.
    pub taken: u32,
    /// Calls that wait for places.
    pub waiting: usize,
}

/// One installation's part.
#[derive(Default)]
struct Share {
    held: u32,
    waiting: VecDeque<Waiter>,
}

struct Waiter {
    number: u64,
    weight: u32,
    /// Told when its places are taken for it.
    ready: oneshot::Sender<Held>,
}

/// Places that are taken; given back when this is dropped.
pub(crate) struct Held {
    places: Arc<Places>,
    by: InstallationId,
    weight: u32,
}

impl Places {
    pub(crate) fn new(total: u32) -> Self {
        Self {
            total,
            state: Mutex::new(State {
                free: total,
                next_waiter: 0,
                by: HashMap::new(),
            }),
        }
    }

    /// Takes places for a sandbox of an installation, when its turn has come. One that needs more than there are takes all.
    #[expect(
        clippy::expect_used,
        reason = "a waiter leaves the queue with its places or not at all"
    )]
    pub(crate) async fn take(self: &Arc<Self>, by: &InstallationId, weight: u32) -> Held {
        let weight = weight.clamp(1, self.total);
        let (ready, told) = oneshot::channel();
        {
            let mut state = self.state();
            let number = state.next_waiter;
            state.next_waiter += 1;
            let share = state.by.entry(by.clone()).or_default();
            share.waiting.push_back(Waiter { number, weight, ready });
        }
        self.give_out();
        told.await.expect("whoever waits is told before it is forgotten")
    }

    /// How they are taken at the moment.
    pub(crate) fn occupancy(&self) -> Occupancy {
        let state = self.state();
        Occupancy {
            total: self.total,
            taken: self.total - state.free,
            waiting: state.by.values().map(|share| share.waiting.len()).sum(),
        }
    }

    /// Whether at least half of the places are free.
    pub(crate) fn are_roomy(&self) -> bool {
        self.state().free * 2 >= self.total
    }

    /// The most that one installation may hold while it is not alone in needing some.
    fn most(&self) -> u32 {
        self.total - (self.total / 4).max(u32::from(self.total > 1))
    }

    /// Gives free places to those whose turn it is.
    fn give_out(self: &Arc<Self>) {
        loop {
            let Some((waiter, by)) = self.next() else { return };
            let held = Held {
                places: Arc::clone(self),
                by,
                weight: waiter.weight,
            };
            // Who does not wait any more leaves the places to the next.
            if let Err(mut held) = waiter.ready.send(held) {
                held.give_back();
            }
        }
    }

    /// Whose turn it is, with places taken for them; none when nobody waits or there is no room for whoever is next.
    fn next(&self) -> Option<(Waiter, InstallationId)> {
        let mut state = self.state();
        let State { free, by, .. } = &mut *state;
        let most = self.most();
        let first = by
            .iter()
            .filter_map(|(id, share)| {
                let waiter = share.waiting.front()?;
                // A sandbox that is larger than the share of one installation is made when the installation has no other.
                let may = share.held == 0 || share.held + waiter.weight <= most;
                may.then_some((share.held, waiter.number, id))
            })
            .min()?;
        let id = first.2.clone();
        let share = by.get_mut(&id)?;
        // Nobody overtakes who is next, or a large sandbox would wait for ever behind small ones.
        if share.waiting.front()?.weight > *free {
            return None;
        }
        let waiter = share.waiting.pop_front()?;
        share.held += waiter.weight;
        *free -= waiter.weight;
        Some((waiter, id))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics between two writes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn give_back(&mut self) {
        let weight = std::mem::take(&mut self.weight);
        let mut state = self.places.state();
        state.free += weight;
        if let Some(share) = state.by.get_mut(&self.by) {
            share.held -= weight;
            if share.held == 0 && share.waiting.is_empty() {
                state.by.remove(&self.by);
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.weight > 0 {
            self.give_back();
            self.places.give_out();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn id(name: &str) -> InstallationId {
        name.parse().expect("an installation id")
    }

    fn now<T>(future: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn one_installation_leaves_a_quarter_to_others() {
        let places = Arc::new(Places::new(8));
        let (greedy, modest) = (id("greedy"), id("modest"));
        let held: Vec<_> = (0..6)
            .map(|_| now(pin!(places.take(&greedy, 1))).expect("there is room"))
            .collect();
        let mut waits = pin!(places.take(&greedy, 1));
        assert!(now(waits.as_mut()).is_none(), "the rest is for others");
        let others = (now(pin!(places.take(&modest, 1))), now(pin!(places.take(&modest, 1))));
        assert!(others.0.is_some() && others.1.is_some(), "who need not wait for it");
        drop(held);
        assert!(now(waits.as_mut()).is_some());
    }

    #[test]
    fn whoever_holds_least_is_next() {
        let places = Arc::new(Places::new(4));
        let (greedy, late) = (id("greedy"), id("late"));
        let third = id("third");
        let mut held: Vec<_> = (0..3)
            .map(|_| now(pin!(places.take(&greedy, 1))).expect("there is room"))
            .collect();
        let last = now(pin!(places.take(&third, 1))).expect("there is room");
        let mut queue: Vec<_> = (0..100).map(|_| Box::pin(places.take(&greedy, 1))).collect();
        assert!(queue.iter_mut().all(|waits| now(waits.as_mut()).is_none()));
        let mut new = pin!(places.take(&late, 1));
        assert!(now(new.as_mut()).is_none());
        held.pop();
        assert!(
            now(new.as_mut()).is_some(),
            "the newcomer is before a hundred who came first"
        );
        drop(last);
    }

    #[test]
    fn who_stops_waiting_is_passed_over() {
        let places = Arc::new(Places::new(1));
        let one = id("one");
        let held = now(pin!(places.take(&one, 1))).expect("there is room");
        let mut second = pin!(places.take(&one, 1));
        {
            let mut first = Box::pin(places.take(&one, 1));
            assert!(now(first.as_mut()).is_none());
        }
        assert!(now(second.as_mut()).is_none());
        drop(held);
        assert!(now(second.as_mut()).is_some());
    }

    #[test]
    fn a_sandbox_larger_than_all_takes_all() {
        let places = Arc::new(Places::new(2));
        let (large, small) = (id("large"), id("small"));
        let one = now(pin!(places.take(&small, 1))).expect("there is room");
        let mut waits = pin!(places.take(&large, 9));
        assert!(now(waits.as_mut()).is_none());
        let mut behind = pin!(places.take(&small, 1));
        assert!(now(behind.as_mut()).is_none(), "nobody overtakes it");
        drop(one);
        let all = now(waits.as_mut()).expect("its turn");
        assert!(now(behind.as_mut()).is_none());
        drop(all);
        assert!(now(behind.as_mut()).is_some());
    }
}

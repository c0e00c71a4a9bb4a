//! Many sessions that connect, one after another: a crowd of logins at the same moment from one address is what no person's devices do,
//! and costs the machine most.

use std::num::NonZeroU32;
use std::time::Duration;

use futures::FutureExt;
use waspnest_core::clock::{Clock, Ids};

/// So many sessions a second, each at a moment of its own within its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stagger {
    /// How many a second.
    pub per_second: NonZeroU32,
}

impl Stagger {
    /// Runs each with its turn, and returns when the last has ended. What takes long holds nobody up.
    pub(super) async fn each<T, F: Future<Output = ()>>(
        self,
        all: Vec<T>,
        clock: &dyn Clock,
        ids: &dyn Ids,
        act: impl Fn(T) -> F,
    ) {
        let begun = clock.now();
        let turns = all.into_iter().enumerate().map(|(number, one)| {
            let turn = clock.sleep_until(begun.plus(self.turn(number, ids.seed())));
            let act = &act;
            turn.then(move |()| act(one))
        });
        futures::future::join_all(turns).await;
    }

    /// When the turn of a number comes, after the beginning. The first comes at once.
    fn turn(self, number: usize, seed: u64) -> Duration {
        let span = Duration::from_secs(1) / self.per_second.get();
        let before = span.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX).max(1);
        match number {
            0 => Duration::ZERO,
            _ => before + Duration::from_nanos(seed % nanos),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use waspnest_core::clock::{ManualClock, SeededIds, UnixMs};

    use super::*;

    const FIVE: Stagger = Stagger {
        per_second: NonZeroU32::new(5).expect("five"),
    };

    #[tokio::test]
    async fn so_many_a_second_begin_and_the_order_stays() {
        let clock = Arc::new(ManualClock::at(UnixMs(1_000_000)));
        let ids = SeededIds::new(3);
        let begun: Mutex<Vec<(usize, u64)>> = Mutex::default();
        let watched = Arc::clone(&clock);
        let act = |number: usize| {
            let at = watched.now().0 - 1_000_000;
            begun.lock().expect("no panic in here").push((number, at));
            std::future::ready(())
        };
        let all = FIVE.each((0..100).collect(), &*clock, &ids, act);
        let time = async {
            for _ in 0..25_000 {
                clock.advance(Duration::from_millis(1));
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(all, time);
        let begun = begun.into_inner().expect("no panic in here");
        assert_eq!(begun.len(), 100);
        assert!(begun.is_sorted(), "{begun:?}");
        for second in 0..20 {
            let within = begun.iter().filter(|(_, at)| at / 1000 == second).count();
            assert!((4..=6).contains(&within), "{within} in second {second}");
        }
        let spaces: std::collections::BTreeSet<u64> = begun.windows(2).map(|two| two[1].1 - two[0].1).collect();
        assert!(spaces.len() > 20, "no two wait alike: {spaces:?}");
    }

    #[tokio::test]
    async fn one_that_takes_long_holds_nobody_up() {
        let clock = Arc::new(ManualClock::at(UnixMs(1_000_000)));
        let ids = SeededIds::new(3);
        let ended: Mutex<Vec<usize>> = Mutex::default();
        let gate = tokio::sync::Notify::new();
        let (gate, ended) = (&gate, &ended);
        let act = |number: usize| async move {
            if number == 0 {
                gate.notified().await;
            }
            ended.lock().expect("no panic in here").push(number);
        };
        let time = async {
            clock.advance(Duration::from_secs(60));
            while ended.lock().expect("no panic in here").len() < 4 {
                tokio::task::yield_now().await;
            }
            gate.notify_one();
        };
        tokio::join!(FIVE.each((0..5).collect(), &*clock, &ids, act), time);
        assert_eq!(*ended.lock().expect("no panic in here"), [1, 2, 3, 4, 0]);
    }
}

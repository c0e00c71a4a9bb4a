//! How far one consumer of a session's log has come: an installation, or a webhook.
//!
//! Chats run side by side, so events finish out of order. The low-water mark is the position up to which everything is finished; it
//! is what a restart begins behind, and it never moves back.

use std::collections::BTreeSet;

use waspnest_core::event::Position;

/// Positions dispatched and not yet finished, and the mark below all of them.
#[derive(Debug)]
pub(crate) struct Tracker {
    scanned: Position,
    open: BTreeSet<Position>,
    stored: Position,
}

impl Tracker {
    /// Goes on behind a stored low-water mark.
    pub(crate) fn resume(low: Position) -> Self {
        Self {
            scanned: low,
            open: BTreeSet::new(),
            stored: low,
        }
    }

    /// The last position that was seen.
    pub(crate) const fn seen_to(&self) -> Position {
        self.scanned
    }

    /// Whether something is not finished that was seen here.
    pub(crate) fn is_open(&self, position: Position) -> bool {
        self.open.contains(&position)
    }

    /// How much is not finished.
    pub(crate) fn count_open(&self) -> usize {
        self.open.len()
    }

    /// Whether an event at this position was seen before.
    pub(crate) fn has_seen(&self, position: Position) -> bool {
        position <= self.scanned
    }

    /// Notes an event that the consumer does not want, or has finished in an earlier life.
    pub(crate) fn pass(&mut self, position: Position) {
        self.scanned = self.scanned.max(position);
    }

    /// Notes an event that was given to a lane.
    pub(crate) fn open(&mut self, position: Position) {
        self.pass(position);
        self.open.insert(position);
    }

    /// Notes that a lane is done with an event.
    pub(crate) fn finish(&mut self, position: Position) {
        self.open.remove(&position);
    }

    /// Everything up to here is finished.
    pub(crate) fn low(&self) -> Position {
        match self.open.first() {
            Some(first) => Position(first.0.saturating_sub(1)),
            None => self.scanned,
        }
    }

    /// The mark to store, when it is at least `step` ahead of the stored one; from then on it counts as stored.
    pub(crate) fn take_mark(&mut self, step: u64) -> Option<Position> {
        let low = self.low();
        (low.0 >= self.stored.0 + step).then(|| {
            self.stored = low;
            low
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever order lanes finish in, the mark never passes an unfinished event and never moves back.
        #[test]
        fn the_mark_stays_below_unfinished_events(matched in proptest::collection::vec(any::<bool>(), 1..200), order in any::<u64>()) {
            let mut tracker = Tracker::resume(Position(0));
            let mut open = Vec::new();
            let mut low = tracker.low();
            let mut pick = order;
            for (index, matched) in matched.iter().enumerate() {
                let position = Position(index as u64 + 1);
                if *matched { tracker.open(position); open.push(position); } else { tracker.pass(position); }
                pick = pick.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                if !open.is_empty() && pick % 3 == 0 {
                    let done = open.swap_remove((pick >> 33) as usize % open.len());
                    tracker.finish(done);
                }
                prop_assert!(tracker.low() >= low);
                low = tracker.low();
                prop_assert!(open.iter().all(|position| *position > low));
            }
            for position in open.drain(..) { tracker.finish(position); }
            prop_assert_eq!(tracker.low(), Position(matched.len() as u64));
        }
    }
}

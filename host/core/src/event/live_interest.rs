//! An [`Interest`] that may become another one while a session is at work: installations come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use super::family::Interest;

/// What a session takes in at the moment. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct LiveInterest(Arc<AtomicU16>);

impl LiveInterest {
    /// What is wanted now.
    #[must_use]
    pub fn now(&self) -> Interest {
        Interest::of_bits(self.0.load(Ordering::Relaxed))
    }

    /// Wants this from now on, and nothing else.
    pub fn set(&self, interest: Interest) {
        self.0.store(interest.bits(), Ordering::Relaxed);
    }
}

impl From<Interest> for LiveInterest {
    fn from(interest: Interest) -> Self {
        let live = Self::default();
        live.set(interest);
        live
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Family;

    #[test]
    fn whoever_holds_it_sees_the_change() {
        let live = LiveInterest::from(Interest::NONE.and(Family::Group));
        let held = live.clone();
        live.set(Interest::NONE.and(Family::Call));
        assert_eq!(held.now(), Interest::NONE.and(Family::Call));
    }
}

//! How many connections there may be: altogether, from one address, and with their handshake unfinished.
//!
//! Who comes when it is full is closed at once, without a word, and those inside notice nothing.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Why a connection was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Full {
    #[error("there are too many connections")]
    House,
    #[error("there are too many connections from one address")]
    Source,
    #[error("there are too many unfinished handshakes")]
    Handshakes,
}

/// The doors of one server.
#[derive(Clone)]
pub(crate) struct Doors {
    inside: Arc<Semaphore>,
    handshakes: Arc<Semaphore>,
    by_source: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_source: usize,
}

/// A place inside; given back when dropped.
pub(crate) struct Seat {
    source: IpAddr,
    by_source: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _inside: OwnedSemaphorePermit,
    handshake: Option<OwnedSemaphorePermit>,
}

impl Doors {
    pub(crate) fn new(connections: usize, per_source: usize, handshakes: usize) -> Self {
        let semaphore = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Self {
            inside: semaphore(connections),
            handshakes: semaphore(handshakes),
            by_source: Arc::default(),
            per_source,
        }
    }

    /// A place for a connection from `source`, whose handshake is to come.
    pub(crate) fn enter(&self, source: IpAddr) -> Result<Seat, Full> {
        let inside = Arc::clone(&self.inside).try_acquire_owned().map_err(|_| Full::House)?;
        let handshake = Arc::clone(&self.handshakes)
            .try_acquire_owned()
            .map_err(|_| Full::Handshakes)?;
        let mut by_source = lock(&self.by_source);
        let count = by_source.entry(source).or_default();
        if *count >= self.per_source {
            return Err(Full::Source);
        }
        *count += 1;
        drop(by_source);
        Ok(Seat {
            source,
            by_source: Arc::clone(&self.by_source),
            _inside: inside,
            handshake: Some(handshake),
        })
    }
}

impl Seat {
    /// The handshake is finished.
    pub(crate) fn settle(&mut self) {
        self.handshake = None;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut by_source = lock(&self.by_source);
        if let Some(count) = by_source.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                by_source.remove(&self.source);
            }
        }
    }
}

fn lock(by_source: &Mutex<HashMap<IpAddr, usize>>) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    // Nothing that holds it can panic half-way.
    by_source.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn each_limit_holds_and_places_are_given_back() {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let there = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
        let doors = Doors::new(4, 2, 3);
        let mut first = doors.enter(here).expect("room");
        let second = doors.enter(here).expect("room");
        assert_eq!(doors.enter(here).err(), Some(Full::Source));
        let third = doors.enter(there).expect("room");
        assert_eq!(doors.enter(there).err(), Some(Full::Handshakes));
        first.settle();
        let fourth = doors.enter(there).expect("room");
        first.settle();
        assert_eq!(doors.enter(there).err(), Some(Full::House));
        drop(second);
        assert_eq!(doors.enter(there).err(), Some(Full::Source));
        drop((third, fourth));
        assert!(doors.enter(here).is_ok());
        drop(first);
        assert!(lock(&doors.by_source).is_empty());
    }
}

//! Tickets for streams: what a browser shows that cannot send a header with its `EventSource` or `WebSocket`.
//!
//! A ticket stands for the credential it was got with, opens one stream, and is good for half a minute, so that nothing lasting is in an
//! address. Tickets are in memory alone; a host that was restarted knows none.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use waspnest_core::clock::{Clock, Ids, UnixMs};
use waspnest_core::hmac;

use super::caller::Bearer;

/// How long a ticket is good.
const LIFE: Duration = Duration::from_secs(30);
/// Tickets that are good at a time; beyond that the one that would end first ends.
const MOST: usize = 10_000;
const PREFIX: &str = "wn_ticket_";

/// The tickets that are good. Clones are the same.
#[derive(Debug, Clone)]
pub struct StreamTickets {
    good: Arc<Mutex<HashMap<[u8; 32], Held>>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

#[derive(Debug)]
struct Held {
    bearer: Bearer,
    until: UnixMs,
}

/// A ticket.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket {
    /// What opens a stream, once.
    pub text: String,
    /// Until when.
    pub until: UnixMs,
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket")
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl StreamTickets {
    /// None is good yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            good: Arc::default(),
            clock,
            ids,
        }
    }

    /// A ticket that stands for a credential.
    #[must_use]
    pub fn give(&self, bearer: Bearer) -> Ticket {
        let mut secret = [0; 32];
        for part in secret.chunks_exact_mut(8) {
            part.copy_from_slice(&self.ids.seed().to_be_bytes());
        }
        let text = format!("{PREFIX}{}", hmac::hex(&secret));
        let now = self.clock.now();
        let until = now.plus(LIFE);
        let mut good = self.good();
        if good.len() >= MOST {
            good.retain(|_, held| held.until > now);
        }
        if good.len() >= MOST
            && let Some(first) = good.iter().min_by_key(|(_, held)| held.until).map(|(name, _)| *name)
        {
            good.remove(&first);
        }
        good.insert(named(&text), Held { bearer, until });
        Ticket { text, until }
    }

    /// The credential that a ticket stands for, which is good no more then; none if it was not.
    #[must_use]
    pub fn take(&self, text: &str) -> Option<Bearer> {
        let held = self.good().remove(&named(text))?;
        (held.until > self.clock.now()).then_some(held.bearer)
    }

    fn good(&self) -> MutexGuard<'_, HashMap<[u8; 32], Held>> {
        // Only inserted into and removed from, so a poisoned lock guards a good map.
        self.good.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Under what a ticket is kept: not under itself, so that the time a search takes tells nothing of it.
fn named(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use waspnest_core::clock::{ManualClock, SeededIds};

    use super::*;

    #[test]
    fn a_ticket_is_good_once_and_for_a_while() {
        let clock = Arc::new(ManualClock::at(UnixMs(0)));
        let tickets = StreamTickets::new(clock.clone(), Arc::new(SeededIds::new(1)));
        let bearer = Bearer::from("a key");
        let ticket = tickets.give(bearer.clone());
        assert_eq!(tickets.take(&ticket.text), Some(bearer.clone()));
        assert_eq!(tickets.take(&ticket.text), None);
        let late = tickets.give(bearer.clone());
        clock.advance(LIFE);
        assert_eq!(tickets.take(&late.text), None);
        assert_eq!(tickets.take("wn_ticket_"), None);
        assert!(!format!("{:?}{tickets:?}", tickets.give(bearer)).contains("a key"));
    }

    #[test]
    fn there_is_an_end_to_them() {
        let clock = Arc::new(ManualClock::at(UnixMs(0)));
        let tickets = StreamTickets::new(clock.clone(), Arc::new(SeededIds::new(1)));
        let first = tickets.give(Bearer::from("a key"));
        clock.advance(Duration::from_secs(1));
        for _ in 0..MOST {
            let _ = tickets.give(Bearer::from("a key"));
        }
        assert_eq!(tickets.good().len(), MOST);
        assert_eq!(tickets.take(&first.text), None);
    }
}

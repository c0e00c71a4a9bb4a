//! So many connections begin in a second, over all sessions.
//!
//! When WhatsApp or the way to it was away, all sessions lose their connections in the same moment, and each client tries again a second
//! later. A crowd of logins from one address is what no person's devices do, and costs the machine most. Whoever comes alone does not wait.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use waspnest_core::clock::Clock;

/// How long one waits for its turn at most. Clients give a dial up after 20 s, and their place would be lost; sent away they come back
/// after a while by themselves.
const LONGEST: Duration = Duration::from_secs(12);

/// Shared by all sessions.
pub(crate) struct Turnstile {
    apart: Duration,
    /// When the next turn is, by the clock that is never set.
    next: Mutex<Duration>,
    clock: Arc<dyn Clock>,
}

/// Too many are before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("many sessions connect at once; this one will have its turn")]
pub(crate) struct Crowded;

impl Turnstile {
    pub(crate) const fn new(per_second: NonZeroU32, clock: Arc<dyn Clock>) -> Self {
        Self {
            apart: Duration::from_nanos(1_000_000_000 / per_second.get() as u64),
            next: Mutex::new(Duration::ZERO),
            clock,
        }
    }

    /// Waits for a turn.
    pub(crate) async fn pass(&self) -> Result<(), Crowded> {
        let wait = self.turn()?;
        self.clock.sleep(wait).await;
        Ok(())
    }

    /// Takes the next turn; how long it is until then.
    fn turn(&self) -> Result<Duration, Crowded> {
        let now = self.clock.monotonic();
        // A moment; no panic can leave it half-way.
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = now.max(*next);
        let wait = turn - now;
        if wait > LONGEST {
            return Err(Crowded);
        }
        *next = turn + self.apart;
        Ok(wait)
    }
}

#[cfg(test)]
mod tests {
    use waspnest_core::clock::{ManualClock, UnixMs};

    use super::*;

    #[test]
    fn a_crowd_is_spread_and_the_rest_of_it_sent_away() {
        let clock = Arc::new(ManualClock::at(UnixMs(1_000_000)));
        let ten = NonZeroU32::new(10).expect("ten");
        let turnstile = Turnstile::new(ten, Arc::<ManualClock>::clone(&clock));
        let crowd: Vec<_> = (0..500).map(|_| turnstile.turn()).collect();
        let let_in = crowd.iter().filter_map(|turn| turn.ok()).collect::<Vec<_>>();
        assert_eq!(let_in.len(), 121, "as many as fit into the longest wait");
        assert_eq!(let_in.first(), Some(&Duration::ZERO));
        assert!(
            let_in.is_sorted_by(|one, next| *next - *one == Duration::from_millis(100)),
            "{let_in:?}"
        );
        assert_eq!(turnstile.turn(), Err(Crowded));

        clock.advance(Duration::from_secs(60));
        assert_eq!(
            turnstile.turn(),
            Ok(Duration::ZERO),
            "whoever comes alone does not wait"
        );
    }
}

//! Messages that the callers of a tenant send in an hour, in memory: a restart forgives.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use waspnest_core::caller::Callers;
use waspnest_core::clock::Clock;
use waspnest_core::id::TenantId;

use super::Busy;
use crate::service::error::Error;

/// What is counted together.
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Counts. Clones are the same.
#[derive(Debug, Clone)]
pub struct TenantMeter {
    callers: Callers,
    clock: Arc<dyn Clock>,
    sent: Arc<Mutex<HashMap<TenantId, Sent>>>,
}

/// Messages by the minute in which they were sent, the oldest first.
#[derive(Debug, Default)]
struct Sent(VecDeque<(Duration, u32)>);

impl Sent {
    /// Takes `count` of `most` in the hour before `now`, or says how long to wait.
    fn take(&mut self, count: u32, most: u32, now: Duration) -> Result<(), Busy> {
        while self.0.front().is_some_and(|(begun, _)| *begun + HOUR <= now) {
            self.0.pop_front();
        }
        let sum: u32 = self.0.iter().map(|(_, count)| count).sum();
        if sum.saturating_add(count) > most {
            let frees = self.0.front().map_or(HOUR, |(begun, _)| *begun + HOUR - now);
            let retry_after = Duration::from_secs(frees.as_secs().max(1));
            return Err(Busy { retry_after });
        }
        match self.0.back_mut() {
            Some((begun, sent)) if now - *begun < MINUTE => *sent += count,
            Some(_) | None => self.0.push_back((now, count)),
        }
        Ok(())
    }
}

impl TenantMeter {
    /// Counts for the tenants of a register.
    #[must_use]
    pub fn new(callers: Callers, clock: Arc<dyn Clock>) -> Self {
        Self {
            callers,
            clock,
            sent: Arc::default(),
        }
    }

    /// Takes `count` messages of a tenant's hour.
    ///
    /// # Errors
    /// [`Error::TenantBusy`], [`Error::Store`].
    pub async fn take(&self, tenant: TenantId, count: u32) -> Result<(), Error> {
        let known = self.callers.tenants.get(tenant).await?;
        let Some(most) = known.and_then(|tenant| tenant.limits.messages_per_hour) else {
            return Ok(());
        };
        let now = self.clock.monotonic();
        // A map of numbers; no panic can leave it half-way.
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = sent.entry(tenant).or_default().take(count, most, now);
        taken.map_err(|Busy { retry_after }| Error::TenantBusy { most, retry_after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_any_hour() {
        let at = |minutes: u64| Duration::from_secs(60 * minutes);
        let busy = |seconds| {
            Err(Busy {
                retry_after: Duration::from_secs(seconds),
            })
        };
        let mut sent = Sent::default();
        assert_eq!(sent.take(2, 3, at(0)), Ok(()));
        assert_eq!(sent.take(2, 3, at(30)), busy(1800));
        assert_eq!(sent.take(1, 3, at(30)), Ok(()));
        assert_eq!(sent.take(1, 3, at(59)), busy(60));
        assert_eq!(sent.take(2, 3, at(60)), Ok(()), "the first two are an hour ago");
        assert_eq!(sent.take(1, 3, at(61)), busy(29 * 60));
        assert_eq!(Sent::default().take(1, 0, at(0)), busy(3600), "nothing may be sent");
    }
}

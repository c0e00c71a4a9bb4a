//! Lets go of what is old in the pasts of sessions: events that everybody is done with, and effects that have left.
//!
//! Failures are told and tried again at the next time: a full disk must not end the host.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::consumer::Consumer;
use waspnest_core::log::LogError;
use waspnest_core::retention::Retention;
use waspnest_core::session::Sessions as Register;

use crate::delivery::Endpoints;
use crate::router::Slots;
use crate::sessions::Shared;

/// How often at most; what is kept for a short time is looked at sooner.
const EVERY: Duration = Duration::from_secs(3600);
/// How often in the time that things are kept.
const TIMES: u32 = 4;

/// See the module documentation.
pub(crate) struct Past {
    retention: Retention,
    keep: Duration,
    register: Register,
    installations: Slots,
    endpoints: Endpoints,
    clock: Arc<dyn Clock>,
}

impl Past {
    /// The pasts of all sessions, of which so much is kept.
    pub(crate) fn of(shared: &Shared, keep: Duration) -> Self {
        let retention = Retention::new(
            shared.store.clone(),
            shared.log.clone(),
            shared.outbox.clone(),
            shared.mailbox.clone(),
            shared.progress.clone(),
        );
        Self {
            retention,
            keep,
            register: shared.register.clone(),
            installations: shared.installations.clone(),
            endpoints: shared.endpoints.clone(),
            clock: shared.clock.clone(),
        }
    }

    /// Lets go now and then until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.let_go().await {
                tracing::error!(error = &*error, "what is old could not be let go");
            }
            tokio::select! {
                () = self.clock.sleep(EVERY.min(self.keep / TIMES)) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn let_go(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let keep = u64::try_from(self.keep.as_millis()).unwrap_or(u64::MAX);
        let since = UnixMs(self.clock.now().0.saturating_sub(keep));
        for session in self.register.list().await? {
            let consumers = self.consumers();
            let gone = match self.retention.prune(session.id, since, &consumers).await {
                Ok(gone) => gone,
                Err(error @ LogError::Store(_)) => return Err(error.into()),
                // Somebody has just taken up what was to go; it is looked at the next time.
                Err(LogError::Conflict) => continue,
            };
            if gone.events > 0 || gone.effects > 0 {
                tracing::debug!(session.id = %session.id, events = gone.events, effects = gone.effects, "old events and effects were let go");
            }
        }
        Ok(())
    }

    /// Everybody at work; a webhook that rests is told when it is wanted again.
    fn consumers(&self) -> Vec<Consumer> {
        let installations = self.installations.all();
        let installations = installations.iter().map(|slot| Consumer::from(slot.id()));
        let webhooks = self.endpoints.list();
        let webhooks = webhooks.iter().map(|endpoint| Consumer::from(endpoint.id));
        installations.chain(webhooks).collect()
    }
}

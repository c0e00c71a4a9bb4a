//! Hands scheduled messages over to the outbox when their moment has come.
//!
//! One task for all sessions. A message whose session is not at work is handed over like any other: it waits in the outbox for a connection.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use waspnest_core::clock::Clock;
use waspnest_core::outbox::CommitError;
use waspnest_core::scheduled_message::ScheduledMessages;

use crate::sessions::RunningSessions;

/// How long until what could not be handed over is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct Planner {
    pub(crate) scheduled: ScheduledMessages,
    pub(crate) sessions: RunningSessions,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Planner {
    /// Hands over until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut changes = self.scheduled.changes();
        loop {
            let until = match self.hand_over().await {
                Ok(()) => self.scheduled.next(),
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a scheduled message was not handed over"
                    );
                    Some(self.clock.now().plus(AGAIN))
                }
            };
            let moment = async {
                match until {
                    Some(until) => self.clock.sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = moment => {}
                // The sender lives as long as what is scheduled.
                _ = changes.changed() => {}
            }
        }
    }

    async fn hand_over(&self) -> Result<(), CommitError> {
        let now = self.clock.now();
        loop {
            let handed = self.scheduled.hand_over(now, async |session, message| {
                let actions = vec![message.action.clone()];
                match self.sessions.submit(session, message.request(), actions).await {
                    // Before a crash.
                    Ok(_) | Err(CommitError::AlreadyDone) => Ok(()),
                    Err(error) => Err(error),
                }
            });
            if !handed.await? {
                return Ok(());
            }
        }
    }
}

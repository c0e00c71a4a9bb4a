//! [`Control`] over the sessions of this process.

use async_trait::async_trait;
use waspnest_core::effect::{Action, Effect};
use waspnest_core::id::{EventId, SessionId};
use waspnest_core::outbox::CommitError;
use waspnest_core::session::SessionRecord;
use waspnest_whatsapp::SessionHandle;

use super::control::{Connection, Control, ControlError};
use crate::sessions::RunningSessions;

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> ControlError {
    ControlError::Failed(Box::new(error))
}

impl RunningSessions {
    fn handle(&self, id: SessionId) -> Result<SessionHandle, ControlError> {
        self.get(id)
            .map(|running| running.handle)
            .ok_or(ControlError::NotRunning)
    }
}

#[async_trait]
impl Control for RunningSessions {
    fn connection(&self, id: SessionId) -> Option<Connection> {
        let handle = self.get(id)?.handle;
        Some(Connection {
            status: handle.status(),
            qr: handle.qr(),
        })
    }

    async fn start(&self, record: &SessionRecord) -> Result<(), ControlError> {
        Self::start(self, record).await.map(drop).map_err(failed)
    }

    async fn stop(&self, id: SessionId) {
        Self::stop(self, id).await;
    }

    async fn connect(&self, id: SessionId) -> Result<(), ControlError> {
        self.handle(id)?.connect().await.map_err(failed)
    }

    async fn disconnect(&self, id: SessionId) -> Result<(), ControlError> {
        self.handle(id)?.disconnect().await.map_err(failed)
    }

    async fn log_out(&self, id: SessionId) -> Result<(), ControlError> {
        self.handle(id)?.log_out().await.map_err(failed)
    }

    async fn submit(&self, id: SessionId, request: EventId, actions: Vec<Action>) -> Result<Vec<Effect>, CommitError> {
        Self::submit(self, id, request, actions).await
    }
}

//! What the services need of the sessions at work: a trait, so that tests of everything above it need no WhatsApp.

use async_trait::async_trait;
use tokio::sync::watch;
use waspnest_core::effect::{Action, Effect};
use waspnest_core::id::{EventId, SessionId};
use waspnest_core::outbox::CommitError;
use waspnest_core::session::SessionRecord;
use waspnest_whatsapp::{Qr, Status};

/// A session at work, to be watched.
#[derive(Debug, Clone)]
pub struct Connection {
    /// What it is doing.
    pub status: watch::Receiver<Status>,
    /// The code to scan, while there is one.
    pub qr: watch::Receiver<Option<Qr>>,
}

/// A session that did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// It is not at work in this process.
    #[error("the session is not running")]
    NotRunning,
    /// It tried and failed.
    #[error("the session failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The sessions at work.
#[async_trait]
pub trait Control: Send + Sync {
    /// One of them; none when it is not at work.
    fn connection(&self, id: SessionId) -> Option<Connection>;

    /// Puts a session to work, without connecting it.
    async fn start(&self, record: &SessionRecord) -> Result<(), ControlError>;

    /// Ends a session in order. One that is not at work is fine.
    async fn stop(&self, id: SessionId);

    /// Wants it connected: pairs when no device is linked.
    async fn connect(&self, id: SessionId) -> Result<(), ControlError>;

    /// Wants it offline.
    async fn disconnect(&self, id: SessionId) -> Result<(), ControlError>;

    /// Removes the device from the account, and its keys.
    async fn log_out(&self, id: SessionId) -> Result<(), ControlError>;

    /// Puts effects into the outbox, durably, and wakes whoever carries them out.
    async fn submit(&self, id: SessionId, request: EventId, actions: Vec<Action>) -> Result<Vec<Effect>, CommitError>;
}

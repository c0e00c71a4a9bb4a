//! What the services need of the sessions at work: a trait, so that tests of everything above it need no WhatsApp.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;
use waspnest_core::address::Jid;
use waspnest_core::affairs::Affairs;
use waspnest_core::effect::{Action, Effect};
use waspnest_core::id::{EffectId, EventId, SessionId};
use waspnest_core::outbox::CommitError;
use waspnest_core::session::SessionRecord;
use waspnest_core::store::StoreError;
use waspnest_whatsapp::{Activity, LastMessages, PairCode, PairingError, Passkey, Proxy, ProxyError, Qr, Status};

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
    /// No device was linked.
    #[error("{0}")]
    Pairing(PairingError),
    /// Its proxy was not read or changed.
    #[error("{0}")]
    Proxy(ProxyError),
}

/// How busy a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busy {
    /// What its client counts; none while it is not connected.
    pub activity: Option<Activity>,
    /// When messages last came and went.
    pub messages: LastMessages,
}

/// What an authenticator said.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownPasskey {
    /// WhatsApp's form of a WebAuthn assertion, as JSON.
    pub assertion: Vec<u8>,
    /// The id of the credential.
    pub credential: Vec<u8>,
}

/// Whether an effect was called off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Canceled {
    /// It will not leave.
    Yes,
    /// It is on its way.
    No,
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

    /// Ends the client and starts another.
    async fn restart(&self, id: SessionId) -> Result<(), ControlError>;

    /// The same for many, so many a second, in the background. Those that are not at work are passed over.
    fn restart_all(&self, ids: &[SessionId]);

    /// Its account, to be asked; none when it is not at work.
    fn account(&self, id: SessionId) -> Option<Arc<dyn Affairs>>;

    /// How busy it is; none when it is not at work.
    async fn busy(&self, id: SessionId) -> Option<Busy>;

    /// A code to type into the phone of a number.
    async fn pair_code(&self, id: SessionId, phone: &Jid, custom: Option<&str>) -> Result<PairCode, ControlError>;

    /// How far the showing of a passkey has come; none while none is asked for.
    fn passkey(&self, id: SessionId) -> Result<Option<Passkey>, ControlError>;

    /// Hands over what an authenticator said.
    async fn show_passkey(&self, id: SessionId, shown: ShownPasskey) -> Result<(), ControlError>;

    /// Says that the phone shows the same code.
    async fn confirm_passkey(&self, id: SessionId) -> Result<(), ControlError>;

    /// The proxy it has of its own.
    async fn proxy(&self, id: SessionId) -> Result<Option<Proxy>, ControlError>;

    /// Gives it a proxy of its own, durably, or takes it away; its next connection goes through it.
    async fn set_proxy(&self, id: SessionId, proxy: Option<&Proxy>) -> Result<(), ControlError>;

    /// Puts effects into the outbox, durably, and wakes whoever carries them out.
    async fn submit(&self, id: SessionId, request: EventId, actions: Vec<Action>) -> Result<Vec<Effect>, CommitError>;

    /// Puts the action of an effect that failed into the outbox once more.
    async fn resubmit(&self, failed: Effect, request: EventId) -> Result<Effect, CommitError>;

    /// Calls off an effect that has not left.
    async fn cancel(&self, id: SessionId, effect: EffectId) -> Result<Canceled, StoreError>;
}

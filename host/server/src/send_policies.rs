//! The send policies of all sessions: what the file says, and what was set of each since.
//!
//! A policy that is changed holds at once, for what is held back already too.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use waspnest_core::current::Current;
use waspnest_core::id::SessionId;
use waspnest_core::send_ledger::SendLedger;
use waspnest_core::session::SessionRecord;
use waspnest_core::store::StoreError;

use crate::config::send_policy::{InvalidPolicy, PolicyLayer, SendPolicies, SendPolicy};

/// Why a policy was not set.
#[derive(Debug, thiserror::Error)]
pub enum SetError {
    /// It cannot be.
    #[error(transparent)]
    Invalid(#[from] InvalidPolicy),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The policies of all sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct Policies {
    file: Current<SendPolicies>,
    ledger: SendLedger,
    known: Arc<Mutex<HashMap<SessionId, watch::Sender<Arc<SendPolicy>>>>>,
}

impl Policies {
    /// Those of the file, with what is set of them in the ledger.
    #[must_use]
    pub fn new(file: SendPolicies, ledger: SendLedger) -> Self {
        Self {
            file: file.into(),
            ledger,
            known: Arc::default(),
        }
    }

    /// What is remembered for them.
    #[must_use]
    pub const fn ledger(&self) -> &SendLedger {
        &self.ledger
    }

    /// The policy of a session, as it is and as it becomes.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn follow(&self, session: &SessionRecord) -> Result<watch::Receiver<Arc<SendPolicy>>, StoreError> {
        let policy = self.holds(session).await?;
        let mut known = self.known();
        let sender = known
            .entry(session.id)
            .or_insert_with(|| watch::Sender::new(Arc::clone(&policy)));
        Ok(sender.subscribe())
    }

    /// The policy of a session, as it is.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn holds(&self, session: &SessionRecord) -> Result<Arc<SendPolicy>, StoreError> {
        let set = self.set_of(session.id).await?.unwrap_or_default();
        let file = self.file.get();
        let policy = file.of(&session.name, &set).or_else(|error| {
            // It was good when it was set; the program knows less zones now, say.
            tracing::error!(session.id = %session.id, %error, "what was set of the send policy is passed over");
            file.of(&session.name, &PolicyLayer::default())
        });
        Ok(Arc::new(policy.unwrap_or_default()))
    }

    /// What was set of the policy of a session; none when nothing was.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_of(&self, session: SessionId) -> Result<Option<PolicyLayer>, StoreError> {
        let json = self.ledger.policy(session).await?;
        Ok(json.and_then(|json| serde_json::from_str(&json).ok()))
    }

    /// Sets what of a session's policy shall differ from the file; none for nothing. Answers what holds from now on.
    ///
    /// # Errors
    /// [`SetError`]; nothing is changed then.
    pub async fn set(&self, session: &SessionRecord, layer: Option<&PolicyLayer>) -> Result<Arc<SendPolicy>, SetError> {
        let file = self.file.get();
        let policy = Arc::new(file.of(&session.name, layer.unwrap_or(&PolicyLayer::default()))?);
        let json = layer.and_then(|layer| serde_json::to_string(layer).ok());
        self.ledger.set_policy(session.id, json.map(Into::into)).await?;
        if let Some(sender) = self.known().get(&session.id) {
            sender.send_replace(Arc::clone(&policy));
        }
        Ok(policy)
    }

    /// Takes up another file. What was set of these sessions since holds on top of it, as it did before.
    ///
    /// # Errors
    /// Those of the store; sessions that come later in the list are held to the old file until the next change then.
    pub async fn turn_to(&self, file: SendPolicies, sessions: &[SessionRecord]) -> Result<(), StoreError> {
        self.file.set(file);
        for session in sessions {
            let policy = self.holds(session).await?;
            if let Some(sender) = self.known().get(&session.id) {
                sender.send_replace(policy);
            }
        }
        Ok(())
    }

    /// Forgets what is in memory of a session that is gone.
    pub fn forget(&self, session: SessionId) {
        self.known().remove(&session);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<SessionId, watch::Sender<Arc<SendPolicy>>>> {
        // Plain data; no panic can leave it half-way.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

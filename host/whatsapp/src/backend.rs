//! whatsapp-rust's storage on our store: one [`Backend`] is one session's keys and protocol memory.
//!
//! Everything is sealed at rest and lives in the session's own space, in the tables [`table`] lists. What must survive a crash before
//! whatsapp-rust goes on (signal sessions, sender keys, prekeys before their upload, the device, app-state keys) waits for durability;
//! everything else is applied at once and becomes durable in order. The store's order is what makes that safe: what is durable is always
//! a prefix of what was applied, so a durable ratchet implies everything written before it.
//!
//! A backend can be fenced: from then on it writes nothing, so that a client that is gone cannot disturb its successor.

mod app_state;
mod device;
mod landing;
mod pending;
mod protocol;
mod reseal;
mod secrets;
mod signal;
mod table;
mod tokens;
mod vault;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use waspnest_core::clock::Clock;
use waspnest_core::id::SessionId;
use waspnest_core::store::{Store, StoreError as CoreError};
use whatsapp_rust::wacore::store::Device;
use whatsapp_rust::wacore::store::error::{Result, StoreError};
use whatsapp_rust::wacore::store::traits::DeviceStore;

use self::landing::Landing;
use self::pending::Pending;
pub use self::reseal::Devices;
use self::vault::Vault;
use crate::redelivery::StandIn;
use waspnest_core::seal::Sealer;

/// See the module documentation.
pub(crate) struct Backend {
    vault: Vault,
    clock: Arc<dyn Clock>,
    pending: Pending,
    /// Held over reads that decide a write: tokens, LID mappings, message secrets, sent messages.
    deciding: tokio::sync::Mutex<()>,
    landing: Landing,
    /// What is answered for the copy of a message that is not here.
    stand_in: Option<Vec<u8>>,
}

impl Backend {
    /// The backend of one session. Only one may write at a time; see [`Backend::fence`].
    pub(crate) async fn open(
        store: Arc<dyn Store>,
        session: SessionId,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let vault = Vault::open(store, session, sealer).await?;
        Ok(Self {
            vault,
            clock,
            pending: Pending::default(),
            deciding: tokio::sync::Mutex::new(()),
            landing: Landing::default(),
            stand_in: None,
        })
    }

    /// Answers with `stand_in` when it is asked for the copy of a message that it does not have; see [`crate::redelivery`].
    pub(crate) fn standing_in(self, stand_in: &StandIn) -> Self {
        Self {
            stand_in: Some(stand_in.encoded()),
            ..self
        }
    }

    /// The device of a session, without the right to write.
    pub(crate) async fn device(
        store: Arc<dyn Store>,
        session: SessionId,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Device>> {
        let backend = Self::open(store, session, sealer, clock).await?;
        backend.fence();
        backend.load().await
    }

    /// From now on nothing is written.
    pub(crate) fn fence(&self) {
        self.vault.fence();
    }

    /// Writes what was kept in memory until something needs it. For an orderly end.
    pub(crate) async fn settle(&self) {
        let mut batch = self.vault.batch();
        self.pending.write_into(&mut batch);
        if let Err(error) = self.vault.durable(batch).await {
            tracing::warn!(%error, "undelivered messages could not be kept; WhatsApp sends them again");
        }
    }

    /// Removes everything of a session, durably.
    pub(crate) async fn wipe(store: &dyn Store, session: SessionId) -> std::result::Result<(), CoreError> {
        vault::wipe(store, session).await
    }

    fn now_secs(&self) -> i64 {
        i64::try_from(self.clock.now().0 / 1000).unwrap_or(i64::MAX)
    }
}

/// A record that is not what it should be.
fn damaged(what: &'static str) -> StoreError {
    StoreError::Validation(format!("a stored {what} is damaged"))
}

/// A structured record as bytes. Cold records only: JSON is the one form all of whatsapp-rust's types are made for.
fn to_json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|error| StoreError::Serialization(Box::new(error)))
}

fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Serialization(Box::new(error)))
}

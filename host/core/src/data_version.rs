//! The form of what an installation keeps in a session: the data version of the plugin that wrote it last.
//!
//! It is one row beside the values, and it changes only in the commit that brings them into another form
//! ([`crate::outbox::Outbox::commit_migration`]), so that a crash leaves both or neither.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::codec::{self, Record};
use crate::id::{InstallationId, SessionId};
use crate::schema::{self, session};
use crate::store::{Space, Store, StoreError};

/// The form of data that were written before forms had numbers, and of plugins that give none.
pub const FIRST: u32 = 1;

/// The stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DataVersion(pub(crate) u32);

impl Record for DataVersion {
    const VERSION: u8 = 1;
}

/// Reads data versions. Clones are the same.
#[derive(Debug, Clone)]
pub struct DataVersions {
    store: Arc<dyn Store>,
}

impl DataVersions {
    /// Those in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The form of an installation's data in a session; none if nobody has said so yet.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, session: SessionId, installation: &InstallationId) -> Result<Option<u32>, StoreError> {
        let key = key(installation);
        let value = self.store.get(Space::Session(session), &key).await?;
        let stored: Option<DataVersion> = value.map(|value| codec::decode(&key, &value)).transpose()?;
        Ok(stored.map(|DataVersion(version)| version))
    }
}

pub(crate) fn key(installation: &InstallationId) -> Bytes {
    schema::of(session::DATA_VERSION, installation).finish()
}

//! Installations that were made over the API: what was said of them, kept until they are removed.
//!
//! What a definition means is not known here; it is read by the rules of the configuration file at every start. A record that is
//! [`Stage::Leaving`] is of an installation that works no more and whose data are being removed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::codec::Record;
use crate::id::{InstallationId, TenantId};
use crate::named_records::NamedRecords;
use crate::schema::system;
use crate::store::{Store, StoreError};

/// Most bytes of a definition.
pub const MAX_DEFINITION: usize = 60 << 10;

/// What is kept of an installation.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeInstallation {
    /// Whose it is; none for the operator's, which work in everybody's sessions.
    pub tenant: Option<TenantId>,
    /// What was said of it, as a JSON object.
    pub definition: Box<str>,
    /// When it was made.
    pub made_at: UnixMs,
    /// When it was changed last.
    pub changed_at: UnixMs,
    /// What is to become of it.
    pub stage: Stage,
}

/// Configurations may hold what nobody else should read.
impl std::fmt::Debug for MadeInstallation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeInstallation")
            .field("tenant", &self.tenant)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// What is to become of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// It stays.
    Kept,
    /// It goes, with all that it keeps.
    Leaving,
}

impl Record for MadeInstallation {
    const VERSION: u8 = 1;
}

/// All that were made. Clones are the same. Whoever changes them does so one at a time.
#[derive(Debug, Clone)]
pub struct MadeInstallations {
    records: NamedRecords<InstallationId, MadeInstallation>,
}

impl MadeInstallations {
    /// Those in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        let records = NamedRecords::new(store, system::MADE_INSTALLATION);
        Self { records }
    }

    /// One of them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, installation: &InstallationId) -> Result<Option<MadeInstallation>, StoreError> {
        self.records.get(installation).await
    }

    /// All of them, by id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self) -> Result<Vec<(InstallationId, MadeInstallation)>, StoreError> {
        self.records.list().await
    }

    /// Writes one down, in place of what was there, or takes it away; durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set(&self, installation: &InstallationId, made: Option<&MadeInstallation>) -> Result<(), StoreError> {
        self.records.set(installation, made).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{NOON, installation};
    use crate::store::MemoryStore;

    #[tokio::test]
    async fn what_was_said_is_there_until_it_is_taken_away() {
        let store: Arc<dyn Store> = MemoryStore::new();
        let all = MadeInstallations::new(Arc::clone(&store));
        let made = MadeInstallation {
            tenant: None,
            definition: "{}".into(),
            made_at: NOON,
            changed_at: NOON,
            stage: Stage::Kept,
        };
        for id in ["echo-2", "echo"] {
            all.set(&installation(id), Some(&made)).await.expect("written");
        }
        let leaving = MadeInstallation {
            stage: Stage::Leaving,
            ..made.clone()
        };
        all.set(&installation("echo"), Some(&leaving)).await.expect("written");
        let again = MadeInstallations::new(store);
        let listed = again.list().await.expect("read");
        assert_eq!(
            listed,
            [(installation("echo"), leaving), (installation("echo-2"), made)]
        );
        again.set(&installation("echo"), None).await.expect("written");
        assert_eq!(again.get(&installation("echo")).await.expect("read"), None);
        assert!(!format!("{listed:?}").contains("{}"), "it may be secret");
    }
}

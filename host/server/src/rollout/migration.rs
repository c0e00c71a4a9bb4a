//! Brings what an installation keeps into the form of another version: in every session, all or nothing.
//!
//! First every store of every session is migrated into drafts, while no call of the installation runs; only when all of them came out well is
//! the next version noted durably, and then the drafts are committed, one commit a session. A crash in between finds the note and goes on
//! where it was, since each session says which form it has.

use std::sync::Arc;

use async_trait::async_trait;
use waspnest_core::data_version::FIRST;
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Pot};
use waspnest_core::id::{InstallationId, SessionId};
use waspnest_core::kv::Quota;
use waspnest_core::outbox::{CommitError, Migration, Outbox};
use waspnest_core::store::StoreError;
use waspnest_engine::{HostError, KvUsage, MigrationError, Values};

use super::{Backwards, RolloutError, RolloutParts};
use crate::router::{Installed, Slot};

/// What a migration came to, before any of it is committed.
#[derive(Debug, Default)]
pub(super) struct Migrated(Vec<(SessionId, Migration)>);

impl Migrated {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What one installation keeps in one session.
struct SessionValues {
    outbox: Outbox,
    session: SessionId,
    installation: InstallationId,
}

fn unreadable(error: StoreError) -> HostError {
    HostError(Box::new(error))
}

#[async_trait]
impl Values for SessionValues {
    async fn get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        let found = self.outbox.kv().get(self.session, &self.installation, key).await;
        found.map_err(unreadable)
    }

    async fn scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        let kv = self.outbox.kv();
        let found = kv.scan(self.session, &self.installation, scope, prefix, after, limit);
        found.await.map_err(unreadable)
    }

    async fn usage(&self) -> Result<KvUsage, HostError> {
        let usage = self
            .outbox
            .kv()
            .usage(self.session, &self.installation, &Pot::Own)
            .await;
        let usage = usage.map_err(unreadable)?;
        Ok(KvUsage {
            keys: usage.keys,
            bytes: usage.bytes,
        })
    }
}

impl RolloutParts {
    /// Has a version bring everything into its form, and commits nothing of it.
    pub(super) async fn migrate(&self, installed: &Installed, backwards: Backwards) -> Result<Migrated, RolloutError> {
        let installation = &installed.installation;
        let to = installation.plugin().manifest.data_version;
        let mut migrated = Migrated::default();
        for session in self.sessions.list().await? {
            let stored = self.outbox.data_versions().get(session.id, installation.id()).await?;
            let from = stored.unwrap_or(FIRST);
            if from == to {
                continue;
            }
            let mut migration = Migration {
                data_version: to,
                ..Migration::default()
            };
            for scope in self.outbox.kv().scopes(session.id, installation.id()).await? {
                let values = SessionValues {
                    outbox: self.outbox.clone(),
                    session: session.id,
                    installation: installation.id().clone(),
                };
                let store = waspnest_engine::Migration {
                    session: &session.name,
                    scope: &scope,
                    from,
                    to,
                };
                match (
                    self.engine.migrate(installation, store, Arc::new(values)).await,
                    backwards,
                ) {
                    (Ok(draft), _) => {
                        migration.writes.extend(draft.kv);
                        migration.reads.extend(draft.kv_reads);
                    }
                    // An older version has no code for forms that came after it; the operator has taken that upon themselves.
                    (Err(MigrationError::Missing), Backwards::Forced) => {}
                    (Err(source), Backwards::Refused | Backwards::Forced) => {
                        return Err(RolloutError::Migration {
                            session: session.name,
                            from,
                            to,
                            source,
                        });
                    }
                }
            }
            migrated.0.push((session.id, migration));
        }
        Ok(migrated)
    }

    /// Commits what a migration came to; durable when this returns.
    pub(super) async fn commit(&self, installed: &Installed, migrated: Migrated) -> Result<(), RolloutError> {
        let id = installed.installation.id();
        for (session, migration) in migrated.0 {
            let quota = installed.kv_quota();
            let committed = self.outbox.commit_migration(session, id, quota, migration).await;
            let applied = committed.map_err(uncommitted)?;
            applied.durable().await?;
        }
        Ok(())
    }
}

/// What a commit that should not fail failed with.
pub(super) fn uncommitted(error: CommitError) -> RolloutError {
    match error {
        CommitError::Store(error) => error.into(),
        error @ (CommitError::Conflict | CommitError::AlreadyDone | CommitError::KvQuota { .. }) => {
            RolloutError::Broken(error.into())
        }
    }
}

/// Notes, for a session in which an installation keeps nothing yet, which form what it will keep has. No version is switched meanwhile.
///
/// # Errors
/// Those of the store.
pub(crate) async fn settle(outbox: &Outbox, session: SessionId, slot: &Slot) -> Result<(), CommitError> {
    let _entered = slot.enter().await;
    let data_version = slot.active().installation.plugin().manifest.data_version;
    let is_new = data_version != FIRST
        && outbox.data_versions().get(session, slot.id()).await?.is_none()
        && outbox.kv().scopes(session, slot.id()).await?.is_empty();
    if is_new {
        let nothing = Quota { bytes: 0, keys: 0 };
        let migration = Migration {
            data_version,
            ..Migration::default()
        };
        outbox.commit_migration(session, slot.id(), nothing, migration).await?;
    }
    Ok(())
}

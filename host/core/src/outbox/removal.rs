//! What is taken from an installation by others than its plugin: single values, or everything that drafts of it wrote.

use std::collections::BTreeMap;

use super::commit::Values;
use super::{CommitError, Outbox};
use crate::draft::{KvKey, KvWrite, Pot};
use crate::id::{InstallationId, SessionId};
use crate::installation_data::remove_rows;
use crate::kv::{Quota, Usage};
use crate::schema::{self, Shelf, session};
use crate::store::{Applied, Commit, Space, StoreError};

impl Outbox {
    /// Removes values of an installation. A call that has read one of them is made again. Durable when what this answers is.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove_values(
        &self,
        session: SessionId,
        installation: &InstallationId,
        keys: Vec<KvKey>,
    ) -> Result<Applied, CommitError> {
        let queue = self.queues.of(session);
        let mut queue = queue.lock(self, session).await?;
        let mut commit = Commit::durable(Space::Session(session));
        let mut values = Values {
            outbox: self,
            session,
            installation,
            shelf: Shelf::Values,
            now: self.clock.now(),
            rows: BTreeMap::new(),
        };
        let writes = keys.into_iter().map(|key| KvWrite { key, entry: None }).collect();
        // Nothing grows, so whatever there is may stay.
        let quota = Quota {
            bytes: u64::MAX,
            keys: u64::MAX,
        };
        let usages = values.write(&mut queue, writes, quota, &mut commit.ops).await?;
        let applied = queue.committing(self.store.commit(commit)).await?;
        for (key, usage) in usages {
            queue.set_usage(key, usage);
        }
        Ok(applied)
    }

    /// Removes everything that drafts of an installation wrote for itself: values, dialogues, timers, keys of what it sent. It is not at work.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove_all(&self, session: SessionId, installation: &InstallationId) -> Result<(), StoreError> {
        self.timers.remove_all(session, installation).await?;
        let queue = self.queues.of(session);
        let mut queue = queue.lock(self, session).await?;
        for table in [
            session::SENT_KEY,
            session::DATA_VERSION,
            session::KV,
            session::KV_USAGE,
            session::DIALOGUE,
            session::DIALOGUE_USAGE,
        ] {
            queue
                .committing(remove_rows(&*self.store, session, table, installation))
                .await?;
        }
        for shelf in [Shelf::Values, Shelf::Dialogues] {
            queue.set_usage(schema::kv_usage(shelf, installation, &Pot::Own), Usage::default());
        }
        Ok(())
    }
}

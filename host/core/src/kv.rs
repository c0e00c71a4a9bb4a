//! What plugins remember: the values of each installation in each session, and what the host keeps of their dialogues beside them.
//!
//! Here they are read. They are written only by [`crate::outbox::Outbox::commit_draft`], together with everything else a call asks
//! for. An expired value is absent to every reader, and makes room when room is needed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::{Clock, UnixMs};
use crate::codec::{self, Record};
use crate::draft::{KvEntry, KvKey, KvScope, Pot};
use crate::id::{InstallationId, SessionId};
use crate::schema::{self, Shelf};
use crate::store::{KeyRange, MAX_SCAN, Order, Space, Store, StoreError};

impl Record for KvEntry {
    const VERSION: u8 = 1;
}

/// How much an installation stores in one session, over all scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Bytes of keys and values; expired ones count until their room is needed.
    pub bytes: u64,
    /// Keys; expired ones count until their room is needed.
    pub keys: u64,
    /// No value expires before this moment; none when no value expires at all.
    pub earliest_expiry: Option<UnixMs>,
}

impl Record for Usage {
    const VERSION: u8 = 1;
}

/// How much an installation may store in one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Keys.
    pub keys: u64,
}

impl Usage {
    /// Whether it is within a quota.
    #[must_use]
    pub const fn fits(&self, quota: Quota) -> bool {
        self.bytes <= quota.bytes && self.keys <= quota.keys
    }
}

/// Reads plugins' values. Clones are the same.
#[derive(Debug, Clone)]
pub struct KvView {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    shelf: Shelf,
}

impl KvView {
    /// The values in `store`, as they are at the time of `clock`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let shelf = Shelf::Values;
        Self { store, clock, shelf }
    }

    /// What is kept of dialogues in `store`, as it is at the time of `clock`.
    #[must_use]
    pub fn of_dialogues(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let shelf = Shelf::Dialogues;
        Self { store, clock, shelf }
    }

    /// One value.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(
        &self,
        session: SessionId,
        installation: &InstallationId,
        key: &KvKey,
    ) -> Result<Option<KvEntry>, StoreError> {
        let row = schema::kv(self.shelf, installation, key);
        let Some(value) = self.store.get(Space::Session(session), &row).await? else {
            return Ok(None);
        };
        let entry: KvEntry = codec::decode(&row, &value)?;
        Ok(Some(entry).filter(|entry| !is_expired(entry, self.clock.now())))
    }

    /// Up to `limit` (at most 1000) values of one scope whose keys start with `prefix` and are behind `after`, in key order. Fewer than
    /// `limit` means there are no more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn scan(
        &self,
        session: SessionId,
        installation: &InstallationId,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, StoreError> {
        let now = self.clock.now();
        let limit = limit.min(MAX_SCAN);
        let base = schema::kv_scope(self.shelf, installation, scope);
        let mut range = KeyRange::prefix(base.clone().bytes(prefix.as_bytes()).as_slice());
        if let Some(after) = after {
            range = range.after(base.clone().bytes(after.as_bytes()).as_slice());
        }
        let mut found = Vec::new();
        while found.len() < limit {
            let page = self
                .store
                .scan(Space::Session(session), range.clone(), Order::Ascending, limit)
                .await?;
            let Some((last, _)) = page.last() else { break };
            range = range.after(last);
            for (row, value) in page {
                let entry: KvEntry = codec::decode(&row, &value)?;
                if is_expired(&entry, now) || found.len() == limit {
                    continue;
                }
                let name = row
                    .get(base.as_slice().len()..)
                    .and_then(|name| std::str::from_utf8(name).ok());
                let name = name.ok_or_else(|| StoreError::Damaged {
                    key: row.escape_ascii().to_string().into(),
                    reason: "its key is not text".into(),
                })?;
                found.push((name.into(), entry));
            }
        }
        Ok(found)
    }

    /// The scopes in which an installation has values of its own, in the order of their keys; expired ones count until their room is needed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn scopes(&self, session: SessionId, installation: &InstallationId) -> Result<Vec<KvScope>, StoreError> {
        let prefix = schema::of(self.shelf.table(), installation);
        let mut range = KeyRange::prefix(prefix.as_slice());
        let mut scopes = Vec::new();
        loop {
            let page = self
                .store
                .scan(Space::Session(session), range.clone(), Order::Ascending, 1)
                .await?;
            let Some((row, _)) = page.last() else { return Ok(scopes) };
            let scope = schema::kv_scope_in(row.get(prefix.as_slice().len()..).unwrap_or_default());
            let scope = scope.ok_or_else(|| StoreError::Damaged {
                key: row.escape_ascii().to_string().into(),
                reason: "its key names no scope".into(),
            })?;
            // On behind everything of this scope.
            let all = KeyRange::prefix(schema::kv_scope(self.shelf, installation, &scope).as_slice());
            scopes.push(scope);
            match all.end {
                Some(end) => range.start = end,
                None => return Ok(scopes),
            }
        }
    }

    /// How much is stored of what an installation counts together; when that fills a quota, without what has expired.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn present(
        &self,
        session: SessionId,
        installation: &InstallationId,
        pot: &Pot,
        quota: Quota,
    ) -> Result<Usage, StoreError> {
        let usage = self.usage(session, installation, pot).await?;
        let now = self.clock.now();
        let room = usage.keys < quota.keys && usage.bytes < quota.bytes;
        if room || usage.earliest_expiry.is_none_or(|at| at > now) {
            return Ok(usage);
        }
        let prefix = schema::kv_pot(self.shelf, installation, pot);
        let mut range = KeyRange::prefix(prefix.as_slice());
        let mut present = Usage::default();
        loop {
            let page = self
                .store
                .scan(Space::Session(session), range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else {
                return Ok(present);
            };
            range = range.after(last);
            for (row, value) in page {
                let entry: KvEntry = codec::decode(&row, &value)?;
                if !is_expired(&entry, now) {
                    let key = schema::kv_key_in(row.get(prefix.as_slice().len()..).unwrap_or_default());
                    present.keys += 1;
                    present.bytes += (key.len() + entry.value.len()) as u64;
                }
            }
        }
    }

    /// How much is stored of what an installation counts together.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn usage(
        &self,
        session: SessionId,
        installation: &InstallationId,
        pot: &Pot,
    ) -> Result<Usage, StoreError> {
        let key = schema::kv_usage(self.shelf, installation, pot);
        match self.store.get(Space::Session(session), &key).await? {
            None => Ok(Usage::default()),
            Some(value) => codec::decode(&key, &value),
        }
    }
}

pub(crate) fn is_expired(entry: &KvEntry, now: UnixMs) -> bool {
    entry.expires_at.is_some_and(|at| at <= now)
}

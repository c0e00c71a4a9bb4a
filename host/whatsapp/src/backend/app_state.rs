//! App state: the keys, versions and MACs of what the phone keeps in step with its companions (chat settings, contacts).
//!
//! Only the keys are durable at once: they are shared by the phone and hard to get again. Versions and MACs are written one after the
//! other by whatsapp-rust, and applied in that order.

use std::collections::HashMap;

use async_trait::async_trait;
use bytes::Bytes;
use whatsapp_rust::wacore::appstate::hash::HashState;
use whatsapp_rust::wacore::appstate::processor::AppStateMutationMAC;
use whatsapp_rust::wacore::store::error::Result;
use whatsapp_rust::wacore::store::traits::{AppStateSyncKey, AppSyncStore};

use super::table::{Kind, Row};
use super::vault::Vault;
use super::{Backend, from_json, to_json};

/// Rows removed in one batch.
const PAGE: usize = 500;

fn mac(name: &str, index_mac: &[u8]) -> Bytes {
    Row::of(Kind::MutationMac).then(name).last(index_mac).finish()
}

#[async_trait]
impl AppSyncStore for Backend {
    async fn get_sync_key(&self, key_id: &[u8]) -> Result<Option<AppStateSyncKey>> {
        match self.vault.get(&Row::of(Kind::SyncKey).last(key_id).finish()).await? {
            Some(record) => from_json(&record).map(Some),
            None => Ok(None),
        }
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Result<()> {
        let mut batch = self.vault.batch();
        batch.put(Row::of(Kind::SyncKey).last(key_id).finish(), &to_json(&key)?);
        batch.put(Row::of(Kind::LatestSyncKey).finish(), key_id);
        self.vault.durable(batch).await
    }

    async fn get_version(&self, name: &str) -> Result<HashState> {
        match self
            .vault
            .get(&Row::of(Kind::Version).last(name.as_bytes()).finish())
            .await?
        {
            Some(record) => from_json(&record),
            None => Ok(HashState::default()),
        }
    }

    async fn set_version(&self, name: &str, state: HashState) -> Result<()> {
        let mut batch = self.vault.batch();
        batch.put(Row::of(Kind::Version).last(name.as_bytes()).finish(), &to_json(&state)?);
        self.vault.lazy(batch).await
    }

    async fn put_mutation_macs(&self, name: &str, _version: u64, mutations: &[AppStateMutationMAC]) -> Result<()> {
        let mut batch = self.vault.batch();
        for mutation in mutations {
            batch.put(mac(name, &mutation.index_mac), &mutation.value_mac);
        }
        self.vault.lazy(batch).await
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Result<Option<Vec<u8>>> {
        self.vault.get(&mac(name, index_mac)).await
    }

    async fn get_mutation_macs(&self, name: &str, index_macs: &[[u8; 32]]) -> Result<HashMap<[u8; 32], Vec<u8>>> {
        let mut found = HashMap::with_capacity(index_macs.len());
        for index_mac in index_macs {
            if let Some(value) = self.vault.get(&mac(name, index_mac)).await? {
                found.insert(*index_mac, value);
            }
        }
        Ok(found)
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Result<()> {
        let mut batch = self.vault.batch();
        for index_mac in index_macs {
            batch.delete(mac(name, index_mac));
        }
        self.vault.lazy(batch).await
    }

    async fn clear_mutation_macs(&self, name: &str) -> Result<()> {
        self.clear(&Row::of(Kind::MutationMac).then(name).finish()).await
    }

    async fn get_latest_sync_key_id(&self) -> Result<Option<Vec<u8>>> {
        self.vault.get(&Row::of(Kind::LatestSyncKey).finish()).await
    }
}

impl Backend {
    /// Removes every record whose key starts with `prefix`.
    pub(super) async fn clear(&self, prefix: &[u8]) -> Result<()> {
        let keys = self.vault.keys(prefix).await?;
        self.remove(keys).await
    }

    /// Removes those records of a kind that are to go, some at a time; answers how many.
    pub(super) async fn remove_those(&self, kind: Kind, go: impl Fn(&[u8]) -> Result<bool> + Send) -> Result<u32> {
        let mut count = 0_usize;
        let mut range = Vault::all_of(&Row::of(kind).finish());
        while let Some(page) = self.vault.page(&mut range).await? {
            let mut dead = Vec::new();
            for (key, record) in page {
                if go(&record)? {
                    dead.push(key);
                }
            }
            count += dead.len();
            self.remove(dead).await?;
        }
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Removes records, however many.
    pub(super) async fn remove(&self, keys: Vec<Bytes>) -> Result<()> {
        for page in keys.chunks(PAGE) {
            let mut batch = self.vault.batch();
            for key in page {
                batch.delete(key.clone());
            }
            self.vault.lazy(batch).await?;
        }
        Ok(())
    }
}

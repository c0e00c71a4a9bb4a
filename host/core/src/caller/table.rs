//! Records of one kind in one table, under keys of a fixed length.

use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;

use crate::codec::{self, Record};
use crate::schema::Key;
use crate::store::{Commit, Expect, KeyRange, MAX_SCAN, Order, Space, Store, StoreError};

/// The table. Clones are the same.
#[derive(Debug)]
pub(super) struct Table<R> {
    store: Arc<dyn Store>,
    space: Space,
    table: u8,
    of: PhantomData<fn() -> R>,
}

impl<R> Clone for Table<R> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            space: self.space,
            table: self.table,
            of: PhantomData,
        }
    }
}

impl<R: Record + Send> Table<R> {
    pub(super) fn new(store: Arc<dyn Store>, space: Space, table: u8) -> Self {
        Self {
            store,
            space,
            table,
            of: PhantomData,
        }
    }

    /// The key of a record, or the beginning of many.
    pub(super) fn key(&self, parts: &[ulid::Ulid]) -> Bytes {
        let key = Key::table(self.table);
        parts.iter().fold(key, |key, part| key.bytes(&part.to_bytes())).finish()
    }

    pub(super) async fn get(&self, key: &Bytes) -> Result<Option<R>, StoreError> {
        let value = self.store.get(self.space, key).await?;
        value.map(|value| codec::decode(key, &value)).transpose()
    }

    /// Every record whose key begins so, with its key, in the order of the keys.
    pub(super) async fn all(&self, prefix: &[u8]) -> Result<Vec<(Bytes, R)>, StoreError> {
        let mut range = KeyRange::prefix(prefix);
        let mut found = Vec::new();
        loop {
            let page = self
                .store
                .scan(self.space, range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            range = range.after(last);
            for (key, value) in page {
                let record = codec::decode(&key, &value)?;
                found.push((key, record));
            }
        }
    }

    /// Writes a record, in place of what was there. Durable when this returns.
    pub(super) async fn put(&self, key: Bytes, record: &R) -> Result<(), StoreError> {
        let commit = Commit::durable(self.space).put(key, codec::encode(record));
        self.store.commit(commit).await?.durable().await
    }

    /// Changes a record by `change`, which may run more than once; none when there is no record. Durable when this returns.
    pub(super) async fn update(
        &self,
        key: &Bytes,
        mut change: impl FnMut(&mut R) + Send,
    ) -> Result<Option<R>, StoreError> {
        loop {
            let Some(stored) = self.store.get(self.space, key).await? else {
                return Ok(None);
            };
            let mut record: R = codec::decode(key, &stored)?;
            change(&mut record);
            let commit = Commit::durable(self.space)
                .put(key.clone(), codec::encode(&record))
                .expect(Expect::Equals(key.clone(), stored));
            match self.store.commit(commit).await {
                Ok(applied) => {
                    applied.durable().await?;
                    return Ok(Some(record));
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Removes records. Durable when this returns.
    pub(super) async fn remove(&self, keys: impl IntoIterator<Item = Bytes>) -> Result<(), StoreError> {
        let commit = keys.into_iter().fold(Commit::durable(self.space), Commit::delete);
        if commit.ops.is_empty() {
            return Ok(());
        }
        self.store.commit(commit).await?.durable().await
    }

    pub(super) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}

//! Records of one kind in one table of [`Space::System`], each under a name.
//!
//! Whoever changes them does so one at a time: nothing here compares with what was there.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;
use std::sync::Arc;

use crate::codec::{self, Record};
use crate::schema::Key;
use crate::store::{Commit, KeyRange, MAX_SCAN, Order, Space, Store, StoreError};

/// The table. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct NamedRecords<N, R> {
    store: Arc<dyn Store>,
    table: u8,
    of: PhantomData<fn() -> (N, R)>,
}

impl<N: FromStr + Display, R: Record> NamedRecords<N, R> {
    pub(crate) fn new(store: Arc<dyn Store>, table: u8) -> Self {
        Self {
            store,
            table,
            of: PhantomData,
        }
    }

    fn key(&self, name: &N) -> Key {
        Key::table(self.table).bytes(name.to_string().as_bytes())
    }

    pub(crate) async fn get(&self, name: &N) -> Result<Option<R>, StoreError> {
        let key = self.key(name);
        let value = self.store.get(Space::System, key.as_slice()).await?;
        value.map(|value| codec::decode(key.as_slice(), &value)).transpose()
    }

    /// All of them, by name.
    pub(crate) async fn list(&self) -> Result<Vec<(N, R)>, StoreError> {
        let mut range = KeyRange::prefix(&[self.table]);
        let mut found = Vec::new();
        loop {
            let page = self
                .store
                .scan(Space::System, range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else { return Ok(found) };
            range = range.after(last);
            for (key, value) in page {
                let name = std::str::from_utf8(key.get(1..).unwrap_or_default()).ok();
                let name = name.and_then(|name| name.parse().ok());
                let name = name.ok_or_else(|| StoreError::Damaged {
                    key: key.escape_ascii().to_string().into(),
                    reason: "its key is no name".into(),
                })?;
                found.push((name, codec::decode(&key, &value)?));
            }
        }
    }

    /// Writes one down, in place of what was there, or takes it away; durable when this returns.
    pub(crate) async fn set(&self, name: &N, record: Option<&R>) -> Result<(), StoreError> {
        let commit = Commit::durable(Space::System);
        let commit = match record {
            Some(record) => commit.put(self.key(name), codec::encode(record)),
            None => commit.delete(self.key(name)),
        };
        self.store.commit(commit).await?.durable().await
    }
}

//! Changes in the making: reads see them, the store does not until they are committed together.
//!
//! It is a store itself, so that what reads records reads them here and there alike. Only one session's space is in it, and nobody but its
//! one writer has it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::store::{Applied, Commit, KeyRange, MAX_SCAN, Op, Order, Snapshot, Space, Store, StoreError};

pub(super) struct Batch {
    store: Arc<dyn Store>,
    space: Space,
    rows: Mutex<BTreeMap<Bytes, Option<Bytes>>>,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("rows", &self.rows().len())
            .finish_non_exhaustive()
    }
}

impl Batch {
    pub(super) fn new(store: Arc<dyn Store>, space: Space) -> Self {
        Self {
            store,
            space,
            rows: Mutex::default(),
        }
    }

    pub(super) fn put(&self, key: Bytes, value: Bytes) {
        self.rows().insert(key, Some(value));
    }

    pub(super) fn delete(&self, key: Bytes) {
        self.rows().insert(key, None);
    }

    pub(super) fn take(&self, ops: Vec<Op>) {
        for op in ops {
            match op {
                Op::Put(key, value) => self.put(key, value),
                Op::Delete(key) => self.delete(key),
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.rows().len()
    }

    /// Commits what there is so far, as one. Lazy: what a crash takes is made again from what it was made of.
    pub(super) async fn write(&self) -> Result<(), StoreError> {
        let mut commit = Commit::lazy(self.space);
        commit.ops = self.ops();
        if !commit.ops.is_empty() {
            self.store.commit(commit).await?;
            self.rows().clear();
        }
        Ok(())
    }

    fn ops(&self) -> Vec<Op> {
        let rows = self.rows();
        let op = |(key, value): (&Bytes, &Option<Bytes>)| match value {
            Some(value) => Op::Put(key.clone(), value.clone()),
            None => Op::Delete(key.clone()),
        };
        rows.iter().map(op).collect()
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<Bytes, Option<Bytes>>> {
        // Only looked up, inserted into and cleared.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_range(&self, range: &KeyRange) -> Vec<(Bytes, Option<Bytes>)> {
        if range.is_empty() {
            return Vec::new();
        }
        let end = range.end.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.rows();
        let found = rows.range((Bound::Included(range.start.clone()), end));
        found.map(|(key, value)| (key.clone(), value.clone())).collect()
    }
}

#[async_trait]
impl Store for Batch {
    async fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let changed = self.rows().get(key).cloned();
        match changed {
            Some(value) => Ok(value),
            None => self.store.get(space, key).await,
        }
    }

    async fn scan(
        &self,
        space: Space,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let limit = limit.min(MAX_SCAN);
        let changed = self.in_range(&range);
        if changed.is_empty() {
            return self.store.scan(space, range, order, limit).await;
        }
        let gone = changed.iter().filter(|(_, value)| value.is_none()).count();
        let most = (limit + gone).min(MAX_SCAN);
        let mut found = BTreeMap::new();
        let mut rest = range;
        loop {
            let page = self.store.scan(space, rest.clone(), order, most).await?;
            let full = page.len() == most;
            let last = page.last().map(|(key, _)| key.clone());
            found.extend(page.into_iter().map(|(key, value)| (key, Some(value))));
            let seen = |key: &Bytes| match (&last, order) {
                _ if !full => true,
                (None, _) => true,
                (Some(last), Order::Ascending) => key <= last,
                (Some(last), Order::Descending) => key >= last,
            };
            found.extend(changed.iter().filter(|(key, _)| seen(key)).cloned());
            let live = found.values().filter(|value| value.is_some()).count();
            match last {
                Some(last) if full && live < limit => {
                    rest = match order {
                        Order::Ascending => rest.after(&last),
                        Order::Descending => rest.before(&last),
                    };
                }
                Some(_) | None => break,
            }
        }
        let live = found.into_iter().filter_map(|(key, value)| Some((key, value?)));
        Ok(match order {
            Order::Ascending => live.take(limit).collect(),
            Order::Descending => live.rev().take(limit).collect(),
        })
    }

    async fn commit(&self, commit: Commit) -> Result<Applied, StoreError> {
        self.take(commit.ops);
        Ok(Applied::already_durable())
    }

    async fn drop_space(&self, space: Space) -> Result<(), StoreError> {
        self.store.drop_space(space).await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.store.flush().await
    }

    async fn spaces(&self) -> Result<Vec<Space>, StoreError> {
        self.store.spaces().await
    }

    async fn snapshot(&self, space: Space) -> Result<Box<dyn Snapshot>, StoreError> {
        self.store.snapshot(space).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::SESSION;
    use crate::store::MemoryStore;

    const SPACE: Space = Space::Session(SESSION);

    fn key(number: u8) -> Bytes {
        vec![number].into()
    }

    #[tokio::test]
    async fn what_is_read_is_what_will_be() {
        let store = MemoryStore::new();
        let mut before = Commit::durable(SPACE);
        for number in 0..20 {
            before = before.put(key(number), vec![0]);
        }
        store.commit(before).await.expect("it commits");
        let batch = Batch::new(store.clone(), SPACE);
        for number in (0..20).step_by(2) {
            batch.delete(key(number));
        }
        batch.put(key(30), vec![1].into());
        batch.put(key(3), vec![1].into());
        let all = KeyRange {
            start: Bytes::new(),
            end: None,
        };
        for order in [Order::Ascending, Order::Descending] {
            let mut expected: Vec<u8> = (1..20).step_by(2).chain([30]).collect();
            if order == Order::Descending {
                expected.reverse();
            }
            for limit in 1..=11 {
                let seen = batch.scan(SPACE, all.clone(), order, limit).await.expect("it scans");
                let seen: Vec<u8> = seen.iter().map(|(key, _)| key[0]).collect();
                assert_eq!(seen, expected[..limit], "{order:?} {limit}");
            }
        }
        assert_eq!(
            batch.get(SPACE, &key(3)).await.expect("it reads").as_deref(),
            Some(&[1][..])
        );
        assert_eq!(batch.get(SPACE, &key(2)).await.expect("it reads"), None);
        let before = batch
            .scan(SPACE, all.clone(), Order::Ascending, 100)
            .await
            .expect("it scans");
        batch.write().await.expect("it commits");
        assert_eq!(batch.len(), 0);
        assert_eq!(
            store.scan(SPACE, all, Order::Ascending, 100).await.expect("it scans"),
            before
        );
    }
}

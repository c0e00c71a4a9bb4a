//! A store that lives in memory and dies with the process: the reference of the contract, and what fast tests run on.
//!
//! Everything applied counts as durable at once.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Applied, Commit, Expect, KeyRange, MAX_SCAN, Op, Order, PAGE, PAGE_BYTES, Page, Snapshot, Space, Store, StoreError,
};

type Rows = BTreeMap<Bytes, Bytes>;

/// See the module documentation.
#[derive(Debug, Default)]
pub struct MemoryStore {
    spaces: Mutex<HashMap<Space, Rows>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn spaces(&self) -> MutexGuard<'_, HashMap<Space, Rows>> {
        // Rows are changed after every check, by calls that cannot panic, so a poisoned lock guards whole commits.
        self.spaces.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn holds(rows: Option<&Rows>, expect: &Expect) -> bool {
    match expect {
        Expect::Absent(key) => rows.is_none_or(|rows| !rows.contains_key(key)),
        Expect::Equals(key, value) => rows.and_then(|rows| rows.get(key)) == Some(value),
    }
}

/// What is left of a snapshot.
struct Copied(Rows);

#[async_trait]
impl Snapshot for Copied {
    async fn next(&mut self) -> Result<Page, StoreError> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        while rows.len() < PAGE && bytes < PAGE_BYTES {
            let Some((key, value)) = self.0.pop_first() else { break };
            bytes += key.len() + value.len();
            rows.push((key, value));
        }
        Ok(if rows.is_empty() { Page::End } else { Page::Rows(rows) })
    }

    fn longest_pause(&self) -> Duration {
        Duration::ZERO
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.spaces().get(&space).and_then(|rows| rows.get(key)).cloned())
    }

    async fn scan(
        &self,
        space: Space,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let limit = limit.min(MAX_SCAN);
        let spaces = self.spaces();
        let Some(rows) = spaces.get(&space) else {
            return Ok(Vec::new());
        };
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let end = range.end.map_or(Bound::Unbounded, Bound::Excluded);
        let run = rows
            .range((Bound::Included(range.start), end))
            .map(|(key, value)| (key.clone(), value.clone()));
        Ok(match order {
            Order::Ascending => run.take(limit).collect(),
            Order::Descending => run.rev().take(limit).collect(),
        })
    }

    async fn commit(&self, commit: Commit) -> Result<Applied, StoreError> {
        commit.check_sizes()?;
        let mut spaces = self.spaces();
        if !commit
            .expect
            .iter()
            .all(|expect| holds(spaces.get(&commit.space), expect))
        {
            return Err(StoreError::Conflict);
        }
        if !commit.ops.is_empty() {
            let rows = spaces.entry(commit.space).or_default();
            for op in commit.ops {
                match op {
                    Op::Put(key, value) => drop(rows.insert(key, value)),
                    Op::Delete(key) => drop(rows.remove(&key)),
                }
            }
        }
        Ok(Applied::already_durable())
    }

    async fn drop_space(&self, space: Space) -> Result<(), StoreError> {
        self.spaces().remove(&space);
        Ok(())
    }

    async fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn spaces(&self) -> Result<Vec<Space>, StoreError> {
        let mut spaces: Vec<Space> = self.spaces().keys().copied().collect();
        spaces.sort_unstable();
        Ok(spaces)
    }

    async fn snapshot(&self, space: Space) -> Result<Box<dyn Snapshot>, StoreError> {
        // Keys and values are shared, so a copy is cheap.
        Ok(Box::new(Copied(self.spaces().get(&space).cloned().unwrap_or_default())))
    }
}

//! Snapshots of trees, which sled 0.34 does not have.
//!
//! A reader walks the living tree. Before the writer changes a key the reader has not passed, it puts what is there aside, once; the reader
//! lays what was put aside over what it finds. So a commit costs one more look at each key it changes, and nothing stops. Only when more than
//! [`ASIDE`] is put aside, because a reader is much slower than the writer, does the writer wait for the reader.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use sled::Tree;

use super::Poison;
use crate::store::snapshot::{PAGE, PAGE_BYTES, Page, Snapshot};
use crate::store::{Space, StoreError};

/// Bytes that may be put aside for one snapshot.
const ASIDE: usize = 64 << 20;
/// What an entry costs beside its bytes.
const ENTRY: usize = 96;

/// The snapshots that are being read.
#[derive(Default)]
pub(super) struct Snapshots(Mutex<HashMap<Space, Vec<Arc<Walk>>>>);

/// How far one reader has come, and what changed in front of it.
#[derive(Default)]
struct Walk {
    state: Mutex<Aside>,
    /// Told when something was taken, or the reader has left.
    room: Condvar,
}

#[derive(Default)]
struct Aside {
    /// What was there at the moment of the snapshot, of keys that were changed since; none for keys that were not there.
    before: BTreeMap<Bytes, Option<Bytes>>,
    bytes: usize,
    passed: Passed,
    space: Existence,
    longest_pause: Duration,
}

#[derive(Default, Clone, PartialEq, Eq)]
enum Passed {
    #[default]
    Nothing,
    To(Bytes),
    All,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Existence {
    #[default]
    There,
    Removed,
}

impl Passed {
    fn is_behind(&self, key: &[u8]) -> bool {
        match self {
            Self::Nothing => false,
            Self::To(last) => key <= last.as_ref(),
            Self::All => true,
        }
    }
}

impl Walk {
    fn lock(&self) -> MutexGuard<'_, Aside> {
        // What is put aside is put aside key by key, and each is good by itself.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts aside what these keys are, unless the reader has passed them or something was put aside before.
    fn put_aside<'a>(&self, tree: &Tree, keys: impl Iterator<Item = &'a Bytes>) -> Result<(), sled::Error> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the time is measured for those who ask how long it was, and decides nothing"
        )]
        let begun = Instant::now();
        let mut aside = self.lock();
        while aside.bytes > ASIDE && aside.passed != Passed::All {
            aside = self.room.wait(aside).unwrap_or_else(PoisonError::into_inner);
        }
        for key in keys {
            if aside.passed.is_behind(key) || aside.before.contains_key(key) {
                continue;
            }
            let value = tree.get(key)?.map(|value| Bytes::copy_from_slice(&value));
            aside.bytes += ENTRY + key.len() + value.as_ref().map_or(0, Bytes::len);
            aside.before.insert(key.clone(), value);
        }
        aside.longest_pause = aside.longest_pause.max(begun.elapsed());
        Ok(())
    }

    /// Nothing more is to be put aside.
    fn end(&self) {
        let mut aside = self.lock();
        aside.passed = Passed::All;
        aside.before.clear();
        aside.bytes = 0;
        self.room.notify_all();
    }
}

impl Snapshots {
    /// A snapshot of a space as it is now; no tree for one with nothing in it. Called by the writer, between its groups.
    pub(super) fn begin(self: &Arc<Self>, space: Space, tree: Option<Tree>, poison: Arc<Poison>) -> TreeSnapshot {
        let walk = Arc::new(Walk::default());
        if tree.is_some() {
            self.lock().entry(space).or_default().push(Arc::clone(&walk));
        }
        TreeSnapshot {
            space,
            tree,
            walk,
            all: Arc::clone(self),
            poison,
        }
    }

    /// Called by the writer before it changes these keys.
    pub(super) fn put_aside<'a>(
        &self,
        space: Space,
        tree: &Tree,
        keys: impl Iterator<Item = &'a Bytes> + Clone,
    ) -> Result<(), sled::Error> {
        // Taken out of the lock, since the writer may have to wait for a reader that ends.
        let walks = self.lock().get(&space).cloned().unwrap_or_default();
        for walk in walks {
            walk.put_aside(tree, keys.clone())?;
        }
        Ok(())
    }

    /// Called by the writer before it removes a space.
    pub(super) fn remove(&self, space: Space) {
        for walk in self.lock().remove(&space).unwrap_or_default() {
            walk.lock().space = Existence::Removed;
            walk.end();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Space, Vec<Arc<Walk>>>> {
        // Inserting and removing leave it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One snapshot.
pub(super) struct TreeSnapshot {
    space: Space,
    tree: Option<Tree>,
    walk: Arc<Walk>,
    all: Arc<Snapshots>,
    poison: Arc<Poison>,
}

impl Drop for TreeSnapshot {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        if let Some(walks) = all.get_mut(&self.space) {
            walks.retain(|walk| !Arc::ptr_eq(walk, &self.walk));
            if walks.is_empty() {
                all.remove(&self.space);
            }
        }
        drop(all);
        self.walk.end();
    }
}

impl TreeSnapshot {
    fn read(&self) -> Result<Page, StoreError> {
        let Some(tree) = &self.tree else { return Ok(Page::End) };
        loop {
            self.poison.check()?;
            let passed = {
                let aside = self.walk.lock();
                match (aside.space, &aside.passed) {
                    (Existence::Removed, _) => return Ok(Page::Removed),
                    (Existence::There, Passed::All) => return Ok(Page::End),
                    (Existence::There, passed) => passed.clone(),
                }
            };
            let found = match living(tree, &passed) {
                Ok(found) => found,
                // A tree that is being removed answers anything.
                Err(_) if self.walk.lock().space == Existence::Removed => return Ok(Page::Removed),
                Err(error) => return Err(self.poison.read_error(error)),
            };
            let rows = self.lay_over(found, &passed);
            match rows {
                None => return Ok(Page::Removed),
                Some(rows) if rows.is_empty() => {}
                Some(rows) => return Ok(Page::Rows(rows.into_iter().collect())),
            }
        }
    }

    /// What was there, from what is there and what was put aside; none when the space is gone.
    fn lay_over(&self, found: Found, passed: &Passed) -> Option<BTreeMap<Bytes, Bytes>> {
        let mut rows = found.rows;
        let mut aside = self.walk.lock();
        if aside.space == Existence::Removed {
            return None;
        }
        let start = match passed {
            Passed::Nothing | Passed::All => Bound::Unbounded,
            Passed::To(last) => Bound::Excluded(last.clone()),
        };
        let end = match &found.to {
            Passed::To(last) => Bound::Included(last.clone()),
            Passed::Nothing | Passed::All => Bound::Unbounded,
        };
        let changed: Vec<Bytes> = aside.before.range((start, end)).map(|(key, _)| key.clone()).collect();
        for key in changed {
            let Some(value) = aside.before.remove(&key) else {
                continue;
            };
            aside.bytes = aside
                .bytes
                .saturating_sub(ENTRY + key.len() + value.as_ref().map_or(0, Bytes::len));
            match value {
                Some(value) => drop(rows.insert(key, value)),
                None => drop(rows.remove(&key)),
            }
        }
        aside.passed = found.to;
        self.walk.room.notify_all();
        Some(rows)
    }
}

/// A part of the living tree.
struct Found {
    rows: BTreeMap<Bytes, Bytes>,
    /// How far that is.
    to: Passed,
}

fn living(tree: &Tree, passed: &Passed) -> Result<Found, sled::Error> {
    let start = match passed {
        Passed::Nothing | Passed::All => Bound::Unbounded,
        Passed::To(last) => Bound::Excluded(last.clone()),
    };
    let mut rows = BTreeMap::new();
    let mut bytes = 0;
    for row in tree.range::<Bytes, _>((start, Bound::Unbounded)) {
        let (key, value) = row?;
        let key = Bytes::copy_from_slice(&key);
        bytes += key.len() + value.len();
        rows.insert(key.clone(), Bytes::copy_from_slice(&value));
        if rows.len() == PAGE || bytes >= PAGE_BYTES {
            return Ok(Found {
                rows,
                to: Passed::To(key),
            });
        }
    }
    Ok(Found { rows, to: Passed::All })
}

#[async_trait]
impl Snapshot for TreeSnapshot {
    async fn next(&mut self) -> Result<Page, StoreError> {
        self.read()
    }

    fn longest_pause(&self) -> Duration {
        self.walk.lock().longest_pause
    }
}

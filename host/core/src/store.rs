//! The ordered key-value store everything durable lives in.
//!
//! A store has *spaces*: one for each session and a few global ones. **A commit touches one space**, wholly or not at all; there are
//! no transactions across spaces, so that a session can later move to another node. Commits become visible in the order they were
//! made. Within a space what is durable is always a prefix of what was committed, and a commit that is durable makes every earlier one
//! durable, in whichever space.
//!
//! A commit has two moments. It is *applied*: every later read sees it. It is *durable*: it survives a crash. What leaves the process
//! (an acknowledgement, an effect) waits for the second.

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
#[cfg(any(test, feature = "testing"))]
mod held;
mod memory;
mod meters;
mod sled;
mod snapshot;
#[cfg(test)]
mod tests;

#[cfg(any(test, feature = "testing"))]
pub use held::HeldStore;
pub use memory::MemoryStore;
pub use meters::Meters;
pub use sled::{
    CompactError, Compacted, InUse, LOCK, LastEnd, OpenError, RESTORING, SledOptions, SledStore, compact,
    compact_changed, in_use, lock,
};
pub use snapshot::{PAGE, PAGE_BYTES, Page, Snapshot};

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::oneshot;

use crate::id::SessionId;
use crate::schema::{Key, system};

/// The largest value a store takes; larger things are files with their digest in a record.
pub const MAX_VALUE: usize = 64 * 1024;

/// The most entries one scan answers.
pub const MAX_SCAN: usize = 1000;

/// A part of the store that commits on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    /// Schema version, master-key check and other facts about the store itself.
    System,
    /// The register of sessions.
    Sessions,
    /// Everything of one session.
    Session(SessionId),
}

/// A change of one key.
#[derive(Clone, PartialEq, Eq)]
pub enum Op {
    /// Write.
    Put(Bytes, Bytes),
    /// Delete; absent keys are fine.
    Delete(Bytes),
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put(key, value) => write!(f, "Put({}, {} bytes)", key.escape_ascii(), value.len()),
            Self::Delete(key) => write!(f, "Delete({})", key.escape_ascii()),
        }
    }
}

/// What must hold for a commit to be applied.
#[derive(Clone, PartialEq, Eq)]
pub enum Expect {
    /// The key does not exist.
    Absent(Bytes),
    /// The key has exactly this value.
    Equals(Bytes, Bytes),
}

impl fmt::Debug for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(key) => write!(f, "Absent({})", key.escape_ascii()),
            Self::Equals(key, value) => write!(f, "Equals({}, {} bytes)", key.escape_ascii(), value.len()),
        }
    }
}

/// When the caller needs the commit to survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// As soon as possible: the group it joins is flushed at once.
    Durable,
    /// Whenever something later needs it, or within half a second.
    Lazy,
}

/// Changes of one space that happen together.
#[derive(Clone)]
pub struct Commit {
    /// Where.
    pub space: Space,
    /// What must hold.
    pub expect: Vec<Expect>,
    /// What changes; a later operation on the same key wins.
    pub ops: Vec<Op>,
    /// How urgent durability is.
    pub class: Class,
}

impl Commit {
    /// An empty commit that is flushed at once.
    #[must_use]
    pub const fn durable(space: Space) -> Self {
        Self {
            space,
            expect: Vec::new(),
            ops: Vec::new(),
            class: Class::Durable,
        }
    }

    /// An empty commit that may wait for others.
    #[must_use]
    pub const fn lazy(space: Space) -> Self {
        Self {
            space,
            expect: Vec::new(),
            ops: Vec::new(),
            class: Class::Lazy,
        }
    }

    /// Adds a write.
    #[must_use]
    pub fn put(mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.ops.push(Op::Put(key.into(), value.into()));
        self
    }

    /// Adds a deletion.
    #[must_use]
    pub fn delete(mut self, key: impl Into<Bytes>) -> Self {
        self.ops.push(Op::Delete(key.into()));
        self
    }

    /// Adds a precondition.
    #[must_use]
    pub fn expect(mut self, expect: Expect) -> Self {
        self.expect.push(expect);
        self
    }

    /// Refuses values over [`MAX_VALUE`]; every engine asks before it changes anything.
    pub(crate) fn check_sizes(&self) -> Result<(), StoreError> {
        for op in &self.ops {
            match op {
                Op::Put(_, value) if value.len() > MAX_VALUE => return Err(StoreError::TooLarge { size: value.len() }),
                Op::Put(..) | Op::Delete(_) => {}
            }
        }
        Ok(())
    }
}

/// A commit that later reads see, and that will be durable.
#[derive(Debug)]
pub struct Applied(Durability);

#[derive(Debug)]
enum Durability {
    Already,
    Coming(oneshot::Receiver<Result<(), StoreError>>),
}

impl Applied {
    /// For stores where applied means durable.
    #[must_use]
    pub const fn already_durable() -> Self {
        Self(Durability::Already)
    }

    /// Becomes durable when the sender says so; a dropped sender counts as a lost store.
    #[must_use]
    pub const fn coming(flushed: oneshot::Receiver<Result<(), StoreError>>) -> Self {
        Self(Durability::Coming(flushed))
    }

    /// Resolves when the commit survives a crash.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when the store failed to flush; nothing may be acknowledged then.
    pub async fn durable(self) -> Result<(), StoreError> {
        match self.0 {
            Durability::Already => Ok(()),
            Durability::Coming(flushed) => flushed.await.unwrap_or_else(|_| {
                Err(StoreError::Lost {
                    reason: "the writer is gone".into(),
                })
            }),
        }
    }
}

/// A run of keys: from `start` (included) to `end` (excluded; none for the end of the space).
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// First key.
    pub start: Bytes,
    /// First key behind the run.
    pub end: Option<Bytes>,
}

impl KeyRange {
    /// Every key that starts with `prefix`.
    #[must_use]
    pub fn prefix(prefix: &[u8]) -> Self {
        let mut end = prefix.to_vec();
        while let Some(last) = end.last_mut() {
            if *last < u8::MAX {
                *last += 1;
                return Self {
                    start: Bytes::copy_from_slice(prefix),
                    end: Some(end.into()),
                };
            }
            end.pop();
        }
        Self {
            start: Bytes::copy_from_slice(prefix),
            end: None,
        }
    }

    /// The part of this run behind `key`.
    #[must_use]
    pub fn after(mut self, key: &[u8]) -> Self {
        let mut start = Vec::with_capacity(key.len() + 1);
        start.extend_from_slice(key);
        start.push(0);
        if self.start.as_ref() < start.as_slice() {
            self.start = start.into();
        }
        self
    }

    /// The part of this run in front of `key`.
    #[must_use]
    pub fn before(mut self, key: &[u8]) -> Self {
        if self.end.as_ref().is_none_or(|end| end.as_ref() > key) {
            self.end = Some(Bytes::copy_from_slice(key));
        }
        self
    }

    /// Whether no key can be in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end.as_ref().is_some_and(|end| *end <= self.start)
    }
}

/// Which end of a run a scan starts at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// An ordered key-value store with spaces. See the module documentation for what every engine promises.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// The value of one key.
    async fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Up to `limit` (at most [`MAX_SCAN`]) entries of a run. Ask again from behind the last key for more.
    async fn scan(
        &self,
        space: Space,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError>;

    /// Applies a commit, or refuses it whole.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when a precondition does not hold, [`StoreError::TooLarge`] for a value over [`MAX_VALUE`],
    /// [`StoreError::Lost`] when the store has failed before.
    async fn commit(&self, commit: Commit) -> Result<Applied, StoreError>;

    /// Removes a space and everything in it, durably.
    async fn drop_space(&self, space: Space) -> Result<(), StoreError>;

    /// Makes everything committed so far durable.
    async fn flush(&self) -> Result<(), StoreError>;

    /// Every space that anything was ever committed to and that was not removed since, in order.
    async fn spaces(&self) -> Result<Vec<Space>, StoreError>;

    /// A space as it is now, behind every commit that was answered. Commits go on while it is read.
    async fn snapshot(&self, space: Space) -> Result<Box<dyn Snapshot>, StoreError>;
}

/// Writes something that means nothing and waits until it survives a crash: whether the store takes writes, disk and all.
///
/// # Errors
/// Those of the store.
pub async fn probe(store: &dyn Store) -> Result<(), StoreError> {
    let key = Key::table(system::PROBE).finish();
    let commit = Commit::durable(Space::System).put(key, Bytes::new());
    store.commit(commit).await?.durable().await
}

/// Why the store did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A precondition did not hold; nothing was changed.
    #[error("the stored value has changed meanwhile")]
    Conflict,
    /// A value is over [`MAX_VALUE`]; nothing was changed.
    #[error("a value of {size} bytes is over the {MAX_VALUE} a record may have")]
    TooLarge {
        /// Its size.
        size: usize,
    },
    /// Reading failed.
    #[error("reading the store failed: {reason}")]
    Read {
        /// The engine's own words.
        reason: Box<str>,
    },
    /// Writing or flushing failed; the store takes nothing more until it is opened again.
    #[error("the store is lost: {reason}")]
    Lost {
        /// The engine's own words.
        reason: Box<str>,
    },
    /// A stored record is not what its key promises.
    #[error("the record at {key} is damaged: {reason}")]
    Damaged {
        /// Its key, escaped.
        key: Box<str>,
        /// What is wrong with it.
        reason: Box<str>,
    },
}

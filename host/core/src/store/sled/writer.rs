//! The one thread that writes.
//!
//! It takes what waits in its queue as one group, checks each commit's preconditions against the tree and the commits of the group
//! before it, and applies the group as one batch. A commit is answered when its group is applied; the [`Flusher`] makes it durable.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sled::transaction::{TransactionError, Transactional};
use sled::{Batch, Db, Tree};
use tokio::sync::{mpsc, oneshot};

use super::Poison;
use super::flusher::{Flusher, Waiter};
use super::snapshots::{Snapshots, TreeSnapshot};
use super::trees::Trees;
use crate::store::{Applied, Class, Commit, Expect, Meters, Op, Space, StoreError};

/// Commits of one group.
const GROUP: usize = 1024;
/// Bytes after which a group is closed.
const GROUP_BYTES: usize = 1024 * 1024;

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

pub(super) enum Job {
    Commit {
        commit: Commit,
        reply: Reply<Applied>,
        /// When it was asked for.
        since: Duration,
    },
    Drop {
        space: Space,
        reply: Reply<()>,
    },
    Snapshot {
        space: Space,
        reply: Reply<TreeSnapshot>,
    },
    Flush {
        reply: Reply<Applied>,
    },
}

pub(super) struct Writer {
    pub(super) db: Db,
    pub(super) trees: Arc<Trees>,
    pub(super) poison: Arc<Poison>,
    pub(super) flusher: Arc<Flusher>,
    pub(super) meters: Meters,
    pub(super) snapshots: Arc<Snapshots>,
}

/// Commits that are applied together.
#[derive(Default)]
struct Group {
    spaces: HashMap<Space, Changes>,
    answers: Vec<Answer>,
    bytes: usize,
}

/// Who waits for a group, and for what.
struct Answer {
    reply: Reply<Applied>,
    outcome: Result<Class, StoreError>,
    /// When a commit was asked for; none for a flush.
    since: Option<Duration>,
}

/// What a group changes in one space; none for deleted keys.
struct Changes {
    tree: Option<Tree>,
    rows: Rows,
}

impl Writer {
    pub(super) fn run(self, mut queue: mpsc::Receiver<Job>) {
        while let Some(first) = queue.blocking_recv() {
            let mut group = Group::default();
            let mut next = Some(first);
            while let Some(job) = next {
                match job {
                    Job::Commit { commit, reply, since } => self.add(&mut group, commit, reply, since),
                    Job::Drop { space, reply } => {
                        self.apply(std::mem::take(&mut group));
                        self.drop_space(space, reply);
                    }
                    Job::Snapshot { space, reply } => {
                        self.apply(std::mem::take(&mut group));
                        // Whoever does not wait any more drops it.
                        let _ = reply.send(self.poison.check().map(|()| {
                            self.snapshots
                                .begin(space, self.trees.get(space), Arc::clone(&self.poison))
                        }));
                    }
                    Job::Flush { reply } => group.answers.push(Answer {
                        reply,
                        outcome: Ok(Class::Durable),
                        since: None,
                    }),
                }
                let full = group.answers.len() >= GROUP || group.bytes >= GROUP_BYTES;
                next = if full { None } else { queue.try_recv().ok() };
            }
            self.apply(group);
        }
        self.flusher.close();
    }

    fn add(&self, group: &mut Group, commit: Commit, reply: Reply<Applied>, since: Duration) {
        let Commit {
            space,
            expect,
            ops,
            class,
        } = commit;
        let changes = group.spaces.entry(space).or_insert_with(|| Changes {
            tree: self.trees.get(space),
            rows: HashMap::new(),
        });
        let outcome = changes.check(&expect, &self.poison).map(|()| class);
        if outcome.is_ok() {
            for op in ops {
                match op {
                    Op::Put(key, value) => {
                        group.bytes += key.len() + value.len();
                        changes.rows.insert(key, Some(value));
                    }
                    Op::Delete(key) => {
                        group.bytes += key.len();
                        changes.rows.insert(key, None);
                    }
                }
            }
        }
        group.answers.push(Answer {
            reply,
            outcome,
            since: Some(since),
        });
    }

    /// Applies a group, then answers it: whoever is refused for what an earlier commit of the group wrote can read that now.
    fn apply(&self, group: Group) {
        let written = self.poison.check().and_then(|()| {
            self.write(group.spaces).map_err(|error| {
                self.poison.set(error.to_string());
                StoreError::Lost {
                    reason: error.to_string().into(),
                }
            })
        });
        let dirty = match written {
            Ok(dirty) => dirty,
            Err(error) => {
                for Answer { reply, since, .. } in group.answers {
                    let lost = Err(error.clone());
                    if let Some(since) = since {
                        self.meters.answered(since, &lost);
                    }
                    // Whoever does not wait any more needs no answer.
                    let _ = reply.send(lost);
                }
                return;
            }
        };
        let mut answers = Vec::with_capacity(group.answers.len());
        let mut waiters = Vec::with_capacity(group.answers.len());
        let mut class = Class::Lazy;
        let commits = group.answers.iter().filter(|answer| answer.since.is_some()).count();
        if commits > 0 {
            self.meters.grouped(commits);
        }
        for Answer { reply, outcome, since } in group.answers {
            if let Some(since) = since {
                self.meters.answered(since, &outcome);
            }
            answers.push((
                reply,
                outcome.map(|wanted| {
                    let (flushed, durable) = oneshot::channel();
                    waiters.push(Waiter {
                        flushed,
                        since: since.filter(|_| wanted == Class::Durable),
                    });
                    if wanted == Class::Durable {
                        class = Class::Durable;
                    }
                    Applied::coming(durable)
                }),
            ));
        }
        self.flusher.add(waiters, class, dirty);
        for (reply, answer) in answers {
            let _ = reply.send(answer);
        }
    }

    fn write(&self, spaces: HashMap<Space, Changes>) -> Result<Dirty, sled::Error> {
        let mut trees = Vec::with_capacity(spaces.len());
        for (space, Changes { tree, rows }) in spaces {
            if rows.is_empty() {
                continue;
            }
            let tree = match tree {
                Some(tree) => tree,
                None => self.trees.create(&self.db, space)?,
            };
            self.snapshots.put_aside(space, &tree, rows.keys())?;
            trees.push((tree, rows));
        }
        if trees.is_empty() {
            return Ok(Dirty::No);
        }
        write_rows(&trees)?;
        Ok(Dirty::Yes)
    }

    fn drop_space(&self, space: Space, reply: Reply<()>) {
        let dropped = self.poison.check().and_then(|()| {
            self.snapshots.remove(space);
            self.trees.remove(&self.db, space).map_err(|error| {
                self.poison.set(error.to_string());
                StoreError::Lost {
                    reason: error.to_string().into(),
                }
            })
        });
        self.flusher.add(Vec::new(), Class::Lazy, Dirty::Yes);
        let _ = reply.send(dropped);
    }
}

/// The rows of a tree; none for those that go.
type Rows = HashMap<Bytes, Option<Bytes>>;

/// Writes all rows together, in one batch however many trees there are. A batch costs much: sled hands its buffer to the system twice for
/// each, and wakes all of its threads each time. One row alone needs none.
fn write_rows(trees: &[(Tree, Rows)]) -> Result<(), sled::Error> {
    match trees {
        [(tree, rows)] if rows.len() == 1 => {
            for (key, value) in rows {
                match value {
                    Some(value) => drop(tree.insert(key, &**value)?),
                    None => drop(tree.remove(key)?),
                }
            }
            Ok(())
        }
        [(tree, rows)] => tree.apply_batch(batch(rows)),
        several => {
            let trees: Vec<&Tree> = several.iter().map(|(tree, _)| tree).collect();
            let batches: Vec<Batch> = several.iter().map(|(_, rows)| batch(rows)).collect();
            let written: Result<(), TransactionError<Infallible>> = trees.as_slice().transaction(|trees| {
                for (tree, batch) in trees.iter().zip(&batches) {
                    tree.apply_batch(batch)?;
                }
                Ok(())
            });
            written.map_err(|error| match error {
                TransactionError::Storage(error) => error,
                TransactionError::Abort(never) => match never {},
            })
        }
    }
}

fn batch(rows: &Rows) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in rows {
        match value {
            Some(value) => batch.insert(&**key, &**value),
            None => batch.remove(&**key),
        }
    }
    batch
}

/// Whether anything was written that is not flushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Dirty {
    #[default]
    No,
    Yes,
}

impl Changes {
    fn check(&self, expect: &[Expect], poison: &Poison) -> Result<(), StoreError> {
        for expect in expect {
            let holds = match expect {
                Expect::Absent(key) => !self.matches(key, None, poison)?,
                Expect::Equals(key, value) => self.matches(key, Some(value), poison)?,
            };
            if !holds {
                return Err(StoreError::Conflict);
            }
        }
        Ok(())
    }

    /// Whether a key exists, with this value if one is given.
    fn matches(&self, key: &Bytes, wanted: Option<&Bytes>, poison: &Poison) -> Result<bool, StoreError> {
        let is_wanted = |value: &[u8]| wanted.is_none_or(|wanted| wanted == value);
        if let Some(value) = self.rows.get(key) {
            return Ok(value.as_deref().is_some_and(is_wanted));
        }
        let Some(tree) = &self.tree else { return Ok(false) };
        Ok(tree
            .get(key)
            .map_err(|error| poison.read_error(error))?
            .as_deref()
            .is_some_and(is_wanted))
    }
}

//! The store on disk: sled 0.34, with what it lacks put around it.
//!
//! Each guard answers a measured failure of sled 0.34.7:
//! - A directory is used by one process, by a lock of our own that says so in words.
//! - A `snap.*.generating` file that a kill left behind makes sled refuse the directory for ever; such files are removed, under the
//!   lock, before sled sees them. They are only an index that is rebuilt.
//! - `flush()` does not reach the disk; an `fdatasync` on a handle of our own does ([`flusher`]).
//! - Values above a segment's quarter are never synced; [`super::MAX_VALUE`] is below that.
//! - `flush_async` and `watch_prefix` can deadlock; neither is used. One thread writes ([`writer`]), one flushes.
//!
//! A space is a tree, so that removing a session is one cheap operation. Reads may wait for a disk but mostly hit the cache, and run
//! where they are called. sled has no snapshots; [`snapshots`] makes them.

mod compact;
mod directory;
mod ending;
mod flusher;
mod snapshots;
#[cfg(test)]
mod tests;
mod trees;
mod writer;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::{Applied, Commit, KeyRange, MAX_SCAN, Meters, Order, Snapshot, Space, Store, StoreError};
use crate::clock::SystemClock;
use crate::migrate::{self, MigrateError};
use crate::schema::SCHEMA;
pub use compact::{CompactError, Compacted, compact, compact_changed};
#[cfg(test)]
pub(in crate::store) use directory::wait_for_lingering_threads;
pub use directory::{InUse, LOCK, OpenError, RESTORING, in_use, lock};
use directory::{engine, open_db, remove_half_written_snapshots};
use ending::Ending;
pub use ending::LastEnd;
use flusher::Flusher;
use trees::Trees;
use writer::{Job, Writer};

/// Commits that may wait for the writer; more make committers wait.
const QUEUE: usize = 1024;

/// How the store uses the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SledOptions {
    /// Bytes of pages sled tries to keep in memory; it may take about half as much again.
    pub cache_bytes: u64,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// See the module documentation.
pub struct SledStore {
    /// None only while it is dropped.
    jobs: Option<mpsc::Sender<Job>>,
    trees: Arc<Trees>,
    poison: Arc<Poison>,
    meters: Meters,
    threads: Vec<JoinHandle<()>>,
    dir: PathBuf,
    last_end: LastEnd,
    /// Declared behind everything that uses the directory, so that it is given up last.
    _lock: File,
}

impl SledStore {
    /// Opens the store in `dir`, which is created if need be, and brings its schema up to [`SCHEMA`].
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(dir: &Path, options: SledOptions) -> Result<Arc<Self>, OpenError> {
        let meters = Meters::new(Arc::new(SystemClock::new()));
        Self::open_and(dir, options, meters, Ending::look)
    }

    /// The same for a host: with what is measured of it, and noting how it ends.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_measured(dir: &Path, options: SledOptions, meters: Meters) -> Result<Arc<Self>, OpenError> {
        Self::open_and(dir, options, meters, Ending::begin)
    }

    fn open_and(
        dir: &Path,
        options: SledOptions,
        meters: Meters,
        ending: fn(&Path) -> (Ending, LastEnd),
    ) -> Result<Arc<Self>, OpenError> {
        let io = |step| {
            move |source| OpenError::Io {
                dir: dir.to_owned(),
                step,
                source,
            }
        };
        std::fs::create_dir_all(dir).map_err(io("it cannot be created"))?;
        let lock = lock(dir)?;
        if dir.join(RESTORING).exists() {
            return Err(OpenError::Unfinished { dir: dir.to_owned() });
        }
        compact::put_in_place(dir).map_err(io("its copy cannot be put in its place"))?;
        remove_half_written_snapshots(dir).map_err(io("its half-written snapshots cannot be removed"))?;
        let is_new = !dir.join("db").exists();
        let (db, config) = open_db(dir, options)?;
        let data = File::options()
            .read(true)
            .write(true)
            .open(dir.join("db"))
            .map_err(io("its data file cannot be opened"))?;
        if is_new {
            for dir in [Some(dir), dir.parent()]
                .into_iter()
                .flatten()
                .filter(|dir| !dir.as_os_str().is_empty())
            {
                File::open(dir)
                    .and_then(|dir| dir.sync_all())
                    .map_err(io("it cannot be synced"))?;
            }
        }

        let trees = Arc::new(Trees::of(&db).map_err(engine(dir))?);
        let (ending, last_end) = ending(dir);
        let poison = Arc::new(Poison::new(ending, config));
        let flusher = Arc::new(Flusher::new(meters.clone()));
        let (jobs, queue) = mpsc::channel(QUEUE);
        let writer = Writer {
            db: db.clone(),
            trees: Arc::clone(&trees),
            poison: Arc::clone(&poison),
            flusher: Arc::clone(&flusher),
            meters: meters.clone(),
            snapshots: Arc::default(),
        };
        let named = |name: &str| std::thread::Builder::new().name(name.into());
        let flushing = named("store-flusher").spawn({
            let (flusher, poison) = (Arc::clone(&flusher), Arc::clone(&poison));
            move || flusher.run(&db, &data, &poison)
        });
        let flushing = flushing.map_err(io("its flusher thread cannot be started"))?;
        let writing = named("store-writer")
            .spawn(move || writer.run(queue))
            .map_err(|source| {
                flusher.close();
                io("its writer thread cannot be started")(source)
            })?;
        let store = Arc::new(Self {
            jobs: Some(jobs),
            trees,
            poison,
            meters,
            threads: vec![writing, flushing],
            dir: dir.to_owned(),
            last_end,
            _lock: lock,
        });
        bring_up(&store, dir)?;
        Ok(store)
    }

    /// How the host that had the directory before came to an end.
    #[must_use]
    pub const fn last_end(&self) -> LastEnd {
        self.last_end
    }

    /// Where it is.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Resolves when a write or a flush has failed, with why. Nothing is taken from then on, and only opening the store again helps.
    pub async fn until_lost(&self) -> StoreError {
        let mut lost = self.poison.why.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = lost.wait_for(Option::is_some).await;
        self.poison.error().unwrap_or_else(|| StoreError::Lost {
            reason: "the writer is gone".into(),
        })
    }

    async fn ask<T>(
        &self,
        job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job + Send,
    ) -> Result<T, StoreError> {
        let gone = || {
            self.poison.error().unwrap_or_else(|| StoreError::Lost {
                reason: "the writer is gone".into(),
            })
        };
        let (reply, answer) = oneshot::channel();
        self.jobs
            .as_ref()
            .ok_or_else(gone)?
            .send(job(reply))
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        // The writer ends when nobody can ask it any more, and ends the flusher, which flushes a last time.
        self.jobs = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
        if self.poison.check().is_ok() {
            self.poison.ending.note(LastEnd::InOrder);
        }
    }
}

impl fmt::Debug for SledStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledStore")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SledStore {
    async fn get(&self, space: Space, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.poison.check()?;
        let Some(tree) = self.trees.get(space) else {
            return Ok(None);
        };
        let value = tree.get(key).map_err(|error| self.poison.read_error(error))?;
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    async fn scan(
        &self,
        space: Space,
        range: KeyRange,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        self.poison.check()?;
        let Some(tree) = self.trees.get(space) else {
            return Ok(Vec::new());
        };
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let mut run = match range.end {
            Some(end) => tree.range::<Bytes, _>(range.start..end),
            None => tree.range::<Bytes, _>(range.start..),
        };
        let mut rows = Vec::new();
        while rows.len() < limit.min(MAX_SCAN) {
            let row = match order {
                Order::Ascending => run.next(),
                Order::Descending => run.next_back(),
            };
            let Some(row) = row else { break };
            let (key, value) = row.map_err(|error| self.poison.read_error(error))?;
            rows.push((Bytes::copy_from_slice(&key), Bytes::copy_from_slice(&value)));
        }
        Ok(rows)
    }

    async fn commit(&self, commit: Commit) -> Result<Applied, StoreError> {
        commit.check_sizes()?;
        let since = self.meters.now();
        self.ask(|reply| Job::Commit { commit, reply, since }).await
    }

    async fn drop_space(&self, space: Space) -> Result<(), StoreError> {
        self.ask(|reply| Job::Drop { space, reply }).await?;
        self.flush().await
    }

    async fn flush(&self) -> Result<(), StoreError> {
        self.ask(|reply| Job::Flush { reply }).await?.durable().await
    }

    async fn spaces(&self) -> Result<Vec<Space>, StoreError> {
        self.poison.check()?;
        Ok(self.trees.spaces())
    }

    async fn snapshot(&self, space: Space) -> Result<Box<dyn Snapshot>, StoreError> {
        let snapshot = self.ask(|reply| Job::Snapshot { space, reply }).await?;
        Ok(Box::new(snapshot))
    }
}

/// Set once, by the first to meet a write or a flush that failed. What the disk holds is unknown from then on, and a second flush that succeeds
/// would prove nothing, so nothing is tried again.
struct Poison {
    why: watch::Sender<Option<Box<str>>>,
    ending: Ending,
    /// What sled was opened with, where it keeps that it gave up.
    config: sled::Config,
}

impl Poison {
    fn new(ending: Ending, config: sled::Config) -> Self {
        let why = watch::Sender::new(None);
        Self { why, ending, config }
    }

    fn set(&self, reason: String) {
        tracing::error!(reason, "the store failed and takes nothing more");
        self.ending.note(LastEnd::StoreLost);
        self.why.send_if_modified(|first| match first {
            Some(_) => false,
            None => {
                *first = Some(reason.into());
                true
            }
        });
    }

    /// What a reader is told. sled writes behind its callers, and once that has failed it fails reads as well, so a reader may be the first to
    /// meet the loss.
    fn read_error(&self, error: sled::Error) -> StoreError {
        if let Err(given_up) = self.config.global_error() {
            let reason = given_up.to_string();
            self.set(reason.clone());
            return StoreError::Lost { reason: reason.into() };
        }
        StoreError::Read {
            reason: error.to_string().into(),
        }
    }

    fn error(&self) -> Option<StoreError> {
        self.why.borrow().clone().map(|reason| StoreError::Lost { reason })
    }

    fn check(&self) -> Result<(), StoreError> {
        self.error().map_or(Ok(()), Err)
    }
}

/// Migrations are written against the async trait, and opening is not async: they run on a thread of their own.
fn bring_up(store: &Arc<SledStore>, dir: &Path) -> Result<(), OpenError> {
    let io = |source| OpenError::Io {
        dir: dir.to_owned(),
        step: "its migration cannot be started",
        source,
    };
    let store: Arc<dyn Store> = Arc::clone(store) as _;
    let migrating = std::thread::Builder::new()
        .name("store-migration".into())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build()?;
            Ok::<_, std::io::Error>(runtime.block_on(migrate::bring_up(&store, SCHEMA, migrate::MIGRATIONS)))
        });
    let migrated = migrating
        .map_err(io)?
        .join()
        .map_err(|_| io(std::io::Error::other("it panicked")))?
        .map_err(io)?;
    migrated.map_err(|error| match error {
        MigrateError::NewerSchema { found, known } => OpenError::NewerSchema {
            dir: dir.to_owned(),
            found,
            known,
        },
        MigrateError::Store(source) => OpenError::Migrate {
            dir: dir.to_owned(),
            source,
        },
    })
}

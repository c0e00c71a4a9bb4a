//! Backups of the whole host: taking one, what there is, and removing one. One is taken at a time.
//!
//! What is known of a finished backup is read from its file, so that files that were brought from elsewhere are told too. What failed is
//! remembered until the host ends.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use waspnest_core::backup::{BackupError, Header, Manifest, Progress, Reader, Taker};
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::id::BackupId;
use waspnest_core::master_key::MasterKey;

use super::error::Error;
use crate::config::backup::Backup as BackupConfig;
use crate::shutdown::Shutdown;

/// What the files of backups end with.
pub const EXTENSION: &str = "waspnest";
/// What they end with before they are whole.
const UNFINISHED: &str = "unfinished";
/// Failures that are remembered.
const FAILURES: usize = 20;

/// The use cases of backups. Clones are the same.
#[derive(Debug, Clone)]
pub struct Backups {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: BackupConfig,
    taker: Taker,
    tasks: Shutdown,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    /// Those that have no file.
    here: Mutex<BTreeMap<BackupId, Here>>,
}

/// A backup that is being taken, or was not.
#[derive(Debug)]
struct Here {
    progress: Arc<Progress>,
    standing: watch::Receiver<Standing>,
    stop: CancellationToken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    Running,
    Taken,
    Failed(Box<str>),
}

/// A backup.
#[derive(Debug)]
pub struct Backup {
    /// Its id.
    pub id: BackupId,
    /// How it stands.
    pub state: BackupState,
}

/// How a backup stands.
#[derive(Debug)]
pub enum BackupState {
    /// It is being taken.
    Running {
        /// Records that are written.
        records: u64,
        /// Files that are written.
        files: u64,
        /// Bytes of it so far.
        bytes: u64,
    },
    /// It is whole, as far as its beginning and end tell.
    Taken(Box<Taken>),
    /// It was not taken, or what is there cannot be read.
    Failed {
        /// Why, in words.
        why: Box<str>,
    },
}

/// A backup that was taken.
#[derive(Debug)]
pub struct Taken {
    /// Its file.
    pub file: PathBuf,
    /// Bytes of it.
    pub bytes: u64,
    /// Who took it, and when.
    pub header: Header,
    /// What is in it.
    pub manifest: Manifest,
}

impl Backups {
    /// Backups that `taker` takes. What an earlier process left half written is removed.
    #[must_use]
    pub fn new(config: BackupConfig, taker: Taker, tasks: Shutdown, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        for path in named(&config.dir, UNFINISHED).unwrap_or_default().into_values() {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(file = %path.display(), %error, "a half-written backup could not be removed");
            }
        }
        Self {
            inner: Arc::new(Inner {
                config,
                taker,
                tasks,
                clock,
                ids,
                here: Mutex::default(),
            }),
        }
    }

    /// Begins to take one.
    ///
    /// # Errors
    /// [`Error::NotPossible`] while another one is being taken.
    pub fn start(&self) -> Result<Backup, Error> {
        let inner = &self.inner;
        let (standing, follow) = watch::channel(Standing::Running);
        let (progress, stop) = (Arc::new(Progress::default()), CancellationToken::new());
        let id = {
            let mut here = inner.here();
            let running = here
                .iter()
                .find(|(_, other)| *other.standing.borrow() == Standing::Running);
            if let Some((other, _)) = running {
                let why = format!("the backup {other} is being taken; one is taken at a time");
                return Err(Error::NotPossible { why: why.into() });
            }
            while here.len() >= FAILURES {
                here.pop_first();
            }
            let id = BackupId::new(inner.ids.ulid(inner.clock.now()));
            let new = Here {
                progress: Arc::clone(&progress),
                standing: follow,
                stop: stop.clone(),
            };
            here.insert(id, new);
            id
        };
        let (this, host_ends) = (Arc::clone(inner), inner.tasks.soft());
        inner.tasks.spawn_finite("backup", async move {
            let taken = tokio::select! {
                taken = this.take(id, progress) => taken.map_err(|error| told(&error)),
                () = stop.cancelled() => Err("it was called off".into()),
                () = host_ends.cancelled() => Err("the host ended".into()),
            };
            let stands = match taken {
                Ok(()) => {
                    this.here().remove(&id);
                    Standing::Taken
                }
                Err(why) => {
                    tracing::error!(backup.id = %id, why, "a backup was not taken");
                    Standing::Failed(why)
                }
            };
            standing.send_replace(stands);
        });
        Ok(Backup {
            id,
            state: BackupState::Running {
                records: 0,
                files: 0,
                bytes: 0,
            },
        })
    }

    /// All backups, the latest first.
    ///
    /// # Errors
    /// [`Error::Internal`] when the directory cannot be read.
    pub async fn list(&self) -> Result<Vec<Backup>, Error> {
        let inner = Arc::clone(&self.inner);
        blocking(move || {
            let mut ids: Vec<BackupId> = inner.here().keys().copied().collect();
            ids.extend(named(&inner.config.dir, EXTENSION)?.into_keys());
            ids.sort_unstable_by(|one, other| other.cmp(one));
            ids.dedup();
            Ok(ids.into_iter().filter_map(|id| inner.get(id)).collect())
        })
        .await
    }

    /// One backup, when it is no longer being taken or `wait` is over.
    ///
    /// # Errors
    /// [`Error::UnknownBackup`].
    pub async fn get(&self, id: BackupId, wait: Duration) -> Result<Backup, Error> {
        let standing = self.inner.here().get(&id).map(|here| here.standing.clone());
        if let Some(mut standing) = standing
            && !wait.is_zero()
        {
            tokio::select! {
                // It is told before the task ends, and a task that ends otherwise drops it.
                _ = standing.wait_for(|standing| *standing != Standing::Running) => {}
                () = self.inner.clock.sleep(wait) => {}
            }
        }
        let inner = Arc::clone(&self.inner);
        let found = blocking(move || Ok(inner.get(id))).await?;
        found.ok_or(Error::UnknownBackup { id })
    }

    /// Removes one, or calls it off.
    ///
    /// # Errors
    /// [`Error::UnknownBackup`], [`Error::Internal`] when its file cannot be removed.
    pub async fn remove(&self, id: BackupId) -> Result<(), Error> {
        let here = {
            let here = self.inner.here();
            here.get(&id).map(|here| (here.standing.clone(), here.stop.clone()))
        };
        if let Some((mut standing, stop)) = here {
            stop.cancel();
            let _ = standing.wait_for(|standing| *standing != Standing::Running).await;
        }
        let inner = Arc::clone(&self.inner);
        let removed = blocking(move || {
            let was_here = inner.here().remove(&id).is_some();
            match std::fs::remove_file(inner.file(id)) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(was_here),
                Err(error) => Err(error),
            }
        })
        .await?;
        if removed {
            Ok(())
        } else {
            Err(Error::UnknownBackup { id })
        }
    }
}

impl Inner {
    fn here(&self) -> MutexGuard<'_, BTreeMap<BackupId, Here>> {
        // Inserting and removing leave it whole.
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self) -> &MasterKey {
        &self.taker.key
    }

    fn file(&self, id: BackupId) -> PathBuf {
        self.config.dir.join(format!("{id}.{EXTENSION}"))
    }

    async fn take(&self, id: BackupId, progress: Arc<Progress>) -> Result<(), BackupError> {
        let dir = &self.config.dir;
        std::fs::create_dir_all(dir).map_err(|source| BackupError::Io {
            path: dir.clone(),
            step: "made",
            source,
        })?;
        let begun = self.clock.monotonic();
        let unfinished = dir.join(format!("{id}.{UNFINISHED}"));
        let manifest = self.taker.take(&self.file(id), &unfinished, progress).await?;
        tracing::info!(
            backup.id = %id,
            records = manifest.records().count,
            files = manifest.files.count,
            missing = manifest.missing.len(),
            longest_pause_us = manifest.longest_pause_us,
            duration_ms = u64::try_from((self.clock.monotonic() - begun).as_millis()).unwrap_or(u64::MAX),
            "a backup was taken"
        );
        self.prune();
        Ok(())
    }

    /// Removes the oldest beyond those that are kept.
    fn prune(&self) {
        let Some(keep) = self.config.keep else { return };
        let files = named(&self.config.dir, EXTENSION).unwrap_or_default();
        for (id, path) in files.iter().rev().skip(keep) {
            match std::fs::remove_file(path) {
                Ok(()) => tracing::info!(backup.id = %id, "an old backup was removed"),
                Err(error) => tracing::warn!(backup.id = %id, %error, "an old backup could not be removed"),
            }
        }
    }

    fn get(&self, id: BackupId) -> Option<Backup> {
        let path = self.file(id);
        let here = self.here().get(&id).map(|here| {
            let standing = here.standing.borrow().clone();
            (standing, Arc::clone(&here.progress))
        });
        let state = match here {
            Some((Standing::Running, progress)) => BackupState::Running {
                records: progress.records(),
                files: progress.files(),
                bytes: progress.bytes(),
            },
            Some((Standing::Failed(why), _)) => BackupState::Failed { why },
            Some((Standing::Taken, _)) | None if path.exists() => match Reader::open(&path, self.key()) {
                Ok(reader) => BackupState::Taken(Box::new(Taken {
                    file: reader.path().to_owned(),
                    bytes: reader.size(),
                    header: reader.header().clone(),
                    manifest: reader.manifest().clone(),
                })),
                Err(error) => BackupState::Failed { why: told(&error) },
            },
            Some((Standing::Taken, _)) | None => return None,
        };
        Some(Backup { id, state })
    }
}

/// An error with what is behind it.
fn told(error: &BackupError) -> Box<str> {
    let mut words = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        words += &format!(": {error}");
        source = error.source();
    }
    words.into()
}

/// The files of a directory that are named by a backup and an extension, by backup.
fn named(dir: &Path, extension: &str) -> io::Result<BTreeMap<BackupId, PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut found = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        let is_one = path.extension().is_some_and(|ends| ends == extension);
        let id = path.file_stem().and_then(|name| name.to_str()?.parse().ok());
        if let (true, Some(id)) = (is_one, id) {
            found.insert(id, path);
        }
    }
    Ok(found)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(worked) => worked.map_err(|error| Error::Internal(error.into())),
        Err(error) => Err(Error::Internal(error.into())),
    }
}

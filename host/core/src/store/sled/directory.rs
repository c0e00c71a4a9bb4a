//! A data directory: who may use it, and what must be put right in it before sled opens it.

use std::fs::{File, TryLockError};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sled::Db;

use super::SledOptions;
use crate::schema::SCHEMA;
use crate::store::StoreError;

/// The directory in a data directory that a backup is restored into; while it is there, nothing else is to be used.
pub const RESTORING: &str = "restoring";

/// The file that says who uses a data directory.
pub const LOCK: &str = "LOCK";

/// Why a data directory cannot be used. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the data directory {} is in use by another process; stop that one, or give this one a directory of its own", dir.display())]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// It was written by a newer version of this program.
    #[error(
        "the data directory {} has schema {found}, this program knows up to {known}; use the version that wrote it, or a newer one",
        dir.display()
    )]
    NewerSchema {
        /// The directory.
        dir: PathBuf,
        /// Its schema.
        found: u32,
        /// The newest schema this program knows.
        known: u32,
    },
    /// A backup is being restored into it, or was when the process ended.
    #[error(
        "a backup was being restored into the data directory {} and that did not end; restore it again, or remove {RESTORING} there with \
         everything beside it",
        dir.display()
    )]
    Unfinished {
        /// The directory.
        dir: PathBuf,
    },
    /// A file or directory cannot be used.
    #[error("the data directory {} cannot be used: {step}", dir.display())]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// sled refused it.
    #[error("the database in {} cannot be opened: {reason}; restore the directory from a backup if this persists", dir.display())]
    Engine {
        /// The directory.
        dir: PathBuf,
        /// sled's own words.
        reason: Box<str>,
    },
    /// Reading or bringing up its schema failed.
    #[error("the data directory {} cannot be brought to schema {SCHEMA}", dir.display())]
    Migrate {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: StoreError,
    },
}

pub(super) fn engine(dir: &Path) -> impl FnOnce(sled::Error) -> OpenError {
    let dir = dir.to_owned();
    move |error| OpenError::Engine {
        dir,
        reason: error.to_string().into(),
    }
}

/// Whether a process has a data directory open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InUse {
    /// One has.
    Yes,
    /// None has, or none ever had.
    No,
}

/// Whether a process has a data directory open, which is left as it is.
///
/// # Errors
/// When the directory cannot be looked into.
pub fn in_use(dir: &Path) -> std::io::Result<InUse> {
    let file = match File::open(dir.join(LOCK)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(InUse::No),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        // Given up again with the handle.
        Ok(()) => Ok(InUse::No),
        Err(TryLockError::WouldBlock) => Ok(InUse::Yes),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Has a data directory for oneself, until what this answers is dropped. Opening a store does this by itself.
///
/// # Errors
/// [`OpenError::Locked`], [`OpenError::Io`].
pub fn lock(dir: &Path) -> Result<File, OpenError> {
    let io = |source| OpenError::Io {
        dir: dir.to_owned(),
        step: "its lock file LOCK cannot be used",
        source,
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join(LOCK))
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

pub(super) fn remove_half_written_snapshots(dir: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            tracing::warn!(file = %name, "removing a snapshot that was half-written when the process ended");
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// How often and how long to wait for a store of this process to let go of the directory.
const LINGER: (u32, Duration) = (500, Duration::from_millis(10));

/// sled's pool of threads may hold its file for a moment after the store was dropped and our lock given up. It tells nobody when it lets
/// go, so its lock is tried again and again; when it never does, opening says why.
pub(in crate::store) fn wait_for_lingering_threads(dir: &Path) {
    let (times, pause) = LINGER;
    for _ in 0..times {
        match File::open(dir.join("db")).map(|file| file.try_lock()) {
            Ok(Err(TryLockError::WouldBlock)) => {
                #[expect(
                    clippy::disallowed_methods,
                    reason = "there is nothing to be notified by, and no clock is injected here"
                )]
                std::thread::sleep(pause);
            }
            // Free, or not there, or not to be locked: opening will tell.
            Ok(Ok(()) | Err(TryLockError::Error(_))) | Err(_) => return,
        }
    }
}

/// How often sled's own thread looks after its file. It empties one segment of what was written over each time and no more; at sled's half second a
/// busy host writes faster than that, so the file grows, and with it what sled keeps in memory of every segment.
const TENDED_EVERY_MS: u64 = 50;

pub(super) fn open_db(dir: &Path, options: SledOptions) -> Result<(Db, sled::Config), OpenError> {
    wait_for_lingering_threads(dir);
    let config = sled::Config::new()
        .path(dir)
        .cache_capacity(options.cache_bytes)
        .flush_every_ms(Some(TENDED_EVERY_MS));
    // sled panics when it cannot open its file.
    match std::panic::catch_unwind(AssertUnwindSafe(|| config.open())) {
        Ok(opened) => Ok((opened.map_err(engine(dir))?, config)),
        Err(_) => Err(OpenError::Engine {
            dir: dir.to_owned(),
            reason: "it panicked; see above".into(),
        }),
    }
}

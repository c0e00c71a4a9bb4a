//! Files that plugins made, until WhatsApp has them.
//!
//! A file is named by its content and belongs to one installation; another one that has the same bytes has a file of its own. Writing is
//! all or nothing and durable when it returns. A file is kept for [`LIFE`] after it was last written or asked for, and as long as
//! something that waits to be sent needs it ([`Files::sweep`] is told what does). Only this module touches the directory.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use crate::clock::{Clock, UnixMs};
use crate::id::InstallationId;

/// How long a file is kept that nobody asks for.
pub const LIFE: Duration = Duration::from_secs(48 * 3600);

/// What a file that is being written is called.
const UNFINISHED: &str = "unfinished";

/// The name of a file: the SHA-256 of its bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName([u8; 32]);

impl FileName {
    /// The name of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Its 32 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for FileName {
    fn from(digest: [u8; 32]) -> Self {
        Self(digest)
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no name of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not the name of a file: expected 64 hexadecimal digits")]
pub struct InvalidName;

impl FromStr for FileName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
        let bytes: Vec<u8> = digits
            .ok_or(InvalidName)?
            .chunks(2)
            .filter_map(|pair| u8::try_from(pair.first()? * 16 + pair.get(1)?).ok())
            .collect();
        match <[u8; 32]>::try_from(bytes) {
            Ok(bytes) if text.len() == 64 => Ok(Self(bytes)),
            Ok(_) | Err(_) => Err(InvalidName),
        }
    }
}

/// Why a file could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The installation would keep more than it may.
    #[error("the installation would keep {bytes} bytes in files; granted are {limit}")]
    Quota {
        /// What it would come to.
        bytes: u64,
        /// What is granted.
        limit: u64,
    },
    /// The directory cannot be used.
    #[error("a file could not be {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

fn failed(what: &'static str) -> impl FnOnce(io::Error) -> FileError {
    move |source| FileError::Io { what, source }
}

/// The files of all installations. Clones are the same.
#[derive(Debug, Clone)]
pub struct Files {
    dir: Arc<Path>,
    clock: Arc<dyn Clock>,
    /// Bytes each installation keeps, as far as that was counted. Held while a file is written or removed.
    used: Arc<Mutex<HashMap<InstallationId, u64>>>,
}

impl Files {
    /// The files under a directory, which is made if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, FileError> {
        fs::create_dir_all(dir).map_err(failed("kept: its directory cannot be made"))?;
        Ok(Self {
            dir: dir.into(),
            clock,
            used: Arc::default(),
        })
    }

    /// Keeps a file of an installation that may keep `limit` bytes altogether; durable when this returns. One that is there already is
    /// kept anew.
    ///
    /// # Errors
    /// [`FileError`]; nothing is kept then.
    pub async fn put(&self, owner: &InstallationId, bytes: Bytes, limit: u64) -> Result<FileName, FileError> {
        // Whoever drops this call does not stop the work on the directory, which therefore holds the lock itself.
        let mut used = Arc::clone(&self.used).lock_owned().await;
        let (dir, owner, now) = (self.dir_of(owner), owner.clone(), self.now());
        let written = tokio::task::spawn_blocking(move || {
            let before = match used.get(&owner) {
                Some(before) => *before,
                None => size_of(&dir).map_err(failed("counted"))?,
            };
            let (name, after) = write(&dir, &bytes, before, limit, now)?;
            used.insert(owner, after);
            Ok(name)
        });
        joined(written.await)
    }

    /// The bytes of a file, if the installation has it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn get(&self, owner: &InstallationId, name: &FileName) -> Result<Option<Bytes>, FileError> {
        let path = self.path(owner, name);
        let read = tokio::task::spawn_blocking(move || found(fs::read(path)).map_err(failed("read")));
        Ok(joined(read.await)?.map(Bytes::from))
    }

    /// Keeps a file for another [`LIFE`], and answers its size, if the installation has it.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn touch(&self, owner: &InstallationId, name: &FileName) -> Result<Option<u64>, FileError> {
        let used = Arc::clone(&self.used).lock_owned().await;
        let (path, now) = (self.path(owner, name), self.now());
        let touched = tokio::task::spawn_blocking(move || {
            let _used = used;
            let Some(file) = found(File::options().write(true).open(path))? else {
                return Ok(None);
            };
            file.set_modified(now)?;
            Ok(Some(file.metadata()?.len()))
        });
        joined(touched.await.map(|touched| touched.map_err(failed("kept for longer"))))
    }

    /// Removes what was not asked for in its [`LIFE`] and is not needed; answers how many files that were.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub async fn sweep(&self, needed: &HashSet<(InstallationId, FileName)>) -> Result<usize, FileError> {
        let mut used = Arc::clone(&self.used).lock_owned().await;
        let needed: HashSet<PathBuf> = needed.iter().map(|(owner, name)| self.path(owner, name)).collect();
        let (dir, old) = (Arc::clone(&self.dir), self.now() - LIFE);
        let swept = tokio::task::spawn_blocking(move || {
            used.clear();
            sweep(&dir, &needed, old).map_err(failed("removed"))
        });
        joined(swept.await)
    }

    fn now(&self) -> SystemTime {
        let UnixMs(now) = self.clock.now();
        SystemTime::UNIX_EPOCH + Duration::from_millis(now)
    }

    fn dir_of(&self, owner: &InstallationId) -> PathBuf {
        // Names of installations may hold dots; a digest is a plain name everywhere.
        let digest = FileName::of(owner.as_str().as_bytes()).to_string();
        self.dir.join(digest.get(..16).unwrap_or(&digest))
    }

    fn path(&self, owner: &InstallationId, name: &FileName) -> PathBuf {
        self.dir_of(owner).join(name.to_string())
    }
}

/// What a task on files came to; it is never cancelled.
fn joined<T>(ended: Result<Result<T, FileError>, tokio::task::JoinError>) -> Result<T, FileError> {
    ended.unwrap_or_else(|error| {
        Err(FileError::Io {
            what: "handled",
            source: io::Error::other(error),
        })
    })
}

/// None for what is not there.
fn found<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file beside its place, and moves it there when it is on disk. Answers its name and what the directory holds then.
fn write(dir: &Path, bytes: &[u8], before: u64, limit: u64, now: SystemTime) -> Result<(FileName, u64), FileError> {
    let name = FileName::of(bytes);
    let path = dir.join(name.to_string());
    let there = found(fs::metadata(&path)).map_err(failed("looked at"))?;
    let after = match there {
        Some(_) => before,
        None => before + bytes.len() as u64,
    };
    if there.is_none() && after > limit {
        return Err(FileError::Quota { bytes: after, limit });
    }
    let kept = || {
        fs::create_dir_all(dir)?;
        let unfinished = dir.join(UNFINISHED);
        let mut file = File::create(&unfinished)?;
        file.write_all(bytes)?;
        file.set_modified(now)?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        // The name is durable when its directory is, and a directory that was made just now when the one above it is.
        File::open(dir)?.sync_all()?;
        dir.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())
    };
    kept().map_err(failed("written"))?;
    Ok((name, after))
}

fn size_of(dir: &Path) -> io::Result<u64> {
    let mut size = 0;
    for entry in found(fs::read_dir(dir))?.into_iter().flatten() {
        size += entry?.metadata()?.len();
    }
    Ok(size)
}

fn sweep(dir: &Path, needed: &HashSet<PathBuf>, old: SystemTime) -> io::Result<usize> {
    let mut swept = 0;
    for owner in fs::read_dir(dir)? {
        for file in fs::read_dir(owner?.path())? {
            let file = file?;
            if file.metadata()?.modified()? < old && !needed.contains(&file.path()) {
                fs::remove_file(file.path())?;
                swept += 1;
            }
        }
    }
    Ok(swept)
}

#[cfg(test)]
mod tests;

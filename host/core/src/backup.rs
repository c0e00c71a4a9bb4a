//! Backups: everything a host keeps, in one file, taken while it works.
//!
//! A backup is logical: the records of each space as they were at one moment ([`crate::store::Snapshot`]), then the files the records
//! name. Each session is consistent by itself, which is all that anything relies on, since no commit touches two spaces. The register of
//! sessions comes first, so that no session is missed that it names, and the system's records last, so that they are never older than what
//! rests on them (a session whose plugin's data were migrated meanwhile is recognised by the number of their form).
//!
//! The file is sealed under the master key, since it holds device keys (`backup::file` has its form). What is in it can be told from its end
//! without reading it all. It is written under another name, synced, and only then named.
//!
//! [`restore`] puts one into an empty data directory.

mod content;
mod entry;
mod file;
pub mod restore;
mod take;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::codec::Record;
use crate::id::{SessionId, TenantId};
use crate::store::StoreError;
pub use entry::Entry;
pub use file::{Entries, Reader};
pub use take::{Progress, Taker};

/// What stands in front of a backup, for everybody to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The schema of its records.
    pub schema: u32,
    /// When it was begun.
    pub begun_at: UnixMs,
    /// The version of the program that took it.
    pub host_version: Box<str>,
    /// What its key is drawn with.
    salt: [u8; 32],
    /// Tells a wrong key from damage.
    key_check: [u8; 16],
}

impl Record for Header {
    const VERSION: u8 = 1;
}

/// How many, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Records, or files.
    pub count: u64,
    /// Their bytes; of records, keys and values.
    pub bytes: u64,
}

impl Counts {
    fn add(&mut self, bytes: usize) {
        self.count += 1;
        self.bytes += bytes as u64;
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.bytes += other.bytes;
    }
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// When it was finished.
    pub finished_at: UnixMs,
    /// Its sessions, by id.
    pub sessions: Vec<SessionPart>,
    /// Records of the register of sessions.
    pub register: Counts,
    /// Records of the system.
    pub system: Counts,
    /// Files.
    pub files: Counts,
    /// Files that records name and that were not there, and files that were not what they are named by: paths in the data directory.
    pub missing: Vec<Box<str>>,
    /// The longest time that commits were held up, in microseconds.
    pub longest_pause_us: u64,
}

impl Record for Manifest {
    const VERSION: u8 = 1;
}

impl Manifest {
    /// All its records.
    #[must_use]
    pub fn records(&self) -> Counts {
        let mut all = self.register;
        all += self.system;
        for session in &self.sessions {
            all += session.records;
        }
        all
    }
}

/// One session in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionPart {
    /// Its id.
    pub id: SessionId,
    /// Its name.
    pub name: Box<str>,
    /// Whose it is.
    pub tenant: TenantId,
    /// The moment it is of.
    pub at: UnixMs,
    /// Its records.
    pub records: Counts,
    /// The position of the last event in its log; 0 when there is none.
    pub last_event: u64,
    /// Whether it is there to the end.
    pub extent: Extent,
}

/// How much of a session is in a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Extent {
    /// All of it.
    Whole,
    /// It was removed while the backup was taken, and is removed again when that is restored.
    Removed,
}

/// Why a backup was not taken, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or directory cannot be used.
    #[error("{} could not be {step}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// It is some other file.
    #[error("{} is not a backup", path.display())]
    NotABackup {
        /// The file.
        path: PathBuf,
    },
    /// It was written by a newer program.
    #[error("the backup {} was written by version {host_version}, which is newer than this program; use that version", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Who wrote it.
        host_version: Box<str>,
    },
    /// It is sealed under another master key.
    #[error(
        "the backup {} was sealed under another master key; it opens with the key of the host that took it, given by [keys]",
        path.display()
    )]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// It is not what was written.
    #[error("the backup {} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How that shows.
        what: Box<str>,
    },
    /// The store failed.
    #[error("the store could not be read or written")]
    Store(#[from] StoreError),
}

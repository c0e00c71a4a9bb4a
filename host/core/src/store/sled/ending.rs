//! How the host that had a data directory before came to an end, as its lock file says.
//!
//! What is written there has the same length each time and overwrites itself, so it needs no room on a full disk. Where it cannot be written,
//! nothing else suffers: that end counts as broken off.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use super::LOCK;

/// How the host that had a data directory before came to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastEnd {
    /// There was none, or one that did not say so yet.
    Unknown,
    /// It was closed in order.
    InOrder,
    /// The process ended without a word: it was killed, it crashed, or the machine did.
    BrokenOff,
    /// A write or a flush failed, and nothing was taken any more.
    StoreLost,
}

impl LastEnd {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::InOrder, Self::BrokenOff, Self::StoreLost];

    /// Its stable name in metrics, logs and the lock file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::InOrder => "in_order",
            Self::BrokenOff => "broken_off",
            Self::StoreLost => "store_lost",
        }
    }
}

/// Keeps the lock file of one directory up to date, for a host that says how it ends. Commands that only look in between say nothing.
pub(super) struct Ending(Option<PathBuf>);

impl Ending {
    /// How the host before ended. From now on this one counts as broken off until something else is noted. The directory must be locked.
    pub(super) fn begin(dir: &Path) -> (Self, LastEnd) {
        let (_, last) = Self::look(dir);
        let ending = Self(Some(dir.join(LOCK)));
        ending.note(LastEnd::BrokenOff);
        (ending, last)
    }

    /// How the host before ended, which stays as it is.
    pub(super) fn look(dir: &Path) -> (Self, LastEnd) {
        let mut said = String::new();
        // What cannot be read says nothing.
        let _ = File::open(dir.join(LOCK)).and_then(|mut file| file.read_to_string(&mut said));
        let last = LastEnd::ALL.into_iter().find(|end| end.name() == said.trim_end());
        (Self(None), last.unwrap_or(LastEnd::Unknown))
    }

    /// This is how it ends, unless more is noted.
    pub(super) fn note(&self, end: LastEnd) {
        let Some(path) = &self.0 else { return };
        let line = format!("{:<15}\n", end.name());
        let written = File::options()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::debug!(%error, end = end.name(), "the lock file does not take how it ends");
        }
    }
}

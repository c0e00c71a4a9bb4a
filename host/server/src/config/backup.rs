//! `[backup]`: where backups are put, and how many are kept.

use std::path::{Path, PathBuf};

use super::form;
use super::section::Section;

/// `[backup]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The directory of backups.
    pub dir: PathBuf,
    /// How many are kept; none for all.
    pub keep: Option<usize>,
}

impl Backup {
    /// `data` is the data directory, where backups are unless it is told otherwise.
    pub(super) fn read(mut section: Section<'_>, base: &Path, data: &Path) -> Self {
        let backup = Self {
            dir: section.or("dir", data.join("backups"), form::path(base)),
            keep: section.optional("keep", form::integer(1, 100_000)),
        };
        section.finish();
        backup
    }
}

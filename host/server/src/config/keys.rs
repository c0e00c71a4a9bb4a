//! `[keys]`: what device keys and stored secrets are encrypted under at rest.

use std::path::{Path, PathBuf};

use waspnest_core::master_key::MasterKey;

use super::form;
use super::section::Section;

/// `[keys]`.
#[derive(Clone, PartialEq, Eq)]
pub enum Keys {
    /// This key.
    Given(MasterKey),
    /// The key in this file, which is made with a fresh key when it is missing.
    File(PathBuf),
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Given(_) => f.write_str("Given(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

impl Keys {
    /// `data` is the data directory, where the key file is unless it is told otherwise.
    pub(super) fn read(mut section: Section<'_>, base: &Path, data: &Path) -> Self {
        let given = section.optional("master-key", form::parsed::<MasterKey>);
        let file = section.optional("master-key-file", form::path(base));
        if given.is_some() && file.is_some() {
            section.report("master-key", "is given together with master-key-file: keep one of them");
        }
        section.finish();
        match given {
            Some(key) => Self::Given(key),
            None => Self::File(file.unwrap_or_else(|| data.join("master.key"))),
        }
    }
}

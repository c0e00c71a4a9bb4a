//! What is wrong with a configuration: every problem at once, each with its place and its key.

use std::fmt;
use std::path::PathBuf;

use super::tree::Origin;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    key: Box<str>,
    origin: Origin,
    what: Box<str>,
}

impl Problem {
    pub(super) fn new(key: &str, origin: &Origin, what: impl Into<Box<str>>) -> Self {
        Self {
            key: key.into(),
            origin: origin.clone(),
            what: what.into(),
        }
    }

    /// The full path of the key; empty when the text is not even TOML.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong, without its place.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, origin, what } = self;
        let colon = if key.is_empty() { "" } else { ": " };
        write!(f, "{origin}{key}{colon}{what}")
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was read, and something in it or in the environment is wrong.
    #[error("{}", listed(path.as_ref(), problems))]
    Problems {
        /// The file; none when there are only environment variables.
        path: Option<PathBuf>,
        /// Everything that is wrong, in the order of the file.
        problems: Vec<Problem>,
    },
}

fn listed(path: Option<&PathBuf>, problems: &[Problem]) -> String {
    let place = path.map_or_else(|| "the configuration".to_owned(), |path| path.display().to_string());
    let count = match problems.len() {
        1 => "a problem".to_owned(),
        n => format!("{n} problems"),
    };
    problems.iter().fold(format!("{place} has {count}:"), |text, problem| {
        format!("{text}\n  {problem}")
    })
}

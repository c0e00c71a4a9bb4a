//! A text that must not be seen.

use std::fmt;
use std::str::FromStr;

/// Fewer characters than this are guessed.
const SHORTEST: usize = 16;

/// A secret of the operator. Its `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

/// A text too short to be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is too short: a secret has at least {SHORTEST} characters")]
pub struct TooShort;

impl Secret {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = TooShort;

    fn from_str(text: &str) -> Result<Self, TooShort> {
        let text = text.trim();
        if text.chars().count() < SHORTEST {
            Err(TooShort)
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

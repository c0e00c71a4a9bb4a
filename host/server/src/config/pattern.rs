//! Patterns of binds and schedules: text in which `*` stands for any run of characters.

use std::fmt;
use std::str::FromStr;

/// A pattern. Whoever matches reads it with [`Pattern::as_str`].
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern(Box<str>);

/// A pattern that nothing fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a pattern must not be empty: \"*\" is everything")]
pub struct EmptyPattern;

impl Pattern {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self("*".into())
    }

    /// The pattern itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pattern {
    type Err = EmptyPattern;

    fn from_str(text: &str) -> Result<Self, EmptyPattern> {
        if text.is_empty() {
            Err(EmptyPattern)
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

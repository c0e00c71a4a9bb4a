//! The terms of holding conversations.

use super::section::{KeyError, Section};
use super::terms::{Side, Terms};

/// How many dialogues a plugin may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DialogueTerms {
    /// States and waits together, in one session.
    pub max_open: u64,
}

impl DialogueTerms {
    /// What a manifest that gives no number asks for.
    pub const DEFAULT: Self = Self { max_open: 10_000 };
}

impl Terms for DialogueTerms {
    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        let default = match side {
            Side::Request => Self::DEFAULT.max_open,
            Side::Grant => u64::MAX,
        };
        Ok(Self {
            max_open: section.number("max-open")?.unwrap_or(default),
        })
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            max_open: self.max_open.min(other.max_open),
        }
    }
}

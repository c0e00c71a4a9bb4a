//! The terms of reading and making files.

use super::section::{KeyError, Section};
use super::terms::{MessageTerms, Rate, Scope, Side, Terms};

/// The most bytes of files one call can have in the host's memory, whatever is granted: what the host takes of one file.
const CEILING: u64 = 64 << 20;

/// Terms of reading the files of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaReadTerms {
    /// Of messages of which chats, and how often.
    pub messages: MessageTerms,
    /// Bytes in one call.
    pub max_bytes: u64,
}

/// Terms of making files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaWriteTerms {
    /// Bytes in one call.
    pub max_bytes: u64,
    /// Bytes kept at a time, over all sessions.
    pub max_stored: u64,
    /// How often; every rate holds.
    pub rates: Vec<Rate>,
}

/// What a manifest that gives no numbers asks for.
const BYTES: u64 = 16 << 20;
/// The same, for what is kept.
const STORED: u64 = 256 << 20;

impl MediaReadTerms {
    /// Everywhere, for tests.
    #[cfg(test)]
    pub(crate) const fn anywhere(max_bytes: u64) -> Self {
        Self {
            messages: MessageTerms {
                scope: Scope::ANY,
                rates: Vec::new(),
            },
            max_bytes,
        }
    }

    /// Of messages of which chats.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.messages.scope
    }
}

impl Terms for MediaReadTerms {
    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        Ok(Self {
            max_bytes: call_bytes(section, side)?,
            messages: MessageTerms::read(section, side)?,
        })
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            messages: self.messages.and(&other.messages),
            max_bytes: self.max_bytes.min(other.max_bytes),
        }
    }

    fn rates(&self) -> &[Rate] {
        &self.messages.rates
    }
}

impl Terms for MediaWriteTerms {
    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        let stored = match side {
            Side::Request => STORED,
            Side::Grant => u64::MAX,
        };
        Ok(Self {
            max_bytes: call_bytes(section, side)?,
            max_stored: section.bytes("max-stored")?.unwrap_or(stored),
            rates: section.parse("rate")?.into_iter().collect(),
        })
    }

    fn and(&self, other: &Self) -> Self {
        let mut rates = self.rates.clone();
        rates.extend(other.rates.iter().filter(|rate| !self.rates.contains(rate)));
        Self {
            max_bytes: self.max_bytes.min(other.max_bytes),
            max_stored: self.max_stored.min(other.max_stored),
            rates,
        }
    }

    fn rates(&self) -> &[Rate] {
        &self.rates
    }
}

fn call_bytes(section: &mut Section<'_>, side: Side) -> Result<u64, KeyError> {
    let default = match side {
        Side::Request => BYTES,
        Side::Grant => CEILING,
    };
    let bytes = section.bytes("max-bytes")?.unwrap_or(default);
    if bytes > CEILING {
        return section.fail("max-bytes", "must be at most 64MiB");
    }
    Ok(bytes)
}

//! What clients sent that this server has no meaning for.
//!
//! It is always written down, so that a test can say that there was none. Refusing it besides is what strict servers do.

use std::collections::BTreeMap;

/// What to do with what is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// Unknown requests are answered with an error; anything else that is unknown is ignored.
    Lenient,
    /// Requests with unknown parts are answered with an error, and anything else that is unknown ends its connection with a stream error.
    Strict,
}

/// A kind of unknown stanza.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct UnknownStanza {
    /// What is unknown about it, such as `message type="hologram"`.
    pub what: String,
    /// How often it came.
    pub count: u64,
    /// The first of them, as in the stanza log.
    pub first: String,
}

/// Kinds that are kept apart. Whatever is new beyond them is counted only.
const MAX_KINDS: usize = 1_000;

/// All of it, by kind.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    kinds: BTreeMap<String, (u64, String)>,
}

impl Unknown {
    /// Notes a stanza; `first` renders it.
    pub(crate) fn note(&mut self, what: String, first: impl FnOnce() -> String) {
        let full = self.kinds.len() >= MAX_KINDS;
        match self.kinds.get_mut(&what) {
            Some((count, _)) => *count += 1,
            None if full => {}
            None => {
                self.kinds.insert(what, (1, first()));
            }
        }
    }

    pub(crate) fn list(&self) -> Vec<UnknownStanza> {
        let kinds = self.kinds.iter();
        kinds
            .map(|(what, (count, first))| UnknownStanza {
                what: what.clone(),
                count: *count,
                first: first.clone(),
            })
            .collect()
    }
}

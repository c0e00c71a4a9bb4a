//! The terms of using secrets: which, and whether they may be seen.

use std::collections::BTreeSet;

use waspnest_core::id::SecretName;

use super::section::{KeyError, Section};
use super::terms::{Side, Terms};
use super::word;

/// How far a secret comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretMode {
    /// The host puts it into requests and signs with it; the plugin does not see it.
    Inject,
    /// The plugin may read it too.
    Reveal,
}

const MODES: &[(&str, SecretMode)] = &[("inject", SecretMode::Inject), ("reveal", SecretMode::Reveal)];

/// Terms of using secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretTerms {
    /// Which; none for all that the other side names.
    pub names: Option<BTreeSet<SecretName>>,
    /// How far they come.
    pub mode: SecretMode,
}

impl SecretTerms {
    /// Whether a secret may be used.
    #[must_use]
    pub fn allow(&self, name: &SecretName) -> bool {
        self.names.as_ref().is_none_or(|names| names.contains(name))
    }
}

impl Terms for SecretTerms {
    const LIST: Option<&'static str> = Some("names");

    fn read(section: &mut Section<'_>, side: Side) -> Result<Self, KeyError> {
        let names = match (names(section, "names")?, side) {
            (Some(names), _) => Some(names),
            (None, Side::Grant) => None,
            (None, Side::Request) => {
                return section.fail("names", "is missing; name the secrets, such as [\"calendar-token\"]");
            }
        };
        // Who grants names alone has not said that the plugin may see what is behind them.
        let mode = match section.text("mode")? {
            Some(text) => word(section.at("mode"), "mode", text, MODES)?,
            None => SecretMode::Inject,
        };
        Ok(Self { names, mode })
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            names: both(self.names.as_ref(), other.names.as_ref()),
            mode: self.mode.min(other.mode),
        }
    }
}

/// Names in a list, where there is one.
pub(super) fn names<T>(section: &mut Section<'_>, key: &'static str) -> Result<Option<BTreeSet<T>>, KeyError>
where
    T: std::str::FromStr<Err: std::fmt::Display> + Ord,
{
    let Some(texts) = section.texts(key)? else {
        return Ok(None);
    };
    let mut names = BTreeSet::new();
    for (index, text) in texts.into_iter().enumerate() {
        match text.parse() {
            Ok(name) => names.insert(name),
            Err(error) => return section.fail(&format!("{key}[{index}]"), error),
        };
    }
    Ok(Some(names))
}

/// The names that are in both, where no set is all of them.
pub(super) fn both<T: Clone + Ord>(one: Option<&BTreeSet<T>>, other: Option<&BTreeSet<T>>) -> Option<BTreeSet<T>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.intersection(other).cloned().collect()),
        (Some(names), None) | (None, Some(names)) => Some(names.clone()),
        (None, None) => None,
    }
}

//! App state in a file: its keys, and the patches of each collection. Records are what the patches leave, so they are not written down.

use std::collections::BTreeMap;

use crate::appstate::{AppState, Collection, CollectionName};
use crate::saved::{Blob, Unsound};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedAppState {
    key_raw_id: u32,
    /// Oldest first.
    keys: Vec<SavedKey>,
    /// By name.
    patches: BTreeMap<String, Vec<Blob>>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedKey {
    pub(crate) data: Blob,
    pub(crate) at_ms: u64,
}

impl SavedAppState {
    pub(crate) fn of(state: &AppState) -> Self {
        let patches = state.collections.iter().map(|(name, collection)| {
            let patches = collection.since(0, usize::MAX).0;
            (name.as_str().to_owned(), patches.iter().map(Blob::of).collect())
        });
        Self {
            key_raw_id: state.keyring.raw_id(),
            keys: state.keyring.saved(),
            patches: patches.collect(),
        }
    }

    /// The state again, every patch checked as when it was taken.
    pub(crate) fn restore(self) -> Result<AppState, Unsound> {
        let keyring = crate::appstate::Keyring::restored(self.key_raw_id, &self.keys)?;
        let names = CollectionName::ALL.into_iter();
        let mut state = AppState {
            keyring,
            collections: names.map(|name| (name, Collection::new(name))).collect(),
        };
        for (name, patches) in self.patches {
            let name = CollectionName::parse(&name).ok_or(Unsound("there is no app-state collection of that name"))?;
            for (base, patch) in patches.iter().enumerate() {
                state
                    .accept(name, base as u64, patch.bytes())
                    .map_err(|_| Unsound("an app-state patch does not fit what came before it"))?;
            }
        }
        Ok(state)
    }
}

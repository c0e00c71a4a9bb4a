//! App state: the settings and marks that an account's devices share, as collections of encrypted records.
//!
//! The service cannot read them; it orders patches and hands them on. Here the phone of the account looks at each patch before it is
//! taken (modelled: it is on the same machine and has the keys), so that a client with a wrong MAC is refused when it uploads, not
//! when its siblings fall apart. What the phone does itself goes through the same check.

mod action;
mod change;
mod collection;
mod key;
mod name;

pub(crate) mod saved;

use std::collections::BTreeMap;

use rand_signal::RngExt as _;
use rand_signal::rngs::StdRng;
use whatsapp_rust::wacore::appstate::encode::encode_record;
use whatsapp_rust::waproto::whatsapp::message::AppStateSyncKey as WireKey;

pub use action::{ActionError, MessageAuthor, PhoneAction};
pub(crate) use change::Change;
pub(crate) use collection::{Collection, More, Refusal};
pub(crate) use key::{AppStateKey, Keyring};
pub(crate) use name::CollectionName;

/// One record of an account's app state, as its phone reads it.
#[derive(Clone, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct AppStateEntry {
    /// The collection it is in, such as `regular_low`.
    pub collection: &'static str,
    /// What it is about: the name of the action and what it applies to.
    pub index: Vec<String>,
    /// The value, field by field.
    pub value: serde_json::Value,
}

impl std::fmt::Debug for AppStateEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppStateEntry")
            .field("collection", &self.collection)
            .field("index", &self.index.first())
            .finish_non_exhaustive()
    }
}

/// The app state of one account, and the keys to it.
pub(crate) struct AppState {
    keyring: Keyring,
    collections: BTreeMap<CollectionName, Collection>,
}

impl AppState {
    /// Of a new account: the push name, without which clients do not consider themselves set up, and nothing else.
    pub(crate) fn seeded(rng: &mut StdRng, key: AppStateKey, push_name: &str) -> Self {
        let at_ms = key.made_at_ms();
        let mut state = Self {
            keyring: Keyring::new(key),
            collections: CollectionName::ALL
                .into_iter()
                .map(|name| (name, Collection::new(name)))
                .collect(),
        };
        // A patch that was just minted on the newest version is never refused.
        let _ = state.perform(rng.random(), &Change::push_name(push_name), at_ms);
        state
    }

    pub(crate) fn collection(&self, name: CollectionName) -> &Collection {
        &self.collections[&name]
    }

    /// Takes a patch that builds on version `base`.
    pub(crate) fn accept(&mut self, name: CollectionName, base: u64, patch: &[u8]) -> Result<(), Refusal> {
        let collection = self.collections.entry(name).or_insert_with(|| Collection::new(name));
        collection.accept(&self.keyring, base, patch)
    }

    /// Does what the phone's owner did, with the newest key. `iv` is fresh randomness.
    pub(crate) fn perform(&mut self, iv: [u8; 16], change: &Change, at_ms: u64) -> Result<(), Refusal> {
        let name = change.collection();
        let key = self.keyring.newest().clone();
        let (mutation, _) = encode_record(
            change.operation,
            &change.index,
            &change.value(at_ms),
            key.expanded(),
            key.id(),
            &iv,
            change.version(),
        );
        let collection = self.collection(name);
        let (base, patch) = (collection.version(), collection.mint(&key, vec![mutation]));
        self.accept(name, base, &patch)
    }

    /// A collection as it stands, as one file.
    pub(crate) fn snapshot(&self, name: CollectionName) -> Vec<u8> {
        self.collection(name).snapshot(self.keyring.newest())
    }

    /// Begins a new key out of fresh randomness. What is encrypted with older ones stays readable.
    pub(crate) fn rotate(&mut self, data: [u8; 32], at_ms: u64) {
        self.keyring.rotate(data, at_ms);
    }

    /// Every key, oldest first, in the form in which they are shared.
    pub(crate) fn shared_keys(&self) -> Vec<WireKey> {
        self.keyring.wire()
    }

    /// All records, decrypted.
    pub(crate) fn entries(&self) -> Vec<AppStateEntry> {
        self.collections.values().flat_map(Collection::entries).collect()
    }
}

#[cfg(test)]
mod tests;

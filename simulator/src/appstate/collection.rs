//! One collection: the patches that led to its version, and the records they left.
//!
//! A patch is taken whole or not at all, and only on top of the newest version.

use std::collections::BTreeMap;
use std::sync::Arc;

use whatsapp_rust::buffa::{Message as _, MessageField};
use whatsapp_rust::wacore::appstate::AppStateError;
use whatsapp_rust::wacore::appstate::hash::{HashState, generate_patch_mac};
use whatsapp_rust::wacore::appstate::process_patch;
use whatsapp_rust::waproto::whatsapp::syncd_mutation::SyncdOperation;
use whatsapp_rust::waproto::whatsapp::{
    KeyId, SyncActionValue, SyncdMutation, SyncdPatch, SyncdRecord, SyncdSnapshot, SyncdVersion,
};

use crate::appstate::{AppStateEntry, AppStateKey, CollectionName, Keyring};

/// Patches one collection keeps. Beyond it uploads are refused.
const MAX_PATCHES: usize = 10_000;

/// Why a patch was not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// 409: the client is to take in what it missed and try again.
    #[error("it builds on another version than the newest")]
    Conflict,
    #[error("it does not decode or lacks a part")]
    Malformed,
    #[error("its mutations are elsewhere, and no client keeps them there")]
    External,
    #[error("it names itself another version than the one it leads to")]
    Version,
    #[error("it is made with a key that the phone does not have")]
    UnknownKey,
    #[error("its patch MAC is wrong")]
    PatchMac,
    #[error("its snapshot MAC is wrong")]
    SnapshotMac,
    #[error("one of its records is wrong")]
    Record(#[source] AppStateError),
    #[error("the collection is full")]
    Full,
}

/// A record that stands.
struct Stored {
    record: SyncdRecord,
    index: Vec<String>,
    value: SyncActionValue,
}

/// A collection of one account.
pub(crate) struct Collection {
    name: CollectionName,
    /// The patch at index `n` leads from version `n` to `n + 1`.
    patches: Vec<Vec<u8>>,
    hash: HashState,
    /// By index MAC.
    records: BTreeMap<Vec<u8>, Stored>,
}

impl Collection {
    pub(crate) fn new(name: CollectionName) -> Self {
        Self {
            name,
            patches: Vec::new(),
            hash: HashState::default(),
            records: BTreeMap::new(),
        }
    }

    /// 0 when nothing was ever put in.
    pub(crate) fn version(&self) -> u64 {
        self.hash.version
    }

    /// At most `limit` patches after `version`, oldest first, and whether there are more.
    pub(crate) fn since(&self, version: u64, limit: usize) -> (&[Vec<u8>], More) {
        let from = usize::try_from(version).unwrap_or(usize::MAX);
        let due = self.patches.get(from..).unwrap_or_default();
        if due.len() > limit {
            (&due[..limit], More::Yes)
        } else {
            (due, More::No)
        }
    }

    /// Checks a patch that builds on version `base` and takes it in.
    pub(crate) fn accept(&mut self, keys: &Keyring, base: u64, bytes: &[u8]) -> Result<(), Refusal> {
        if base != self.version() {
            return Err(Refusal::Conflict);
        }
        if self.patches.len() >= MAX_PATCHES {
            return Err(Refusal::Full);
        }
        let mut patch = SyncdPatch::decode_from_slice(bytes).map_err(|_| Refusal::Malformed)?;
        let complete = patch.mutations.iter().all(|mutation| mutation.record.is_set());
        if patch.snapshot_mac.is_none() || !complete {
            return Err(Refusal::Malformed);
        }
        if patch.external_mutations.is_set() {
            return Err(Refusal::External);
        }
        let version = base + 1;
        let stated = patch.version.as_option().and_then(|stated| stated.version);
        if stated.is_some_and(|stated| stated != version) {
            return Err(Refusal::Version);
        }
        // Clients leave the version out; it is stored filled in, as siblings expect it.
        patch.version = version_field(version);
        self.check_patch_mac(keys, &patch, version)?;
        self.apply(keys, &patch)?;
        self.patches.push(patch.encode_to_vec());
        Ok(())
    }

    fn check_patch_mac(&self, keys: &Keyring, patch: &SyncdPatch, version: u64) -> Result<(), Refusal> {
        let id = patch.key_id.as_option().and_then(|id| id.id.as_deref());
        let key = id.and_then(|id| keys.find(id)).ok_or(Refusal::UnknownKey)?;
        let right = generate_patch_mac(patch, self.name.as_str(), &key.expanded().patch_mac, version);
        if patch.patch_mac.as_deref() == Some(&right[..]) {
            Ok(())
        } else {
            Err(Refusal::PatchMac)
        }
    }

    /// Checks the records and the MAC of what they add up to, then keeps them.
    fn apply(&mut self, keys: &Keyring, patch: &SyncdPatch) -> Result<(), Refusal> {
        let mut hash = self.hash.clone();
        let applied = process_patch(
            patch,
            &mut hash,
            |id| {
                let key = keys.find(id).ok_or(AppStateError::KeyNotFound)?;
                Ok(Arc::clone(key.expanded()))
            },
            |index| Ok(self.value_mac(index)),
            true,
            self.name.as_str(),
        )
        .map_err(|error| match error {
            AppStateError::KeyNotFound => Refusal::UnknownKey,
            error => Refusal::Record(error),
        })?;
        // Clients go on with a mark instead of failing when only this one is wrong; the sender is told.
        if applied.state.mac_mismatch_fatal {
            return Err(Refusal::SnapshotMac);
        }
        for index in &applied.removed_index_macs {
            self.records.remove(index);
        }
        for (mutation, decoded) in patch.mutations.iter().zip(applied.mutations) {
            if decoded.operation == SyncdOperation::SET {
                let stored = Stored {
                    record: (*mutation.record).clone(),
                    index: decoded.index,
                    value: decoded.action_value.unwrap_or_default(),
                };
                let index = stored.record.index.blob.clone().unwrap_or_default();
                self.records.insert(index, stored);
            }
        }
        self.hash = applied.state;
        Ok(())
    }

    /// A patch of the phone's own that builds on the newest version.
    pub(crate) fn mint(&self, key: &AppStateKey, mutations: Vec<SyncdMutation>) -> Vec<u8> {
        let mut hash = self.hash.clone();
        hash.version += 1;
        // It fails on operations it does not know only, and these are the phone's own.
        let _ = hash.update_hash(&mutations, |index, _| Ok(self.value_mac(index)));
        let name = self.name.as_str();
        let mut patch = SyncdPatch {
            version: version_field(hash.version),
            mutations,
            snapshot_mac: Some(hash.generate_snapshot_mac(name, &key.expanded().snapshot_mac)),
            key_id: MessageField::some(KeyId {
                id: Some(key.id().to_vec()),
            }),
            device_index: Some(0),
            ..SyncdPatch::default()
        };
        patch.patch_mac = Some(generate_patch_mac(
            &patch,
            name,
            &key.expanded().patch_mac,
            hash.version,
        ));
        patch.encode_to_vec()
    }

    /// What stands at the newest version, without the way there; made with `key`.
    pub(crate) fn snapshot(&self, key: &AppStateKey) -> Vec<u8> {
        SyncdSnapshot {
            version: version_field(self.hash.version),
            records: self.records.values().map(|stored| stored.record.clone()).collect(),
            mac: Some(
                self.hash
                    .generate_snapshot_mac(self.name.as_str(), &key.expanded().snapshot_mac),
            ),
            key_id: MessageField::some(KeyId {
                id: Some(key.id().to_vec()),
            }),
        }
        .encode_to_vec()
    }

    /// All records, decrypted, in the order of their index MACs.
    pub(crate) fn entries(&self) -> impl Iterator<Item = AppStateEntry> {
        self.records.values().map(|stored| AppStateEntry {
            collection: self.name.as_str(),
            index: stored.index.clone(),
            value: without_nulls(serde_json::to_value(&stored.value).unwrap_or_default()),
        })
    }

    /// The MAC a record ends with.
    fn value_mac(&self, index: &[u8]) -> Option<Vec<u8>> {
        let blob = self.records.get(index)?.record.value.blob.as_deref()?;
        Some(blob[blob.len().checked_sub(32)?..].to_vec())
    }
}

/// A value has a hundred fields, of which one is set.
fn without_nulls(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, field)| !field.is_null())
            .map(|(name, field)| (name, without_nulls(field)))
            .collect(),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_)
        | serde_json::Value::Array(_) => value,
    }
}

/// Whether an answer leaves something out that the client has to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    Yes,
    No,
}

fn version_field(version: u64) -> MessageField<SyncdVersion> {
    MessageField::some(SyncdVersion { version: Some(version) })
}

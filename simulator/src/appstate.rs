//! App-state collections of an account: versions and the patches that lead to them.
//!
//! The server cannot read patches; it orders them. Only the phone's first patch is written here, because the phone mints it when the
//! account is made: it carries the push name, without which clients do not consider themselves set up.

use std::collections::BTreeMap;

use rand_signal::Rng as _;
use rand_signal::rngs::StdRng;
use whatsapp_rust::buffa::{Message as _, MessageField};
use whatsapp_rust::wacore::appstate::encode::encode_record;
use whatsapp_rust::wacore::appstate::hash::{HashState, generate_patch_mac};
use whatsapp_rust::wacore::appstate::keys::expand_app_state_keys;
use whatsapp_rust::waproto::whatsapp::message::{
    AppStateSyncKey as WireKey, AppStateSyncKeyData, AppStateSyncKeyFingerprint, AppStateSyncKeyId,
};
use whatsapp_rust::waproto::whatsapp::sync_action_value::PushNameSetting;
use whatsapp_rust::waproto::whatsapp::syncd_mutation::SyncdOperation;
use whatsapp_rust::waproto::whatsapp::{KeyId, SyncActionValue, SyncdPatch, SyncdVersion};

/// Patches one collection keeps. Beyond it a client that starts from nothing could not catch up, so uploads are refused.
const MAX_PATCHES: usize = 10_000;

/// The key an account's phone shares with its companions.
#[derive(Clone)]
pub(crate) struct AppStateKey {
    id: [u8; 6],
    data: [u8; 32],
    raw_id: u32,
    at_s: u64,
}

impl AppStateKey {
    pub(crate) fn generate(rng: &mut StdRng, raw_id: u32, at_s: u64) -> Self {
        let mut data = [0; 32];
        rng.fill_bytes(&mut data);
        // Device 0, epoch 1: an id is the phone's device number and a counter.
        Self {
            id: [0, 0, 0, 0, 0, 1],
            data,
            raw_id,
            at_s,
        }
    }

    /// The form in which it is shared.
    pub(crate) fn wire(&self) -> WireKey {
        WireKey {
            key_id: MessageField::some(AppStateSyncKeyId {
                key_id: Some(self.id.to_vec()),
            }),
            key_data: MessageField::some(AppStateSyncKeyData {
                key_data: Some(self.data.to_vec()),
                fingerprint: MessageField::some(AppStateSyncKeyFingerprint {
                    raw_id: Some(self.raw_id),
                    current_index: Some(0),
                    device_indexes: vec![0],
                }),
                timestamp: i64::try_from(self.at_s.saturating_mul(1000)).ok(),
            }),
        }
    }
}

/// Why a patch was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchError {
    /// It builds on another version than the newest: 409.
    Conflict,
    /// It does not decode, or there is no room: 400.
    Invalid,
}

#[derive(Debug, Default)]
struct Collection {
    /// The patch at index `n` leads from version `n` to `n + 1`.
    patches: Vec<Vec<u8>>,
}

/// The collections of one account.
#[derive(Debug, Default)]
pub(crate) struct Collections {
    by_name: BTreeMap<String, Collection>,
}

impl Collections {
    /// The collections of a new account: the push name in `critical_block`, the rest empty.
    pub(crate) fn seeded(rng: &mut StdRng, key: &AppStateKey, push_name: &str) -> Self {
        let mut collections = Self::default();
        let patch = push_name_patch(rng, key, push_name);
        collections
            .by_name
            .insert(CRITICAL_BLOCK.to_owned(), Collection { patches: vec![patch] });
        collections
    }

    /// The version of a collection; 0 when nothing was ever put in.
    pub(crate) fn version(&self, name: &str) -> u64 {
        self.by_name
            .get(name)
            .map_or(0, |collection| collection.patches.len() as u64)
    }

    /// The patches after `version`, oldest first.
    pub(crate) fn since(&self, name: &str, version: u64) -> &[Vec<u8>] {
        let from = usize::try_from(version).unwrap_or(usize::MAX);
        self.by_name
            .get(name)
            .and_then(|collection| collection.patches.get(from..))
            .unwrap_or_default()
    }

    /// Appends a client's patch that builds on version `base`. Stored with its version filled in, as the service does.
    pub(crate) fn append(&mut self, name: &str, base: u64, patch: &[u8]) -> Result<(), PatchError> {
        if base != self.version(name) {
            return Err(PatchError::Conflict);
        }
        let mut patch = SyncdPatch::decode_from_slice(patch).map_err(|_| PatchError::Invalid)?;
        patch.version = version_field(base + 1);
        let collection = self.by_name.entry(name.to_owned()).or_default();
        if collection.patches.len() >= MAX_PATCHES {
            return Err(PatchError::Invalid);
        }
        collection.patches.push(patch.encode_to_vec());
        Ok(())
    }
}

const CRITICAL_BLOCK: &str = "critical_block";

fn version_field(version: u64) -> MessageField<SyncdVersion> {
    MessageField::some(SyncdVersion { version: Some(version) })
}

fn push_name_patch(rng: &mut StdRng, key: &AppStateKey, push_name: &str) -> Vec<u8> {
    let keys = expand_app_state_keys(&key.data);
    let mut iv = [0; 16];
    rng.fill_bytes(&mut iv);
    let value = SyncActionValue {
        timestamp: i64::try_from(key.at_s.saturating_mul(1000)).ok(),
        push_name_setting: MessageField::some(PushNameSetting {
            name: Some(push_name.to_owned()),
        }),
        ..SyncActionValue::default()
    };
    let (mutation, _) = encode_record(
        SyncdOperation::SET,
        br#"["setting_pushName"]"#,
        &value,
        &keys,
        &key.id,
        &iv,
        1,
    );
    let mutations = vec![mutation];
    let mut state = HashState {
        version: 1,
        ..HashState::default()
    };
    // The first mutation of a collection replaces nothing, so the lookup of a previous value never fails.
    let _ = state.update_hash(&mutations, |_, _| Ok(None));
    let mut patch = SyncdPatch {
        version: version_field(1),
        mutations,
        snapshot_mac: Some(state.generate_snapshot_mac(CRITICAL_BLOCK, &keys.snapshot_mac)),
        key_id: MessageField::some(KeyId {
            id: Some(key.id.to_vec()),
        }),
        device_index: Some(0),
        ..SyncdPatch::default()
    };
    patch.patch_mac = Some(generate_patch_mac(&patch, CRITICAL_BLOCK, &keys.patch_mac, 1));
    patch.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_signal::SeedableRng as _;

    #[test]
    fn patches_are_taken_in_order_and_a_stale_base_conflicts() {
        let mut rng = StdRng::seed_from_u64(1);
        let key = AppStateKey::generate(&mut rng, 1, 1);
        let mut collections = Collections::seeded(&mut rng, &key, "Ada");
        assert_eq!(collections.version("critical_block"), 1);
        assert_eq!(collections.since("critical_block", 0).len(), 1);
        assert_eq!(collections.version("regular"), 0);
        let patch = SyncdPatch::default().encode_to_vec();
        assert_eq!(collections.append("regular", 0, &patch), Ok(()));
        assert_eq!(collections.append("regular", 0, &patch), Err(PatchError::Conflict));
        assert_eq!(collections.append("regular", 1, b"\xff"), Err(PatchError::Invalid));
        assert!(collections.since("regular", 7).is_empty());
    }
}

//! The keys of an account's app state. The phone makes them; companions get them from it end to end encrypted.
//!
//! An id is the phone's device number and a counter, so the highest id is the newest key.

use std::sync::Arc;

use rand_signal::RngExt as _;
use rand_signal::rngs::StdRng;
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::wacore::appstate::keys::{ExpandedAppStateKeys, expand_app_state_keys};
use whatsapp_rust::waproto::whatsapp::message::{
    AppStateSyncKey as WireKey, AppStateSyncKeyData, AppStateSyncKeyFingerprint, AppStateSyncKeyId,
};

use crate::appstate::saved::SavedKey;
use crate::saved::{Blob, Unsound};

/// One key, with what is derived from it.
#[derive(Clone)]
pub(crate) struct AppStateKey {
    id: [u8; 6],
    data: [u8; 32],
    expanded: Arc<ExpandedAppStateKeys>,
    raw_id: u32,
    at_ms: u64,
}

impl AppStateKey {
    /// The first key of an account.
    pub(crate) fn generate(rng: &mut StdRng, raw_id: u32, at_ms: u64) -> Self {
        Self::numbered(1, rng.random(), raw_id, at_ms)
    }

    fn numbered(number: u32, data: [u8; 32], raw_id: u32, at_ms: u64) -> Self {
        let mut id = [0; 6];
        id[2..].copy_from_slice(&number.to_be_bytes());
        Self {
            id,
            data,
            expanded: Arc::new(expand_app_state_keys(&data)),
            raw_id,
            at_ms,
        }
    }

    pub(crate) fn id(&self) -> &[u8] {
        &self.id
    }

    pub(crate) fn expanded(&self) -> &Arc<ExpandedAppStateKeys> {
        &self.expanded
    }

    pub(crate) fn made_at_ms(&self) -> u64 {
        self.at_ms
    }

    /// The form in which it is shared.
    fn wire(&self) -> WireKey {
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
                timestamp: i64::try_from(self.at_ms).ok(),
            }),
        }
    }
}

/// The keys of one account, oldest first; there is always one.
pub(crate) struct Keyring {
    older: Vec<AppStateKey>,
    newest: AppStateKey,
}

impl Keyring {
    pub(crate) fn new(first: AppStateKey) -> Self {
        Self {
            older: Vec::new(),
            newest: first,
        }
    }

    pub(crate) fn newest(&self) -> &AppStateKey {
        &self.newest
    }

    pub(crate) fn find(&self, id: &[u8]) -> Option<&AppStateKey> {
        self.all().find(|key| key.id == id)
    }

    pub(crate) fn rotate(&mut self, data: [u8; 32], at_ms: u64) {
        let number = u32::try_from(self.older.len() + 2).expect("nobody makes four thousand million keys");
        let next = AppStateKey::numbered(number, data, self.newest.raw_id, at_ms);
        self.older.push(std::mem::replace(&mut self.newest, next));
    }

    /// The number that names the account's incarnation in every key.
    pub(crate) fn raw_id(&self) -> u32 {
        self.newest.raw_id
    }

    /// What every key is made from, oldest first.
    pub(crate) fn saved(&self) -> Vec<SavedKey> {
        let keys = self.all();
        keys.map(|key| SavedKey {
            data: Blob::of(key.data),
            at_ms: key.at_ms,
        })
        .collect()
    }

    /// The keys again.
    pub(crate) fn restored(raw_id: u32, keys: &[SavedKey]) -> Result<Self, Unsound> {
        const BAD: &str = "an app-state key is not 32 bytes";
        let (first, later) = keys.split_first().ok_or(Unsound("there is no app-state key"))?;
        let mut keyring = Self::new(AppStateKey::numbered(1, first.data.array(BAD)?, raw_id, first.at_ms));
        for key in later {
            keyring.rotate(key.data.array(BAD)?, key.at_ms);
        }
        Ok(keyring)
    }

    /// The newest comes last: a client encrypts with the last one it is given.
    pub(crate) fn wire(&self) -> Vec<WireKey> {
        self.all().map(AppStateKey::wire).collect()
    }

    fn all(&self) -> impl Iterator<Item = &AppStateKey> {
        self.older.iter().chain([&self.newest])
    }
}

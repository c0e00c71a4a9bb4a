//! A device in a file: its public keys, what makes it a companion, and what waits for it. Connections are not saved, and of the messages
//! it was sent or sent itself earlier nobody knows any more: confirmations of them are believed.

use crate::delivered::Delivered;
use crate::device::{Companion, Device, PrekeyWarning};
use crate::keys::{KeyBundle, SignedPrekey};
use crate::queue::saved::SavedQueue;
use crate::saved::{Blob, Unsound};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedDevice {
    keys: SavedKeys,
    companion: Option<SavedCompanion>,
    #[serde(default)]
    queue: SavedQueue,
    #[serde(default)]
    prekey_warning_given: bool,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedKeys {
    registration_id: u32,
    identity: Blob,
    signed_id: u32,
    signed_public: Blob,
    signature: Blob,
    one_time: Vec<(u32, Blob)>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedCompanion {
    noise: Blob,
    signed_identity: Blob,
    key_index: u32,
}

impl SavedDevice {
    pub(crate) fn of(device: &Device) -> Result<Self, Unsound> {
        let keys = &device.keys;
        Ok(Self {
            keys: SavedKeys {
                registration_id: keys.registration_id,
                identity: Blob::of(keys.identity),
                signed_id: keys.signed.id,
                signed_public: Blob::of(keys.signed.public),
                signature: Blob::of(keys.signed.signature),
                one_time: keys.one_time.iter().map(|(id, key)| (*id, Blob::of(key))).collect(),
            },
            companion: device.companion.as_ref().map(|companion| SavedCompanion {
                noise: Blob::of(companion.noise),
                signed_identity: Blob::of(&companion.signed_identity),
                key_index: companion.key_index,
            }),
            queue: SavedQueue::of(&device.queue)?,
            prekey_warning_given: match device.prekey_warning {
                PrekeyWarning::Due => false,
                PrekeyWarning::Given => true,
            },
        })
    }

    /// The device again, in a world of `count` accounts.
    pub(crate) fn restore(self, count: usize) -> Result<Device, Unsound> {
        let keys = KeyBundle {
            registration_id: self.keys.registration_id,
            identity: self.keys.identity.array("a device's identity is not 32 bytes")?,
            signed: SignedPrekey {
                id: self.keys.signed_id,
                public: self.keys.signed_public.array("a signed prekey is not 32 bytes")?,
                signature: self.keys.signature.array("a prekey's signature is not 64 bytes")?,
            },
            one_time: self
                .keys
                .one_time
                .iter()
                .map(|(id, key)| Ok((*id, key.array("a prekey is not 32 bytes")?)))
                .collect::<Result<_, _>>()?,
        };
        let companion = match self.companion {
            None => None,
            Some(companion) => Some(Companion {
                noise: companion.noise.array("a companion's Noise key is not 32 bytes")?,
                signed_identity: companion.signed_identity.into_bytes(),
                key_index: companion.key_index,
            }),
        };
        let mut device = Device::new(keys, companion);
        device.queue = self.queue.restore(count)?;
        device.delivered = Delivered::forgetful();
        device.prekey_warning = if self.prekey_warning_given {
            PrekeyWarning::Given
        } else {
            PrekeyWarning::Due
        };
        Ok(device)
    }
}

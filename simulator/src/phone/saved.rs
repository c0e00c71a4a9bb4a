//! A phone in a file: its Signal store, so that it reads what it could read before.

use rand_signal::SeedableRng as _;
use rand_signal::rngs::StdRng;

use crate::phone::Phone;
use crate::phone::group_media::{GroupMedia, GroupMedium};
use crate::phone_store::saved::SavedPhoneStore;
use crate::saved::{Blob, Unsound};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedPhone {
    store: SavedPhoneStore,
    last_prekey: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    group_media: Vec<SavedGroupMedium>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedGroupMedium {
    group: String,
    id: String,
    direct_path: String,
    key: Blob,
}

impl SavedPhone {
    pub(crate) fn of(phone: &Phone) -> Result<Self, Unsound> {
        Ok(Self {
            store: SavedPhoneStore::of(&phone.store)?,
            last_prekey: phone.last_prekey,
            group_media: phone.group_media.0.iter().map(SavedGroupMedium::of).collect(),
        })
    }

    /// The phone again; its keys from now on follow from `seed`.
    pub(crate) fn restore(self, seed: [u8; 32]) -> Result<Phone, Unsound> {
        let mut group_media = GroupMedia::default();
        for saved in self.group_media {
            group_media.keep(saved.restore());
        }
        Ok(Phone {
            store: self.store.restore()?,
            rng: StdRng::from_seed(seed),
            last_prekey: self.last_prekey,
            group_media,
        })
    }
}

impl SavedGroupMedium {
    fn of(medium: &GroupMedium) -> Self {
        Self {
            group: medium.group.clone(),
            id: medium.id.clone(),
            direct_path: medium.direct_path.clone(),
            key: Blob::of(&medium.key),
        }
    }

    fn restore(self) -> GroupMedium {
        GroupMedium {
            group: self.group,
            id: self.id,
            direct_path: self.direct_path,
            key: self.key.into_bytes(),
        }
    }
}

//! A phone in a file: its Signal store, so that it reads what it could read before.

use rand_signal::SeedableRng as _;
use rand_signal::rngs::StdRng;

use crate::phone::Phone;
use crate::phone_store::saved::SavedPhoneStore;
use crate::saved::Unsound;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedPhone {
    store: SavedPhoneStore,
    last_prekey: u32,
}

impl SavedPhone {
    pub(crate) fn of(phone: &Phone) -> Result<Self, Unsound> {
        Ok(Self {
            store: SavedPhoneStore::of(&phone.store)?,
            last_prekey: phone.last_prekey,
        })
    }

    /// The phone again; its keys from now on follow from `seed`.
    pub(crate) fn restore(self, seed: [u8; 32]) -> Result<Phone, Unsound> {
        Ok(Phone {
            store: self.store.restore()?,
            rng: StdRng::from_seed(seed),
            last_prekey: self.last_prekey,
        })
    }
}

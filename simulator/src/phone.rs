//! Device 0 of an account: a phone that lies on the table, switched on.
//!
//! It owns the account's identity, hands its companions the app-state keys and the past, answers what they ask of it (`phone/peer.rs`,
//! `phone/history.rs`), puts expired media back (`phone/media.rs`), and decrypts what is addressed to it, which proves the sender's session (`phone/letters.rs`). Modelled: it is
//! silent towards contacts, neither confirming delivery nor reading.

mod group_media;
mod history;
mod letters;
mod media;
mod peer;

pub(crate) mod saved;

use std::sync::Arc;

use rand_signal::rngs::StdRng;
use rand_signal::{RngExt as _, SeedableRng as _};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use whatsapp_rust::wacore::libsignal::protocol::{
    GenericSignedPreKey as _, IdentityKeyPair, KeyPair, PreKeyId, PreKeyRecord, PublicKey, SignalProtocolError,
    SignedPreKeyRecord, Timestamp,
};

use crate::address::{AccountId, DeviceAddress, PHONE};
use crate::appstate::AppStateKey;
use crate::identity::AccountIdentity;
use crate::keys::{KeyBundle, SignedPrekey};
use crate::phone::group_media::GroupMedia;
use crate::server::Shared;
use crate::world::World;

/// Whether to talk over the session there is, or to begin a new one from the companion's bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Start {
    /// Over the session there is, if there is one.
    Existing,
    /// Over a new one.
    Anew,
}

/// Something a phone is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Duty {
    /// Send the app-state keys to a companion.
    ShareKeys { with: u16, start: Start },
    /// Tell a companion that was just linked what the phone remembers.
    SendHistory { with: u16 },
    /// Publish more one-time prekeys.
    MakePrekeys,
}

/// One-time prekeys made at a time: enough for a test, cheap enough for hundreds of accounts.
const PREKEYS: u32 = 30;
/// Mail read under one look at the world.
const MAIL_BATCH: usize = 64;
const SIGNED_PREKEY_ID: u32 = 1;

/// A phone, before and while it runs.
pub(crate) struct Phone {
    store: crate::phone_store::PhoneStore,
    rng: StdRng,
    last_prekey: u32,
    group_media: GroupMedia,
}

/// Whether a phone had anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worked {
    Nothing,
    Some,
}

/// A phone that runs. Who holds it keeps the phone from working: then nothing is under way between the world and its store.
pub(crate) type RunningPhone = Arc<Mutex<Phone>>;

/// Lets the phone of an account run.
pub(crate) fn switch_on(shared: &Arc<Shared>, world: &mut World, account: AccountId, phone: Phone) {
    let phone: RunningPhone = Arc::new(Mutex::new(phone));
    world.phones.insert(account, Arc::clone(&phone));
    let life = Life {
        wake: Arc::clone(&world.account(account).phone_wake),
        until: world.until.clone(),
    };
    let running = run(phone, account, Arc::clone(shared), life);
    let running = shared.phones_on.track_future(running);
    shared.tasks.spawn_on(running, &shared.runtime);
}

/// Lets a phone live as long as its account does, as one phone after the other.
async fn run(phone: RunningPhone, account: AccountId, shared: Arc<Shared>, life: Life) {
    while !life.until.is_cancelled() {
        let worked = phone.lock().await.work(account, &shared).await;
        match worked {
            Worked::Some => {}
            Worked::Nothing => tokio::select! {
                () = life.until.cancelled() => return,
                () = life.wake.notified() => {}
            },
        }
    }
}

/// What a phone listens for.
struct Life {
    wake: Arc<Notify>,
    until: CancellationToken,
}

/// What the world keeps of a new phone.
pub(crate) struct Published {
    pub(crate) identity: AccountIdentity,
    pub(crate) keys: KeyBundle,
    /// Its first app-state key. From then on the account's keyring has them all.
    pub(crate) app_state_key: AppStateKey,
}

impl Phone {
    /// Makes a phone and its keys; everything follows from `seed`.
    pub(crate) fn make(seed: [u8; 32], at_ms: u64) -> Result<(Self, Published), SignalProtocolError> {
        let mut rng = StdRng::from_seed(seed);
        let identity = IdentityKeyPair::generate(&mut rng);
        let raw_id: u32 = rng.random();
        let registration_id = rng.random_range(1..=0x3fff);
        let signed = KeyPair::generate(&mut rng);
        let signature = identity
            .private_key()
            .calculate_signature(&signed.public_key.serialize(), &mut rng)?;
        let record = SignedPreKeyRecord::new(
            SIGNED_PREKEY_ID.into(),
            Timestamp::from_epoch_millis(at_ms),
            &signed,
            &signature,
        );
        let app_state_key = AppStateKey::generate(&mut rng, raw_id, at_ms);
        let mut phone = Self {
            store: crate::phone_store::PhoneStore::new(identity.clone(), registration_id, SIGNED_PREKEY_ID, record),
            rng,
            last_prekey: 0,
            group_media: GroupMedia::default(),
        };
        let one_time = phone.make_prekeys();
        let keys = KeyBundle {
            registration_id,
            identity: raw(identity.public_key()),
            signed: SignedPrekey {
                id: SIGNED_PREKEY_ID,
                public: raw(&signed.public_key),
                signature,
            },
            one_time: one_time.into(),
        };
        let identity = AccountIdentity {
            keys: KeyPair::new(*identity.public_key(), identity.private_key().clone()),
            raw_id,
        };
        let published = Published {
            identity,
            keys,
            app_state_key,
        };
        Ok((phone, published))
    }

    fn make_prekeys(&mut self) -> Vec<(u32, [u8; 32])> {
        (0..PREKEYS)
            .map(|_| {
                self.last_prekey += 1;
                let pair = KeyPair::generate(&mut self.rng);
                let record = PreKeyRecord::new(PreKeyId::from(self.last_prekey), &pair);
                self.store.prekeys.insert(self.last_prekey, record);
                (self.last_prekey, raw(&pair.public_key))
            })
            .collect()
    }

    /// Does what lies before it, or some of it.
    async fn work(&mut self, account: AccountId, shared: &Shared) -> Worked {
        let (work, successor) = {
            let mut world = shared.world();
            let successor = world.account_mut(account).successor.take();
            (world.phone_work(account, MAIL_BATCH), successor)
        };
        if let Some(successor) = successor {
            *self = *successor;
        }
        if work.is_empty() {
            return Worked::Nothing;
        }
        for duty in work.duties {
            self.fulfil(account, shared, duty).await;
        }
        for node in work.mail {
            self.read(account, shared, &node).await;
        }
        Worked::Some
    }

    async fn fulfil(&mut self, account: AccountId, shared: &Shared, duty: Duty) {
        match duty {
            Duty::MakePrekeys => {
                let fresh = self.make_prekeys();
                let mut world = shared.world();
                let at = DeviceAddress { account, device: PHONE };
                if let Some(phone) = world.device_mut(at) {
                    phone.keys.add_one_time(fresh).expect("a phone numbers its keys");
                    phone.prekey_warning = crate::device::PrekeyWarning::Due;
                }
            }
            Duty::ShareKeys { with, start } => {
                let to = DeviceAddress { account, device: with };
                if let Err(error) = self.share_keys(to, shared, start).await {
                    tracing::warn!(device = with, %error, "a phone could not share its app-state key");
                }
            }
            Duty::SendHistory { with } => {
                let to = DeviceAddress { account, device: with };
                if let Err(error) = self.send_history(to, shared).await {
                    tracing::warn!(device = with, %error, "a phone could not send its history");
                }
            }
        }
    }
}

fn raw(key: &PublicKey) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(key.public_key_bytes());
    bytes
}

#[cfg(test)]
mod tests;

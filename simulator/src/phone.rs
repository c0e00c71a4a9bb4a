//! Device 0 of an account: a phone that lies on the table, switched on.
//!
//! It owns the account's identity, hands its companions the app-state key and answers when they ask for it, and decrypts what is
//! addressed to it, which proves the sender's session. Modelled: it is silent towards contacts, neither confirming delivery nor reading.

pub(crate) mod saved;

use std::sync::Arc;

use rand_signal::rngs::StdRng;
use rand_signal::{Rng as _, RngExt as _, SeedableRng as _};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::{Message as _, MessageField};
use whatsapp_rust::wacore::libsignal::protocol::{
    CiphertextMessage, DeviceId, GenericSignedPreKey as _, IdentityKey, IdentityKeyPair, KeyPair, PreKeyBundle,
    PreKeyId, PreKeyRecord, PreKeySignalMessage, ProtocolAddress, PublicKey, SignalMessage, SignalProtocolError,
    SignedPreKeyRecord, Timestamp, UsePQRatchet, message_decrypt, message_encrypt, process_prekey_bundle,
};
use whatsapp_rust::wacore::libsignal::protocol::{PreKeyStore as _, SessionStore as _};
use whatsapp_rust::wacore_binary::{Node, NodeContent};
use whatsapp_rust::waproto::whatsapp::Message;
use whatsapp_rust::waproto::whatsapp::message::{AppStateSyncKeyShare, ProtocolMessage, protocol_message};

use crate::address::{AccountId, DeviceAddress, Namespace, PHONE};
use crate::appstate::AppStateKey;
use crate::config::PhoneReading;
use crate::identity::AccountIdentity;
use crate::keys::{KeyBundle, SignedPrekey};
use crate::queue::{Class, Entry};
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
    /// Send the app-state key to a companion.
    ShareKeys { with: u16, start: Start },
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
        }
    }

    async fn share_keys(
        &mut self,
        to: DeviceAddress,
        shared: &Shared,
        start: Start,
    ) -> Result<(), SignalProtocolError> {
        let Some(keys) = shared.world().device(to).map(|device| device.keys.clone()) else {
            return Ok(());
        };
        let address = address(to);
        let known = self.store.sessions.has_session(&address).await?;
        if start == Start::Anew || !known {
            let bundle = PreKeyBundle::new(
                keys.registration_id,
                DeviceId::new(u32::from(to.device)),
                // Modelled: linking spends no one-time prekey; the companion has not uploaded any yet.
                None,
                keys.signed.id.into(),
                PublicKey::from_djb_public_key_bytes(&keys.signed.public)?,
                keys.signed.signature.to_vec(),
                IdentityKey::new(PublicKey::from_djb_public_key_bytes(&keys.identity)?),
            )?;
            process_prekey_bundle(
                &address,
                &mut self.store.sessions,
                &mut self.store.identities,
                &bundle,
                &mut self.rng,
                UsePQRatchet::No,
            )
            .await?;
        }
        let message = Message {
            protocol_message: MessageField::some(ProtocolMessage {
                r#type: Some(protocol_message::Type::AppStateSyncKeyShare),
                app_state_sync_key_share: MessageField::some(AppStateSyncKeyShare {
                    // Modelled: a phone always sends every key it has, also when asked for one.
                    keys: shared.world().account(to.account).app_state.shared_keys(),
                }),
                ..ProtocolMessage::default()
            }),
            ..Message::default()
        };
        let sealed = message_encrypt(
            &padded(&message, &mut self.rng),
            &address,
            &mut self.store.sessions,
            &mut self.store.identities,
        )
        .await?;
        let (kind, bytes) = match &sealed {
            CiphertextMessage::SignalMessage(message) => ("msg", message.serialized()),
            CiphertextMessage::PreKeySignalMessage(message) => ("pkmsg", message.serialized()),
            CiphertextMessage::SenderKeyMessage(_) | CiphertextMessage::PlaintextContent(_) => {
                return Ok(());
            }
        };
        let mut random = [0; 9];
        self.rng.fill_bytes(&mut random);
        let id = random
            .iter()
            .fold(String::from("3EB0"), |id, byte| format!("{id}{byte:02X}"));
        let mut world = shared.world();
        let node = NodeBuilder::new("message")
            .attr("from", world.account(to.account).jid(PHONE, Namespace::Phone))
            .attr("type", "text")
            .attr("category", "peer")
            .attr("id", id.as_str())
            .attr("t", world.now_s())
            .attr("notify", world.account(to.account).push_name.as_str())
            .children([
                NodeBuilder::new("meta").attr("appdata", "default").build(),
                NodeBuilder::new("enc")
                    .attr("v", "2")
                    .attr("type", kind)
                    .bytes(bytes.to_vec())
                    .build(),
            ])
            .build();
        world.enqueue(to, Entry::new(node, Class::Message, id, Some(to.account)));
        Ok(())
    }

    /// Decrypts one message. Failures are counted: a sender's session with this phone is broken.
    async fn read(&mut self, account: AccountId, shared: &Shared, node: &Node) {
        let peer = node.attrs.get("category").is_some_and(|c| *c == "peer");
        if node.tag != "message" || (!peer && shared.phones == PhoneReading::PeersOnly) {
            return;
        }
        // In a group, whom it is from stands beside the group.
        let Some(sender) = node
            .attrs
            .get("participant")
            .or_else(|| node.attrs.get("from"))
            .and_then(|from| from.to_jid())
            .and_then(|from| shared.world().locate(&from))
        else {
            return;
        };
        let sender = DeviceAddress {
            account: sender.account,
            device: sender.device,
        };
        for enc in node.get_children_by_tag("enc") {
            // Modelled: it takes in the keys of a group's senders, which prove their session with it, and leaves the messages unread.
            if enc.attrs.get("type").is_some_and(|kind| *kind == "skmsg") {
                continue;
            }
            match self.open(sender, enc).await {
                Ok(plain) => {
                    shared.world().stats.phone_decrypted += 1;
                    if peer && sender.account == account {
                        self.answer_peer(sender, shared, &plain).await;
                    }
                }
                Err(error) => {
                    tracing::warn!(device = sender.device, %error, "a phone could not decrypt a message");
                    shared.world().stats.phone_undecryptable += 1;
                }
            }
        }
    }

    async fn open(&mut self, sender: DeviceAddress, enc: &Node) -> Result<Vec<u8>, SignalProtocolError> {
        let bytes: &[u8] = match &enc.content {
            Some(NodeContent::Bytes(bytes)) => bytes,
            Some(NodeContent::String(_) | NodeContent::Nodes(_)) | None => &[],
        };
        let first_contact = enc.attrs.get("type").is_some_and(|kind| *kind == "pkmsg");
        let sealed = if first_contact {
            CiphertextMessage::PreKeySignalMessage(PreKeySignalMessage::try_from(bytes)?)
        } else {
            CiphertextMessage::SignalMessage(SignalMessage::try_from(bytes)?)
        };
        let address = address(sender);
        let opened = message_decrypt(
            &sealed,
            &address,
            &mut self.store.sessions,
            &mut self.store.identities,
            &mut self.store.prekeys,
            &self.store.signed,
            &mut self.rng,
            UsePQRatchet::No,
        )
        .await?;
        if let Some(used) = opened.consumed_prekey_id {
            self.store.prekeys.remove_pre_key(used).await?;
        }
        Ok(opened.plaintext)
    }

    async fn answer_peer(&mut self, companion: DeviceAddress, shared: &Shared, plain: &[u8]) {
        let Some(message) = unpadded(plain).and_then(|bytes| Message::decode_from_slice(bytes).ok()) else {
            return;
        };
        let asks = message
            .protocol_message
            .as_option()
            .is_some_and(|protocol| protocol.app_state_sync_key_request.is_set());
        if asks && let Err(error) = self.share_keys(companion, shared, Start::Existing).await {
            tracing::warn!(device = companion.device, %error, "a phone could not answer a key request");
        }
    }
}

/// The phone's name for a device: by account, whichever of its two addresses it was reached under.
fn address(of: DeviceAddress) -> ProtocolAddress {
    ProtocolAddress::new(
        &format!("account-{}", of.account.0),
        DeviceId::new(u32::from(of.device)),
    )
}

/// Messages are padded with 1 to 16 bytes, each of them the number of padding bytes.
fn padded(message: &Message, rng: &mut StdRng) -> Vec<u8> {
    let mut plain = message.encode_to_vec();
    let pad: u8 = rng.random_range(1..=16);
    plain.resize(plain.len() + usize::from(pad), pad);
    plain
}

fn unpadded(plain: &[u8]) -> Option<&[u8]> {
    let pad = usize::from(*plain.last()?);
    plain.get(..plain.len().checked_sub(pad)?)
}

fn raw(key: &PublicKey) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(key.public_key_bytes());
    bytes
}

#[cfg(test)]
mod tests;

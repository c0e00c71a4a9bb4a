//! A phone and a companion that is nothing but a Signal store.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use rand_signal::SeedableRng as _;
use rand_signal::rngs::StdRng;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::{Message as _, MessageField};
use whatsapp_rust::wacore::libsignal::protocol::{
    CiphertextMessage, IdentityKey, PreKeyBundle, PublicKey, UsePQRatchet, message_encrypt, process_prekey_bundle,
};
use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::waproto::whatsapp::Message;
use whatsapp_rust::waproto::whatsapp::message::{AppStateSyncKeyRequest, ProtocolMessage};

use super::letters::{address, padded, unpadded};
use super::{Phone, Published};
use crate::account::AccountState;
use crate::address::{AccountId, DeviceAddress, Namespace, PHONE};
use crate::appstate::AppState;
use crate::config::Config;
use crate::device::{Companion, Device};
use crate::server::{self, Shared};

const COMPANION: u16 = 1;

/// An account with a phone that does not run, and a companion made from a second phone's keys.
struct Pair {
    shared: Arc<Shared>,
    account: AccountId,
    phone: Phone,
    companion: Phone,
    rng: StdRng,
}

impl Pair {
    async fn new() -> Self {
        let (shared, ..) = server::start(Config::default()).await.unwrap();
        let (
            phone,
            Published {
                identity,
                keys,
                app_state_key,
            },
        ) = Phone::make([1; 32], 1_000_000).unwrap();
        let (companion, published) = Phone::make([2; 32], 1_000_000).unwrap();
        let mut rng = StdRng::seed_from_u64(9);
        let mut account = AccountState::new(
            "9990001".into(),
            "100001".into(),
            "Ada".to_owned(),
            identity,
            Device::new(keys, None),
            AppState::seeded(&mut rng, app_state_key, "Ada"),
        );
        let linked = Companion {
            noise: [0; 32],
            signed_identity: Vec::new(),
            key_index: 1,
        };
        account
            .devices
            .insert(COMPANION, Device::new(published.keys, Some(linked)));
        let account = shared.world().add_account(account);
        Self {
            shared,
            account,
            phone,
            companion,
            rng,
        }
    }

    fn at(&self, device: u16) -> DeviceAddress {
        DeviceAddress {
            account: self.account,
            device,
        }
    }

    /// A message of the companion to its phone, over a session from the phone's bundle.
    async fn ask(&mut self, message: &Message) -> Node {
        let to = address(self.at(PHONE));
        let keys = {
            let mut world = self.shared.world();
            let device = world.device_mut(self.at(PHONE)).unwrap();
            let one_time = device.keys.take_one_time();
            (device.keys.clone(), one_time)
        };
        let (keys, one_time) = keys;
        let one_time = one_time.map(|(id, key)| (id.into(), PublicKey::from_djb_public_key_bytes(&key).unwrap()));
        let bundle = PreKeyBundle::new(
            keys.registration_id,
            0.into(),
            one_time,
            keys.signed.id.into(),
            PublicKey::from_djb_public_key_bytes(&keys.signed.public).unwrap(),
            keys.signed.signature.to_vec(),
            IdentityKey::new(PublicKey::from_djb_public_key_bytes(&keys.identity).unwrap()),
        )
        .unwrap();
        let store = &mut self.companion.store;
        process_prekey_bundle(
            &to,
            &mut store.sessions,
            &mut store.identities,
            &bundle,
            &mut self.rng,
            UsePQRatchet::No,
        )
        .await
        .unwrap();
        let plain = padded(message, &mut self.rng);
        let sealed = message_encrypt(&plain, &to, &mut store.sessions, &mut store.identities)
            .await
            .unwrap();
        let CiphertextMessage::PreKeySignalMessage(sealed) = sealed else {
            panic!("a first message begins a session");
        };
        let from = self
            .shared
            .world()
            .account(self.account)
            .jid(COMPANION, Namespace::Phone);
        NodeBuilder::new("message")
            .attr("from", from)
            .attr("category", "peer")
            .children([NodeBuilder::new("enc")
                .attr("type", "pkmsg")
                .bytes(sealed.serialized().to_vec())
                .build()])
            .build()
    }

    /// What the phone put into the companion's queue, decrypted.
    async fn answers(&mut self) -> Vec<Message> {
        let mail = {
            let mut world = self.shared.world();
            world.device_mut(self.at(COMPANION)).unwrap().queue.drain(10)
        };
        let phone = self.at(PHONE);
        let mut messages = Vec::new();
        for entry in mail {
            let enc = entry.node.get_optional_child("enc").unwrap();
            let plain = self.companion.open(phone, enc).await.unwrap();
            messages.push(Message::decode_from_slice(unpadded(&plain).unwrap()).unwrap());
        }
        messages
    }
}

fn key_request() -> Message {
    Message {
        protocol_message: MessageField::some(ProtocolMessage {
            app_state_sync_key_request: MessageField::some(AppStateSyncKeyRequest::default()),
            ..ProtocolMessage::default()
        }),
        ..Message::default()
    }
}

#[tokio::test]
async fn a_companion_that_asks_for_the_key_gets_it() {
    let mut pair = Pair::new().await;
    let request = pair.ask(&key_request()).await;
    pair.phone.read(pair.account, &pair.shared, &request).await;
    let stats = pair.shared.world().stats;
    assert_eq!((stats.phone_decrypted, stats.phone_undecryptable), (1, 0));
    let answers = pair.answers().await;
    assert_eq!(answers.len(), 1);
    let share = &answers[0]
        .protocol_message
        .as_option()
        .unwrap()
        .app_state_sync_key_share
        .as_option()
        .unwrap()
        .keys;
    assert_eq!(
        *share,
        pair.shared.world().account(pair.account).app_state.shared_keys()
    );
    pair.shared.stop.cancel();
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_asks_for_nothing() {
    let mut pair = Pair::new().await;
    let mut request = pair.ask(&key_request()).await;
    let Some(whatsapp_rust::wacore_binary::NodeContent::Nodes(children)) = &mut request.content else {
        panic!("a message has children");
    };
    let Some(whatsapp_rust::wacore_binary::NodeContent::Bytes(bytes)) = &mut children[0].content else {
        panic!("a ciphertext is bytes");
    };
    // Inside the inner message, past the keys.
    let middle = bytes.len() - 20;
    bytes[middle] ^= 1;
    pair.phone.read(pair.account, &pair.shared, &request).await;
    let stats = pair.shared.world().stats;
    assert_eq!((stats.phone_decrypted, stats.phone_undecryptable), (0, 1));
    assert!(pair.answers().await.is_empty());
    pair.shared.stop.cancel();
}

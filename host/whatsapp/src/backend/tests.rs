//! Conformance: the same random operations on whatsapp-rust's own store in memory and on ours give the same answers, whichever store is
//! underneath and however often it is opened again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod operation;

use std::sync::Arc;

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;
use waspnest_core::clock::{Clock, Ids, SeededIds, SystemClock, UnixMs};
use waspnest_core::id::SessionId;
use waspnest_core::rekey::Reseals as _;
use waspnest_core::store::{KeyRange, MAX_VALUE, MemoryStore, Order, SledOptions, SledStore, Space, Store};
use whatsapp_rust::wacore::store::in_memory::InMemoryBackend;
use whatsapp_rust::wacore::store::traits::{
    DeviceStore, LidPnMappingEntry, MsgSecretEntry, MsgSecretStore, ProtocolStore, SignalStore,
};
use whatsapp_rust::wacore::types::jid::JidExt as _;
use whatsapp_rust::waproto::codec;

use self::operation::Operation;
use super::{Backend, Devices};
use crate::redelivery::StandIn;
use waspnest_core::master_key::MasterKey;
use waspnest_core::seal::Sealer;

fn session(seed: u64) -> SessionId {
    SessionId::new(SeededIds::new(seed).ulid(UnixMs(1)))
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

async fn backend(store: &Arc<dyn Store>, key: &MasterKey) -> Backend {
    Backend::open(Arc::clone(store), session(1), Sealer::new(key), clock())
        .await
        .unwrap()
}

#[tokio::test]
async fn random_operations_give_the_same_answers_in_memory() {
    for seed in 0..8 {
        let store: Arc<dyn Store> = MemoryStore::new();
        let key = MasterKey::generate();
        let model = InMemoryBackend::new();
        let mut rng = StdRng::seed_from_u64(seed);
        for round in 0..4 {
            // Opened again each round: nothing may live in memory only.
            let ours = backend(&store, &key).await;
            for step in 0..400 {
                let operation = Operation::draw(&mut rng);
                let (wanted, got) = (operation.run(&model).await, operation.run(&ours).await);
                assert_eq!(got, wanted, "seed {seed}, round {round}, step {step}: {operation:?}");
            }
            ours.settle().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_operations_give_the_same_answers_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let key = MasterKey::generate();
    let model = InMemoryBackend::new();
    let mut rng = StdRng::seed_from_u64(99);
    for round in 0..3 {
        let sled = SledStore::open(folder.path(), SledOptions::default()).unwrap();
        let store: Arc<dyn Store> = sled;
        let ours = backend(&store, &key).await;
        for step in 0..200 {
            let operation = Operation::draw(&mut rng);
            let (wanted, got) = (operation.run(&model).await, operation.run(&ours).await);
            assert_eq!(got, wanted, "round {round}, step {step}: {operation:?}");
        }
        ours.settle().await;
        store.flush().await.unwrap();
    }
}

#[tokio::test]
async fn a_device_survives_with_all_its_keys() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let key = MasterKey::generate();
    let ours = backend(&store, &key).await;
    assert!(!ours.exists().await.unwrap());
    ours.create().await.unwrap();
    let mut device = ours.load().await.unwrap().expect("just created");
    ours.create().await.unwrap();
    let again = ours.load().await.unwrap().expect("still there");
    assert_eq!(
        again.registration_id, device.registration_id,
        "a second create makes no second device"
    );
    device.pn = Some("491511234567:3@s.whatsapp.net".parse().unwrap());
    device.push_name = "Shop".into();
    ours.save(&device).await.unwrap();
    let loaded = backend(&store, &key).await.load().await.unwrap().expect("saved");
    assert_eq!(super::to_json(&loaded).unwrap(), super::to_json(&device).unwrap());
}

#[tokio::test]
async fn a_session_is_found_under_both_addresses_of_a_person() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let ours = backend(&store, &MasterKey::generate()).await;
    let device: whatsapp_rust::Jid = "900:3@lid".parse().unwrap();
    let phone = "49151:3@s.whatsapp.net".parse().unwrap();
    let address = device.to_protocol_address();
    ours.put_session(address.as_str(), b"a session").await.unwrap();
    assert_eq!(ours.sessions_on_disk(&device).await.unwrap(), ["a session"]);
    assert!(ours.sessions_on_disk(&phone).await.unwrap().is_empty());
    let mapping = LidPnMappingEntry {
        lid: "900".into(),
        phone_number: "49151".into(),
        created_at: 1,
        updated_at: 1,
        learning_source: "test".into(),
    };
    ours.put_lid_mapping(&mapping).await.unwrap();
    assert_eq!(ours.sessions_on_disk(&phone).await.unwrap(), ["a session"]);
}

#[tokio::test]
async fn nothing_secret_is_readable_in_the_store() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let ours = backend(&store, &MasterKey::generate()).await;
    let secret = b"nobody may read this";
    ours.put_session("49151@s.whatsapp.net", secret).await.unwrap();
    ours.put_sender_key("1-2@g.us::49151", secret).await.unwrap();
    ours.store_prekey(7, secret, false).await.unwrap();
    ours.store_signed_prekey(7, secret).await.unwrap();
    ours.store_sent_message("49151@s.whatsapp.net", "3EB0", secret)
        .await
        .unwrap();
    ours.store_pending_inbound("49151@s.whatsapp.net", "49151@s.whatsapp.net", "3EB1", secret)
        .await
        .unwrap();
    ours.settle().await;
    let rows = store
        .scan(
            Space::Session(session(1)),
            KeyRange::prefix(&[]),
            Order::Ascending,
            1000,
        )
        .await
        .unwrap();
    assert_eq!(rows.len(), 6);
    for (key, value) in rows {
        assert!(
            !value.windows(secret.len()).any(|window| window == secret),
            "{}",
            key.escape_ascii()
        );
    }
}

#[tokio::test]
async fn records_of_any_size_come_back_whole() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let key = MasterKey::generate();
    let ours = backend(&store, &key).await;
    // Growing, shrinking and growing again, over restarts: no part of a longer record may be left behind.
    for size in [10, 65_535, 65_536, 300_000, 70_000, 5, 200_000, 0] {
        let record: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
        ours.put_session("a@lid", &record).await.unwrap();
        assert_eq!(
            ours.get_session("a@lid").await.unwrap(),
            Some(Bytes::from(record.clone())),
            "{size} bytes"
        );
        let again = backend(&store, &key).await;
        assert_eq!(
            again.get_session("a@lid").await.unwrap(),
            Some(Bytes::from(record)),
            "{size} bytes, opened again"
        );
    }
    ours.put_session("a@lid", &vec![1; 200_000]).await.unwrap();
    let again = backend(&store, &key).await;
    again.delete_session("a@lid").await.unwrap();
    let rows = store
        .scan(
            Space::Session(session(1)),
            KeyRange::prefix(&[]),
            Order::Ascending,
            1000,
        )
        .await
        .unwrap();
    assert!(rows.is_empty(), "parts are left behind");
}

#[tokio::test]
async fn an_undelivered_message_is_kept_with_the_ratchet_and_no_longer() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let key = MasterKey::generate();
    let ours = backend(&store, &key).await;
    let rows = || async {
        store
            .scan(
                Space::Session(session(1)),
                KeyRange::prefix(&[]),
                Order::Ascending,
                1000,
            )
            .await
            .unwrap()
            .len()
    };

    // Delivered before the ratchet is written: never stored.
    ours.store_pending_inbound("c", "s", "1", b"delivered").await.unwrap();
    ours.delete_pending_inbound("c", "s", "1").await.unwrap();
    assert_eq!(rows().await, 0);

    // Undelivered when the ratchet is written: stored with it, and a crash keeps both.
    ours.store_pending_inbound("c", "s", "2", b"undelivered").await.unwrap();
    ours.put_session("s@lid", b"moved on").await.unwrap();
    let after_crash = backend(&store, &key).await;
    assert_eq!(
        after_crash.get_pending_inbound("c", "s", "2").await.unwrap().as_deref(),
        Some(&b"undelivered"[..])
    );
    after_crash.delete_pending_inbound("c", "s", "2").await.unwrap();
    assert_eq!(rows().await, 1, "the session is left");

    // Neither: a crash takes both back.
    ours.store_pending_inbound("c", "s", "3", b"sent again anyway")
        .await
        .unwrap();
    assert_eq!(
        backend(&store, &key)
            .await
            .get_pending_inbound("c", "s", "3")
            .await
            .unwrap(),
        None
    );
}

#[tokio::test]
async fn something_stands_for_a_copy_that_is_not_there() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let key = MasterKey::generate();
    let stand_in = StandIn::of(session(1), &key);
    let ours = backend(&store, &key).await.standing_in(&stand_in);
    let copy = async |id| ours.get_pending_inbound("c", "s", id).await.unwrap().unwrap();
    assert_eq!(copy("1").await, stand_in.encoded());
    ours.store_pending_inbound("c", "s", "1", b"a message").await.unwrap();
    // It takes nobody's place.
    ours.store_pending_inbound("c", "s", "1", &stand_in.encoded())
        .await
        .unwrap();
    assert_eq!(copy("1").await, b"a message");
    ours.delete_pending_inbound("c", "s", "1").await.unwrap();
    let message = codec::message_decode(&copy("1").await).unwrap();
    assert!(stand_in.is(&message));
    assert!(!StandIn::of(session(2), &key).is(&message));
}

#[tokio::test]
async fn of_many_old_ones_none_is_left_and_of_young_ones_all() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let ours = backend(&store, &MasterKey::generate()).await;
    let secrets = (0..1200).map(|number: u32| {
        let expires_at = if number.is_multiple_of(3) { 20 } else { 10 };
        let (chat, sender) = ("1@s.whatsapp.net".parse().unwrap(), "2@s.whatsapp.net".parse().unwrap());
        MsgSecretEntry::new(&chat, &sender, &number.to_string(), [7; 32], expires_at, 1)
    });
    ours.put_msg_secrets(secrets.collect()).await.unwrap();
    assert_eq!(ours.delete_expired_msg_secrets(10).await.unwrap(), 800);
    assert_eq!(ours.delete_expired_msg_secrets(10).await.unwrap(), 0);
    assert_eq!(ours.delete_expired_msg_secrets(20).await.unwrap(), 400);
}

#[tokio::test]
async fn a_fenced_backend_reads_but_writes_nothing() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let key = MasterKey::generate();
    let ours = backend(&store, &key).await;
    ours.put_session("a@lid", b"mine").await.unwrap();
    ours.fence();
    assert!(ours.put_session("a@lid", b"too late").await.is_err());
    assert!(ours.delete_session("a@lid").await.is_err());
    assert_eq!(
        backend(&store, &key)
            .await
            .get_session("a@lid")
            .await
            .unwrap()
            .as_deref(),
        Some(&b"mine"[..])
    );
}

#[tokio::test]
async fn wiping_leaves_nothing_of_this_session_and_everything_of_others() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let key = MasterKey::generate();
    let ours = backend(&store, &key).await;
    let other = Backend::open(Arc::clone(&store), session(2), Sealer::new(&key), clock())
        .await
        .unwrap();
    for backend in [&ours, &other] {
        backend.create().await.unwrap();
        let prekeys: Vec<_> = (1..1200).map(|id| (id, Bytes::from_static(b"key"))).collect();
        backend.store_prekeys_batch(&prekeys, false).await.unwrap();
    }
    Backend::wipe(&*store, session(1)).await.unwrap();
    let rows = store
        .scan(Space::Session(session(1)), KeyRange::prefix(&[]), Order::Ascending, 10)
        .await
        .unwrap();
    assert!(rows.is_empty());
    assert_eq!(other.get_max_prekey_id().await.unwrap(), 1199);
    assert!(other.exists().await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_take_a_sent_message_one_gets_it() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let ours = Arc::new(backend(&store, &MasterKey::generate()).await);
    for n in 0..50 {
        let id = format!("3EB0{n}");
        ours.store_sent_message("c", &id, b"payload").await.unwrap();
        let (one, two) = futures::join!(ours.take_sent_message("c", &id), ours.take_sent_message("c", &id));
        assert_eq!([one.unwrap(), two.unwrap()].iter().flatten().count(), 1);
    }
}

#[tokio::test]
async fn a_device_is_sealed_anew_under_another_key() {
    let store: Arc<dyn Store> = MemoryStore::new();
    let (old, new) = (MasterKey::generate(), MasterKey::generate());
    // More than one value of the store holds.
    let long: Vec<u8> = (0..3 * MAX_VALUE).map(|number| (number % 251) as u8).collect();
    {
        let ours = backend(&store, &old).await;
        ours.create().await.unwrap();
        ours.put_session("a@lid", &long).await.unwrap();
        let prekeys: Vec<_> = (1..700).map(|id| (id, Bytes::from_static(b"key"))).collect();
        ours.store_prekeys_batch(&prekeys, false).await.unwrap();
        ours.settle().await;
    }
    let keys = (&Sealer::new(&old), &Sealer::new(&new));
    Devices.reseal(&store, session(1), keys).await.unwrap();
    let ours = backend(&store, &new).await;
    assert_eq!(ours.get_session("a@lid").await.unwrap().as_deref(), Some(&long[..]));
    assert_eq!(ours.get_max_prekey_id().await.unwrap(), 699);
    assert!(ours.load().await.unwrap().is_some());
    let before = backend(&store, &old).await;
    assert!(before.get_session("a@lid").await.is_err());
}

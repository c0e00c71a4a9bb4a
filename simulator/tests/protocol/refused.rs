//! What the server checks of what clients send. Each test breaks one thing, sees it refused, and sees that nothing has changed.

use futures::SinkExt as _;
use tokio_websockets::Message;
use waspnest_simulator::{Account, Config, PhoneReading, ScanError, Simulator};
use whatsapp_rust::wacore::libsignal::protocol::KeyPair;
use whatsapp_rust::wacore::noise::XxHandshakeState;
use whatsapp_rust::wacore::noise::framing::{FrameDecoder, encode_frame};
use whatsapp_rust::wacore::store::device::Device;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::wacore_binary::consts::WA_CONN_HEADER;
use whatsapp_rust::{Jid, NodeBuilder};

use crate::client::{Companion, counted};
use crate::person::account;
use crate::raw::{RawClient, closed, dial, error_of, next_frame, text};

async fn quiet() -> Simulator {
    // Copies in these tests are made up: phones need not try to read them.
    Simulator::start(Config {
        phones: PhoneReading::PeersOnly,
        ..Config::default()
    })
    .await
    .unwrap()
}

/// A companion of Ada's that does what no library would, and Ada's account.
async fn adas(simulator: &Simulator) -> (Account, RawClient) {
    let ada = account(simulator, "Ada");
    let client = RawClient::linked(simulator, &ada).await;
    (ada, client)
}

fn leaf(tag: &'static str, bytes: &[u8]) -> Node {
    NodeBuilder::new(tag).bytes(bytes.to_vec()).build()
}

fn id3(id: u32) -> Node {
    leaf("id", &id.to_be_bytes()[1..])
}

fn skey(device: &Device, signature: &[u8]) -> Node {
    NodeBuilder::new("skey")
        .children([
            id3(device.signed_pre_key_id),
            leaf("value", device.signed_pre_key.public_key.public_key_bytes()),
            leaf("signature", signature),
        ])
        .build()
}

fn key(id: u32, public: &[u8]) -> Node {
    NodeBuilder::new("key")
        .children([id3(id), leaf("value", public)])
        .build()
}

/// Breaks one thing.
type Tamper = fn(&mut Keys);

/// What an upload is made of, before somebody tampers with it.
struct Keys {
    kind: Vec<u8>,
    identity: Vec<u8>,
    one_time: Vec<Node>,
    signature: Vec<u8>,
}

impl Keys {
    fn of(device: &Device) -> Self {
        Self {
            kind: vec![5],
            identity: device.identity_key.public_key.public_key_bytes().to_vec(),
            one_time: vec![key(1, &[1; 32]), key(2, &[2; 32])],
            signature: device.signed_pre_key_signature.to_vec(),
        }
    }

    fn upload(self, device: &Device, id: &str) -> Node {
        NodeBuilder::new("iq")
            .attr("xmlns", "encrypt")
            .attr("type", "set")
            .attr("id", id)
            .children([
                leaf("registration", &device.registration_id.to_be_bytes()),
                leaf("type", &self.kind),
                leaf("identity", &self.identity),
                NodeBuilder::new("list").children(self.one_time).build(),
                skey(device, &self.signature),
            ])
            .build()
    }
}

fn count(id: &str) -> Node {
    NodeBuilder::new("iq")
        .attr("xmlns", "encrypt")
        .attr("type", "get")
        .attr("id", id)
        .children([NodeBuilder::new("count").build()])
        .build()
}

async fn counted_keys(client: &mut RawClient, id: &str) -> String {
    let answer = client.ask(&count(id)).await;
    text(answer.get_optional_child("count").expect("a count"), "value").expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_not_what_they_seem_are_not_taken() {
    let simulator = quiet().await;
    let (_, mut client) = adas(&simulator).await;
    let device = client.device.clone();
    let tampered: [(&str, Tamper); 7] = [
        ("a signature of something else", |keys| keys.signature[0] ^= 1),
        ("a signature that is too short", |keys| keys.signature.truncate(63)),
        ("another identity", |keys| keys.identity = vec![9; 32]),
        ("another kind of key", |keys| keys.kind = vec![6]),
        ("a key that is too short", |keys| keys.one_time[1] = key(2, &[2; 31])),
        ("an id twice", |keys| keys.one_time[1] = key(1, &[2; 32])),
        ("an id of four bytes", |keys| {
            let wide = leaf("id", &[0, 0, 0, 2]);
            keys.one_time[1] = NodeBuilder::new("key")
                .children([wide, leaf("value", &[2; 32])])
                .build();
        }),
    ];
    let cases = tampered.len() as u64;
    for (n, (what, tamper)) in tampered.into_iter().enumerate() {
        let mut keys = Keys::of(&device);
        tamper(&mut keys);
        let answer = client.ask(&keys.upload(&device, &format!("u{n}"))).await;
        assert_eq!(error_of(&answer).as_deref(), Some("406"), "{what}");
        assert_eq!(counted_keys(&mut client, &format!("c{n}")).await, "0", "{what}");
    }
    assert_eq!(simulator.stats().refused_keys, cases);
    let answer = client.ask(&Keys::of(&device).upload(&device, "good")).await;
    assert_eq!(error_of(&answer), None);
    assert_eq!(counted_keys(&mut client, "after").await, "2");

    // Offering the same keys again changes nothing; another key under a taken id is refused.
    let answer = client.ask(&Keys::of(&device).upload(&device, "again")).await;
    assert_eq!(error_of(&answer), None);
    let mut other = Keys::of(&device);
    other.one_time = vec![key(3, &[3; 32]), key(2, &[7; 32])];
    let answer = client.ask(&other.upload(&device, "other")).await;
    assert_eq!(error_of(&answer).as_deref(), Some("406"));
    assert_eq!(counted_keys(&mut client, "end").await, "2");

    let rotate = |id: &str, signature: &[u8]| {
        NodeBuilder::new("iq")
            .attr("xmlns", "encrypt")
            .attr("type", "set")
            .attr("id", id)
            .children([NodeBuilder::new("rotate").children([skey(&device, signature)]).build()])
            .build()
    };
    let mut broken = device.signed_pre_key_signature;
    broken[10] ^= 1;
    assert_eq!(
        error_of(&client.ask(&rotate("r1", &broken)).await).as_deref(),
        Some("406")
    );
    let intact = rotate("r2", &device.signed_pre_key_signature);
    assert_eq!(error_of(&client.ask(&intact).await), None);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_whose_first_keys_are_not_signed_gets_no_codes() {
    let simulator = quiet().await;
    let mut device = Device::new();
    device.signed_pre_key_signature[5] ^= 1;
    let mut client = RawClient::connect_as(simulator.addr(), &simulator.url(), device).await;
    assert!(client.receive().await.is_none());
    counted(&simulator, |stats| stats.rejected_connections == 1).await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_was_tampered_with_ends_there() {
    let simulator = quiet().await;
    let device = Device::new();
    let payload = whatsapp_rust::waproto::codec::client_payload_to_vec(&device.get_client_payload());
    let mut socket = dial(simulator.addr(), &simulator.url()).await;
    let mut noise = XxHandshakeState::new(device.noise_key.clone(), payload, &WA_CONN_HEADER).unwrap();
    let hello = encode_frame(&noise.build_client_hello().unwrap(), Some(&WA_CONN_HEADER)).unwrap();
    socket.send(Message::binary(hello)).await.unwrap();
    let reply = next_frame(&mut socket, &mut FrameDecoder::new()).await.unwrap();
    let mut finish = noise.read_server_hello_and_build_client_finish(&reply).unwrap();
    // The last bytes are the tag over the payload.
    *finish.last_mut().unwrap() ^= 1;
    socket
        .send(Message::binary(encode_frame(&finish, None).unwrap()))
        .await
        .unwrap();
    closed(&mut socket).await;
    counted(&simulator, |stats| stats.rejected_connections == 1).await;
    assert_eq!(simulator.stats().handshakes_xx, 0);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_logs_in_as_a_device_whose_noise_key_it_does_not_have() {
    let simulator = quiet().await;
    let (_, genuine) = adas(&simulator).await;
    let logins = simulator.stats().logins;
    let mut forged = genuine.device.clone();
    forged.noise_key = Device::new().noise_key;
    let mut client = RawClient::connect_as(simulator.addr(), &simulator.url(), forged).await;
    let failure = client.receive().await.expect("a refusal");
    assert_eq!(
        (failure.tag.as_ref(), text(&failure, "reason").as_deref()),
        ("failure", Some("401"))
    );
    assert!(client.receive().await.is_none());
    assert_eq!(simulator.stats().logins, logins);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_signed_for_the_key_index_that_was_offered() {
    let simulator = quiet().await;
    let ada = account(&simulator, "Ada");
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    let code = client.code().await;
    let (scan, ()) = tokio::join!(simulator.scan_qr(&ada.phone, &code), client.sign_as(9));
    assert!(matches!(scan, Err(ScanError::BadDeviceSignature(_))), "{scan:?}");
    assert_eq!(simulator.stats().companions, 0);
    assert_eq!(simulator.stats().refused_links, 1);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_refuses_an_offer_under_another_secret_than_its_code_shows() {
    let simulator = quiet().await;
    let ada = account(&simulator, "Ada");
    let mut companion = Companion::unlinked(&simulator, ada.clone()).await;
    let code = companion.qr().await;
    let mut fields: Vec<&str> = code.split(',').collect();
    // The secret authenticates the phone's offer: with another one, the MAC is wrong.
    fields[3] = fields[2];
    let scan = simulator.scan_qr(&ada.phone, &fields.join(",")).await;
    assert!(matches!(scan, Err(ScanError::RefusedByClient(_))), "{scan:?}");
    assert_eq!(simulator.stats().companions, 0);
    companion.stop().await;
    simulator.shutdown().await;
}

fn receipt(to: &str, id: &str, kind: &'static str) -> NodeBuilder {
    NodeBuilder::new("receipt")
        .attr("to", to)
        .attr("id", id)
        .attr("type", kind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_for_messages_that_were_never_sent_go_nowhere() {
    let simulator = quiet().await;
    let (ada, mut client) = adas(&simulator).await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let id = ben.say(&ada, "real").await;
    client.first(|node| text(node, "id").as_ref() == Some(&id)).await;
    let from = format!("{}:{}@s.whatsapp.net", ben.account.phone, ben.device);
    for kind in ["read", "retry", "sender", "played"] {
        let answer = client.ask(&receipt(&from, "3EBNEVER", kind).build()).await;
        assert_eq!(error_of(&answer).as_deref(), Some("404"), "{kind}");
    }
    // One that lists a message that exists and one that does not is no better.
    let item = NodeBuilder::new("item").attr("id", "3EBNEVER").build();
    let mixed = receipt(&from, &id, "read").children([NodeBuilder::new("list").children([item]).build()]);
    assert_eq!(error_of(&client.ask(&mixed.build()).await).as_deref(), Some("404"));
    // Nor one about a message of somebody else's.
    let carl = account(&simulator, "Carl");
    let answer = client.ask(&receipt(&carl.jid(), &id, "read").build()).await;
    assert_eq!(error_of(&answer).as_deref(), Some("404"));
    assert_eq!(simulator.stats().refused_receipts, 6);

    let answer = client.ask(&receipt(&from, &id, "read").build()).await;
    assert_eq!(error_of(&answer), None);
    // The true one, and none before it, reached Ben.
    ben.events
        .first("the receipt", |event| match event {
            Event::Receipt(receipt) if receipt.message_ids.contains(&id) => Some(()),
            _ => None,
        })
        .await;
    let forwarded = simulator
        .stanzas(0, usize::MAX)
        .into_iter()
        .filter(|r| r.tag == "receipt" && r.account.as_ref() == Some(&ben.account.phone))
        .filter(|r| r.direction == waspnest_simulator::Direction::Out)
        .count();
    assert_eq!(forwarded, 1);
    ben.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_carries_the_keys_of_the_device_that_sends_it() {
    let simulator = quiet().await;
    let (ada, mut client) = adas(&simulator).await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let id = ben.say(&ada, "unreadable, as it turns out").await;
    client.first(|node| text(node, "id").as_ref() == Some(&id)).await;
    let from = format!("{}:{}@s.whatsapp.net", ben.account.phone, ben.device);
    let device = client.device.clone();
    let signed_identity = client.signed_identity.clone();
    let fresh = KeyPair::generate(&mut seeded());
    let retry = |keys: Keys, registration: u32, identity: &[u8]| {
        receipt(&from, &id, "retry")
            .children([
                NodeBuilder::new("retry")
                    .attr("count", "2")
                    .attr("id", id.as_str())
                    .attr("v", "1")
                    .build(),
                leaf("registration", &registration.to_be_bytes()),
                NodeBuilder::new("keys")
                    .children([
                        leaf("type", &keys.kind),
                        leaf("identity", &keys.identity),
                        key(77, fresh.public_key.public_key_bytes()),
                        skey(&device, &keys.signature),
                        leaf("device-identity", identity),
                    ])
                    .build(),
            ])
            .build()
    };
    let own = device.registration_id;
    let mut foreign = Keys::of(&device);
    foreign.identity = vec![9; 32];
    let mut unsigned = Keys::of(&device);
    unsigned.signature[0] ^= 1;
    let mut other_identity = signed_identity.clone();
    *other_identity.last_mut().unwrap() ^= 1;
    let broken = [
        retry(foreign, own, &signed_identity),
        retry(unsigned, own, &signed_identity),
        retry(Keys::of(&device), own ^ 1, &signed_identity),
        retry(Keys::of(&device), own, &other_identity),
    ];
    for node in broken {
        assert_eq!(error_of(&client.ask(&node).await).as_deref(), Some("406"));
    }
    let stats = simulator.stats();
    assert_eq!((stats.refused_receipts, stats.retry_receipts), (4, 0));
    // Whole, it is forwarded whole, and Ben begins a new session with what it carries.
    client.meanwhile.clear();
    let answer = client.ask(&retry(Keys::of(&device), own, &signed_identity)).await;
    assert_eq!(error_of(&answer), None);
    let again = client.first(|node| text(node, "id").as_ref() == Some(&id)).await;
    let enc = again.get_optional_child("enc").expect("a copy");
    assert_eq!(text(enc, "type").as_deref(), Some("pkmsg"));
    ben.stop().await;
    simulator.shutdown().await;
}

fn enc(kind: &'static str, version: &'static str) -> Node {
    NodeBuilder::new("enc")
        .attr("type", kind)
        .attr("v", version)
        .bytes(vec![1, 2, 3])
        .build()
}

/// A message in one copy, or in several.
fn message(to: &str, id: &str, content: impl IntoIterator<Item = Node>) -> NodeBuilder {
    NodeBuilder::new("message")
        .attr("to", to)
        .attr("id", id)
        .attr("type", "text")
        .children(content)
}

fn fan_out(to: &[&str]) -> Node {
    let copies = to.iter().map(|jid| {
        NodeBuilder::new("to")
            .attr("jid", *jid)
            .children([enc("msg", "2")])
            .build()
    });
    NodeBuilder::new("participants").children(copies).build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_are_not_what_they_seem_reach_nobody() {
    let simulator = quiet().await;
    let (ada, mut client) = adas(&simulator).await;
    let (ben, carl) = (account(&simulator, "Ben"), account(&simulator, "Carl"));
    let to = ben.jid();
    let signed_identity = client.signed_identity.clone();
    let mut foreign_identity = signed_identity.clone();
    *foreign_identity.last_mut().unwrap() ^= 1;
    let broken = [
        ("403", message(&to, "M1", [enc("msg", "2")]).attr("from", carl.jid())),
        (
            "403",
            message(&to, "M2", [enc("msg", "2")]).attr("from", format!("{}:9@s.whatsapp.net", ada.phone)),
        ),
        ("403", message(&to, "M3", [fan_out(&[&to, &carl.jid()])])),
        ("400", message(&to, "M4", [enc("plain", "2")])),
        ("400", message(&to, "M5", [enc("msg", "1")])),
        (
            "400",
            message(
                &to,
                "M6",
                [NodeBuilder::new("enc").attr("type", "msg").attr("v", "2").build()],
            ),
        ),
        (
            "403",
            message(
                &to,
                "M7",
                [enc("pkmsg", "2"), leaf("device-identity", &foreign_identity)],
            ),
        ),
    ];
    let cases = broken.len() as u64;
    for (code, node) in broken {
        let node = node.build();
        let answer = client.ask(&node).await;
        assert_eq!(error_of(&answer).as_deref(), Some(code), "{node:?}");
    }
    let stats = simulator.stats();
    assert_eq!((stats.messages, stats.copies, stats.refused_messages), (0, 0, cases));

    let own = format!("{}:{}@s.whatsapp.net", ada.phone, 1);
    let good = [
        message(
            &to,
            "M8",
            [enc("pkmsg", "2"), leaf("device-identity", &signed_identity)],
        )
        .attr("from", own),
        message(&to, "M9", [fan_out(&[&to, &ada.jid()])]),
        // Sent again because its acknowledgement was lost, encrypted anew.
        message(&to, "M9", [enc("pkmsg", "2")]),
    ];
    for node in good {
        assert_eq!(error_of(&client.ask(&node.build()).await), None);
    }
    // The same id is never another message.
    let elsewhere = message(&carl.jid(), "M9", [enc("msg", "2")]);
    assert_eq!(error_of(&client.ask(&elsewhere.build()).await).as_deref(), Some("409"));
    // Under its other name it is the same chat.
    let renamed = message(&ben.lid_jid(), "M9", [enc("msg", "2")]);
    assert_eq!(error_of(&client.ask(&renamed.build()).await), None);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acknowledgement_for_nothing_is_counted_and_changes_nothing() {
    let simulator = quiet().await;
    let (_, mut client) = adas(&simulator).await;
    let before = simulator.stats();
    for class in ["message", "receipt", "notification"] {
        let ack = NodeBuilder::new("ack")
            .attr("class", class)
            .attr("id", "NEVER")
            .attr("to", "s.whatsapp.net")
            .build();
        client.send(&ack).await;
    }
    counted(&simulator, |stats| stats.unmatched_acks == before.unmatched_acks + 3).await;
    assert_eq!(simulator.stats().acks, before.acks);
    assert_eq!(counted_keys(&mut client, "alive").await, "0");
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_device_list_is_answered_with_the_hash_of_the_right_one() {
    let simulator = quiet().await;
    let (ada, mut client) = adas(&simulator).await;
    let ben = account(&simulator, "Ben");
    let tablet = RawClient::linked(&simulator, &ben).await;
    // It knows Ben's phone, not his tablet, and a device he no longer has.
    let gone = format!("{}:7@s.whatsapp.net", ben.phone);
    let stale = message(&ben.jid(), "P1", [fan_out(&[&ben.jid(), &gone, &ada.jid()])]).build();
    let answer = client.ask(&stale).await;
    assert_eq!(error_of(&answer), None);
    let right: Vec<Jid> = [
        ben.jid().parse().unwrap(),
        tablet.device.pn.clone().unwrap(),
        ada.jid().parse().unwrap(),
    ]
    .into();
    let expected = whatsapp_rust::wacore::messages::MessageUtils::participant_list_hash(&right).unwrap();
    assert_eq!(text(&answer, "phash"), Some(expected));
    // The device that is gone got nothing, the others theirs.
    assert_eq!(simulator.stats().copies, 2);
    let tablet = tablet.device.pn.clone().unwrap().to_string();
    let fresh = message(&ben.jid(), "P2", [fan_out(&[&ben.jid(), &tablet, &ada.jid()])]).build();
    assert_eq!(text(&client.ask(&fresh).await, "phash"), None);
    simulator.shutdown().await;
}

fn seeded() -> rand_signal::rngs::StdRng {
    rand_signal::SeedableRng::seed_from_u64(7)
}

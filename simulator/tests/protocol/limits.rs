//! Every limit closes the connection that passed it, says so in a counter and a log line, and nobody else notices.

use futures::SinkExt as _;
use tokio_websockets::Message;
use waspnest_simulator::{Config, NewAccount, Simulator, StanzaLimits};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::noise::framing::{FrameDecoder, encode_frame};
use whatsapp_rust::wacore::noise::{IkHandshakeState, XxHandshakeState};
use whatsapp_rust::wacore_binary::consts::WA_CONN_HEADER;
use whatsapp_rust::wacore_binary::marshal::marshal;
use whatsapp_rust::waproto::codec::client_payload_to_vec;

use crate::client::{Companion, counted};
use crate::raw::{RawClient, closed, dial, next_frame as frame, ping};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stanzas_over_the_limits_end_their_connection() {
    let simulator = Simulator::start(Config {
        stanzas: StanzaLimits {
            depth: 4,
            children: 1_000,
            attributes: 4,
            elements: 1_500,
        },
        max_frame: 1 << 20,
        ..Config::default()
    })
    .await
    .unwrap();
    let leaf = || NodeBuilder::new("count").build();
    let wide = |count: usize| NodeBuilder::new("list").children((0..count).map(|_| leaf())).build();
    let deep = (0..4).fold(leaf(), |inner, _| NodeBuilder::new("item").children([inner]).build());
    let many = (0..5).fold(NodeBuilder::new("ib"), |node, n| {
        node.attr(["id", "to", "from", "type", "t"][n], "x")
    });
    let both = NodeBuilder::new("ib").children([wide(800), wide(800)]).build();
    let plain = |node| marshal(&node).unwrap();
    // A list of lists, each of which promises 65,535 elements; addresses inside addresses; a few bytes that unpack to millions.
    let promises = [&[0][..], &[0xf8, 0x02, 0x05, 0xf9, 0xff, 0xff].repeat(100)].concat();
    let addresses = [&[0, 0xf8, 0x03, 0x05, 0x06][..], &[0xfa].repeat(60_000)].concat();
    let cases: [(&str, Vec<u8>); 8] = [
        ("children", plain(wide(1_001))),
        ("depth", plain(deep)),
        ("attributes", plain(many.build())),
        ("elements", plain(both)),
        ("promises", promises),
        ("addresses", addresses),
        ("a bomb", bomb(64 << 20)),
        ("a frame", vec![0; (1 << 20) + 1]),
    ];
    let mut bystander = RawClient::connect(simulator.addr(), &simulator.url()).await;
    bystander.code().await;
    for (n, (name, plain)) in cases.into_iter().enumerate() {
        let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
        client.code().await;
        client.send_plain(&plain).await;
        closed(&mut client.socket).await;
        counted(&simulator, |stats| stats.rejected_connections == n as u64 + 1).await;
        bystander.send(&ping(name)).await;
        assert_eq!(bystander.answered(name).await, [name]);
    }
    simulator.shutdown().await;
}

/// A packed stanza of so many zeros: what says that it is compressed, and blocks of zlib that repeat one byte.
fn bomb(length: usize) -> Vec<u8> {
    // Header; then one final block with fixed codes: a zero, then as many copies of 258 bytes at distance 1 as fit, and the end.
    let mut bits = Bits::default();
    bits.push(1, 1);
    bits.push(1, 2);
    bits.push_code(0x30, 8);
    for _ in 0..length / 258 {
        bits.push_code(0xc5, 8);
        bits.push_code(0, 5);
    }
    bits.push_code(0, 7);
    [&[2, 0x78, 0x9c][..], &bits.bytes].concat()
}

/// Bits, the lowest of a byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn push(&mut self, value: u32, count: u32) {
        for bit in 0..count {
            if self.used == 0 {
                self.bytes.push(0);
            }
            let last = self.bytes.last_mut().unwrap();
            *last |= u8::from(value >> bit & 1 == 1) << self.used;
            self.used = (self.used + 1) % 8;
        }
    }

    /// Codes go highest bit first.
    fn push_code(&mut self, code: u32, length: u32) {
        for bit in (0..length).rev() {
            self.push(code >> bit & 1, 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_is_played_back_is_closed_and_the_device_stays_connected() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let account = simulator
        .create_account(NewAccount {
            push_name: "Ada".to_owned(),
            phone: None,
        })
        .unwrap();
    let linked = RawClient::linked(&simulator, &account).await;
    let device = linked.device.clone();
    drop(linked);
    // It knows the server from an XX handshake and comes back with IK, which somebody records.
    let payload = client_payload_to_vec(&device.get_client_payload());
    let mut xx = XxHandshakeState::new(device.noise_key.clone(), payload.clone(), &WA_CONN_HEADER).unwrap();
    let xx_hello = encode_frame(&xx.build_client_hello().unwrap(), Some(&WA_CONN_HEADER)).unwrap();
    let mut socket = dial(simulator.addr(), &simulator.url()).await;
    socket.send(Message::binary(xx_hello.clone())).await.unwrap();
    let reply = frame(&mut socket, &mut FrameDecoder::new()).await.unwrap();
    let xx_finish = xx.read_server_hello_and_build_client_finish(&reply).unwrap();
    let server = xx.finish().unwrap().server_cert_chain.leaf_key;
    drop(socket);

    let mut ik = IkHandshakeState::new(device.noise_key.clone(), server, payload, &WA_CONN_HEADER).unwrap();
    let ik_hello = encode_frame(&ik.build_client_hello().unwrap(), Some(&WA_CONN_HEADER)).unwrap();
    let mut real = dial(simulator.addr(), &simulator.url()).await;
    real.send(Message::binary(ik_hello.clone())).await.unwrap();
    frame(&mut real, &mut FrameDecoder::new())
        .await
        .expect("the handshake is answered");
    counted(&simulator, |stats| stats.logins == 2).await;
    counted(&simulator, |stats| stats.connections == 1).await;

    for (n, recorded) in [&ik_hello, &xx_hello].into_iter().enumerate() {
        let mut thief = dial(simulator.addr(), &simulator.url()).await;
        thief.send(Message::binary(recorded.clone())).await.unwrap();
        closed(&mut thief).await;
        counted(&simulator, |stats| stats.rejected_connections == n as u64 + 1).await;
    }
    // The last message of another handshake is of no use either.
    let mut thief = dial(simulator.addr(), &simulator.url()).await;
    let own = XxHandshakeState::new(device.noise_key.clone(), Vec::new(), &WA_CONN_HEADER).unwrap();
    let hello = encode_frame(&own.build_client_hello().unwrap(), Some(&WA_CONN_HEADER)).unwrap();
    thief.send(Message::binary(hello)).await.unwrap();
    frame(&mut thief, &mut FrameDecoder::new()).await.expect("an answer");
    let finish = encode_frame(&xx_finish, None).unwrap();
    thief.send(Message::binary(finish)).await.unwrap();
    closed(&mut thief).await;
    counted(&simulator, |stats| stats.rejected_connections == 3).await;

    let stats = simulator.stats();
    assert_eq!((stats.logins, stats.connections), (2, 1), "the device was not replaced");
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_connections_than_allowed_are_refused_and_places_are_given_back() {
    let simulator = Simulator::start(Config {
        max_connections: 4,
        max_connections_per_source: 3,
        max_handshakes: 2,
        ..Config::default()
    })
    .await
    .unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    // Two that never get further than their socket.
    let url = simulator.url();
    let first = dial(simulator.addr(), &url).await;
    let second = dial(simulator.addr(), &url).await;
    counted(&simulator, |stats| stats.connections == 3).await;
    let refused = tokio::net::TcpStream::connect(simulator.addr()).await.unwrap();
    let mut byte = [0];
    refused.readable().await.unwrap();
    assert_eq!(refused.try_read(&mut byte).unwrap_or_default(), 0);
    counted(&simulator, |stats| stats.refused_connections == 1).await;

    drop((first, second));
    counted(&simulator, |stats| stats.connections == 1).await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "there is room again").await;
    ben.events.text("there is room again").await;
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}

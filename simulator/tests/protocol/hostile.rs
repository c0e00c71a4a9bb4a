//! Bytes no client should send: each ends its own connection and nothing else.

use std::time::Duration;

use futures::SinkExt as _;
use tokio::time::timeout;
use tokio_websockets::Message;
use waspnest_simulator::{Config, NewAccount, Simulator};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::noise::framing::encode_frame;

use crate::client::{Companion, PATIENCE, counted};
use crate::raw::{RawClient, closed, dial, ping};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_closes_the_connection_and_hurts_nobody() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;

    let handshakes: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"WA\x07\x03\x00\x00\x01x",
        b"WA\x06\x03\x00\x00\x00",
        b"WA\x06\x03\x00\x00\x05\xff\xff\xff\xff\xff",
        b"WA\x06\x03\xff\xff\xff",
        b"ED\x00\x02\x00\x00\x00WA\x06\x03",
    ];
    for bytes in handshakes {
        let mut socket = dial(simulator.addr(), &simulator.url()).await;
        socket.send(Message::binary(bytes.to_vec())).await.unwrap();
        closed(&mut socket).await;
    }
    // Past the handshake: not sealed, sealed but not a stanza, too large, and lists nested without end.
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    let unsealed = encode_frame(&[7; 40], None).unwrap();
    client.socket.send(Message::binary(unsealed)).await.unwrap();
    closed(&mut client.socket).await;
    let nested = [&[0][..], &[0xf8, 0x01].repeat(50_000)].concat();
    for plain in [&b"\x00"[..], b"\x02\xff\xff", b"\x00\xf8\xff", &nested] {
        let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
        client.send_plain(plain).await;
        closed(&mut client.socket).await;
    }
    counted(&simulator, |stats| stats.rejected_connections == 11).await;

    // The others never noticed.
    ada.say(&ben.account, "still here?").await;
    ben.events.text("still here?").await;
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unpaired_client_can_ping_and_nothing_else() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let account = simulator
        .create_account(NewAccount {
            push_name: "Ada".to_owned(),
            phone: None,
        })
        .unwrap();
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    client.code().await;
    let forged = NodeBuilder::new("message")
        .attr("to", account.jid())
        .attr("id", "F0")
        .attr("type", "text")
        .children([NodeBuilder::new("enc").bytes(vec![1, 2, 3]).build()])
        .build();
    client.send(&forged).await;
    client.send(&ping("p1")).await;
    let pong = client.receive().await.expect("a pong");
    assert_eq!(
        pong.attrs.get("id").map(|id| id.as_str().into_owned()).as_deref(),
        Some("p1")
    );
    assert_eq!(simulator.stats().messages, 0);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_or_unfinished_client_is_cut_off() {
    let simulator = Simulator::start(Config {
        handshake_timeout: Duration::from_millis(200),
        ..Config::default()
    })
    .await
    .unwrap();
    let mut socket = dial(simulator.addr(), &simulator.url()).await;
    socket.send(Message::binary(b"WA\x06".to_vec())).await.unwrap();
    closed(&mut socket).await;
    counted(&simulator, |stats| stats.rejected_connections == 1).await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_cut_off() {
    let simulator = Simulator::start(Config {
        write_timeout: Duration::from_millis(300),
        log_stanzas: 16,
        ..Config::default()
    })
    .await
    .unwrap();
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    client.code().await;
    // Answers pile up unread until the sockets' buffers are full; then the server stops reading too, and in the end it hangs up.
    let flood = async {
        for n in 0_u64.. {
            if client.try_send(&ping(&format!("{n:0>60}"))).await.is_err() {
                return n;
            }
        }
        unreachable!("a range without an end")
    };
    let sent = timeout(PATIENCE, flood).await.expect("the server hangs up");
    println!("cut off after {sent} pings");
    counted(&simulator, |stats| stats.rejected_connections == 1).await;
    simulator.shutdown().await;
}

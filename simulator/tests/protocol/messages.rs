//! Messages between real clients, and the acknowledgements and receipts around them.

use std::collections::HashSet;
use std::time::Instant;

use futures::StreamExt as _;
use waspnest_simulator::{Config, Direction, NewAccount, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore::types::presence::ReceiptType;

use crate::client::{Companion, PATIENCE, end, settled, strict};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_both_ways_to_every_device_and_are_acknowledged() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;

    let hello = ada.say(&ben.account, "hello").await;
    assert_eq!(ben.events.text("hello").await, hello);
    let answer = ben.say(&ada.account, "hello yourself").await;
    assert_eq!(ada.events.text("hello yourself").await, answer);

    // The log shows the acknowledgement to the sender, after the message came in.
    let sent = simulator
        .wait_stanza(
            0,
            |r| r.tag == "message" && r.id == hello && r.direction == Direction::In,
            PATIENCE,
        )
        .await
        .expect("the message");
    let ack = simulator
        .wait_stanza(
            sent.seq,
            |r| r.tag == "ack" && r.id == hello && r.direction == Direction::Out,
            PATIENCE,
        )
        .await
        .expect("its acknowledgement");
    assert!(ack.xml.contains("class=\"message\""), "{}", ack.xml);
    assert!(!ack.xml.contains("error="), "{}", ack.xml);
    assert_eq!(ack.account.as_deref(), Some(ada.account.phone.as_str()));

    // A second companion of Ben's gets what follows, and so does Ben's first one of what the second sends.
    let mut tablet = Companion::link(&simulator, ben.account.clone()).await;
    ada.events
        .first("Ada learns of Ben's new device", |event| match event {
            Event::DeviceListUpdate(_) => Some(()),
            _ => None,
        })
        .await;
    ada.say(&ben.account, "to both").await;
    ben.events.text("to both").await;
    tablet.events.text("to both").await;
    tablet.say(&ada.account, "from the tablet").await;
    ada.events.text("from the tablet").await;
    ben.events.text("from the tablet").await;

    for companion in [&mut ada, &mut ben, &mut tablet] {
        assert_eq!(companion.events.undecryptable(), 0);
        companion.stop().await;
    }
    // Every message also went to the phones on both sides, and they could read it.
    let stats = simulator.stats();
    println!("{stats:?}");
    assert!(stats.messages >= 4, "{stats:?}");
    assert!(stats.phone_decrypted >= 8, "{stats:?}");
    assert_eq!((stats.phone_undecryptable, stats.refused_messages), (0, 0));
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_reach_the_sender_and_clear_the_queue() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let id = ada.say(&ben.account, "read me").await;
    ben.events.text("read me").await;
    let receipt = |wanted: fn(&ReceiptType) -> bool| {
        let id = id.clone();
        move |event: &Event| match event {
            Event::Receipt(receipt) if wanted(&receipt.r#type) && receipt.message_ids.contains(&id) => Some(()),
            _ => None,
        }
    };
    ada.events
        .first(
            "the delivery receipt",
            receipt(|kind| matches!(kind, ReceiptType::Delivered | ReceiptType::Inactive)),
        )
        .await;
    let chat: Jid = ada.account.jid().parse().unwrap();
    ben.client().mark_as_read(&chat, None, &[id.as_str()]).await.unwrap();
    ada.events
        .first("the read receipt", receipt(|kind| *kind == ReceiptType::Read))
        .await;
    // Both receipts are acknowledged too: nothing is left to send again.
    settled(&simulator).await;
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_is_shown_and_unknown_numbers_are_refused() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let to: Jid = ben.account.jid().parse().unwrap();
    ada.client().chatstate().send_composing(&to).await.unwrap();
    ben.events
        .first("typing", |event| match event {
            Event::ChatPresence(_) => Some(()),
            _ => None,
        })
        .await;

    let nobody: Jid = "99900000001@s.whatsapp.net".parse().unwrap();
    let found = ada.client().contacts().is_on_whatsapp(&[nobody, to]).await.unwrap();
    let registered: Vec<bool> = found.iter().map(|result| result.is_registered).collect();
    assert_eq!(registered, [false, true]);
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_to_a_lid_comes_from_a_lid() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let id = ada.say_to(&ben.account.lid_jid(), "by lid").await;
    assert_eq!(ben.events.text("by lid").await, id);
    let delivered = simulator
        .wait_stanza(
            0,
            |r| {
                r.id == id
                    && r.tag == "message"
                    && r.direction == Direction::Out
                    && r.account.as_deref() == Some(&ben.account.phone)
            },
            PATIENCE,
        )
        .await
        .expect("the copy for Ben");
    let asked = simulator
        .stanzas(0, usize::MAX)
        .into_iter()
        .find(|r| r.id == id && r.direction == Direction::In && r.tag == "message")
        .expect("the message");
    // The namespace that was addressed is the one that is answered in, with the other one beside it.
    let (from, beside) = if asked.xml.contains(&format!("to=\"{}\"", ben.account.lid_jid())) {
        (&ada.account.lid, format!("sender_pn=\"{}\"", ada.account.jid()))
    } else {
        (&ada.account.phone, format!("sender_lid=\"{}\"", ada.account.lid_jid()))
    };
    assert!(
        delivered.xml.contains(&format!("from=\"{from}:1@")),
        "{}",
        delivered.xml
    );
    assert!(delivered.xml.contains(&beside), "{}", delivered.xml);
    settled(&simulator).await;
    assert_eq!(simulator.stats().phone_undecryptable, 0);
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_could_not_be_read_is_asked_for_and_sent_again() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "one").await;
    ben.events.text("one").await;
    ben.say(&ada.account, "two").await;
    ada.events.text("two").await;
    settled(&simulator).await;
    ben.stop().await;
    ben.forget_sessions_with(&ada).await;
    ben.start().await;
    ben.connected().await;
    let id = ada.say(&ben.account, "three").await;
    assert_eq!(ben.events.text("three").await, id);
    let retry = simulator
        .stanzas(0, usize::MAX)
        .into_iter()
        .find(|r| r.tag == "receipt" && r.id == id && r.xml.contains("type=\"retry\""));
    assert!(retry.is_some(), "it was read at once: the session was not forgotten");
    settled(&simulator).await;
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_with_many_messages_in_flight() {
    const COUNT: usize = 400;
    const IN_FLIGHT: usize = 16;
    let simulator = Simulator::start(Config {
        log_stanzas: 100_000,
        // Little room on the way out: the queue has to wait for the socket, and answers still find their place.
        outgoing_stanzas: 64,
        ..Config::default()
    })
    .await
    .unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "first contact").await;
    ben.events.text("first contact").await;

    let began = Instant::now();
    let (from_ada, from_ben) = tokio::join!(burst(&ada, &ben, COUNT, IN_FLIGHT), burst(&ben, &ada, COUNT, IN_FLIGHT));
    for (companion, sent) in [(&ben, &from_ada), (&ada, &from_ben)] {
        companion
            .events
            .until("every message", |events| {
                let received: HashSet<String> = events.texts().into_iter().map(|(id, _)| id).collect();
                sent.is_subset(&received).then_some(())
            })
            .await;
        assert_eq!(companion.events.undecryptable(), 0);
    }
    let took = began.elapsed();
    settled(&simulator).await;
    let stats = simulator.stats();
    println!(
        "{} messages in {} ms: {:.0} a second, unoptimised; {stats:?}",
        2 * COUNT,
        took.as_millis(),
        2.0 * COUNT as f64 / took.as_secs_f64()
    );
    assert_eq!(stats.logins, 2, "nobody was cut off");
    assert_eq!(stats.messages, 2 * COUNT as u64 + 1);
    assert_eq!(
        (stats.redeliveries, stats.phone_undecryptable, stats.refused_messages),
        (0, 0, 0)
    );
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_companion_sets_the_other_one_sees() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut tablet = Companion::link(&simulator, ada.account.clone()).await;
    let ben = simulator.create_account(NewAccount::default()).unwrap();
    let chat: Jid = ben.jid().parse().unwrap();
    ada.client().chat_actions().pin_chat(&chat).await.unwrap();
    let pinned = tablet
        .events
        .first("the pin", |event| match event {
            Event::PinUpdate(update) => Some(format!("{update:?}")),
            _ => None,
        })
        .await;
    assert!(pinned.contains(&ben.phone) || pinned.contains(&ben.lid), "{pinned}");
    ada.stop().await;
    tablet.stop().await;
    end(simulator).await;
}

/// Sends `count` messages, some at a time, and returns their ids.
async fn burst(from: &Companion, to: &Companion, count: usize, in_flight: usize) -> HashSet<String> {
    let sends: Vec<_> = (0..count).map(|n| say(from, to, format!("number {n}"))).collect();
    futures::stream::iter(sends).buffer_unordered(in_flight).collect().await
}

async fn say(from: &Companion, to: &Companion, text: String) -> String {
    from.say(&to.account, &text).await
}

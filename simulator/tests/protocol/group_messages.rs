//! Messages in groups: sender keys, who gets them, who may write, and what happens when a key is missing.

use waspnest_simulator::{Direction, Simulator};
use whatsapp_rust::wacore::stanza::groups::GroupNotificationAction as Action;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore::types::presence::ReceiptType;
use whatsapp_rust::{Jid, NodeBuilder};

use crate::circle::{Circle, found, lid, noticed, pn, send};
use crate::client::{Companion, end, settled, strict};

/// Waits until everybody but the writer has read a text; its id, as each of them has it.
async fn others_read(members: &[&Companion], writer: &Companion, text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for reader in members {
        if reader.account != writer.account {
            ids.push(reader.events.text(text).await);
        }
    }
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_reads_what_anybody_writes() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    let members = [&circle.ada, &circle.ben, &circle.cleo];
    for round in 0..2 {
        for writer in members {
            let text = format!("{round} from {}", writer.account.push_name);
            let id = writer.say_to(&group.to_string(), &text).await;
            assert_eq!(others_read(&members, writer, &text).await, [id.clone(), id]);
        }
    }
    // The sender stands beside the group, under both addresses.
    let sources = circle.ben.events.all(|event| match event {
        Event::Messages(batch) => Some(
            batch
                .iter()
                .map(|inbound| inbound.info.source.clone())
                .collect::<Vec<_>>(),
        ),
        _ => None,
    });
    let sources: Vec<_> = sources.into_iter().flatten().filter(|source| source.is_group).collect();
    assert_eq!(sources.len(), 4);
    for source in &sources {
        assert_eq!(source.chat, group);
        assert!(source.sender.is_lid(), "{:?}", source.sender);
        assert!(
            source.sender_alt.as_ref().is_some_and(Jid::is_pn),
            "{:?}",
            source.sender_alt
        );
    }
    settled(&circle.simulator).await;
    let stats = circle.simulator.stats();
    assert_eq!(
        (stats.refused_messages, stats.retry_receipts, stats.phone_undecryptable),
        (0, 0, 0)
    );
    for member in members {
        assert_eq!(member.events.undecryptable(), 0);
    }
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_go_to_the_writer_and_say_who_read() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    let id = circle.ada.say_to(&group.to_string(), "read this").await;
    for reader in [&circle.ben, &circle.cleo] {
        assert_eq!(reader.events.text("read this").await, id);
        let sender = lid(&circle.ada);
        reader
            .client()
            .mark_as_read(&group, Some(&sender), &[&id])
            .await
            .unwrap();
    }
    for reader in [&circle.ben, &circle.cleo] {
        for wanted in [true, false] {
            circle
                .ada
                .events
                .first("a receipt", |event| match event {
                    Event::Receipt(receipt) if receipt.message_ids.contains(&id) => {
                        let read = receipt.r#type == ReceiptType::Read;
                        let source = &receipt.source;
                        (read == wanted && source.chat == group && source.sender.to_non_ad() == lid(reader))
                            .then(|| assert_eq!(source.sender_alt, Some(pn(reader))))
                    }
                    _ => None,
                })
                .await;
        }
    }
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_member_reads_what_follows_and_a_removed_one_neither_reads_nor_writes() {
    let circle = Circle::gather().await;
    let Circle {
        ada,
        ben,
        cleo,
        simulator,
    } = &circle;
    let group = found(ada, "Two", &[ben]).await;
    noticed(ben, &group, "create", |action| matches!(action, Action::Create { .. })).await;
    let chat = group.to_string();
    ada.say_to(&chat, "before Cleo").await;
    ben.events.text("before Cleo").await;
    ben.say_to(&chat, "me too").await;
    ada.events.text("me too").await;

    ada.client()
        .groups()
        .add_participants(group.clone(), &[pn(cleo)])
        .await
        .unwrap();
    for member in [ada, ben, cleo] {
        noticed(member, &group, "add", |action| matches!(action, Action::Add { .. })).await;
    }
    for (writer, text) in [(ada, "with Cleo"), (ben, "welcome"), (cleo, "thank you")] {
        writer.say_to(&chat, text).await;
        others_read(&[ada, ben, cleo], writer, text).await;
    }
    settled(simulator).await;
    assert!(!cleo.events.texts().iter().any(|(_, text)| text == "before Cleo"));

    ada.client()
        .groups()
        .remove_participants(group.clone(), &[pn(cleo)])
        .await
        .unwrap();
    for member in [ada, ben, cleo] {
        noticed(member, &group, "remove", |action| {
            matches!(action, Action::Remove { .. })
        })
        .await;
    }
    ada.say_to(&chat, "without Cleo").await;
    ben.events.text("without Cleo").await;
    let forced = NodeBuilder::new("message")
        .attr("to", group.clone())
        .attr("id", "FORCED")
        .attr("type", "text")
        .attr("addressing_mode", "lid")
        .children([NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", "skmsg")
            .bytes(vec![1; 40])
            .build()])
        .build();
    send(cleo, forced).await;
    let ack = circle.reply("ack", "FORCED").await;
    assert!(ack.xml.contains("error=\"403\""), "{}", ack.xml);
    settled(simulator).await;
    assert!(!cleo.events.texts().iter().any(|(_, text)| text == "without Cleo"));
    let reached: Vec<String> = simulator
        .stanzas(0, usize::MAX)
        .into_iter()
        .filter(|r| r.tag == "message" && r.id == "FORCED" && r.direction == Direction::Out)
        .map(|r| r.xml)
        .collect();
    assert!(reached.is_empty(), "{reached:?}");
    assert_eq!((ada.events.undecryptable(), ben.events.undecryptable()), (0, 0));
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_an_announcement_group_only_admins_write() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    circle
        .ada
        .client()
        .groups()
        .set_announce(group.clone(), true)
        .await
        .unwrap();
    let refused = circle.ben.say_to(&group.to_string(), "may I?").await;
    let ack = circle.reply("ack", &refused).await;
    assert!(ack.xml.contains("error=\"403\""), "{}", ack.xml);
    circle.ada.say_to(&group.to_string(), "I may").await;
    circle.cleo.events.text("I may").await;
    settled(&circle.simulator).await;
    assert!(!circle.cleo.events.texts().iter().any(|(_, text)| text == "may I?"));
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_away_gets_everything_in_order_keys_first() {
    let mut circle = Circle::gather().await;
    let group = circle.group().await;
    let chat = group.to_string();
    circle.cleo.stop().await;
    let mut said = Vec::new();
    for n in 0..5 {
        let writer = if n % 2 == 0 { &circle.ada } else { &circle.ben };
        let text = format!("while away {n}");
        writer.say_to(&chat, &text).await;
        // The next one is written after this one was heard, so there is one order.
        let other = if n % 2 == 0 { &circle.ben } else { &circle.ada };
        other.events.text(&text).await;
        said.push(text);
    }
    circle.cleo.start().await;
    circle.cleo.events.text(&said[4]).await;
    let heard: Vec<String> = circle.cleo.events.texts().into_iter().map(|(_, text)| text).collect();
    assert_eq!(heard, said);
    assert_eq!(circle.cleo.events.undecryptable(), 0);
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_without_its_key_is_asked_for_and_sent_again() {
    let mut circle = Circle::gather().await;
    let group = circle.group().await;
    let chat = group.to_string();
    circle.ada.say_to(&chat, "one").await;
    circle.ben.events.text("one").await;
    circle.cleo.events.text("one").await;
    settled(&circle.simulator).await;
    circle.ben.stop().await;
    circle.ben.forget_sender_key(&group, &circle.ada).await;
    circle.ben.start().await;
    circle.ben.connected().await;
    let id = circle.ada.say_to(&chat, "two").await;
    assert_eq!(circle.ben.events.text("two").await, id);
    circle.cleo.events.text("two").await;
    let retry = circle
        .simulator
        .stanzas(0, usize::MAX)
        .into_iter()
        .find(|r| r.tag == "receipt" && r.id == id && r.xml.contains("type=\"retry\""));
    assert!(retry.is_some(), "it was read at once: the key was not forgotten");
    settled(&circle.simulator).await;
    // It was sent again to the one who asked, and to nobody else.
    let copies = circle
        .simulator
        .stanzas(0, usize::MAX)
        .into_iter()
        .filter(|r| r.tag == "message" && r.id == id && r.direction == Direction::Out)
        .filter(|r| r.account.as_deref() == Some(circle.cleo.account.phone.as_str()))
        .count();
    assert_eq!(copies, 1);
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_devices_of_all_members_get_a_message_the_writers_own_included() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    let chat = group.to_string();
    circle.ada.say_to(&chat, "before the tablets").await;
    circle.ben.events.text("before the tablets").await;
    let mut ada_tablet = Companion::link(&circle.simulator, circle.ada.account.clone()).await;
    let mut ben_tablet = Companion::link(&circle.simulator, circle.ben.account.clone()).await;
    settled(&circle.simulator).await;
    circle.ada.say_to(&chat, "to all").await;
    for reader in [&circle.ben, &circle.cleo, &ada_tablet, &ben_tablet] {
        reader.events.text("to all").await;
    }
    ada_tablet.say_to(&chat, "from the tablet").await;
    for reader in [&circle.ada, &circle.ben, &circle.cleo, &ben_tablet] {
        reader.events.text("from the tablet").await;
    }
    settled(&circle.simulator).await;
    assert_eq!(circle.simulator.stats().phone_undecryptable, 0);
    ada_tablet.stop().await;
    ben_tablet.stop().await;
    circle.part().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_with_a_stale_list_of_devices_is_told() {
    let circle = Circle::gather().await;
    let group = circle.group().await;
    let id = circle.ada.say_to(&group.to_string(), "right").await;
    let ack = circle.reply("ack", &id).await;
    assert!(!ack.xml.contains("phash"), "the client's list was right: {}", ack.xml);
    let stale = |mode: &str, id: &str| {
        NodeBuilder::new("message")
            .attr("to", group.clone())
            .attr("id", id)
            .attr("type", "text")
            .attr("phash", "2:AAAAAAAA")
            .attr("addressing_mode", mode)
            .children([NodeBuilder::new("enc")
                .attr("v", "2")
                .attr("type", "skmsg")
                .attr("decrypt-fail", "hide")
                .bytes(vec![1; 40])
                .build()])
            .build()
    };
    send(&circle.ada, stale("pn", "BYNUMBER")).await;
    let ack = circle.reply("ack", "BYNUMBER").await;
    assert!(ack.xml.contains("error=\"421\""), "{}", ack.xml);
    send(&circle.ada, stale("lid", "STALE")).await;
    let ack = circle.reply("ack", "STALE").await;
    assert!(
        ack.xml.contains("phash=\"2:") && !ack.xml.contains("2:AAAAAAAA"),
        "{}",
        ack.xml
    );
    let mut circle = circle;
    for companion in [&mut circle.ada, &mut circle.ben, &mut circle.cleo] {
        companion.stop().await;
    }
    circle.simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_in_a_group_is_seen_by_its_members_and_by_nobody_else() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let group = found(&ada, "Two", &[&ben]).await;
    noticed(&ben, &group, "create", |action| matches!(action, Action::Create { .. })).await;
    ada.client().chatstate().send_composing(&group).await.unwrap();
    ben.events
        .first("typing", |event| match event {
            Event::ChatPresence(update) if update.source.chat == group => {
                assert_eq!(update.source.sender.to_non_ad(), lid(&ada));
                Some(())
            }
            _ => None,
        })
        .await;
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_in_the_group_gets_nothing_out_of_it() {
    let circle = Circle::gather().await;
    let Circle {
        ada,
        ben,
        cleo,
        simulator,
    } = &circle;
    let group = found(ada, "Two", &[ben]).await;
    noticed(ben, &group, "create", |action| matches!(action, Action::Create { .. })).await;
    let id = ada.say_to(&group.to_string(), "between us").await;
    ben.events.text("between us").await;

    // Nobody outside can ask for a message to be sent again,
    let ada_device: Jid = format!("{}:{}@lid", ada.account.lid, ada.device).parse().unwrap();
    let retry = NodeBuilder::new("receipt")
        .attr("to", group.clone())
        .attr("id", id.as_str())
        .attr("type", "retry")
        .attr("participant", ada_device)
        .children([NodeBuilder::new("retry")
            .attr("v", "1")
            .attr("id", id.as_str())
            .attr("count", "1")
            .build()])
        .build();
    send(cleo, retry).await;
    // nor be sent a key by somebody inside,
    let leak = |id: &str, inside: NodeBuilder| {
        NodeBuilder::new("message")
            .attr("to", group.clone())
            .attr("id", id)
            .attr("type", "text")
            .attr("addressing_mode", "lid")
            .children([inside.build()])
            .build()
    };
    let enc = || {
        NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", "msg")
            .bytes(vec![1; 40])
            .build()
    };
    let to_cleo = NodeBuilder::new("participants").children([NodeBuilder::new("to")
        .attr("jid", format!("{}:{}@lid", cleo.account.lid, cleo.device))
        .children([enc()])
        .build()]);
    send(ada, leak("LEAK-1", to_cleo)).await;
    assert!(
        circle.reply("ack", "LEAK-1").await.xml.contains("error=\"400\""),
        "there is no text in it"
    );
    let mut again = leak(
        "LEAK-2",
        NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", "msg")
            .bytes(vec![1; 40]),
    );
    again
        .attrs
        .insert("participant", format!("{}:{}@lid", cleo.account.lid, cleo.device));
    send(ada, again).await;
    assert!(circle.reply("ack", "LEAK-2").await.xml.contains("error=\"404\""));
    // nor see who is typing.
    ada.client().chatstate().send_composing(&group).await.unwrap();
    ben.events
        .first("typing", |event| matches!(event, Event::ChatPresence(_)).then_some(()))
        .await;
    settled(simulator).await;
    let leaked: Vec<String> = simulator
        .stanzas(0, usize::MAX)
        .into_iter()
        .filter(|r| r.direction == Direction::Out && r.account.as_deref() == Some(cleo.account.phone.as_str()))
        .filter(|r| r.tag != "ack" && r.xml.contains(&group.to_string()))
        .map(|r| r.xml)
        .collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    let nowhere = NodeBuilder::new("message")
        .attr("to", "120363999999999999@g.us")
        .attr("id", "NOWHERE")
        .attr("type", "text")
        .children([enc()])
        .build();
    send(ada, nowhere).await;
    assert!(circle.reply("ack", "NOWHERE").await.xml.contains("error=\"404\""));
    circle.part().await;
}

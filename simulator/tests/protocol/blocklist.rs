//! Blocking: who is blocked, who is told, and what does not get through.

use waspnest_simulator::{Direction, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, PATIENCE, announced, end, settled, strict};

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_is_kept_told_to_siblings_and_taken_back() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut tablet = Companion::link(&simulator, ada.account.clone()).await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let ben_jid = jid(&ben.account.jid());
    ada.say(&ben.account, "hello").await;
    ben.events.text("hello").await;

    ada.client().blocking().block(&ben_jid).await.unwrap();
    assert!(ada.client().blocking().is_blocked(&ben_jid).await.unwrap());
    assert_eq!(
        simulator.blocked(&ada.account.phone).unwrap(),
        [ben.account.phone.clone()]
    );
    let told = async |device: u16, action: &str| {
        let part = format!("<item action=\"{action}\" jid=\"{}\"", ben.account.lid_jid());
        let found = simulator
            .wait_stanza(
                0,
                |r| r.tag == "notification" && r.device == Some(device) && r.xml.contains(&part),
                PATIENCE,
            )
            .await;
        found.unwrap_or_else(|| panic!("device {device} is never told of {part}"))
    };
    let notice = told(tablet.device, "block").await;
    assert!(notice.xml.contains("type=\"account_sync\""), "{}", notice.xml);
    // The tablet knows Ben by the address on the list only.
    let ben_lid = jid(&ben.account.lid_jid());
    assert!(tablet.client().blocking().is_blocked(&ben_lid).await.unwrap());

    // The phone takes it back: both companions are told.
    simulator.unblock(&ada.account.phone, &ben.account.phone).unwrap();
    for device in [ada.device, tablet.device] {
        told(device, "unblock").await;
    }
    assert!(ada.client().blocking().get_blocklist().await.unwrap().is_empty());
    settled(&simulator).await;
    for companion in [&mut ada, &mut tablet, &mut ben] {
        companion.stop().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_blocked_person_gets_through_and_they_see_one_tick() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let (ada_jid, ben_jid) = (jid(&ada.account.jid()), jid(&ben.account.jid()));
    ada.say(&ben.account, "hello").await;
    ben.events.text("hello").await;
    announced(&simulator, &ada).await;
    ben.client().presence().subscribe(&ada_jid).await.unwrap();
    let presences = |companion: &Companion| {
        companion.events.all(|event| match event {
            Event::Presence(update) => Some(update.unavailable),
            _ => None,
        })
    };
    ben.events
        .until("Ada's presence", |_| presences(&ben).contains(&false).then_some(()))
        .await;

    simulator.block(&ada.account.phone, &ben.account.phone).unwrap();
    // To Ben, Ada has left at that moment, for all Ben can tell. His client may show what came before a little later.
    ben.events
        .until("Ada is gone", |_| presences(&ben).contains(&true).then_some(()))
        .await;
    // The message is accepted and goes nowhere; neither typing nor anything else arrives.
    ben.client().chatstate().send_composing(&ada_jid).await.unwrap();
    let id = ben.say(&ada.account, "do you hear me").await;
    let ack = simulator
        .wait_stanza(
            0,
            |r| r.tag == "ack" && r.direction == Direction::Out && r.id == id,
            PATIENCE,
        )
        .await
        .unwrap();
    assert!(!ack.xml.contains("error="), "{}", ack.xml);

    simulator.unblock(&ada.account.phone, &ben.account.phone).unwrap();
    ben.say(&ada.account, "and now").await;
    ada.events.text("and now").await;
    let texts: Vec<String> = ada.events.texts().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["and now"]);
    let typing = ada
        .events
        .all(|event| matches!(event, Event::ChatPresence(_)).then_some(()));
    assert!(typing.is_empty());
    // Ada never hid from Ada's own point of view.
    announced(&simulator, &ben).await;
    ada.client().presence().subscribe(&ben_jid).await.unwrap();
    ada.events
        .until("Ben's presence", |_| presences(&ada).contains(&false).then_some(()))
        .await;
    settled(&simulator).await;
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

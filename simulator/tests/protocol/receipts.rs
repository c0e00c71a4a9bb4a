//! Ticks: who sees which, what is aggregated, and what privacy keeps back.

use waspnest_simulator::{Direction, PrivacyCategory, PrivacyValue, Simulator, StanzaRecord};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::{Event, Receipt};
use whatsapp_rust::wacore::types::presence::ReceiptType;

use crate::client::{Companion, announced, end, settled, strict};

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

fn receipts(companion: &Companion) -> Vec<Receipt> {
    companion.events.all(|event| match event {
        Event::Receipt(receipt) => Some(receipt.clone()),
        _ => None,
    })
}

fn of_kind(kind: ReceiptType, id: &str) -> impl Fn(&Event) -> Option<Receipt> {
    move |event| match event {
        Event::Receipt(receipt) if receipt.r#type == kind && receipt.message_ids.iter().any(|seen| seen == id) => {
            Some(receipt.clone())
        }
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_companion_of_the_sender_and_the_readers_own_see_what_was_read() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut tablet = Companion::link(&simulator, ada.account.clone()).await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    announced(&simulator, &ben).await;
    let chat = jid(&ada.account.jid());

    // A client nobody looks at says so; one that is looked at says delivered.
    ben.client().presence().set_unavailable().await.unwrap();
    let first = ada.say(&ben.account, "one").await;
    ada.events
        .first("an inactive receipt", of_kind(ReceiptType::Inactive, &first))
        .await;
    ben.client().presence().set_available().await.unwrap();
    let mut laptop = Companion::link(&simulator, ben.account.clone()).await;
    ada.events
        .first("Ada learns of the laptop", |event| {
            matches!(event, Event::DeviceListUpdate(update) if update.user.user == ben.account.phone || update.user.user == ben.account.lid)
                .then_some(())
        })
        .await;
    let second = ada.say(&ben.account, "two").await;
    for companion in [&ada, &tablet] {
        companion
            .events
            .first("a delivery receipt", of_kind(ReceiptType::Delivered, &second))
            .await;
    }

    // Several at once are one receipt with a list.
    ben.client()
        .mark_as_read(&chat, None, &[first.as_str(), second.as_str()])
        .await
        .unwrap();
    for companion in [&ada, &tablet] {
        let read = companion
            .events
            .first("a read receipt", of_kind(ReceiptType::Read, &second))
            .await;
        assert!(read.message_ids.contains(&first), "{read:?}");
        assert_eq!(read.source.sender.to_non_ad(), jid(&ben.account.jid()));
    }
    // The reader's other companion learns which chat was read.
    laptop
        .events
        .first("its own account read it", of_kind(ReceiptType::Read, &second))
        .await;
    let told = simulator
        .stanzas(0, usize::MAX)
        .into_iter()
        .find(|r| {
            r.tag == "receipt"
                && r.direction == Direction::Out
                && r.account.as_deref() == Some(ben.account.phone.as_str())
                && r.device == Some(laptop.device)
        })
        .unwrap();
    assert!(
        told.xml.contains(&format!("recipient=\"{}\"", ada.account.jid())),
        "{}",
        told.xml
    );

    // Played is a word of its own.
    ben.client()
        .mark_as_played(&chat, None, &[first.as_str()])
        .await
        .unwrap();
    ada.events.first("played", of_kind(ReceiptType::Played, &first)).await;
    settled(&simulator).await;
    for companion in [&mut ada, &mut tablet, &mut ben, &mut laptop] {
        companion.stop().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hides_blue_ticks_gives_none_and_gets_none() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let (ada_jid, ben_jid) = (jid(&ada.account.jid()), jid(&ben.account.jid()));
    let to_ben = ada.say(&ben.account, "for Ben").await;
    ben.events.text("for Ben").await;
    let to_ada = ben.say(&ada.account, "for Ada").await;
    ada.events.text("for Ada").await;

    // Both clients were told on the way up that nothing is hidden, and say "read"; the server keeps it back (modelled).
    simulator
        .set_privacy(&ben.account.phone, PrivacyCategory::ReadReceipts, PrivacyValue::None)
        .unwrap();
    ben.client()
        .mark_as_read(&ada_jid, None, &[to_ben.as_str()])
        .await
        .unwrap();
    ada.client()
        .mark_as_read(&ben_jid, None, &[to_ada.as_str()])
        .await
        .unwrap();
    // A client that knows sends what stays in the family.
    ben.stop().await;
    ben.start().await;
    ben.connected().await;
    ben.client().fetch_privacy_settings().await.unwrap();
    settled(&simulator).await;

    simulator
        .set_privacy(&ben.account.phone, PrivacyCategory::ReadReceipts, PrivacyValue::All)
        .unwrap();
    let last = ada.say(&ben.account, "and now").await;
    ben.events.text("and now").await;
    ada.client()
        .mark_as_read(&ben_jid, None, &[to_ada.as_str()])
        .await
        .unwrap();
    ben.events
        .first("Ada's blue ticks", of_kind(ReceiptType::Read, &to_ada))
        .await;
    let seen: Vec<ReceiptType> = receipts(&ada).into_iter().map(|receipt| receipt.r#type).collect();
    assert!(!seen.contains(&ReceiptType::Read), "{seen:?}");
    assert!(!last.is_empty());
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receipts_wait_for_who_is_away_in_the_order_of_what_happened() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ben.client().presence().set_available().await.unwrap();
    let chat = jid(&ada.account.jid());
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(ada.say(&ben.account, &format!("number {n}")).await);
    }
    ben.events.text("number 2").await;
    ada.stop().await;
    for id in &ids {
        ben.client().mark_as_read(&chat, None, &[id.as_str()]).await.unwrap();
    }
    ben.client().fetch_privacy_settings().await.unwrap();
    ada.start().await;
    let last = ids.last().unwrap().clone();
    ada.events
        .first("the last tick", of_kind(ReceiptType::Read, &last))
        .await;
    settled(&simulator).await;
    // A connection that ends may be given some of them as well; the one after it gets all.
    let stanzas = simulator.stanzas(0, usize::MAX);
    let to_ada =
        |r: &&StanzaRecord| r.direction == Direction::Out && r.account.as_deref() == Some(ada.account.phone.as_str());
    let login = stanzas.iter().filter(to_ada).rfind(|r| r.tag == "success").unwrap();
    let read: Vec<&str> = stanzas
        .iter()
        .filter(to_ada)
        .filter(|r| r.seq > login.seq && r.tag == "receipt" && r.xml.contains("type=\"read\""))
        .map(|r| r.id.as_str())
        .collect();
    assert_eq!(read, ids);
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

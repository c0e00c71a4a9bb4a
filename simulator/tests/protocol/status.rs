//! Status posts: seen by the people they are for, on all their devices, and taken back.

use waspnest_simulator::human::{Human, Media, MediaKind, ReceiptKind, STATUS_CHAT};
use waspnest_simulator::{Direction, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, PATIENCE, end, settled, strict};
use crate::person::join;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_is_seen_by_whom_it_is_for_and_by_nobody_else() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let desk = Human::join_as(&simulator, anna.account().clone()).await.unwrap();
    let ben = join(&simulator, "Ben").await;
    let tablet = Human::join_as(&simulator, ben.account().clone()).await.unwrap();
    let cleo = join(&simulator, "Cleo").await;
    // A client posts to people it knows.
    for other in [&ben, &cleo] {
        let hello = anna.say(&other.account().phone, "hello").await.unwrap();
        other.wait_for(|heard| heard.id == hello, PATIENCE).await.unwrap();
    }
    let audience = [ben.account().phone.as_str()];

    let post = anna.post_status("At the sea", &audience).await.unwrap();
    for device in [&ben, &tablet, &desk] {
        let seen = device.wait_for(|heard| heard.id == post, PATIENCE).await.unwrap();
        assert_eq!(seen.chat, STATUS_CHAT);
        assert_eq!(seen.sender, anna.account().jid());
        assert_eq!(seen.text.as_deref(), Some("At the sea"));
    }
    // The second one goes to who has the sender's key already.
    let picture = Media::new(MediaKind::Image, b"waves".to_vec());
    let second = anna.post_status_media(picture, &audience).await.unwrap();
    let seen = ben.wait_for(|heard| heard.id == second, PATIENCE).await.unwrap();
    assert_eq!(ben.download(&seen).await.unwrap(), b"waves");
    assert_eq!(ben.statuses().len(), 2);

    ben.read(&seen).await.unwrap();
    let receipt = anna
        .wait_receipt(
            |receipt| receipt.kind == ReceiptKind::Read && receipt.ids.contains(&second),
            PATIENCE,
        )
        .await
        .unwrap();
    assert_eq!(receipt.chat, STATUS_CHAT);
    // Whose it is stands beside the chat; whatsapp-rust does not read that for posts.
    let told = simulator
        .wait_stanza(
            0,
            |r| {
                r.tag == "receipt" && r.direction == Direction::Out && r.id == second && r.xml.contains("type=\"read\"")
            },
            PATIENCE,
        )
        .await
        .expect("a receipt");
    let reader = format!("participant=\"{}:", ben.account().lid);
    assert!(told.xml.contains(&reader), "{}", told.xml);

    let revoke = anna.revoke_status(&post, &audience).await.unwrap();
    let seen = ben.wait_for(|heard| heard.id == revoke, PATIENCE).await.unwrap();
    assert_eq!(seen.kind(), "protocol");

    // Cleo was not meant; a message that comes after all of it shows that nothing is on its way to her.
    let last = anna.say(&cleo.account().phone, "and you?").await.unwrap();
    cleo.wait_for(|heard| heard.id == last, PATIENCE).await.unwrap();
    assert!(cleo.statuses().is_empty());
    assert_eq!(simulator.stats().phone_undecryptable, 0);
    for human in [anna, desk, ben, tablet, cleo] {
        human.leave().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_that_cannot_be_read_is_asked_for_and_sent_again_to_who_asked() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let mut cleo = Companion::join(&simulator, "Cleo").await;
    let phones = [ben.account.phone.clone(), cleo.account.phone.clone()];
    let audience = [phones[0].as_str(), phones[1].as_str()];
    for companion in [&ben, &cleo] {
        let hello = anna.say(&companion.account.phone, "hello").await.unwrap();
        assert_eq!(companion.events.text("hello").await, hello);
    }
    let first = anna.post_status("At the sea", &audience).await.unwrap();
    for companion in [&ben, &cleo] {
        reads(companion, &first).await;
    }
    settled(&simulator).await;
    ben.stop().await;
    let (status, whose) = (Jid::status_broadcast(), anna.account());
    ben.forget_key_of(&status, &whose.phone, &whose.lid).await;
    ben.start().await;
    ben.connected().await;

    let second = anna.post_status("In the sea", &audience).await.unwrap();
    for companion in [&ben, &cleo] {
        reads(companion, &second).await;
    }
    let stanzas = simulator.stanzas(0, usize::MAX);
    let retry = stanzas
        .iter()
        .find(|r| r.tag == "receipt" && r.id == second && r.xml.contains("type=\"retry\""));
    assert!(retry.is_some(), "it was read at once: the key was not forgotten");
    let copies = |of: &Companion| {
        let of = of.account.phone.as_str();
        stanzas
            .iter()
            .filter(|r| r.tag == "message" && r.id == second && r.direction == Direction::Out)
            .filter(|r| r.account.as_deref() == Some(of))
            .count()
    };
    assert_eq!((copies(&ben), copies(&cleo)), (2, 1));
    anna.leave().await;
    ben.stop().await;
    cleo.stop().await;
    end(simulator).await;
}

/// Waits until a client has read a post.
async fn reads(companion: &Companion, id: &str) {
    companion
        .events
        .first("a post", |event| match event {
            Event::Messages(batch) => batch.iter().any(|one| one.info.id == id).then_some(()),
            _ => None,
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_wait_for_people_who_are_away_and_blocked_people_post_in_vain() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let anna = join(&simulator, "Anna").await;
    let ben = join(&simulator, "Ben").await;
    let hello = anna.say(&ben.account().phone, "hello").await.unwrap();
    ben.wait_for(|heard| heard.id == hello, PATIENCE).await.unwrap();
    let audience = [ben.account().phone.as_str()];
    ben.go_offline().await;
    let post = anna.post_status("Still here", &audience).await.unwrap();
    // Something acknowledged later on the same connection was handled later.
    let after = anna.say(&ben.account().phone, "are you?").await.unwrap();
    ben.come_online().await.unwrap();
    ben.wait_for(|heard| heard.id == after, PATIENCE).await.unwrap();
    let seen = ben.wait_for(|heard| heard.id == post, PATIENCE).await.unwrap();
    assert_eq!(seen.text.as_deref(), Some("Still here"));

    simulator.block(&ben.account().phone, &anna.account().phone).unwrap();
    anna.post_status("Unseen", &audience).await.unwrap();
    anna.leave().await;
    let cleo = join(&simulator, "Cleo").await;
    let last = cleo.say(&ben.account().phone, "hi").await.unwrap();
    ben.wait_for(|heard| heard.id == last, PATIENCE).await.unwrap();
    assert_eq!(ben.statuses().len(), 1);
    ben.leave().await;
    cleo.leave().await;
    end(simulator).await;
}

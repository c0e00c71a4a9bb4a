//! Status posts: seen by the people they are for, on all their devices, and taken back.

use waspnest_simulator::human::{Human, Media, MediaKind, ReceiptKind, STATUS_CHAT};
use waspnest_simulator::{Config, Direction, NewAccount, Simulator};

use crate::client::PATIENCE;

async fn join(simulator: &Simulator, name: &str) -> Human {
    let account = NewAccount {
        push_name: name.to_owned(),
        phone: None,
    };
    Human::join(simulator, account).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_post_is_seen_by_whom_it_is_for_and_by_nobody_else() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
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
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_wait_for_people_who_are_away_and_blocked_people_post_in_vain() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
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
    simulator.shutdown().await;
}

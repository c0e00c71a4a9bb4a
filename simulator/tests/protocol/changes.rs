//! What people do to messages that exist, as their clients do it: edits, revokes, reactions, pins, votes.

use waspnest_simulator::human::{Change, HumanError, ReceiptKind};
use waspnest_simulator::{Direction, Simulator};
use whatsapp_rust::waproto::whatsapp::message::protocol_message;

use crate::client::{PATIENCE, end, settled, strict};
use crate::person::{hears, join};

/// The `edit` attribute under which a message left the server.
fn edit_mark(simulator: &Simulator, id: &str) -> Option<String> {
    let stanzas = simulator.stanzas(0, usize::MAX);
    let stanza = stanzas
        .iter()
        .find(|r| r.tag == "message" && r.direction == Direction::Out && r.id == id)?;
    let start = stanza.xml.find("edit=\"")? + 6;
    Some(stanza.xml[start..].split('"').next()?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_edited_taken_back_pinned_kept_and_played() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let ben = join(&simulator, "Ben").await;
    let number = ben.account().phone.clone();
    let id = ada.say(&number, "helo").await.unwrap();
    let heard = hears(&ben, &id).await;

    let edit = ada.edit(&id, "hello").await.unwrap();
    let seen = hears(&ben, &edit).await;
    let change = seen.message.protocol_message.as_option().unwrap();
    assert_eq!(change.key.as_option().unwrap().id.as_deref(), Some(id.as_str()));
    let edited = change.edited_message.as_option().unwrap();
    assert_eq!(edited.conversation.as_deref(), Some("hello"));
    assert_eq!(edit_mark(&simulator, &edit).as_deref(), Some("1"));

    let pin = ben.pin(&heard).await.unwrap();
    assert!(hears(&ada, &pin).await.message.pin_in_chat_message.is_set());
    assert_eq!(edit_mark(&simulator, &pin).as_deref(), Some("2"));
    let unpin = ben.unpin(&heard).await.unwrap();
    assert!(hears(&ada, &unpin).await.message.pin_in_chat_message.is_set());
    let keep = ben.keep(&heard).await.unwrap();
    assert!(hears(&ada, &keep).await.message.keep_in_chat_message.is_set());
    let timer = ben.set_timer(&ada.account().phone, 86_400).await.unwrap();
    let setting = hears(&ada, &timer).await;
    let setting = setting.message.protocol_message.as_option().unwrap();
    assert_eq!(setting.ephemeral_expiration, Some(86_400));

    let react = ben.react(&heard, "👍").await.unwrap();
    assert_eq!(hears(&ada, &react).await.reaction().unwrap().target, id);
    let unreact = ben.react(&heard, "").await.unwrap();
    assert_eq!(hears(&ada, &unreact).await.reaction().unwrap().emoji, "");
    assert_eq!(edit_mark(&simulator, &unreact).as_deref(), Some("7"));

    ben.read(&heard).await.unwrap();
    ben.play(&heard).await.unwrap();
    for kind in [ReceiptKind::Read, ReceiptKind::Played] {
        ada.wait_receipt(|receipt| receipt.kind == kind && receipt.ids.contains(&id), PATIENCE)
            .await
            .unwrap();
    }

    let revoke = ada.revoke(&id).await.unwrap();
    let seen = hears(&ben, &revoke).await;
    let change = seen.message.protocol_message.as_option().unwrap();
    assert_eq!(change.r#type, Some(protocol_message::Type::Revoke));
    assert_eq!(change.key.as_option().unwrap().id.as_deref(), Some(id.as_str()));
    assert_eq!(edit_mark(&simulator, &revoke).as_deref(), Some("7"));

    // Only what one has said can be changed.
    assert!(matches!(
        ben.edit(&id, "mine").await,
        Err(HumanError::UnknownMessage { .. })
    ));
    settled(&simulator).await;
    ada.leave().await;
    ben.leave().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_admin_takes_back_what_somebody_else_said() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let ben = join(&simulator, "Ben").await;
    let cleo = join(&simulator, "Cleo").await;
    let members = [ben.account().phone.as_str(), cleo.account().phone.as_str()];
    let group = ada.create_group("Lunch", &members).await.unwrap().jid;
    let id = ben.say(&group, "rude").await.unwrap();
    let heard = hears(&ada, &id).await;
    hears(&cleo, &id).await;

    let revoke = ada.revoke_heard(&heard).await.unwrap();
    for human in [&ben, &cleo] {
        let seen = hears(human, &revoke).await;
        assert_eq!(seen.change(), Some(Change::Revoked { target: id.clone() }));
        // Whose it was stands beside it: two people may have used the same id.
        let key = seen.message.protocol_message.as_option().unwrap().key.clone();
        let key = key.into_option().unwrap();
        assert_eq!(key.participant, Some(ben.account().lid_jid()));
        assert_eq!(key.from_me, Some(false));
    }
    assert_eq!(edit_mark(&simulator, &revoke).as_deref(), Some("8"));
    settled(&simulator).await;
    for human in [ada, ben, cleo] {
        human.leave().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_is_asked_voted_on_and_counted_without_the_server_reading_it() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let ada = join(&simulator, "Ada").await;
    let ben = join(&simulator, "Ben").await;
    let options = ["soup".to_owned(), "salad".to_owned(), "cake".to_owned()];
    for (choices, chosen) in [(1, &options[2..]), (0, &options[..2])] {
        let poll = ada
            .ask(&ben.account().phone, "what shall we eat?", &options, choices)
            .await
            .unwrap();
        let heard = hears(&ben, &poll).await;
        // The last vote is the one that counts.
        let first = ben.vote(&heard, &options[1..2]).await.unwrap();
        let last = ben.vote(&heard, chosen).await.unwrap();
        for vote in [&first, &last] {
            hears(&ada, vote).await;
        }
        let counted = ada.poll_count(&poll).await.unwrap();
        let voted: Vec<&str> = counted
            .iter()
            .filter(|count| !count.voters.is_empty())
            .map(|count| count.option.as_str())
            .collect();
        assert_eq!(voted, chosen, "{counted:?}");
    }
    settled(&simulator).await;
    ada.leave().await;
    ben.leave().await;
    end(simulator).await;
}

//! What an account says of itself, who may read it, and who is told.

use waspnest_simulator::{Direction, PrivacyCategory, PrivacyValue, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, PATIENCE, end, settled, strict};

fn jid(text: &str) -> Jid {
    text.parse().unwrap()
}

async fn about(reader: &Companion, of: &Jid) -> Option<String> {
    let found = reader.client().contacts().get_user_info(std::slice::from_ref(of)).await;
    let user = found.unwrap().into_values().next().expect("somebody");
    user.status.map(|status| status.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_about_text_is_read_and_told_to_who_may_know() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut tablet = Companion::link(&simulator, ada.account.clone()).await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let ada_jid = jid(&ada.account.jid());
    assert_eq!(about(&ben, &ada_jid).await, None);
    // Ben has Ada in the address book.
    ben.say(&ada.account, "hello").await;
    ada.events.text("hello").await;

    ada.client().profile().set_status_text("at the sea").await.unwrap();
    assert_eq!(simulator.about(&ada.account.phone).unwrap(), "at the sea");
    assert_eq!(about(&ben, &ada_jid).await.as_deref(), Some("at the sea"));
    let new_text = |wanted: &'static str| {
        move |event: &Event| match event {
            Event::UserAboutUpdate(update) if update.status == wanted => Some(update.jid.clone()),
            _ => None,
        }
    };
    for companion in [&ben, &tablet] {
        let of = companion.events.first("the new text", new_text("at the sea")).await;
        assert_eq!(of, ada_jid);
    }

    // Hidden: neither read nor told.
    simulator
        .set_privacy(&ada.account.phone, PrivacyCategory::Status, PrivacyValue::None)
        .unwrap();
    assert_eq!(about(&ben, &ada_jid).await.as_deref(), Some(""));
    simulator.set_about(&ada.account.phone, "in the hills").unwrap();
    tablet.events.first("the new text", new_text("in the hills")).await;
    simulator
        .set_privacy(&ada.account.phone, PrivacyCategory::Status, PrivacyValue::All)
        .unwrap();
    simulator.set_about(&ada.account.phone, "at home").unwrap();
    ben.events.first("the last text", new_text("at home")).await;
    let told = ben.events.all(new_text("in the hills"));
    assert!(told.is_empty());
    settled(&simulator).await;
    for companion in [&mut ada, &mut tablet, &mut ben] {
        companion.stop().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_name_reaches_own_companions_at_once_and_contacts_with_the_next_message() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut tablet = Companion::link(&simulator, ada.account.clone()).await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.client().profile().set_push_name("Adele").await.unwrap();
    let own = simulator
        .wait_stanza(
            0,
            |r| {
                r.tag == "notification"
                    && r.direction == Direction::Out
                    && r.device == Some(tablet.device)
                    && r.xml.contains("pushname=\"Adele\"")
            },
            PATIENCE,
        )
        .await
        .expect("the tablet is told");
    assert!(own.xml.contains("type=\"account_sync\""), "{}", own.xml);
    ada.say(&ben.account, "it is me").await;
    let names = ben
        .events
        .first("the message", |event| match event {
            Event::Messages(batch) => batch
                .iter()
                .find(|inbound| inbound.message.conversation.as_deref() == Some("it is me"))
                .map(|inbound| inbound.info.push_name.clone()),
            _ => None,
        })
        .await;
    assert_eq!(names, "Adele");
    let accounts = simulator.accounts();
    assert!(accounts.iter().any(|account| account.push_name == "Adele"));
    settled(&simulator).await;
    for companion in [&mut ada, &mut tablet, &mut ben] {
        companion.stop().await;
    }
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_timer_of_new_chats_is_kept_and_told() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut tablet = Companion::link(&simulator, ada.account.clone()).await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ben.say(&ada.account, "hello").await;
    ada.events.text("hello").await;
    ada.client().set_default_disappearing_mode(86_400).await.unwrap();
    let changed = ben
        .events
        .first("Ada's timer", |event| match event {
            Event::DisappearingModeChanged(changed) => Some(changed.clone()),
            _ => None,
        })
        .await;
    assert_eq!(changed.from, jid(&ada.account.jid()));
    assert_eq!(changed.duration, 86_400);
    let own = simulator
        .wait_stanza(
            0,
            |r| {
                r.tag == "notification"
                    && r.device == Some(tablet.device)
                    && r.xml.contains("<disappearing_mode duration=\"86400\"")
            },
            PATIENCE,
        )
        .await
        .expect("the tablet is told");
    assert!(own.xml.contains("type=\"account_sync\""), "{}", own.xml);
    settled(&simulator).await;
    for companion in [&mut ada, &mut tablet, &mut ben] {
        companion.stop().await;
    }
    end(simulator).await;
}

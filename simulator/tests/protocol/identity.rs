//! Identities that change, and keys that are lost.

use waspnest_simulator::{Config, Direction, Simulator};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, PATIENCE, counted};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_phone_that_is_set_up_anew_has_another_identity_and_conversations_go_on() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "one").await;
    ben.events.text("one").await;
    ben.say(&ada.account, "two").await;
    ada.events.text("two").await;

    let same = simulator.reinstall_phone(&ben.account.phone).unwrap();
    assert_eq!(same, ben.account);
    ben.events
        .first("LoggedOut", |event| matches!(event, Event::LoggedOut(_)).then_some(()))
        .await;
    ben.stop().await;
    ada.events
        .first("the change of identity", |event| {
            matches!(event, Event::IdentityChange(_)).then_some(())
        })
        .await;

    // There is nobody but the new phone, and a session with it begins at once.
    let read = simulator.stats().phone_decrypted;
    ada.say(&ben.account, "to the new phone").await;
    counted(&simulator, |stats| stats.phone_decrypted >= read + 2).await;

    let mut again = Companion::link(&simulator, ben.account.clone()).await;
    again.say(&ada.account, "it is me").await;
    ada.events.text("it is me").await;
    ada.say(&ben.account, "welcome back").await;
    again.events.text("welcome back").await;
    assert_eq!(ada.events.undecryptable() + again.events.undecryptable(), 0);
    assert_eq!(simulator.stats().phone_undecryptable, 0);
    ada.stop().await;
    again.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_without_one_time_prekeys_is_reached_and_uploads_more_when_it_compares() {
    let simulator = Simulator::start(Config {
        // No warning: the device has to find out.
        low_prekeys: 0,
        ..Config::default()
    })
    .await
    .unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let phone = ben.account.phone.clone();
    let upload = |after: u64| {
        let phone = phone.clone();
        let simulator = simulator.clone();
        async move {
            let uploaded = simulator.wait_stanza(
                after,
                |r| {
                    r.direction == Direction::In
                        && r.account.as_deref() == Some(&phone)
                        && r.xml.contains("xmlns=\"encrypt\"")
                        && r.xml.contains("<list>")
                },
                PATIENCE,
            );
            uploaded.await.expect("an upload").seq
        }
    };
    let first = upload(0).await;
    assert!(simulator.lose_prekeys(&ben.account.phone, ben.device).unwrap() > 0);
    ada.say(&ben.account, "without a one-time key").await;
    ben.events.text("without a one-time key").await;
    ben.say(&ada.account, "it works").await;
    ada.events.text("it works").await;
    assert!(simulator.lose_prekeys(&ben.account.phone, 0).is_err());

    ben.stop().await;
    ben.start().await;
    ben.connected().await;
    upload(first).await;
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}

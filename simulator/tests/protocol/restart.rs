//! The server goes down and comes up again, with what it knew or without.

use waspnest_simulator::{Config, Keep, Simulator};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, counted, message_waits, settled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_with_its_state_everybody_comes_back_and_nothing_is_lost() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "before").await;
    ben.events.text("before").await;
    settled(&simulator).await;
    ben.stop().await;
    ada.say(&ben.account, "while Ben is away").await;
    message_waits(&simulator, &ben).await;
    let address = simulator.addr();
    let logins = simulator.stats().logins;

    simulator.restart(Keep::State).await.unwrap();
    assert_eq!(simulator.addr(), address);
    counted(&simulator, |stats| stats.logins == logins + 1).await;
    ben.start().await;
    ben.events.text("while Ben is away").await;
    ada.say(&ben.account, "after").await;
    ben.events.text("after").await;
    settled(&simulator).await;
    assert_eq!(simulator.stats().phone_undecryptable, 0);
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_restart_without_its_state_the_server_knows_nobody() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    simulator.restart(Keep::Nothing).await.unwrap();
    ada.events
        .first("LoggedOut", |event| matches!(event, Event::LoggedOut(_)).then_some(()))
        .await;
    assert!(simulator.accounts().is_empty());
    assert_eq!(simulator.stats().queued, 0);

    // It is as good as new, and does not draw what it has drawn before.
    let mut ben = Companion::join(&simulator, "Ben").await;
    let mut cleo = Companion::join(&simulator, "Cleo").await;
    assert_ne!(ben.account.phone, ada.account.phone);
    ben.say(&cleo.account, "a new world").await;
    cleo.events.text("a new world").await;
    for companion in [&mut ada, &mut ben, &mut cleo] {
        companion.stop().await;
    }
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_follow_each_other_on_the_same_port() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    for keep in [Keep::State, Keep::State, Keep::State] {
        let logins = simulator.stats().logins;
        simulator.restart(keep).await.unwrap();
        counted(&simulator, |stats| stats.logins > logins).await;
    }
    ada.stop().await;
    simulator.shutdown().await;
    assert_eq!(simulator.stats().connections, 0);
}

//! Logins that end or never begin.

use waspnest_simulator::{Config, LoginRefusal, Simulator, UnlinkError};
use whatsapp_rust::wacore::types::events::Event;

use crate::client::Companion;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_login_replaces_the_first() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut first = Companion::join(&simulator, "Ada").await;
    let mut second = first.twin();
    second.start().await;
    first
        .events
        .first("StreamReplaced", |event| {
            matches!(event, Event::StreamReplaced(_)).then_some(())
        })
        .await;
    second.connected().await;
    first.kill();
    second.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unlinked_device_is_logged_out_and_stays_out() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let phone = ada.account.phone.clone();
    assert!(matches!(
        simulator.unlink(&phone, 0),
        Err(UnlinkError::UnknownDevice(0))
    ));
    assert!(matches!(
        simulator.unlink(&phone, 9),
        Err(UnlinkError::UnknownDevice(9))
    ));
    simulator.unlink(&phone, ada.device).unwrap();
    let logged_out = |event: &Event| match event {
        Event::LoggedOut(logged_out) => Some(logged_out.on_connect),
        _ => None,
    };
    assert!(!ada.events.first("LoggedOut", logged_out).await);
    assert_eq!(simulator.stats().companions, 0);
    ada.stop().await;
    ada.start().await;
    assert!(ada.events.first("LoggedOut", logged_out).await);
    ada.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_can_log_itself_out() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    ada.client().logout().await;
    assert_eq!(simulator.stats().companions, 0);
    ada.stop().await;
    simulator.shutdown().await;
}

/// Recognises the event a client reports.
type Expected = fn(&Event) -> bool;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_logins_are_reported_as_what_they_are() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let phone = ada.account.phone.clone();
    let cases: [(LoginRefusal, Expected); 4] = [
        (LoginRefusal::LoggedOut, |event| matches!(event, Event::LoggedOut(_))),
        (LoginRefusal::Banned, |event| matches!(event, Event::TemporaryBan(_))),
        (LoginRefusal::Locked, |event| matches!(event, Event::LoggedOut(_))),
        (LoginRefusal::Outdated, |event| {
            matches!(event, Event::ClientOutdated(_))
        }),
    ];
    for (refusal, expected) in cases {
        ada.stop().await;
        simulator.refuse_login(&phone, Some(refusal)).unwrap();
        ada.start().await;
        ada.events
            .first(&format!("{refusal:?}"), |event| expected(event).then_some(()))
            .await;
    }
    ada.stop().await;
    simulator.refuse_login(&phone, None).unwrap();
    ada.start().await;
    ada.connected().await;
    ada.stop().await;
    simulator.shutdown().await;
}

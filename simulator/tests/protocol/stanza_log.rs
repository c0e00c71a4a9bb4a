//! The wire, watched while it is used.

use std::time::Duration;

use tokio::time::timeout;
use waspnest_simulator::{Config, Direction, Simulator, StanzaFilter};

use crate::client::{Companion, PATIENCE};
use crate::raw::{RawClient, ping};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_sees_every_stanza_as_it_passes_and_no_secret() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let mut everything = simulator.follow(0, StanzaFilter::default());
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let filter = StanzaFilter {
        account: Some(ben.account.phone.clone()),
        direction: Some(Direction::Out),
        tag: Some("message".to_owned()),
    };
    let mut to_ben = simulator.follow(0, filter);
    let id = ada.say(&ben.account, "between the lines").await;
    let seen = timeout(PATIENCE, async {
        loop {
            let record = to_ben.next().await.unwrap();
            if record.id == id {
                return record;
            }
        }
    })
    .await
    .expect("the message passes");
    let line = seen.to_string();
    assert!(
        line.contains(&format!("out {}:{} <message", ben.account.phone, ben.device)),
        "{line}"
    );
    assert!(line.contains("<enc ") && line.contains(" bytes "), "{line}");
    assert!(!line.contains('\n'), "{line}");

    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
    // It ends with the server, after everything was seen: no gap, no repeat.
    let mut last = 0;
    while let Some(record) = timeout(PATIENCE, everything.next()).await.expect("it ends") {
        assert_eq!(record.seq, last + 1);
        last = record.seq;
        assert!(!record.to_string().contains("between the lines"));
    }
    assert!(last >= seen.seq);
    assert_eq!(everything.missed(), 0);
    assert!(
        simulator
            .wait_stanza(last, |_| true, Duration::from_secs(60))
            .await
            .is_none()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_follows_too_slowly_is_told_what_was_missed() {
    let simulator = Simulator::start(Config {
        log_stanzas: 8,
        ..Config::default()
    })
    .await
    .unwrap();
    let mut follow = simulator.follow(0, StanzaFilter::default());
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    client.code().await;
    for n in 0..20 {
        client.send(&ping(&n.to_string())).await;
    }
    client.answered("19").await;
    let first = follow.next().await.unwrap();
    assert_eq!(follow.missed(), first.seq - 1);
    assert!(follow.missed() >= 32);
    simulator.shutdown().await;
}

//! One-time prekeys: each is handed out once, and their owner hears when they run out.

use std::collections::HashSet;

use waspnest_simulator::{Config, Direction, Simulator};
use whatsapp_rust::Jid;
use whatsapp_rust::wacore::iq::prekeys::PreKeyFetchSpec;

use crate::client::{Companion, PATIENCE};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_prekey_is_handed_out_once_and_more_are_asked_for() {
    let simulator = Simulator::start(Config {
        low_prekeys: 55,
        ..Config::default()
    })
    .await
    .unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let phone: Jid = ben.account.jid().parse().unwrap();
    let companion = phone.with_device(ben.device);
    // Clients upload while they go on connecting.
    simulator
        .wait_stanza(
            0,
            |r| {
                r.tag == "iq"
                    && r.direction == Direction::In
                    && r.account.as_deref() == Some(&ben.account.phone)
                    && r.xml.contains("<skey>")
            },
            PATIENCE,
        )
        .await
        .expect("Ben's prekeys");
    let mut seen = HashSet::new();
    for _ in 0..8 {
        let fetched = ada
            .client()
            .execute(PreKeyFetchSpec::new(vec![companion.clone(), phone.clone()]))
            .await
            .unwrap();
        assert_eq!(fetched.bundles.len(), 2);
        let bundle = &fetched.bundles[&companion];
        let key = bundle.pre_key_id().unwrap().expect("a one-time prekey");
        assert!(seen.insert(u32::from(key)), "prekey {key} came twice");
    }
    let warned = simulator
        .wait_stanza(
            0,
            |r| {
                r.tag == "notification"
                    && r.xml.contains("type=\"encrypt\"")
                    && r.account.as_deref() == Some(&ben.account.phone)
            },
            PATIENCE,
        )
        .await
        .expect("a warning");
    // The owner answers by uploading.
    let uploaded = simulator
        .wait_stanza(
            warned.seq,
            |r| r.tag == "iq" && r.xml.contains("xmlns=\"encrypt\"") && r.xml.contains("<skey>"),
            PATIENCE,
        )
        .await;
    assert!(uploaded.is_some());

    let gone = companion.with_device(77);
    let fetched = ada
        .client()
        .execute(PreKeyFetchSpec::new(vec![gone.clone()]))
        .await
        .unwrap();
    assert_eq!(fetched.rejected.len(), 1);
    assert_eq!((fetched.rejected[0].jid.clone(), fetched.rejected[0].code), (gone, 406));
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}

//! Linking a companion, and what the phone refuses.

use std::time::Instant;

use waspnest_simulator::{Config, NewAccount, ScanError, Simulator, StanzaRecord};
use whatsapp_rust::wacore::store::device::Device;
use whatsapp_rust::wacore::types::events::Event;

use crate::client::{Companion, PATIENCE, end, strict};
use crate::raw::{RawClient, closed};

fn named(name: &str) -> NewAccount {
    NewAccount {
        push_name: name.to_owned(),
        phone: None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_linked_and_connected_well_before_its_grace_for_keys_runs_out() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let began = Instant::now();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let took = began.elapsed();
    println!("from nothing to Connected: {} ms", took.as_millis());
    // A client without the phone's key share waits ten seconds before it goes on.
    assert!(took.as_secs() < 8, "took {took:?}");
    assert_eq!(ada.client().push_name(), "Ada");
    ada.events
        .first("PairSuccess", |event| {
            matches!(event, Event::PairSuccess(_)).then_some(())
        })
        .await;
    let stats = simulator.stats();
    assert_eq!((stats.accounts, stats.companions), (1, 1));
    // A client resumes only as a device that is linked: linking and the first login are both in full.
    assert_eq!((stats.handshakes_xx, stats.handshakes_ik), (2, 0));
    ada.stop().await;

    // Starting again on the same store: the server is known, and so is everything the phone shared.
    let began = Instant::now();
    ada.start().await;
    ada.connected().await;
    println!("restart to Connected: {} ms", began.elapsed().as_millis());
    assert!(began.elapsed().as_secs() < 8);
    assert_eq!(simulator.stats().handshakes_ik, 1);
    ada.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_device_signature_is_refused_and_links_nothing() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let account = simulator.create_account(named("Ada")).unwrap();
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    let code = client.code().await;
    let (scan, ()) = tokio::join!(
        simulator.scan_qr(&account.phone, &code),
        // The signature is the last field of the blob.
        client.sign(|blob| *blob.last_mut().unwrap() ^= 1),
    );
    assert!(matches!(scan, Err(ScanError::BadDeviceSignature(_))), "{scan:?}");
    assert_eq!(simulator.stats().companions, 0);
    assert!(client.receive().await.is_none(), "the connection is closed");

    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    let code = client.code().await;
    let (scan, ()) = tokio::join!(simulator.scan_qr(&account.phone, &code), client.sign(|_| {}));
    assert_eq!(scan.unwrap().jid, format!("{}:2@s.whatsapp.net", account.phone));
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_overtakes_the_clients_signature_is_not_told_that_it_is_logged_out() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let account = simulator.create_account(named("Ada")).unwrap();
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    let code = client.code().await;
    let (addr, url) = (simulator.addr(), simulator.url());
    let login = |device: &Device| {
        let mut device = device.clone();
        device.pn = Some(format!("{}:1@s.whatsapp.net", account.phone).parse().unwrap());
        RawClient::connect_as(addr, &url, device)
    };
    let scan = simulator.scan_qr(&account.phone, &code);
    let overtaking = async {
        let offered = |record: &StanzaRecord| record.xml.contains("<pair-success");
        simulator.wait_stanza(0, offered, PATIENCE).await.expect("an offer");
        let mut early = login(&client.device).await;
        closed(&mut early.socket).await;
        let failure = simulator
            .stanzas(0, usize::MAX)
            .into_iter()
            .find(|record| record.tag == "failure");
        assert!(failure.is_none(), "{failure:?}");
        client.sign(|_| {}).await;
    };
    let (linked, ()) = tokio::join!(scan, overtaking);
    assert_eq!(linked.unwrap().device, 1);
    let mut linked = login(&client.device).await;
    assert_eq!(linked.receive().await.expect("an answer").tag, "success");

    // A client that goes away without having signed is nobody.
    let mut stranger = RawClient::connect(simulator.addr(), &simulator.url()).await;
    let code = stranger.code().await;
    let device = stranger.device.clone();
    let scan = simulator.scan_qr(&account.phone, &code);
    let leaving = async {
        let second = |record: &StanzaRecord| record.xml.contains(":2@") && record.xml.contains("<pair-success");
        simulator.wait_stanza(0, second, PATIENCE).await.expect("an offer");
        drop(stranger);
    };
    let (left, ()) = tokio::join!(scan, leaving);
    assert!(matches!(left, Err(ScanError::ClientGone)), "{left:?}");
    let mut stranger = login(&device).await;
    assert_eq!(stranger.receive().await.expect("an answer").tag, "failure");
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_phone_refuses_codes_that_are_not_what_they_seem() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let account = simulator.create_account(named("Ada")).unwrap();
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    let code = client.code().await;
    let fields: Vec<&str> = code.split(',').collect();
    let swapped = [fields[0], fields[2], fields[1], fields[3], fields[4]].join(",");
    let scan = |code: String| {
        let simulator = simulator.clone();
        let phone = account.phone.clone();
        async move { simulator.scan_qr(&phone, &code).await.unwrap_err() }
    };
    assert!(matches!(scan(swapped).await, ScanError::KeyMismatch("noise")));
    assert!(matches!(scan("hello".to_owned()).await, ScanError::BadCode(_)));
    let unknown = code.replacen("2@", "3@", 1);
    assert!(matches!(scan(unknown).await, ScanError::UnknownRef));
    assert!(matches!(
        simulator.scan_qr("1234567", &code).await,
        Err(ScanError::UnknownAccount(_))
    ));
    // None of that used the code up; a client that leaves does.
    drop(client);
    let late = simulator.scan_qr(&account.phone, &code).await.unwrap_err();
    assert!(matches!(late, ScanError::UnknownRef | ScanError::ClientGone), "{late}");
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_holds_four_companions() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let account = simulator.create_account(named("Ada")).unwrap();
    let mut numbers = Vec::new();
    for _ in 0..5 {
        let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
        let code = client.code().await;
        let scan = if numbers.len() < 4 {
            tokio::join!(simulator.scan_qr(&account.phone, &code), client.sign(|_| {})).0
        } else {
            simulator.scan_qr(&account.phone, &code).await
        };
        match scan {
            Ok(linked) => numbers.push(linked.device),
            Err(error) => assert!(matches!(error, ScanError::TooManyDevices(4)), "{error}"),
        }
    }
    assert_eq!(numbers, [1, 2, 3, 4]);
    end(simulator).await;
}

#[tokio::test]
async fn the_same_seed_makes_the_same_people_whatever_else_happens() {
    let mut runs = Vec::new();
    for busy in 0..2 {
        let simulator = Simulator::start(strict()).await.unwrap();
        let mut people = vec![simulator.create_account(named("Ada")).unwrap()];
        for _ in 0..busy {
            RawClient::connect(simulator.addr(), &simulator.url())
                .await
                .code()
                .await;
        }
        people.push(simulator.create_account(named("Ben")).unwrap());
        runs.push(people);
        end(simulator).await;
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0][0].phone, runs[0][1].phone);
}

#[tokio::test]
async fn an_address_others_can_reach_is_refused() {
    let config = Config {
        listen: "0.0.0.0:0".parse().unwrap(),
        ..Config::default()
    };
    let error = Simulator::start(config).await.unwrap_err();
    assert!(error.to_string().contains("not a loopback address"), "{error}");
}

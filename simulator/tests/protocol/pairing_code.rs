//! Linking by a code that somebody types into the phone.

use waspnest_simulator::human::Human;
use waspnest_simulator::{Account, CodeError, Config, ScanError, Simulator};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::pair_code::PairCodeOptions;
use whatsapp_rust::wacore::pair_code::PairCodeUtils;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore_binary::{Node, NodeContent};

use crate::client::{Companion, PATIENCE, end, strict};
use crate::clock::{Hand, NOON_S};
use crate::person;
use crate::raw::{RawClient, error_of};

/// A code that no client drew.
const WRONG: &str = "1111-1111";

/// Ada's account, and a client that is to be linked to it.
async fn unlinked(simulator: &Simulator) -> (Account, Companion) {
    let account = person::account(simulator, "Ada");
    let companion = Companion::unlinked(simulator, account.clone()).await;
    (account, companion)
}

async fn code_of(companion: &Companion) -> String {
    companion.qr().await;
    let options = PairCodeOptions {
        phone_number: companion.account.phone.clone(),
        ..PairCodeOptions::default()
    };
    companion.client().pair_with_code(options).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_linked_by_the_code_it_shows_and_can_write() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let (account, mut ada) = unlinked(&simulator).await;
    assert_eq!(simulator.code_request(&account.phone).unwrap(), None);
    assert!(matches!(
        simulator.enter_code(&account.phone, WRONG).await,
        Err(CodeError::NobodyWaits)
    ));
    let code = code_of(&ada).await;
    let asked = simulator.code_request(&account.phone).unwrap().expect("a request");
    assert!(asked.push);
    assert!(asked.display.contains('('), "{asked:?}");
    // As it is read off the screen: in two groups, in small letters.
    let typed = format!("{}-{}", &code[..4], &code[4..]).to_lowercase();
    let linked = simulator.enter_code(&account.phone, &typed).await.unwrap();
    assert_eq!(linked.jid, format!("{}:1@s.whatsapp.net", account.phone));
    ada.connected().await;
    assert_eq!(simulator.code_request(&account.phone).unwrap(), None);

    let ben = Human::join_by_code(&simulator, person::account(&simulator, "Ben"))
        .await
        .unwrap();
    ada.say(ben.account(), "linked by code").await;
    ben.wait_for(|heard| heard.text.as_deref() == Some("linked by code"), PATIENCE)
        .await
        .unwrap();
    ben.leave().await;
    ada.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_code_links_nothing_and_the_right_one_still_does() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let (account, mut ada) = unlinked(&simulator).await;
    let code = code_of(&ada).await;
    for malformed in ["", "1234567", "123456789", "ÄÖÜ12345"] {
        let error = simulator.enter_code(&account.phone, malformed).await.unwrap_err();
        assert!(matches!(error, CodeError::BadCode), "{error}");
    }
    let error = simulator.enter_code(&account.phone, WRONG).await.unwrap_err();
    assert!(matches!(error, CodeError::WrongCode { entries_left: 2 }), "{error}");
    assert_eq!(simulator.stats().companions, 0);
    simulator.enter_code(&account.phone, &code).await.unwrap();
    ada.connected().await;
    ada.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_three_wrong_codes_the_client_has_to_show_another_one() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let (account, mut ada) = unlinked(&simulator).await;
    let spent = code_of(&ada).await;
    for left in [2, 1, 0] {
        let error = simulator.enter_code(&account.phone, WRONG).await.unwrap_err();
        assert!(
            matches!(error, CodeError::WrongCode { entries_left } if entries_left == left),
            "{error}"
        );
    }
    let by_hand = ada
        .events
        .first("the order to show another code", |event| match event {
            Event::PairingCodeRefresh(refresh) => Some(refresh.force_manual),
            _ => None,
        })
        .await;
    assert!(by_hand);
    let error = simulator.enter_code(&account.phone, &spent).await.unwrap_err();
    assert!(matches!(error, CodeError::NobodyWaits), "{error}");
    let fresh = code_of(&ada).await;
    simulator.enter_code(&account.phone, &fresh).await.unwrap();
    ada.connected().await;
    ada.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn codes_of_both_kinds_end() {
    let clock = Hand::at(NOON_S * 1000);
    let simulator = Simulator::start(Config {
        clock: clock.clone(),
        ..Config::default()
    })
    .await
    .unwrap();
    let (account, mut ada) = unlinked(&simulator).await;
    let code = code_of(&ada).await;
    let qr = ada.qr().await;
    // The first picture is shown for a minute, and good for a moment longer; a code can be typed for three.
    clock.advance(85_000);
    let error = simulator.scan_qr(&account.phone, &qr).await.unwrap_err();
    assert!(matches!(error, ScanError::Expired), "{error}");
    assert!(simulator.code_request(&account.phone).unwrap().is_some());
    clock.advance(100_000);
    assert_eq!(simulator.code_request(&account.phone).unwrap(), None);
    let error = simulator.enter_code(&account.phone, &code).await.unwrap_err();
    assert!(matches!(error, CodeError::Expired), "{error}");
    let by_hand = ada
        .events
        .first("the order to show another code", |event| match event {
            Event::PairingCodeRefresh(refresh) => Some(refresh.force_manual),
            _ => None,
        })
        .await;
    assert!(!by_hand);
    ada.stop().await;
    end(simulator).await;
}

fn hello(phone: &str, noise: [u8; 32], id: &str) -> Node {
    let ephemeral = PairCodeUtils::encrypt_ephemeral_pub(&[9; 32], "ABCDEFGH");
    PairCodeUtils::build_companion_hello_iq(phone, &noise, &ephemeral, "1", "Chrome (Linux)", true, id.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_cannot_ask_for_a_code_under_another_key_or_finish_one_that_was_not_typed() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let account = person::account(&simulator, "Ada");
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    client.code().await;
    let own: [u8; 32] = client
        .device
        .noise_key
        .public_key
        .public_key_bytes()
        .try_into()
        .unwrap();

    let forged = hello(&account.phone, [3; 32], "h1");
    client.send(&forged).await;
    assert_eq!(error_of(&client.receive().await.unwrap()).as_deref(), Some("400"));
    let nobody = hello("99900000001", own, "h2");
    client.send(&nobody).await;
    assert_eq!(error_of(&client.receive().await.unwrap()).as_deref(), Some("404"));
    assert_eq!(simulator.code_request(&account.phone).unwrap(), None);

    let proper = hello(&account.phone, own, "h3");
    client.send(&proper).await;
    let answer = client.receive().await.unwrap();
    let reference = answer
        .get_optional_child("link_code_companion_reg")
        .and_then(|reg| reg.get_optional_child("link_code_pairing_ref"))
        .expect("a ref");
    let Some(NodeContent::Bytes(reference)) = &reference.content else {
        panic!("a ref is bytes");
    };
    let identity: [u8; 32] = client
        .device
        .identity_key
        .public_key
        .public_key_bytes()
        .try_into()
        .unwrap();
    let early =
        PairCodeUtils::build_companion_finish_iq(&account.phone, vec![0; 156], &identity, reference, "f1".into());
    client.send(&early).await;
    assert_eq!(error_of(&client.receive().await.unwrap()).as_deref(), Some("400"));

    // The right time, and a bundle nobody can open; then an unknown stage.
    let (entered, ()) = tokio::join!(simulator.enter_code(&account.phone, "ABCD-EFGH"), async {
        let notified = client.receive().await.unwrap();
        assert_eq!(notified.tag, "notification");
        let finish =
            PairCodeUtils::build_companion_finish_iq(&account.phone, vec![0; 156], &identity, reference, "f2".into());
        client.send(&finish).await;
        assert_eq!(error_of(&client.receive().await.unwrap()), None);
    });
    assert!(
        matches!(entered, Err(CodeError::WrongCode { entries_left: 2 })),
        "{entered:?}"
    );
    let unknown = NodeBuilder::new("iq")
        .attr("type", "set")
        .attr("xmlns", "md")
        .attr("id", "u1")
        .children([NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "later")
            .build()])
        .build();
    client.send(&unknown).await;
    assert_eq!(error_of(&client.receive().await.unwrap()).as_deref(), Some("400"));
    let stats = simulator.stats();
    assert_eq!((stats.companions, stats.refused_links), (0, 3));
    end(simulator).await;
}

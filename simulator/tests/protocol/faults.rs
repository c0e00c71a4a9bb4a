//! Faults of the network and the server, as clients live through them.

use std::time::{Duration, Instant};

use waspnest_simulator::human::{Human, HumanError};
use waspnest_simulator::{
    Config, Damage, Direction, FaultAction, FaultError, FaultRule, FaultTarget, NewAccount, Simulator, StanzaRecord,
};

use crate::client::{Companion, PATIENCE, counted, settled};
use crate::raw::{RawClient, closed, ping};

async fn start() -> Simulator {
    Simulator::start(Config::default()).await.unwrap()
}

/// An unlinked client, past its codes.
async fn pinger(simulator: &Simulator) -> RawClient {
    let mut client = RawClient::connect(simulator.addr(), &simulator.url()).await;
    client.code().await;
    client
}

/// A rule about the answers to pings whose id starts like this.
fn pongs(id_prefix: &str, action: FaultAction) -> FaultRule {
    let on = FaultTarget {
        id_prefix: Some(id_prefix.to_owned()),
        ..FaultTarget::outgoing("iq")
    };
    FaultRule::new(on, action)
}

async fn suffered(simulator: &Simulator, fault: &str) -> StanzaRecord {
    let is_fault = |record: &StanzaRecord| record.fault.as_deref() == Some(fault);
    let record = simulator.wait_stanza(0, is_fault, PATIENCE).await;
    record.unwrap_or_else(|| panic!("nothing suffered {fault}: {:?}", simulator.faults()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_lost_on_the_wire_comes_with_the_next_connection() {
    let simulator = start().await;
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let on = FaultTarget::outgoing("message").of(&ben.account.phone);
    simulator
        .add_fault(FaultRule::new(on, FaultAction::Drop).times(1))
        .unwrap();
    let lost = ada.say(&ben.account, "lost at first").await;
    assert_eq!(suffered(&simulator, "drop").await.id, lost);
    ada.say(&ben.account, "not lost").await;
    ben.events.text("not lost").await;
    assert_eq!(ben.events.texts().len(), 1);

    assert_eq!(simulator.drop_connections(&ben.account.phone), 1);
    assert_eq!(ben.events.text("lost at first").await, lost);
    settled(&simulator).await;
    assert_eq!(simulator.stats().faults, 1);
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_message_is_shown_once() {
    let simulator = start().await;
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let on = FaultTarget::outgoing("message").of(&ben.account.phone);
    simulator
        .add_fault(FaultRule::new(on, FaultAction::Duplicate { copies: 2 }))
        .unwrap();
    for text in ["one", "two", "three"] {
        ada.say(&ben.account, text).await;
    }
    ben.events.text("three").await;
    settled(&simulator).await;
    let texts: Vec<String> = ben.events.texts().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["one", "two", "three"]);
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_doubled_swapped_and_late_without_losing_their_order() {
    let simulator = start().await;
    let mut client = pinger(&simulator).await;
    let late = FaultAction::Delay {
        fixed_ms: 150,
        jitter_ms: 10,
    };
    let behind_two = FaultAction::Reorder {
        behind: 2,
        within_ms: 60_000,
    };
    simulator
        .add_fault(pongs("double", FaultAction::Duplicate { copies: 1 }))
        .unwrap();
    simulator.add_fault(pongs("swap", behind_two)).unwrap();
    simulator.add_fault(pongs("late", late)).unwrap();

    for id in ["double", "a"] {
        client.send(&ping(id)).await;
    }
    assert_eq!(client.answered("a").await, ["double", "double", "a"]);
    for id in ["swap", "b", "c", "d"] {
        client.send(&ping(id)).await;
    }
    assert_eq!(client.answered("d").await, ["b", "c", "swap", "d"]);

    // What is behind a late stanza is late as well; another connection is not.
    let began = Instant::now();
    for id in ["late", "e"] {
        client.send(&ping(id)).await;
    }
    let mut other = pinger(&simulator).await;
    other.send(&ping("f")).await;
    other.answered("f").await;
    assert_eq!(client.answered("e").await, ["late", "e"]);
    assert!(began.elapsed() >= Duration::from_millis(150));
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_in_can_be_lost_doubled_and_late_too() {
    let simulator = start().await;
    let mut client = pinger(&simulator).await;
    let pings = |id_prefix: &str, action| {
        let on = FaultTarget {
            id_prefix: Some(id_prefix.to_owned()),
            ..FaultTarget::incoming("iq")
        };
        FaultRule::new(on, action)
    };
    let late = FaultAction::Delay {
        fixed_ms: 20,
        jitter_ms: 0,
    };
    simulator.add_fault(pings("lost", FaultAction::Drop)).unwrap();
    simulator
        .add_fault(pings("double", FaultAction::Duplicate { copies: 1 }))
        .unwrap();
    simulator.add_fault(pings("late", late)).unwrap();
    for id in ["lost", "double", "late", "a"] {
        client.send(&ping(id)).await;
    }
    assert_eq!(client.answered("a").await, ["double", "double", "late", "a"]);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_loses_the_same_stanzas() {
    let mut runs = Vec::new();
    for seed in [5, 5, 6] {
        let simulator = Simulator::start(Config {
            seed,
            ..Config::default()
        })
        .await
        .unwrap();
        let mut client = pinger(&simulator).await;
        simulator
            .add_fault(pongs("p", FaultAction::Drop).with_probability(0.4))
            .unwrap();
        for n in 0..60 {
            client.send(&ping(&format!("p{n}"))).await;
        }
        client.send(&ping("end")).await;
        runs.push(client.answered("end").await);
        simulator.shutdown().await;
    }
    assert!((20..55).contains(&runs[0].len()), "{:?}", runs[0]);
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_and_messages_are_refused_with_the_error_asked_for() {
    let simulator = start().await;
    let mut client = pinger(&simulator).await;
    let refuse = |code| FaultAction::Refuse {
        code,
        text: "because".to_owned(),
    };
    simulator
        .add_fault(FaultRule::new(FaultTarget::incoming("iq"), refuse(500)).times(1))
        .unwrap();
    client.send(&ping("p")).await;
    let answer = client.receive().await.expect("an error");
    let error = answer.get_optional_child("error").expect("an error");
    assert!(error.attrs.get("code").is_some_and(|code| *code == "500"));
    assert!(error.attrs.get("text").is_some_and(|text| *text == "because"));

    let person = |name: &str| NewAccount {
        push_name: name.to_owned(),
        phone: None,
    };
    let anna = Human::join(&simulator, person("Anna")).await.unwrap();
    let ben = Human::join(&simulator, person("Ben")).await.unwrap();
    let on = FaultTarget::incoming("message").of(&anna.account().phone);
    let fault = simulator.add_fault(FaultRule::new(on, refuse(479))).unwrap();
    let refused = anna.say(&ben.account().phone, "no").await;
    assert!(
        matches!(&refused, Err(HumanError::Refused { code, .. }) if code == "479"),
        "{refused:?}"
    );
    simulator.remove_fault(fault).unwrap();
    anna.say(&ben.account().phone, "yes").await.unwrap();
    let heard = ben.wait_for(|_| true, PATIENCE).await.unwrap();
    assert_eq!(heard.text.as_deref(), Some("yes"));
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_comes_back_after_a_cut_a_broken_frame_a_failure_and_a_stream_error() {
    let simulator = start().await;
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let cases = [
        (FaultTarget::outgoing("message"), FaultAction::Cut, "cut"),
        (
            FaultTarget::outgoing("message"),
            FaultAction::StreamError { code: 503 },
            "stream error",
        ),
    ];
    for (on, action, name) in cases {
        let rule = FaultRule::new(on.of(&ben.account.phone), action);
        simulator.add_fault(rule.times(1)).unwrap();
        ada.say(&ben.account, name).await;
        ben.events.text(name).await;
    }
    // A frame that does not decrypt, and with it all that follow, until the connection is a new one.
    let on = FaultTarget::outgoing("message").of(&ben.account.phone);
    let damage = Damage::Sealed;
    simulator
        .add_fault(FaultRule::new(on, FaultAction::Corrupt { damage }).times(1))
        .unwrap();
    ada.say(&ben.account, "sealed").await;
    suffered(&simulator, "corrupt").await;
    ada.say(&ben.account, "behind it").await;
    sent_out(&simulator, &ben.account.phone, 2).await;
    simulator.drop_connections(&ben.account.phone);
    ben.events.text("behind it").await;
    ben.events.text("sealed").await;
    // On its way back it is told once to try again later.
    let on = FaultTarget::outgoing("success").of(&ben.account.phone);
    let later = FaultAction::Failure { reason: 503 };
    simulator.add_fault(FaultRule::new(on, later).times(1)).unwrap();
    simulator.drop_connections(&ben.account.phone);
    suffered(&simulator, "failure").await;
    ada.say(&ben.account, "failure").await;
    ben.events.text("failure").await;
    assert_eq!(ben.events.texts().len(), 5);
    assert_eq!(ben.events.undecryptable(), 0);
    assert!(simulator.faults().iter().all(|fault| fault.applied == 1));
    assert_eq!(simulator.clear_faults(), 4);
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}

/// Waits until so many messages have gone out to an account under the last rule or after it.
async fn sent_out(simulator: &Simulator, phone: &str, messages: usize) {
    let mut after = suffered(simulator, "corrupt").await.seq - 1;
    for _ in 0..messages {
        let sent = |record: &StanzaRecord| {
            record.tag == "message" && record.direction == Direction::Out && record.account.as_deref() == Some(phone)
        };
        after = simulator
            .wait_stanza(after, sent, PATIENCE)
            .await
            .expect("a message")
            .seq;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undecodable_stanza_goes_out_well_sealed() {
    let simulator = start().await;
    let mut client = pinger(&simulator).await;
    let broken = FaultAction::Corrupt { damage: Damage::Plain };
    simulator.add_fault(pongs("x", broken)).unwrap();
    for id in ["x", "y"] {
        client.send(&ping(id)).await;
    }
    assert!(client.try_receive().await.is_err());
    assert_eq!(client.answered("y").await, ["y"]);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_open_connection_swallows_everything_until_the_next_login() {
    let simulator = start().await;
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    let on = FaultTarget::outgoing("message").of(&ben.account.phone);
    simulator
        .add_fault(FaultRule::new(on, FaultAction::HalfOpen).times(1))
        .unwrap();
    ada.say(&ben.account, "one").await;
    let last = suffered(&simulator, "half_open").await;
    ada.say(&ben.account, "two").await;
    simulator
        .wait_stanza(
            last.seq,
            |record| record.tag == "message" && record.direction == Direction::Out,
            PATIENCE,
        )
        .await
        .expect("the server does not know");
    assert_eq!(ben.events.texts().len(), 0);

    // Ben's side notices some day, and begins anew.
    ben.kill();
    ben.start().await;
    ben.events.text("two").await;
    let texts: Vec<String> = ben.events.texts().into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["one", "two"]);

    // The same at once, and from the other direction.
    assert_eq!(simulator.half_open_connections(&ada.account.phone), 1);
    let mut client = pinger(&simulator).await;
    let on = FaultTarget {
        id_prefix: Some("dead".to_owned()),
        ..FaultTarget::incoming("iq")
    };
    simulator.add_fault(FaultRule::new(on, FaultAction::HalfOpen)).unwrap();
    for id in ["alive", "dead", "buried"] {
        client.send(&ping(id)).await;
    }
    assert_eq!(client.answered("alive").await, ["alive"]);
    ada.kill();
    ben.stop().await;
    simulator.shutdown().await;
    closed(&mut client.socket).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn late_stanzas_under_way_are_limited_and_none_is_lost() {
    const PINGS: usize = 3_000;
    let simulator = start().await;
    let mut client = pinger(&simulator).await;
    let late = FaultAction::Delay {
        fixed_ms: 5,
        jitter_ms: 5,
    };
    let both = FaultTarget {
        tag: Some("iq".to_owned()),
        ..FaultTarget::default()
    };
    simulator.add_fault(FaultRule::new(both, late)).unwrap();
    for n in 0..PINGS {
        client.send(&ping(&n.to_string())).await;
    }
    let answered = client.answered(&(PINGS - 1).to_string()).await;
    let expected: Vec<String> = (0..PINGS).map(|n| n.to_string()).collect();
    assert_eq!(answered, expected);
    counted(&simulator, |stats| stats.faults >= 2 * PINGS as u64).await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_an_unknown_account_is_refused() {
    let simulator = start().await;
    let on = FaultTarget::outgoing("message").of("4915100000000");
    let refused = simulator.add_fault(FaultRule::new(on, FaultAction::Drop));
    assert!(matches!(refused, Err(FaultError::Account(_))));
    assert!(matches!(simulator.remove_fault(1), Err(FaultError::Unknown(1))));
    simulator.shutdown().await;
}

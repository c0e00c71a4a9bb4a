//! What is sent to a device that is away waits for it, in order, until it has acknowledged it.

use waspnest_simulator::{Direction, Reachability, Simulator};

use crate::client::{Companion, PATIENCE, end, settled, strict};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_wait_in_order_and_come_as_backlog() {
    const COUNT: usize = 300;
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "first contact").await;
    ben.events.text("first contact").await;
    ben.stop().await;

    let mut sent = Vec::new();
    for n in 0..COUNT {
        sent.push(ada.say(&ben.account, &format!("waiting {n}")).await);
    }
    let last = sent.last().unwrap().clone();
    let ack = simulator
        .wait_stanza(
            0,
            |r| r.tag == "ack" && r.direction == Direction::Out && r.id == last,
            PATIENCE,
        )
        .await
        .expect("the last acknowledgement");
    ben.start().await;
    ben.events.text(&format!("waiting {}", COUNT - 1)).await;
    let received: Vec<String> = ben.events.texts().into_iter().map(|(id, _)| id).collect();
    assert_eq!(received, sent);
    assert_eq!(ben.events.undecryptable(), 0);
    settled(&simulator).await;

    let backlog: Vec<_> = simulator
        .stanzas(ack.seq, usize::MAX)
        .into_iter()
        .filter(|r| r.direction == Direction::Out && r.account.as_deref() == Some(&ben.account.phone))
        .collect();
    let position = |what: &str| {
        backlog
            .iter()
            .position(|r| r.xml.contains(what))
            .unwrap_or_else(|| panic!("no {what}"))
    };
    let preview = position("<offline_preview");
    let first = position("offline=\"0\"");
    let ended_at = position("<offline count=");
    assert!(preview < first && first < ended_at, "{preview} {first} {ended_at}");
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_acknowledged_is_sent_again() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "first contact").await;
    ben.events.text("first contact").await;

    // Ben's client dies again and again while Ada talks: some messages are on the wire, some in the queue, none may be lost.
    let mut sent = Vec::new();
    let mut received: Vec<String> = Vec::new();
    for round in 0..6 {
        for n in 0..20 {
            sent.push(ada.say(&ben.account, &format!("round {round} message {n}")).await);
        }
        if round % 2 == 0 {
            ben.kill();
        } else {
            simulator.drop_connections(&ben.account.phone);
            ben.kill();
        }
        received.extend(ben.events.texts().into_iter().map(|(id, _)| id));
        ben.start().await;
    }
    sent.push(ada.say(&ben.account, "the end").await);
    ben.events.text("the end").await;
    received.extend(ben.events.texts().into_iter().map(|(id, _)| id));
    settled(&simulator).await;
    let reported = sent.iter().filter(|id| received.contains(id)).count();
    println!("{reported} of {} reported, {:?}", sent.len(), simulator.stats());

    // What went over the wire to Ben, one list for each of his connections.
    let mut connections: Vec<Vec<String>> = Vec::new();
    for record in simulator.stanzas(0, usize::MAX) {
        if record.direction != Direction::Out || record.account.as_deref() != Some(&ben.account.phone) {
            continue;
        }
        match record.tag.as_str() {
            "success" => connections.push(Vec::new()),
            "message" if sent.contains(&record.id) => connections
                .last_mut()
                .expect("messages come after a login")
                .push(record.id),
            _ => {}
        }
    }
    let position = |id: &String| sent.iter().position(|sent| sent == id);
    for ids in &connections {
        assert!(ids.is_sorted_by_key(position), "out of order: {ids:?}");
    }
    for id in &sent {
        assert!(
            connections.iter().any(|ids| ids.contains(id)),
            "{id} never left the server"
        );
    }
    let again = connections.iter().map(Vec::len).sum::<usize>() - sent.len();
    println!("{again} messages went out more than once");
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_off_the_network_gets_everything_when_it_is_back() {
    let simulator = Simulator::start(strict()).await.unwrap();
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "first contact").await;
    ben.events.text("first contact").await;
    simulator
        .set_reachability(&ben.account.phone, Reachability::Offline)
        .unwrap();
    for n in 0..5 {
        ada.say(&ben.account, &format!("while away {n}")).await;
    }
    assert!(ben.events.texts().iter().all(|(_, text)| !text.starts_with("while")));
    simulator
        .set_reachability(&ben.account.phone, Reachability::Online)
        .unwrap();
    ben.events.text("while away 4").await;
    let texts: Vec<String> = ben.events.texts().into_iter().map(|(_, text)| text).skip(1).collect();
    let expected: Vec<String> = (0..5).map(|n| format!("while away {n}")).collect();
    assert_eq!(texts, expected);
    ada.stop().await;
    ben.stop().await;
    end(simulator).await;
}

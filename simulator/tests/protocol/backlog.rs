//! A backlog in parts: as much as the client asks for, in order across kinds, and what is new behind it.

use std::collections::VecDeque;

use waspnest_simulator::{Config, Direction, FaultAction, FaultRule, FaultTarget, NewAccount, QueuedStanza, Simulator};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore_binary::Node;

use crate::client::{Companion, PATIENCE, counted};
use crate::clock::{Hand, NOON_S};
use crate::raw::{RawClient, ping};

fn attr(node: &Node, key: &str) -> String {
    node.attrs
        .get(key)
        .map(|value| value.as_str().into_owned())
        .unwrap_or_default()
}

fn active() -> Node {
    NodeBuilder::new("iq")
        .attr("to", "s.whatsapp.net")
        .attr("type", "set")
        .attr("xmlns", "passive")
        .attr("id", "active")
        .children([NodeBuilder::new("active").build()])
        .build()
}

fn ask(count: usize) -> Node {
    NodeBuilder::new("ib")
        .children([NodeBuilder::new("offline_batch").attr("count", count).build()])
        .build()
}

/// What acknowledges a stanza of the queue.
fn ack(of: &Node) -> Node {
    NodeBuilder::new("ack")
        .attr("class", of.tag.as_ref())
        .attr("id", attr(of, "id"))
        .attr("to", attr(of, "from"))
        .build()
}

/// Everything the server sends until it answers a keep-alive; the answer itself is left out.
async fn before_pong(client: &mut RawClient, id: &str) -> Vec<Node> {
    client.send(&ping(id)).await;
    let mut seen = Vec::new();
    loop {
        let node = client.receive().await.expect("the connection stands");
        if node.tag == "iq" && attr(&node, "id") == id {
            return seen;
        }
        seen.push(node);
    }
}

/// Logs in and says it is ready; what follows the answer and the preview, and the preview.
async fn ready(client: &mut RawClient, id: &str) -> (Node, Vec<Node>) {
    client.send(&active()).await;
    let mut seen: VecDeque<Node> = before_pong(client, id).await.into();
    seen.retain(|node| !matches!(&*node.tag, "success" | "iq"));
    let preview = seen.pop_front().expect("a preview");
    (preview, seen.into())
}

fn ids(nodes: &[Node]) -> Vec<String> {
    nodes.iter().map(|node| attr(node, "id")).collect()
}

fn waiting(queue: &[QueuedStanza]) -> Vec<String> {
    queue.iter().map(|stanza| stanza.id.clone()).collect()
}

/// Ben's account with a companion written out by hand that is away, and `count` messages for it, with notifications in between.
async fn busy(simulator: &Simulator, count: usize) -> (Companion, RawClient, String) {
    let ben = simulator.create_account(NewAccount::default()).unwrap();
    let ada = Companion::join(simulator, "Ada").await;
    // What a first message sets in motion comes before there is a queue to look at.
    ada.say(&ben, "first contact").await;
    let issued = simulator
        .wait_stanza(
            0,
            |r| r.direction == Direction::In && r.xml.contains("<token "),
            PATIENCE,
        )
        .await
        .expect("Ada's client issues a token");
    simulator
        .wait_stanza(
            issued.seq,
            |r| r.direction == Direction::Out && r.id == issued.id,
            PATIENCE,
        )
        .await
        .expect("and is told that it is");
    let client = RawClient::link(simulator, &ben).await;
    ada.events
        .first("Ada learns of Ben's device", |event| {
            matches!(event, Event::DeviceListUpdate(_)).then_some(())
        })
        .await;
    // Ben's phone greets its new companion.
    counted(simulator, |_| !simulator.queue(&ben.phone, 1).unwrap().is_empty()).await;
    for n in 0..count {
        ada.say(&ben, &format!("number {n}")).await;
        if n == 1 {
            simulator.block(&ben.phone, &ada.account.phone).unwrap();
            simulator.unblock(&ben.phone, &ada.account.phone).unwrap();
        }
    }
    // The last message is in once the server has answered what came after it.
    ada.client().fetch_privacy_settings().await.unwrap();
    (ada, client, ben.phone)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_gets_what_it_asks_for_and_no_more() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let (mut ada, away, phone) = busy(&simulator, 20).await;
    let backlog = simulator.queue(&phone, 1).unwrap();
    let order = waiting(&backlog);
    for class in ["message", "notification"] {
        assert!(
            backlog.iter().any(|stanza| stanza.class == class && !stanza.sent),
            "{class}"
        );
    }

    let mut ben = away.again(&simulator).await;
    let (preview, primer) = ready(&mut ben, "1").await;
    let counts = preview.get_optional_child("offline_preview").expect("counts");
    assert_eq!(attr(counts, "count"), backlog.len().to_string());
    for class in ["message", "receipt", "notification"] {
        let expected = backlog.iter().filter(|stanza| stanza.class == class).count();
        assert_eq!(attr(counts, class), expected.to_string(), "{class}");
    }
    // A few come unasked, marked, in order across kinds; then the server waits.
    assert_eq!(ids(&primer), order[..5]);
    assert!(primer.iter().all(|node| attr(node, "offline") == "0"));
    ben.send(&ask(3)).await;
    assert_eq!(ids(&before_pong(&mut ben, "2").await), order[5..8]);
    // What arrives now waits behind the backlog, and acknowledging half of what came changes nothing.
    let account = simulator.accounts().into_iter().find(|account| account.phone == phone);
    let late = ada.say(&account.unwrap(), "too late").await;
    ada.client().fetch_privacy_settings().await.unwrap();
    for node in &primer {
        ben.send(&ack(node)).await;
    }
    assert!(before_pong(&mut ben, "3").await.is_empty());
    assert!(simulator.queue(&phone, 1).unwrap()[0].sent);

    // The connection breaks in the middle: what was acknowledged is done with, and everything else comes again.
    let mut ben = ben.again(&simulator).await;
    let (preview, again) = ready(&mut ben, "4").await;
    let counts = preview.get_optional_child("offline_preview").expect("counts");
    let left = waiting(&simulator.queue(&phone, 1).unwrap());
    assert_eq!(left[..order.len() - 5], order[5..]);
    assert_eq!(attr(counts, "count"), left.len().to_string());
    assert_eq!(ids(&again), left[..5]);
    ben.send(&ask(1_000)).await;
    let rest = before_pong(&mut ben, "5").await;
    let (end, rest) = rest.split_last().unwrap();
    assert_eq!(ids(rest), left[5..]);
    let done = end.get_optional_child("offline").expect("the end of it");
    assert_eq!(attr(done, "count"), left.len().to_string());
    assert!(left.contains(&late));

    // From now on things come as they happen, unmarked.
    let account = simulator.accounts().into_iter().find(|account| account.phone == phone);
    let fresh = ada.say(&account.unwrap(), "in time").await;
    let live = loop {
        let node = ben.receive().await.unwrap();
        if attr(&node, "id") == fresh {
            break node;
        }
    };
    assert!(live.attrs.get("offline").is_none());
    ada.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_acknowledges_everything_gets_the_next_part_unasked() {
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let (mut ada, away, phone) = busy(&simulator, 15).await;
    let order = waiting(&simulator.queue(&phone, 1).unwrap());

    // Who asked once for three gets three more each time nothing is left to acknowledge.
    let mut ben = away.again(&simulator).await;
    let (_, mut part) = ready(&mut ben, "1").await;
    ben.send(&ask(3)).await;
    part.extend(before_pong(&mut ben, "2").await);
    assert_eq!(ids(&part), order[..8]);
    for node in &part {
        ben.send(&ack(node)).await;
    }
    assert_eq!(ids(&before_pong(&mut ben, "3").await), order[8..11]);

    // Who never asks gets the rest at once.
    let mut ben = ben.again(&simulator).await;
    let (_, part) = ready(&mut ben, "4").await;
    assert_eq!(ids(&part), order[8..13]);
    for node in &part {
        ben.send(&ack(node)).await;
    }
    let rest = before_pong(&mut ben, "5").await;
    assert_eq!(ids(&rest[..order.len() - 13]), order[13..]);
    ada.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_gets_lost_holds_the_rest_up_neither_forever_nor_twice() {
    let clock = Hand::at(NOON_S * 1000);
    let simulator = Simulator::start(Config {
        clock: clock.clone(),
        ..Config::default()
    })
    .await
    .unwrap();
    let (mut ada, away, phone) = busy(&simulator, 12).await;
    let order = waiting(&simulator.queue(&phone, 1).unwrap());

    // One in the middle never arrives. Once what came after it is acknowledged, the next part comes.
    let lost = |id: &str| {
        let on = FaultTarget {
            direction: Some(Direction::Out),
            id_prefix: Some(id.to_owned()),
            ..FaultTarget::default()
        };
        simulator
            .add_fault(FaultRule::new(on, FaultAction::Drop).times(1))
            .unwrap();
    };
    lost(&order[2]);
    lost(&order[7]);
    let mut ben = away.again(&simulator).await;
    let (_, part) = ready(&mut ben, "1").await;
    assert_eq!(ids(&part), [&order[..2], &order[3..5]].concat());
    ben.send(&ask(3)).await;
    let mut next = before_pong(&mut ben, "2").await;
    assert_eq!(ids(&next), order[5..7]);
    for node in part.iter().chain(&next) {
        ben.send(&ack(node)).await;
    }
    // The last one of this part never arrives either, and nothing comes after it. The client keeps the connection alive, and in the end
    // the server gives it up.
    assert!(before_pong(&mut ben, "3").await.is_empty());
    clock.advance(9_000);
    assert!(before_pong(&mut ben, "4").await.is_empty());
    clock.advance(1_000);
    assert!(before_pong(&mut ben, "5").await.is_empty());
    next = before_pong(&mut ben, "6").await;
    assert_eq!(ids(&next), order[8..11]);
    for node in &next {
        ben.send(&ack(node)).await;
    }
    assert_eq!(ids(&before_pong(&mut ben, "7").await)[0], order[11]);

    // Both are still there, for the next connection.
    let mut ben = ben.again(&simulator).await;
    let (_, again) = ready(&mut ben, "8").await;
    assert_eq!(ids(&again)[..2], [order[2].clone(), order[7].clone()]);
    ada.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_fetched_for_a_month_is_gone() {
    let clock = Hand::at(NOON_S * 1000);
    let simulator = Simulator::start(Config {
        clock: clock.clone(),
        ..Config::default()
    })
    .await
    .unwrap();
    let (mut ada, away, phone) = busy(&simulator, 3).await;
    clock.advance(15 * 24 * 3_600_000);
    let account = simulator.accounts().into_iter().find(|account| account.phone == phone);
    let young = ada.say(&account.unwrap(), "still good").await;
    ada.client().fetch_privacy_settings().await.unwrap();
    clock.advance(16 * 24 * 3_600_000);
    let mut ben = away.again(&simulator).await;
    let (_, seen) = ready(&mut ben, "1").await;
    assert!(ids(&seen).contains(&young));
    let left = simulator.queue(&phone, 1).unwrap();
    assert!(left.iter().all(|stanza| stanza.at_ms > NOON_S * 1000));
    assert!(left.len() <= 2, "{left:?}");
    // The count of what is queued anywhere goes down with it.
    counted(&simulator, |stats| stats.queued == left.len()).await;
    ada.stop().await;
    simulator.shutdown().await;
}

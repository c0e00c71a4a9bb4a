//! What the server does not know is listed, and refused if it is told to be strict.

use waspnest_simulator::{Config, NewAccount, Simulator, Strictness};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::Node;

use crate::client::{Companion, settled};
use crate::raw::{RawClient, ping};

async fn start(strictness: Strictness) -> Simulator {
    Simulator::start(Config {
        strictness,
        ..Config::default()
    })
    .await
    .unwrap()
}

async fn logged_in(simulator: &Simulator) -> RawClient {
    let account = simulator
        .create_account(NewAccount {
            push_name: "Ada".to_owned(),
            phone: None,
        })
        .unwrap();
    RawClient::linked(simulator, &account).await
}

fn request(id: &str, namespace: &str) -> NodeBuilder {
    NodeBuilder::new("iq")
        .attr("to", "s.whatsapp.net")
        .attr("type", "get")
        .attr("xmlns", namespace.to_owned())
        .attr("id", id.to_owned())
}

fn code(answer: &Node) -> String {
    let error = answer.get_optional_child("error").expect("an error");
    error.attrs.get("code").unwrap().as_str().into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_clients_send_nothing_that_is_unknown() {
    let simulator = start(Strictness::Strict).await;
    let mut ada = Companion::join(&simulator, "Ada").await;
    let mut ben = Companion::join(&simulator, "Ben").await;
    ada.say(&ben.account, "to a strict server").await;
    ben.events.text("to a strict server").await;
    settled(&simulator).await;
    let strange: Vec<String> = simulator
        .unknown_stanzas()
        .into_iter()
        .map(|unknown| unknown.what)
        .collect();
    assert_eq!(strange, Vec::<String>::new());
    ada.stop().await;
    ben.stop().await;
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lenient_server_lists_what_is_unknown_and_goes_on() {
    let simulator = start(Strictness::Lenient).await;
    let mut client = logged_in(&simulator).await;
    client.send(&NodeBuilder::new("hologram").build()).await;
    client.send(&NodeBuilder::new("hologram").attr("id", "2").build()).await;
    client
        .send(&NodeBuilder::new("presence").attr("mood", "good").build())
        .await;
    client
        .send(&NodeBuilder::new("presence").attr("type", "levitating").build())
        .await;
    let query = NodeBuilder::new("crystal-ball").build();
    let answer = client
        .ask(&request("q1", "w:divination").children([query]).build())
        .await;
    assert_eq!(code(&answer), "501");
    client.ask(&ping("p")).await;

    let unknown = simulator.unknown_stanzas();
    let kinds: Vec<(&str, u64)> = unknown
        .iter()
        .map(|unknown| (unknown.what.as_str(), unknown.count))
        .collect();
    assert_eq!(
        kinds,
        [
            ("<hologram>", 2),
            ("iq type=\"get\" xmlns=\"w:divination\" <crystal-ball>", 1),
            ("presence mood=…", 1),
            ("presence type=\"levitating\"", 1),
        ]
    );
    assert_eq!(unknown[0].first, "<hologram/>");
    assert_eq!(simulator.stats().unknown_stanzas, 5);
    simulator.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_server_refuses_what_is_unknown() {
    let simulator = start(Strictness::Strict).await;
    let mut client = logged_in(&simulator).await;
    let answer = client.ask(&request("q1", "w:divination").build()).await;
    assert_eq!(code(&answer), "501");
    let answer = client.ask(&request("q2", "w:p").attr("urgency", "high").build()).await;
    assert_eq!(code(&answer), "400");
    client.send(&NodeBuilder::new("hologram").build()).await;
    let mut last = None;
    while let Some(node) = client.receive().await {
        last = Some(node);
    }
    assert_eq!(last.expect("a last word").tag, "stream:error");
    assert_eq!(simulator.stats().unknown_stanzas, 3);
    simulator.shutdown().await;
}

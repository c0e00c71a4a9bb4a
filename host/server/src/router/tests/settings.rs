//! Which configuration a call sees.

use serde_json::{Map, Value, json};
use waspnest_core::config_layer::Reach;
use waspnest_core::event::Position;

use super::harness::{Harness, Install};
use super::three_tries;
use crate::config::installation::ChatSettings;
use crate::settings::FileLayers;

const ADA: &str = "4915100001";
const BOB: &str = "4915100002";

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn tuner() -> Install {
    let bob = ChatSettings {
        sessions: vec!["test".parse().expect("a pattern")],
        chats: vec![BOB.parse().expect("a pattern")],
        config: object(json!({ "greeting": "hi bob" })),
    };
    Install {
        retry: three_tries(),
        layers: FileLayers {
            installation: object(json!({ "greeting": "servus" })),
            chats: vec![bob],
            ..FileLayers::default()
        },
        ..Install::of("tuner", "bot")
    }
}

#[tokio::test]
async fn a_call_sees_what_holds_in_its_chat() {
    let app = Harness::start(vec![tuner()]).await;
    app.hears(ADA, "get /greeting").await;
    app.hears(BOB, "get /greeting").await;
    let mut replies = app.replies(2).await;
    replies.sort();
    assert_eq!(
        replies,
        [
            (ADA.to_owned(), "\"servus\"".to_owned()),
            (BOB.to_owned(), "\"hi bob\"".to_owned())
        ]
    );
    let ada = Reach::Chat(app.session(), ADA.parse().expect("an address"));
    app.at_work(0)
        .settings
        .set_layer(ada, Some(object(json!({ "greeting": "hi ada" }))));
    app.hears(ADA, "get /greeting").await;
    assert_eq!(app.replies(3).await[2], (ADA.to_owned(), "\"hi ada\"".to_owned()));
    app.stop().await;
}

#[tokio::test]
async fn a_repeated_call_sees_what_holds_by_then() {
    let app = Harness::start(vec![tuner()]).await;
    app.hears(ADA, "retry 2").await;
    app.failed_once("bot", Position(1)).await;
    let layer = object(json!({ "greeting": "later" }));
    app.at_work(0)
        .settings
        .set_layer(Reach::Session(app.session()), Some(layer));
    app.pass_until_replies(1).await;
    assert_eq!(app.replies(1).await, [(ADA.to_owned(), "later".to_owned())]);
    app.stop().await;
}

//! Requests of real guests, and what a call that is made again is told.

use waspnest_engine::{CallContext, Grants};

use crate::kit::{Rig, sent};

const URL: &str = "http://127.0.0.1:8080/count";

#[tokio::test]
async fn a_guest_asks_a_server_and_gets_its_answer() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    assert_eq!(rig.say(&hostile, &format!("fetch {URL}")).await, ["200 GET number 1"]);
    assert_eq!(
        rig.say(&hostile, &format!("post {URL}")).await,
        ["200 POST number 2"],
        "another event"
    );
    assert_eq!(
        rig.say(&hostile, "fetch http://127.0.0.1:1/").await,
        ["the host refused http.fetch: the other side answered 0: connection refused"]
    );
    assert_eq!(
        rig.say(&hostile, "fetch https://evil.example/").await,
        ["the host refused http.fetch: not granted: http: https://evil.example is not granted"]
    );
}

#[tokio::test]
async fn without_the_grant_a_guest_asks_nobody() {
    let rig = Rig::new();
    let hostile = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.http = None;
        })
        .await;
    assert_eq!(
        rig.say(&hostile, &format!("fetch {URL}")).await,
        ["the host refused http.fetch: not granted: http"]
    );
}

#[tokio::test]
async fn a_call_that_ended_badly_gets_the_same_answer_again() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    for word in ["post-until 3", "post-trap"] {
        let event = rig.text(&format!("{word} {URL}?{word}"));
        let mut attempt = 0;
        let draft = loop {
            attempt += 1;
            let context = CallContext {
                attempt,
                ..CallContext::new(&event, &rig.session)
            };
            if let Ok(draft) = rig.engine.call(&hostile, context, rig.host.clone()).await {
                break draft;
            }
        };
        assert!(attempt > 1);
        assert_eq!(sent(&draft), ["200 POST number 1"], "{word}: the server was asked once");
    }
}

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
    assert_eq!(
        rig.say(&hostile, &format!("pieces {URL}")).await,
        ["the host refused http.open: not granted: http"]
    );
}

#[tokio::test]
async fn an_answer_is_taken_in_pieces() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let said = rig.say(&hostile, &format!("pieces {URL}")).await;
    assert_eq!(said, ["200|GET| nu|mbe|r 1|end"]);
    let broken = rig.say(&hostile, "pieces http://127.0.0.1:8080/broken").await;
    assert_eq!(
        broken,
        ["200|GET| nu|the host refused http.incoming.next: the other side answered 0: connection reset"]
    );
    assert_eq!(
        rig.say(&hostile, "pieces http://127.0.0.1:1/").await,
        ["the host refused http.open: the other side answered 0: connection refused"]
    );
    assert_eq!(
        rig.say(&hostile, "pieces https://evil.example/").await,
        ["the host refused http.open: not granted: http: https://evil.example is not granted"]
    );
}

#[tokio::test]
async fn an_answer_has_so_many_pieces_and_bytes() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    assert_eq!(
        rig.say(&hostile, &format!("pieces-max 7 {URL}")).await,
        ["200|GET| nu|m|the host refused http.incoming.next: larger than 7 bytes"]
    );
    let flood = rig.say(&hostile, &format!("pieces-flood {URL}")).await;
    assert_eq!(
        flood,
        ["500: the host refused http.incoming.next: used up: pieces of answers: 500 in one call"]
    );
    assert_eq!(
        rig.say(&hostile, &format!("pieces-slow {URL}")).await,
        ["the host refused http.incoming.next: invalid: gather-ms: at most 10000"]
    );
}

#[tokio::test]
async fn a_secret_is_taken_out_of_pieces() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let said = rig
        .say(&hostile, "pieces-secret token http://127.0.0.1:8080/echo")
        .await;
    let whole: String = said[0].split('|').collect();
    assert!(
        whole.contains("{{secret:token}}") && !whole.contains("fish"),
        "{said:?}"
    );
    for kept in rig.host.all_kept() {
        let text = String::from_utf8_lossy(&kept).into_owned();
        assert!(!text.contains("sword") && !text.contains("fish"), "{text}");
    }
}

#[tokio::test]
async fn pieces_that_were_kept_are_given_again_and_the_rest_is_lost() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let event = rig.text(&format!("pieces-until 3 {URL}"));
    for attempt in 1..=3 {
        let context = CallContext {
            attempt,
            ..CallContext::new(&event, &rig.session)
        };
        let ended = rig.engine.call(&hostile, context, rig.host.clone()).await;
        match attempt {
            3 => assert_eq!(
                sent(&ended.expect("it succeeds")),
                [
                    "200|POS|T n|the host refused http.incoming.next: the other side answered 0: the rest of the answer was lost when the \
                     call before this one ended"
                ]
            ),
            _ => assert!(ended.is_err(), "attempt {attempt}"),
        }
    }
    assert_eq!(
        rig.say(&hostile, &format!("post {URL}")).await,
        ["200 POST number 2"],
        "the request was sent once by three attempts"
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

//! Sending through the API.

use std::time::Duration;

use serde_json::{Value, json};
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::effect::{Action, Progress};
use waspnest_core::event::{EventKind, Position};
use waspnest_core::id::EffectId;
use waspnest_core::log::Incoming;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};

use crate::support::{Answer, TestApi};

const PATH: &str = "/v1/sessions/main/messages";

fn hello() -> Value {
    json!({ "type": "text", "to": "+4915112345678", "text": "hello" })
}

fn effect_id(answer: &Answer) -> EffectId {
    answer.json()["id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("an effect's id")
}

#[tokio::test]
async fn a_message_is_in_the_outbox_when_it_is_accepted() {
    let api = TestApi::start().await;
    let answer = api.post(PATH, hello()).await;
    assert_eq!(answer.status, 202);
    let effect = api
        .outbox
        .get(api.main, effect_id(&answer))
        .await
        .expect("readable")
        .expect("there");
    let Action::Send(send) = &effect.action else {
        panic!("a send")
    };
    assert_eq!(send.to.to_string(), "4915112345678@s.whatsapp.net");
    assert_eq!(send.content.plain_text(), Some("hello"));
    assert_eq!(answer.json()["message_id"], effect.id.message_id().as_str());
    assert_eq!(
        api.outbox.due(api.main, Position(0), 10).await.expect("readable").len(),
        1
    );
}

#[tokio::test]
async fn the_same_key_is_the_same_message() {
    let api = TestApi::start().await;
    let send = |key: &'static str, body: Value| {
        api.request("POST", PATH)
            .header("Idempotency-Key", key)
            .json(&body)
            .send()
    };
    let first = send("order-1", hello()).await;
    let again = send("order-1", hello()).await;
    assert_eq!((again.status, again.json()), (202, first.json()));
    assert_ne!(send("order-2", hello()).await.json()["id"], first.json()["id"]);
    assert_eq!(
        api.outbox.due(api.main, Position(0), 10).await.expect("readable").len(),
        2
    );
    send(
        "order-1",
        json!({ "type": "text", "to": "+4915112345678", "text": "something else" }),
    )
    .await
    .problem(409, "idempotency_key_reused");
    // Without a key every request is new.
    assert_ne!(
        api.post(PATH, hello()).await.json()["id"],
        api.post(PATH, hello()).await.json()["id"]
    );
    let long = "x".repeat(256);
    api.request("POST", PATH)
        .header("Idempotency-Key", &long)
        .json(&hello())
        .send()
        .await
        .problem(400, "invalid_header");
}

#[tokio::test]
async fn a_key_counts_within_its_session() {
    let api = TestApi::start().await;
    assert_eq!(api.post("/v1/sessions", json!({ "name": "other" })).await.status, 201);
    let send = |path: &'static str| {
        api.request("POST", path)
            .header("Idempotency-Key", "k")
            .json(&hello())
            .send()
    };
    assert_ne!(
        send(PATH).await.json()["id"],
        send("/v1/sessions/other/messages").await.json()["id"]
    );
}

#[tokio::test]
async fn a_caller_may_wait_until_it_is_sent() {
    let api = TestApi::start().await;
    for (news, state) in [
        (Progress::Sent, "sent"),
        (
            Progress::Failed {
                reason: "not on WhatsApp".into(),
                code: Some(404),
            },
            "failed",
        ),
    ] {
        let waiting = api.post("/v1/sessions/main/messages?wait=sent", hello());
        let both = async { tokio::join!(waiting, carry_out(&api, news)).0 };
        let answer = api.while_time_passes(Duration::from_millis(1), both).await;
        assert_eq!((answer.status, answer.json()["state"].as_str()), (200, Some(state)));
        let seen = api
            .get(&format!("/v1/sessions/main/effects/{}", effect_id(&answer)))
            .await;
        assert_eq!(seen.json(), answer.json());
    }
}

/// Waits for the next effect and reports `news` of it.
async fn carry_out(api: &TestApi, news: Progress) {
    let mut wake = api.outbox.wake(api.main);
    let effect = loop {
        if let Some(effect) = api.outbox.due(api.main, Position(0), 1).await.expect("readable").pop() {
            break effect;
        }
        wake.changed().await.expect("the outbox lives");
    };
    api.outbox.progress(api.main, effect.id, news).await.expect("noted");
}

#[tokio::test]
async fn a_caller_does_not_wait_for_ever() {
    let api = TestApi::start().await;
    let answer = api
        .while_time_passes(
            Duration::from_secs(1),
            api.post("/v1/sessions/main/messages?wait=sent", hello()),
        )
        .await;
    assert_eq!((answer.status, answer.json()["state"].as_str()), (202, Some("pending")));
    api.post("/v1/sessions/main/messages?wait=read", hello())
        .await
        .problem(400, "invalid_query");
}

#[tokio::test]
async fn a_quote_carries_what_was_said() {
    let api = TestApi::start().await;
    let chat: Jid = "+4915112345678".parse().expect("an address");
    let message = Message {
        key: MessageKey {
            chat: chat.clone(),
            id: "ABC".parse().expect("an id"),
            from: Origin::Them,
            participant: None,
        },
        chat_kind: ChatKind::Direct,
        chat_name: None,
        sender: Party::known_as(chat),
        timestamp: UnixMs(1),
        content: Content::Text(Text {
            body: "a question".into(),
            preview: None,
        }),
        quoted: None,
        mentions: Vec::new(),
        mentions_me: false,
        mentions_all: false,
        edit_of: None,
        album_of: None,
        thread: None,
        forwarded_score: 0,
        view_once: false,
        ephemeral_s: None,
        spoiler: false,
        offline: false,
        history: false,
        device: None,
    };
    let incoming = Incoming {
        kind: EventKind::Message(Box::new(message)),
        also: Vec::new(),
        expect: Vec::new(),
    };
    api.log.append(api.main, vec![incoming]).await.expect("recorded");
    let mut body = hello();
    body["quote"] = json!({ "id": "ABC" });
    let answer = api.post(PATH, body.clone()).await;
    let effect = api
        .outbox
        .get(api.main, effect_id(&answer))
        .await
        .expect("readable")
        .expect("there");
    let Action::Send(send) = &effect.action else {
        panic!("a send")
    };
    let quote = send.quote.as_ref().expect("a quote");
    assert_eq!(
        quote.content.as_ref().and_then(|content| content.plain_text()),
        Some("a question")
    );
    body["quote"] = json!({ "id": "NEVER" });
    api.post(PATH, body).await.problem(422, "unknown_quote");
}

#[tokio::test]
async fn an_unknown_effect_is_not_found() {
    let api = TestApi::start().await;
    for given in ["eff_01ARZ3NDEKTSV4RRFFQ69G5FAV", "nonsense"] {
        api.get(&format!("/v1/sessions/main/effects/{given}"))
            .await
            .problem(404, "unknown_effect");
    }
    // One session's effect is not another's.
    let id = effect_id(&api.post(PATH, hello()).await);
    assert_eq!(api.post("/v1/sessions", json!({ "name": "other" })).await.status, 201);
    api.get(&format!("/v1/sessions/other/effects/{id}"))
        .await
        .problem(404, "unknown_effect");
}

//! What real guests tell each other, and what they answer to requests from outside.

use waspnest_core::draft::{Draft, TimerOrigin};
use waspnest_core::event::{Event, EventKind, MAX_HOPS, RequestEvent, TopicEvent};
use waspnest_engine::grant::Grant;
use waspnest_engine::manifest::{BusTerms, Rate};
use waspnest_engine::{CallError, Grants, Installation};

use crate::kit::{Rig, sent};

const CHAT: &str = "4915112345678@s.whatsapp.net";

/// What another plugin published.
pub(crate) fn topic(rig: &Rig, topic: &str, hops: u8) -> Event {
    rig.event(EventKind::Topic(Box::new(TopicEvent {
        topic: topic.parse().expect("a topic"),
        publisher: "shop".parse().expect("an id"),
        body: format!("{CHAT} soup").into_bytes(),
        hops,
        origin: Some(TimerOrigin {
            chat: CHAT.parse().expect("a chat"),
            sender: None,
        }),
    })))
}

/// A request from outside.
pub(crate) fn request(rig: &Rig, installation: &Installation, path: &str) -> Event {
    rig.event(EventKind::Request(Box::new(RequestEvent {
        installation: installation.id().clone(),
        method: "POST".into(),
        path: path.into(),
        query: Some("a=1".into()),
        headers: vec![("content-type".into(), "text/plain".into())],
        body: b"hello".to_vec(),
    })))
}

fn published(draft: &Draft) -> Vec<(&str, u8)> {
    draft
        .topics
        .iter()
        .map(|topic| (topic.topic.as_str(), topic.hops))
        .collect()
}

#[tokio::test]
async fn what_is_published_is_part_of_the_draft() {
    let rig = Rig::new();
    let board = rig.install("switchboard").await;
    let draft = rig
        .call(&board, &rig.text("publish said.loud hello"))
        .await
        .expect("a draft");
    assert_eq!(sent(&draft), ["published"]);
    assert_eq!(published(&draft), [("said.loud", 1)]);
    assert_eq!(draft.topics[0].body, b"hello");
    rig.call(&board, &rig.text("publish-reject said.loud hello"))
        .await
        .expect_err("it rejects, and has no draft");
}

#[tokio::test]
async fn a_topic_has_a_name_a_size_and_a_grant() {
    let rig = Rig::new();
    let board = rig.install("switchboard").await;
    let refused = "the host refused bus.publish: ";
    for (text, refusal) in [
        ("publish other x", "not granted: bus: other is not granted"),
        ("publish-much said.loud", "larger than 262144 bytes"),
        ("publish-flood", "used up: publications: 20 in one call"),
    ] {
        assert_eq!(rig.say(&board, text).await, [format!("{refused}{refusal}")], "{text}");
    }
    let wrong = rig.say(&board, "publish NOT x").await;
    assert!(wrong[0].contains("\"NOT\" is not a valid TopicName"), "{wrong:?}");
    let without = rig
        .install_with("switchboard", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.bus = None;
        })
        .await;
    let answer = rig.say(&without, "publish said.loud x").await;
    assert_eq!(answer, [format!("{refused}not granted: bus")]);
    let narrow = rig
        .install_with("switchboard", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.bus = Some(Grant::On(BusTerms {
                topics: Some(["said.low".parse().expect("a topic")].into()),
                rates: vec!["1/h".parse::<Rate>().expect("a rate")],
            }));
        })
        .await;
    let answer = rig.say(&narrow, "publish said.loud x").await;
    assert_eq!(answer, [format!("{refused}not granted: bus: said.loud is not granted")]);
    assert_eq!(rig.say(&narrow, "publish said.low x").await, ["published"]);
    let answer = rig.say(&narrow, "publish said.low x").await;
    assert!(answer[0].starts_with(refused) && answer[0] != "published", "{answer:?}");
}

#[tokio::test]
async fn a_plugin_hears_what_it_listens_to_and_nothing_of_its_own() {
    let rig = Rig::new();
    let board = rig.install("switchboard").await;
    for (name, wanted) in [
        ("said.loud", true),
        ("said.softly", true),
        ("loop", true),
        ("nobody", false),
        ("said", false),
    ] {
        assert_eq!(board.wants(&topic(&rig, name, 1).kind), wanted, "{name}");
    }
    let mut own = topic(&rig, "said.loud", 1);
    if let EventKind::Topic(event) = &mut own.kind {
        event.publisher = board.id().clone();
    }
    assert!(!board.wants(&own.kind));
    let draft = rig.call(&board, &topic(&rig, "said.loud", 1)).await.expect("a draft");
    assert_eq!(sent(&draft), [format!("heard said.loud from shop: {CHAT} soup")]);
}

#[tokio::test]
async fn a_topic_of_a_chat_is_in_the_scope_of_that_chat() {
    let rig = Rig::new();
    let board = rig
        .install_with("switchboard", |spec| {
            spec.grants = Grants::as_requested();
            spec.grants.send = Some(Grant::On(waspnest_engine::manifest::MessageTerms {
                scope: waspnest_engine::manifest::Scope::reply_only(),
                rates: Vec::new(),
            }));
        })
        .await;
    let draft = rig.call(&board, &topic(&rig, "said.loud", 1)).await.expect("a draft");
    assert_eq!(draft.effects.len(), 1);
    let mut elsewhere = topic(&rig, "said.loud", 1);
    if let EventKind::Topic(event) = &mut elsewhere.kind {
        event.origin = None;
    }
    let draft = rig.call(&board, &elsewhere).await.expect("a draft");
    assert_eq!(draft.effects.len(), 0);
}

#[tokio::test]
async fn topics_that_lead_to_topics_come_to_an_end() {
    let rig = Rig::new();
    let board = rig.install("switchboard").await;
    let draft = rig
        .call(&board, &topic(&rig, "loop", MAX_HOPS - 1))
        .await
        .expect("a draft");
    assert_eq!(published(&draft), [("loop", MAX_HOPS)]);
    let draft = rig.call(&board, &topic(&rig, "loop", MAX_HOPS)).await.expect("a draft");
    assert_eq!(published(&draft), []);
    assert!(
        sent(&draft)[0].contains("not granted: bus: a topic led to a topic 8 times"),
        "{draft:?}"
    );
}

#[tokio::test]
async fn a_request_is_answered_with_the_draft() {
    let rig = Rig::new();
    let board = rig.install("switchboard").await;
    let event = request(&rig, &board, "/echo");
    assert!(board.wants(&event.kind));
    let draft = rig.call(&board, &event).await.expect("a draft");
    let response = draft.response.expect("an answer");
    assert_eq!((response.status, response.headers.len()), (200, 1));
    assert_eq!(
        String::from_utf8(response.body).expect("text"),
        "POST /echo a=1 [content-type: text/plain] hello"
    );
    assert_eq!(draft.kv.len(), 1, "what it changed is in the same draft");
    let draft = rig
        .call(&board, &request(&rig, &board, &format!("/send/{CHAT}")))
        .await
        .expect("a draft");
    assert_eq!(sent(&draft), ["hello"]);
    assert_eq!(draft.response.expect("an answer").status, 202);

    let other = rig.install("echo").await;
    assert!(!other.wants(&event.kind), "a request is for one installation");
}

#[tokio::test]
async fn an_answer_that_is_in_no_form_is_refused_with_its_draft() {
    let rig = Rig::new();
    let board = rig.install("switchboard").await;
    for (path, problem) in [
        ("/status/100", "status 100: must be 200 to 599"),
        ("/status/700", "status 700: must be 200 to 599"),
        ("/header/set-cookie", "headers: set-cookie is the host's own"),
        ("/header/a b", "headers: \"a b\" is not the name of a header"),
        ("/large", "body: at most 1048576 bytes"),
    ] {
        let error = rig.call(&board, &request(&rig, &board, path)).await.expect_err(path);
        let CallError::Reject { message } = &error else {
            panic!("{path}: {error}")
        };
        assert_eq!(*message, format!("its answer is in no form: {problem}"), "{path}");
    }
    let error = rig
        .call(&board, &request(&rig, &board, "/trap"))
        .await
        .expect_err("it traps");
    assert!(matches!(error, CallError::Trap { .. }), "{error}");
}

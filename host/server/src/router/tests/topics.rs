//! What plugins tell each other becomes events of the session, and requests from outside are answered after the commit.

use waspnest_core::draft::Response;
use waspnest_core::event::{EventKind, Family, Position, RequestEvent};

use super::harness::{Harness, Install, everything, id};
use super::three_tries;
use crate::config::bind::{Bind, Topic};
use crate::replies::Reply;

const ADA: &str = "4915100001";
const BOB: &str = "4915100002";

/// Two that talk to each other.
fn board(id: &'static str, events: &[Topic]) -> Install {
    Install {
        binds: vec![Bind {
            events: events.to_vec(),
            ..everything("all")
        }],
        retry: three_tries(),
        ..Install::of("switchboard", id)
    }
}

fn talkers() -> Vec<Install> {
    vec![
        board("one", &[Topic::Family(Family::Message)]),
        board("two", &[Topic::Family(Family::Topic)]),
    ]
}

fn request(path: &str) -> EventKind {
    EventKind::Request(Box::new(RequestEvent {
        installation: id("one"),
        method: "GET".into(),
        path: path.into(),
        query: None,
        headers: Vec::new(),
        body: b"hello".to_vec(),
    }))
}

#[tokio::test]
async fn what_one_says_of_a_chat_the_other_hears_in_order() {
    let app = Harness::start(talkers()).await;
    for number in 0..5 {
        app.hears(ADA, &format!("publish said.loud {ADA} {number}")).await;
    }
    app.hears(BOB, &format!("publish said.low {BOB} x")).await;
    let replies = app.replies(12).await;
    let heard: Vec<_> = replies
        .iter()
        .filter(|(chat, text)| chat == ADA && text.starts_with("heard"))
        .map(|(_, text)| text.as_str())
        .collect();
    let wanted: Vec<_> = (0..5)
        .map(|number| format!("heard said.loud from one: {ADA} {number}"))
        .collect();
    assert_eq!(heard, wanted);
    assert!(replies.contains(&(BOB.to_owned(), format!("heard said.low from one: {BOB} x"))));
    app.stop().await;
}

#[tokio::test]
async fn what_a_failed_call_published_is_not_heard() {
    let app = Harness::start(talkers()).await;
    app.hears(ADA, &format!("publish-reject said.loud {ADA} no")).await;
    app.dead_letter("one").await;
    app.hears(ADA, &format!("publish said.loud {ADA} yes")).await;
    let replies = app.replies(2).await;
    assert!(replies.iter().all(|(_, text)| !text.contains("no")), "{replies:?}");
    // The message that was rejected, the other one, and one topic.
    app.done("two", Position(3)).await;
    app.stop().await;
}

#[tokio::test]
async fn what_nobody_listens_to_is_not_recorded() {
    let app = Harness::start(vec![board("one", &[Topic::Family(Family::Message)])]).await;
    app.hears(ADA, &format!("publish said.loud {ADA} x")).await;
    assert_eq!(app.replies(1).await[0].1, "published");
    assert_eq!(app.head().await, Position(1));
    app.stop().await;
}

#[tokio::test]
async fn two_that_answer_each_other_come_to_an_end() {
    let both = [Topic::Family(Family::Message), Topic::Family(Family::Topic)];
    let app = Harness::start(vec![board("one", &both), board("two", &[Topic::Family(Family::Topic)])]).await;
    app.hears(ADA, &format!("publish loop {ADA} ping")).await;
    // One says it, and then they hear each other eight times.
    let replies = app.replies(9).await;
    assert!(replies[8].1.contains("a topic led to a topic 8 times"), "{replies:?}");
    app.done("one", Position(9)).await;
    assert_eq!(app.head().await, Position(9));
    app.stop().await;
}

#[tokio::test]
async fn topics_survive_the_process() {
    let app = Harness::start(talkers()).await;
    app.hears(ADA, &format!("publish said.loud {ADA} x")).await;
    app.replies(2).await;
    app.hears_without_waiting(ADA, &format!("publish said.loud {ADA} y"))
        .await;
    let app = app.restart().await;
    let replies = app.replies(4).await;
    assert_eq!(replies[3].1, format!("heard said.loud from one: {ADA} y"));
    app.stop().await;
}

#[tokio::test]
async fn a_request_is_answered_and_what_it_did_is_kept() {
    let app = Harness::start(vec![board("one", &[])]).await;
    let event = app.takes(request(&format!("/send/{ADA}"))).await;
    let Reply::Answered(Response { status, body, .. }) = app.replies.take(event).await else {
        panic!("it succeeds")
    };
    assert_eq!((status, &*body), (202, &b"sent"[..]));
    assert_eq!(app.replies(1).await, [(ADA.to_owned(), "hello".to_owned())]);
    app.stop().await;
}

#[tokio::test]
async fn a_request_that_fails_for_the_moment_is_answered_later_and_one_that_fails_for_good_is_told() {
    let app = Harness::start(vec![board("one", &[])]).await;
    let event = app.takes(request("/retry-once")).await;
    app.failed_once("one", Position(1)).await;
    app.done("one", Position(1)).await;
    assert!(matches!(app.replies.take(event).await, Reply::Answered(_)));
    let event = app.takes(request("/reject")).await;
    assert_eq!(app.replies.take(event).await, Reply::Failed);
    assert_eq!(app.dead_letters("one").await[0].kind, "request".into());
    app.stop().await;
}

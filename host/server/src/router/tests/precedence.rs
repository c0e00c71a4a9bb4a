//! Who waits for whom, who stops an event for whom, and who only looks on.

use waspnest_core::event::Position;
use waspnest_engine::Mode;

use super::harness::{Harness, Install, everything};
use super::three_tries;
use crate::config::bind::{Bind, MayStop};

const ADA: &str = "4915100001";
const BOB: &str = "4915100002";

/// One that may stop events, above the others.
fn first() -> Install {
    Install {
        priority: 200,
        binds: vec![Bind {
            may_stop: MayStop::Yes,
            ..everything("first")
        }],
        retry: three_tries(),
        ..Install::of("talker", "first")
    }
}

fn echo() -> Install {
    Install::of("echo", "echo")
}

async fn texts(app: &Harness, count: usize) -> Vec<String> {
    app.replies(count).await.into_iter().map(|(_, text)| text).collect()
}

#[tokio::test]
async fn one_that_may_stop_an_event_is_first_and_keeps_it_from_those_below() {
    let app = Harness::start(vec![first(), echo()]).await;
    for text in ["hello", "halt", "discard", "bye"] {
        app.hears(ADA, text).await;
    }
    let said = texts(&app, 6).await;
    let place = |text: &str| {
        said.iter()
            .position(|said| said == text)
            .unwrap_or_else(|| panic!("{text}: {said:?}"))
    };
    assert!(place("ok: hello") < place("hello"));
    assert!(place("halt") < place("discard") && place("discard") < place("ok: bye") && place("ok: bye") < place("bye"));
    assert_eq!(
        said.iter().filter(|said| **said == "halt").count(),
        1,
        "it went no further"
    );
    app.stop().await;
}

#[tokio::test]
async fn one_that_may_not_stop_wishes_in_vain() {
    let wishes = Install {
        binds: vec![everything("first")],
        ..first()
    };
    let same = Install {
        priority: 100,
        ..first()
    };
    for install in [wishes, same] {
        let app = Harness::start(vec![install, echo()]).await;
        app.hears(ADA, "halt").await;
        assert_eq!(texts(&app, 2).await, ["halt", "halt"]);
        app.stop().await;
    }
}

#[tokio::test]
async fn those_below_wait_through_failures_and_restarts_at_that_event_alone() {
    let app = Harness::start(vec![first(), echo()]).await;
    app.hears(ADA, "retry 3").await;
    app.hears(ADA, "behind it").await;
    app.hears(BOB, "elsewhere").await;
    app.failed_once("first", Position(1)).await;
    let others = app.replies(2).await;
    assert!(others.iter().all(|(chat, _)| chat == BOB), "{others:?}");
    let app = app.restart().await;
    app.pass_until_replies(6).await;
    let said: Vec<_> = app
        .replies(6)
        .await
        .into_iter()
        .filter(|(chat, _)| chat == ADA)
        .map(|(_, text)| text)
        .collect();
    let place = |text: &str| {
        said.iter()
            .position(|said| said == text)
            .unwrap_or_else(|| panic!("{text}: {said:?}"))
    };
    assert!(place("ok: retry 3") < place("retry 3") && place("retry 3") < place("behind it"));
    app.stop().await;
}

#[tokio::test]
async fn what_was_stopped_stays_stopped_after_a_restart() {
    let app = Harness::start(vec![first(), echo()]).await;
    app.hears(ADA, "halt").await;
    assert_eq!(texts(&app, 1).await, ["halt"]);
    app.done("echo", Position(1)).await;
    let app = app.restart_with(vec![echo()]).await;
    app.hears(ADA, "bye").await;
    assert_eq!(texts(&app, 2).await, ["halt", "bye"]);
    app.stop().await;
}

#[tokio::test]
async fn an_event_that_is_given_up_goes_on() {
    let app = Harness::start(vec![first(), echo()]).await;
    app.hears(ADA, "reject").await;
    assert_eq!(texts(&app, 1).await, ["reject"]);
    assert_eq!(app.dead_letters("first").await.len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn an_answer_that_was_waited_for_can_be_kept_from_the_others() {
    let app = Harness::start(vec![first(), echo()]).await;
    app.hears(ADA, "ask size 60000").await;
    app.hears(ADA, "large").await;
    app.hears(ADA, "hello").await;
    let said = texts(&app, 5).await;
    assert!(!said.contains(&"large".to_owned()), "{said:?}");
    assert!(said.contains(&"size got large".to_owned()), "{said:?}");
    app.stop().await;
}

#[tokio::test]
async fn one_that_looks_on_neither_speaks_nor_waits_nor_stops() {
    let looks_on = Install {
        mode: Mode::Observe,
        ..first()
    };
    let app = Harness::start(vec![looks_on, echo()]).await;
    app.hears(ADA, "retry 3").await;
    assert_eq!(texts(&app, 1).await, ["retry 3"], "nobody waits for it");
    app.hears(ADA, "halt").await;
    let letter = app.dead_letter("first").await;
    assert!(letter.error.contains("not granted: messages.send"), "{}", letter.error);
    assert_eq!(texts(&app, 2).await[1], "halt");
    app.stop().await;
}

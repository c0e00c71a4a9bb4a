//! Whose message ends a wait, in the order of the lane, over failures and restarts.

use waspnest_core::event::{Family, Position};

use super::harness::{Harness, Install, everything};
use super::three_tries;
use crate::config::bind::{Bind, Topic};

const ADA: &str = "4915100001";
const BOB: &str = "4915100002";

fn talker() -> Install {
    Install {
        retry: three_tries(),
        ..Install::of("talker", "bot")
    }
}

async fn texts(app: &Harness, count: usize) -> Vec<String> {
    app.replies(count).await.into_iter().map(|(_, text)| text).collect()
}

#[tokio::test]
async fn the_next_message_of_the_same_person_is_the_answer_and_the_one_after_is_not() {
    let app = Harness::start(vec![talker()]).await;
    // All in the log before the first has its turn: what is an answer shows when the turn comes, not when it is routed.
    for text in ["slow-start", "ask size 60000", "large", "and then?"] {
        app.hears(ADA, text).await;
    }
    assert_eq!(
        texts(&app, 4).await,
        ["ok: slow-start", "asked size", "size got large", "ok: and then?"]
    );
    app.hears(BOB, "small").await;
    assert_eq!(texts(&app, 5).await[4], "ok: small");
    assert!(app.timers("bot").await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn an_answer_goes_to_who_waits_alone_and_others_see_a_message() {
    let app = Harness::start(vec![talker(), Install::of("echo", "other")]).await;
    app.hears(ADA, "ask size 60000").await;
    app.replies(2).await;
    app.hears(ADA, "large").await;
    let mut rest = texts(&app, 4).await.split_off(2);
    rest.sort_unstable();
    assert_eq!(rest, ["large", "size got large"]);
    app.stop().await;
}

#[tokio::test]
async fn an_answer_survives_a_restart_and_is_found_by_every_attempt() {
    let app = Harness::start(vec![talker()]).await;
    app.hears(ADA, "ask size 600000").await;
    app.replies(1).await;
    let app = app.restart().await;
    app.hears(ADA, "retry 3").await;
    app.hears(ADA, "behind it").await;
    app.failed_once("bot", Position(2)).await;
    let app = app.restart().await;
    app.pass_until_replies(3).await;
    assert_eq!(
        texts(&app, 3).await,
        ["asked size", "size got retry 3", "ok: behind it"]
    );
    app.stop().await;
}

#[tokio::test]
async fn a_wait_outlives_an_answer_that_is_given_up() {
    let app = Harness::start(vec![talker()]).await;
    app.hears(ADA, "ask size 600000").await;
    app.hears(ADA, "fail").await;
    app.hears(ADA, "large").await;
    assert_eq!(texts(&app, 2).await, ["asked size", "size got large"]);
    assert_eq!(app.dead_letters("bot").await.len(), 1);
    app.stop().await;
}

#[tokio::test]
async fn who_gave_no_answer_in_time_writes_ordinary_messages() {
    let app = Harness::start(vec![talker()]).await;
    app.hears(ADA, "ask size 60000").await;
    app.replies(1).await;
    let app = app.restart().await;
    app.expire("bot").await;
    app.hears(ADA, "too late").await;
    assert_eq!(texts(&app, 3).await, ["asked size", "size got nothing", "ok: too late"]);
    app.stop().await;
}

#[tokio::test]
async fn an_answer_in_time_counts_when_its_turn_comes_late() {
    let app = Harness::start(vec![talker()]).await;
    app.hears(ADA, "ask size 60000").await;
    app.replies(1).await;
    // The answer fails at first; meanwhile the time is over.
    app.hears(ADA, "retry 2").await;
    app.failed_once("bot", Position(2)).await;
    app.expire("bot").await;
    app.hears(ADA, "afterwards").await;
    app.pass_until_replies(3).await;
    assert_eq!(
        texts(&app, 3).await,
        ["asked size", "size got retry 2", "ok: afterwards"]
    );
    app.stop().await;
}

#[tokio::test]
async fn an_answer_needs_no_bind_that_fits_its_text_but_one_that_fits_its_author() {
    let questions = Bind {
        text: Some("ask*".parse().expect("a valid pattern")),
        ..everything("questions")
    };
    let app = Harness::start(vec![Install {
        binds: vec![questions.clone()],
        ..talker()
    }])
    .await;
    for text in [
        "unheard",
        "ask size 600000",
        "large",
        "unheard too",
        "ask colour 600000",
    ] {
        app.hears(ADA, text).await;
    }
    assert_eq!(texts(&app, 3).await, ["asked size", "size got large", "asked colour"]);
    // Now the operator takes the chat away: its messages end no wait.
    let elsewhere = Bind {
        chats: crate::config::bind::Lists {
            allow: Vec::new(),
            deny: vec![ADA.parse().expect("a valid pattern")],
        },
        ..questions
    };
    let app = app
        .restart_with(vec![Install {
            binds: vec![elsewhere],
            ..talker()
        }])
        .await;
    app.hears(ADA, "red").await;
    app.hears(BOB, "ask size 60000").await;
    assert_eq!(app.replies(4).await[3], (BOB.to_owned(), "asked size".to_owned()));
    app.stop().await;
}

#[tokio::test]
async fn a_bind_for_answers_alone_lets_no_other_messages_through() {
    let asks = Bind {
        text: Some("ask*".parse().expect("a valid pattern")),
        ..everything("asks")
    };
    let only_events = Bind {
        events: vec![Topic::Family(Family::Group)],
        ..everything("other")
    };
    let answers = Bind {
        events: vec![Topic::Reply],
        ..everything("answers")
    };
    let with = |binds| Install { binds, ..talker() };
    let app = Harness::start(vec![with(vec![asks])]).await;
    app.hears(ADA, "ask size 600000").await;
    app.replies(1).await;
    let app = app.restart_with(vec![with(vec![only_events, answers])]).await;
    app.hears(ADA, "large").await;
    app.hears(ADA, "not let through either").await;
    assert_eq!(texts(&app, 2).await, ["asked size", "size got large"]);
    app.stop().await;
}

#[tokio::test]
async fn nothing_of_a_failed_call_waits() {
    let app = Harness::start(vec![Install::of("talker", "bot")]).await;
    app.hears(ADA, "ask-fail size").await;
    app.hears(ADA, "hello").await;
    assert_eq!(texts(&app, 1).await, ["ok: hello"]);
    app.stop().await;
}

//! The pipeline from the log to the wire, with real plugins in real sandboxes and a script in the place of WhatsApp.

mod account;
mod comings;
mod command;
mod dialogue;
mod group_admin;
mod harness;
mod hostile;
mod http;
mod interleaving;
mod loops;
mod precedence;
mod runs;
mod secrets;
mod settings;
mod shadow;
mod shared;
mod topics;
mod versions;
mod webhooks;

use std::time::Duration;

use waspnest_core::event::{EventKind, Position, Tick, TickCause};
use waspnest_core::log::Incoming;

use crate::config::bind::{Bind, Lists};
use crate::config::plugins::{Backoff, BreakerRule, Retry};
use harness::{Harness, Install, Script, everything, hostile, id};

/// Three calls, a second apart.
fn three_tries() -> Retry {
    let second = Duration::from_secs(1);
    Retry {
        max_attempts: 3,
        backoff: Backoff {
            first: second,
            factor: 1.0,
            max: second,
            jitter: 0.0,
        },
    }
}

#[tokio::test]
async fn a_message_is_answered_in_its_chat() {
    let app = Harness::start(vec![hostile("bot")]).await;
    app.hears("4915100001", "hello").await;
    assert_eq!(
        app.replies(1).await,
        [("4915100001".to_owned(), "ok: hello".to_owned())]
    );
    app.stop().await;
}

#[tokio::test]
async fn a_slow_chat_keeps_its_order_and_delays_nobody() {
    let app = Harness::start(vec![hostile("bot")]).await;
    app.hears("4915100001", "slow 900").await;
    app.hears("4915100001", "after slow").await;
    app.hears("4915100002", "quick").await;
    let texts: Vec<_> = app.replies(3).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["ok: quick", "slow 900", "ok: after slow"]);
    app.stop().await;
}

#[tokio::test]
async fn two_plugins_get_the_same_event() {
    let app = Harness::start(vec![hostile("one"), Install::of("echo", "two")]).await;
    app.hears("4915100001", "hello").await;
    let mut texts: Vec<_> = app.replies(2).await.into_iter().map(|(_, text)| text).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["hello", "ok: hello"]);
    app.stop().await;
}

#[tokio::test]
async fn what_a_plugin_does_wrong_is_parked_and_stops_nobody_else() {
    for (wrong, class) in [
        ("trap", "crashed"),
        ("loop", "did not answer"),
        ("memory", "memory"),
        ("flood-log", "flooded"),
        ("reject", "rejects"),
    ] {
        let bad = Install {
            retry: three_tries(),
            ..hostile("bad")
        };
        let app = Harness::start(vec![bad, Install::of("echo", "good")]).await;
        app.hears("4915100001", wrong).await;
        // The healthy one answers the same event, and others' events, at once.
        assert_eq!(app.replies(1).await, [("4915100001".to_owned(), wrong.to_owned())]);
        app.hears("4915100002", "hello").await;
        let mut texts: Vec<_> = app.replies(3).await.into_iter().skip(1).map(|(_, text)| text).collect();
        texts.sort_unstable();
        assert_eq!(texts, ["hello", "ok: hello"]);
        // The one that fails holds its own chat, until its event is parked.
        app.hears("4915100001", "behind it").await;
        let letter = app.dead_letter("bad").await;
        assert!(letter.error.contains(class), "{wrong}: {}", letter.error);
        assert_eq!(letter.attempts, if wrong == "reject" { 1 } else { 3 }, "{wrong}");
        let mut rest: Vec<_> = app.replies(5).await.into_iter().skip(3).map(|(_, text)| text).collect();
        rest.sort_unstable();
        assert_eq!(rest, ["behind it", "ok: behind it"]);
        app.stop().await;
    }
}

#[tokio::test]
async fn a_failing_call_is_made_again_until_it_works() {
    let app = Harness::start(vec![Install {
        retry: three_tries(),
        ..hostile("bot")
    }])
    .await;
    app.hears("4915100001", "retry-until 3").await;
    app.pass_until_replies(1).await;
    assert_eq!(app.replies(1).await[0].1, "attempt 3");
    assert!(app.dead_letters("bot").await.is_empty());
    app.stop().await;
}

#[tokio::test]
async fn a_dead_letter_is_handled_again_when_its_operator_wants_it() {
    let app = Harness::start(vec![hostile("bot")]).await;
    app.hears("4915100001", "reject-unless-kv").await;
    app.dead_letter("bot").await;
    app.hears("4915100001", "kv-counter").await;
    assert_eq!(app.replies(1).await[0].1, "1");
    let app = app.restart().await;
    app.wants_again("bot", Position(1)).await;
    assert_eq!(app.replies(2).await[1].1, "now it works");
    assert!(app.dead_letters("bot").await.is_empty());
    // It is done for good: nothing comes of it at the next start.
    let app = app.restart().await;
    app.hears("4915100001", "kv-counter").await;
    assert_eq!(app.replies(3).await[2].1, "2");
    app.stop().await;
}

#[tokio::test]
async fn what_keeps_failing_gets_a_rest_and_loses_nothing() {
    let breaker = BreakerRule {
        failures: 2,
        window: Duration::from_secs(60),
        open: Duration::from_secs(30),
    };
    let app = Harness::start(vec![
        Install {
            breaker,
            ..hostile("bad")
        },
        Install::of("echo", "good"),
    ])
    .await;
    app.hears("4915100001", "trap").await;
    app.hears("4915100002", "trap").await;
    app.replies(2).await;
    app.done("bad", Position(2)).await;
    app.hears("4915100003", "hello").await;
    assert_eq!(app.replies(3).await[2].1, "hello", "the healthy one answers at once");
    app.passes(Duration::from_secs(20));
    app.hears("4915100004", "later").await;
    assert_eq!(app.replies(4).await[3].1, "later", "the other one still rests");
    app.passes(Duration::from_secs(10));
    let mut late: Vec<_> = app.replies(6).await.into_iter().skip(4).map(|(_, text)| text).collect();
    late.sort_unstable();
    assert_eq!(late, ["ok: hello", "ok: later"]);
    app.stop().await;
}

#[tokio::test]
async fn nothing_of_a_failed_call_is_kept() {
    let app = Harness::start(vec![hostile("bot")]).await;
    app.hears("4915100001", "half").await;
    app.dead_letter("bot").await;
    app.hears("4915100001", "kv-counter").await;
    assert_eq!(
        app.replies(1).await[0].1,
        "1",
        "the write of the failed call is gone, and so is its reply"
    );
    app.stop().await;
}

#[tokio::test]
async fn calls_of_different_chats_do_not_lose_each_others_writes() {
    let app = Harness::start(vec![hostile("bot")]).await;
    for chat in 0..40 {
        app.hears(&format!("49151000{chat:02}"), "kv-session-counter").await;
    }
    let mut counts: Vec<u32> = app
        .replies(40)
        .await
        .into_iter()
        .map(|(_, text)| text.parse().expect("a number"))
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=40).collect::<Vec<_>>());
    app.stop().await;
}

#[tokio::test]
async fn a_bind_decides_before_any_plugin_runs() {
    let only = Bind {
        chats: Lists {
            allow: vec!["4915100001".parse().expect("a valid pattern")],
            deny: Vec::new(),
        },
        ..everything("only-one")
    };
    let app = Harness::start(vec![Install {
        binds: vec![only],
        ..hostile("bot")
    }])
    .await;
    app.hears("4915100002", "not for the bot").await;
    app.hears("4915100001", "for the bot").await;
    assert_eq!(
        app.replies(1).await,
        [("4915100001".to_owned(), "ok: for the bot".to_owned())]
    );
    app.stop().await;
}

#[tokio::test]
async fn a_restart_repeats_nothing_that_was_done() {
    let mut app = Harness::start(vec![hostile("bot")]).await;
    for round in 0..3 {
        for chat in 0..5 {
            app.hears(&format!("4915100{round}0{chat}"), "kv-session-counter").await;
        }
        app.replies(5 * (round + 1)).await;
        app = app.restart().await;
    }
    app.hears("4915199999", "kv-session-counter").await;
    assert_eq!(app.replies(16).await.last().expect("a reply").1, "16");
    app.stop().await;
}

#[tokio::test]
async fn an_installation_that_is_new_starts_with_new_events() {
    let app = Harness::start(vec![hostile("first")]).await;
    app.hears("4915100001", "before").await;
    app.replies(1).await;
    let app = app.restart_with(vec![hostile("first"), hostile("second")]).await;
    app.hears("4915100001", "after").await;
    let texts: Vec<_> = app.replies(3).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["ok: before", "ok: after", "ok: after"]);
    app.stop().await;
}

#[tokio::test]
async fn what_could_not_leave_leaves_with_the_next_connection_once() {
    let app = Harness::start(vec![hostile("bot")]).await;
    app.script(Script::Disconnected);
    app.hears("4915100001", "one").await;
    app.hears("4915100001", "two").await;
    app.done("bot", Position(2)).await;
    app.script(Script::TakesEverything);
    let texts: Vec<_> = app.replies(2).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["ok: one", "ok: two"]);
    app.stop().await;
}

#[tokio::test]
async fn what_was_not_acknowledged_leaves_again_under_its_id() {
    let app = Harness::start(vec![hostile("bot")]).await;
    app.script(Script::LosesAcknowledgements);
    app.hears("4915100001", "hello").await;
    app.replies(1).await;
    app.script(Script::TakesEverything);
    app.replies(2).await;
    let ids = app.carried_ids();
    assert_eq!(ids[0], ids[1]);
    app.stop().await;
}

#[tokio::test]
async fn nothing_leaves_before_it_is_durable() {
    let app = Harness::start(vec![hostile("bot")]).await;
    app.store.hold();
    app.hears_without_waiting("4915100001", "hello").await;
    app.done("bot", Position(1)).await;
    assert!(
        app.carried_ids().is_empty(),
        "the draft is committed and not yet on disk"
    );
    app.store.release().await;
    assert_eq!(app.replies(1).await[0].1, "ok: hello");
    app.stop().await;
}

#[tokio::test]
async fn a_tick_goes_to_its_installation_alone() {
    let app = Harness::start(vec![hostile("one"), hostile("two")]).await;
    app.hears("4915100001", "schedule 5000").await;
    app.replies(2).await;
    let timers = app.timers("one").await;
    let timer = timers.first().expect("the plugin set one");
    let tick = Tick {
        installation: id("one"),
        schedule: timer.id.clone(),
        cause: TickCause::Once,
        scheduled_for: timer.next,
        missed: 0,
        previous: None,
        zone: timer.zone.clone(),
        payload: timer.payload.clone(),
        origin: timer.origin.clone(),
    };
    app.happens(Incoming {
        kind: EventKind::Tick(tick),
        also: Vec::new(),
        expect: Vec::new(),
    })
    .await;
    let last = app.replies(3).await.pop().expect("the tick's message").1;
    assert_eq!(last, format!("tick {}", timer.id));
    app.hears("4915100002", "later").await;
    let rest: Vec<_> = app.replies(5).await.into_iter().skip(3).map(|(_, text)| text).collect();
    assert_eq!(
        rest,
        ["ok: later", "ok: later"],
        "the other installation was not called for the tick"
    );
    app.stop().await;
}

#[tokio::test]
async fn what_a_failed_call_let_leave_at_once_leaves_once() {
    let bot = Install {
        retry: three_tries(),
        ..hostile("bot")
    };
    let app = Harness::start(vec![bot]).await;
    app.hears("4915100001", "now-until 2").await;
    app.failed_once("bot", Position(1)).await;
    let app = app.restart().await;
    app.pass_until_replies(4).await;
    let texts: Vec<_> = app.replies(4).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["now", "now 1", "now 2", "attempt 2"]);
    app.stop().await;
}

#[tokio::test]
async fn a_key_sends_one_message_for_many_events() {
    let app = Harness::start(vec![hostile("bot")]).await;
    for _ in 0..3 {
        app.hears("4915100001", "once tea").await;
    }
    app.pass_until_replies(4).await;
    let texts: Vec<_> = app.replies(4).await.into_iter().map(|(_, text)| text).collect();
    let id = texts[1].clone();
    assert_eq!(texts, ["once", &id, &id, &id]);
    app.stop().await;
}

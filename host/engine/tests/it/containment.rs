//! A guest that misbehaves ends its own call, in a way that says what it did, and disturbs nobody else.

use waspnest_engine::{Grants, Reuse};

use crate::kit::{Rig, sent, soon};

#[tokio::test]
async fn a_guest_within_its_time_is_not_ended() {
    let rig = Rig::on_system_clock();
    let hostile = rig.install("hostile").await;
    assert_eq!(rig.say(&hostile, "busy 50").await, ["busy 50"]);
    assert_eq!(rig.say(&hostile, "slow 50").await, ["slow 50"]);
}

#[tokio::test]
async fn what_is_worth_another_try_is_said() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    for (word, retryable) in [("retry", true), ("trap", true), ("loop", true), ("reject", false)] {
        let error = rig.call(&hostile, &rig.text(word)).await.expect_err(word);
        assert_eq!(error.retryable(), retryable, "{word}");
    }
    rig.host.break_down();
    let error = rig
        .call(&hostile, &rig.text("kv-counter"))
        .await
        .expect_err("the host is broken");
    assert_eq!((error.class(), error.retryable()), ("host", true));
    assert!(error.to_string().contains("the store is gone"), "{error}");
}

#[tokio::test]
async fn more_calls_than_places_wait_for_their_turn() {
    let rig = Rig::with(|options| options.concurrency = 2);
    let echo = rig.install("echo").await;
    let calls = (0..40).map(|number| {
        let (rig, echo) = (&rig, &echo);
        async move {
            let text = format!("number {number}");
            let draft = rig
                .call(echo, &rig.text(&text))
                .await
                .expect("a call that waited is a call like any other");
            assert_eq!(sent(&draft), [text]);
        }
    });
    soon(all(calls)).await;
}

/// Runs all together on this task.
async fn all(calls: impl Iterator<Item = impl Future<Output = ()>>) {
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    std::future::poll_fn(|context| {
        calls.retain_mut(|call| call.as_mut().poll(context).is_pending());
        if calls.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

#[tokio::test]
async fn a_warm_sandbox_is_used_again_and_dropped_after_a_trap() {
    let rig = Rig::new();
    let hostile = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.reuse = Reuse::Warm { max_calls: 3 };
        })
        .await;
    for round in 0..10 {
        assert_eq!(rig.say(&hostile, "hello").await, ["ok: hello"], "round {round}");
    }
    rig.call(&hostile, &rig.text("trap")).await.expect_err("it traps");
    assert_eq!(rig.say(&hostile, "hello").await, ["ok: hello"]);
    assert_eq!(rig.say(&hostile, "kv-counter").await, ["1"]);
    assert_eq!(rig.say(&hostile, "kv-counter").await, ["2"]);
}

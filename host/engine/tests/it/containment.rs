//! A guest that misbehaves ends its own call, in a way that says what it did, and disturbs nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use waspnest_engine::{CallError, Grants, Installation, Reuse};

use crate::kit::{Rig, sent, soon};

/// The guest's words, the class of what comes of them, and something the error must say.
const ATTACKS: &[(&str, &str, &str)] = &[
    ("trap", "trap", "unreachable"),
    ("panic", "trap", "told to panic"),
    ("exit", "trap", "exited with status 1"),
    ("loop", "deadline", "1s"),
    ("memory", "memory", "134217728"),
    ("recurse", "trap", "out of bounds"),
    ("flood-effects", "quota", "effects"),
    ("flood-log", "quota", "log lines"),
    ("flood-stdout", "quota", "standard output"),
    ("flood-kv", "quota", "key-value operations"),
    ("flood-jobs", "quota", "schedule operations"),
    ("big-string", "trap", "fuel"),
    ("big-log", "trap", "fuel"),
    ("big-value", "trap", "fuel"),
    ("big-reject", "trap", "fuel"),
    ("retry", "retry", "told to retry"),
    ("reject", "reject", "told to reject"),
    ("half", "reject", "told to stop half-way"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attack_is_contained_while_another_plugin_is_served() {
    let rig = Arc::new(Rig::new());
    // Memory enough that what is too large for a host call fits into the guest.
    let hostile = rig
        .install_with("hostile", |spec| {
            spec.grants = Grants::as_requested();
            spec.limits.memory_bytes = Some(128 << 20);
        })
        .await;
    let echo = rig.install("echo").await;
    let over = Arc::new(AtomicBool::new(false));
    let neighbour = tokio::task::spawn_blocking({
        let (rig, over, runtime) = (rig.clone(), over.clone(), tokio::runtime::Handle::current());
        move || runtime.block_on(serve(&rig, &echo, &over))
    });
    for (word, class, says) in ATTACKS {
        let error = soon(rig.call(&hostile, &rig.text(word))).await.expect_err(word);
        assert_eq!(error.class(), *class, "{word}: {error}");
        assert!(error.to_string().contains(says), "{word}: {error}");
        assert_eq!(
            rig.say(&hostile, "are you there").await,
            ["ok: are you there"],
            "after {word}, the next call works"
        );
    }
    over.store(true, Ordering::Release);
    let served = neighbour.await.expect("the neighbour is served to the end");
    assert!(served > ATTACKS.len(), "the neighbour was served {served} times");
}

async fn serve(rig: &Rig, echo: &Installation, over: &AtomicBool) -> usize {
    let mut served = 0;
    while !over.load(Ordering::Acquire) {
        let draft = soon(rig.call(echo, &rig.text("hello"))).await.expect("echo answers");
        assert_eq!(sent(&draft), ["hello"]);
        served += 1;
    }
    served
}

#[tokio::test]
async fn a_sleeping_guest_is_ended_by_the_clock() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let event = rig.text("sleep");
    let mut call = std::pin::pin!(rig.call(&hostile, &event));
    // The guest sleeps for an hour, and the host's clock stands still: nothing ends but by our hand.
    let error = soon(async {
        loop {
            tokio::select! {
                biased;
                ended = &mut call => break ended.expect_err("a sleeping guest does not answer"),
                () = tokio::task::yield_now() => rig.clock.advance(Duration::from_millis(1)),
            }
        }
    })
    .await;
    assert!(
        matches!(error, CallError::Deadline { limit } if limit == Duration::from_secs(1)),
        "{error}"
    );
}

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

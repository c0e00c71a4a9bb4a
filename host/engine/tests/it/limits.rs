//! What an installation may use over time and in one call, and that whoever uses it up is held back alone.

use std::time::Duration;

use waspnest_core::clock::{Clock, SystemClock};
use waspnest_core::event::{Event, EventKind};
use waspnest_engine::{
    CallContext, CallError, Called, Grants, InstallError, Installation, InstallationSpec, LimitWish,
};

use crate::kit::{Rig, message, plugin_dir, sent};

const ANA: &str = "4915112345678";
const BEN: &str = "4915187654321";

async fn limited(rig: &Rig, limits: LimitWish) -> Installation {
    let granted = |spec: &mut InstallationSpec| {
        spec.grants = Grants::as_requested();
        spec.limits = limits;
    };
    rig.install_with("hostile", granted).await
}

fn said(rig: &Rig, phone: &str, text: &str) -> Event {
    rig.event(EventKind::Message(Box::new(message(phone, text))))
}

async fn handled(rig: &Rig, installation: &Installation, event: &Event) -> Called {
    let context = CallContext::new(event, &rig.session);
    rig.engine.handle(installation, context, rig.host.clone()).await
}

#[tokio::test]
async fn fuel_is_counted_where_it_is_limited() {
    let rig = Rig::new();
    let limit = 50_000_000;
    let metered = limited(
        &rig,
        LimitWish {
            fuel: Some(limit),
            ..LimitWish::default()
        },
    )
    .await;
    let event = rig.text("hello");
    let first = handled(&rig, &metered, &event).await.usage();
    let fuel = first.fuel.expect("it is counted");
    assert!((1_000..1_000_000).contains(&fuel), "{fuel}");
    assert_eq!(
        handled(&rig, &metered, &event).await.usage(),
        first,
        "the same event uses the same"
    );
    let told = rig.say(&metered, "budget").await.concat();
    let left: u64 = told
        .rsplit(' ')
        .next()
        .and_then(|left| left.parse().ok())
        .expect("a number");
    assert!((limit - 1_000_000..limit).contains(&left), "{told}");

    let timed = limited(&rig, LimitWish::default()).await;
    assert_eq!(handled(&rig, &timed, &event).await.usage().fuel, None);
    assert!(
        rig.say(&timed, "budget")
            .await
            .concat()
            .ends_with(&format!("fuel {}", u64::MAX))
    );
}

#[tokio::test]
async fn a_guest_that_runs_out_of_fuel_is_ended_and_not_called_again() {
    let rig = Rig::new();
    let limits = LimitWish {
        fuel: Some(1_000_000),
        ..LimitWish::default()
    };
    let metered = limited(&rig, limits).await;
    for word in ["loop", "busy 900"] {
        let called = handled(&rig, &metered, &rig.text(word)).await;
        assert_eq!(called.usage().fuel, Some(1_000_000), "{word}");
        let error = called.committed().expect_err(word);
        assert!(matches!(error, CallError::Fuel { limit: 1_000_000 }), "{word}: {error}");
        assert!(!error.retryable(), "it would run out once more");
    }
    assert_eq!(rig.say(&metered, "hello").await, ["ok: hello"]);
}

#[tokio::test]
async fn the_operators_cap_meters_everybody() {
    let rig = Rig::with(|options| options.caps.fuel = Some(2_000_000));
    let hostile = rig.install("hostile").await;
    let error = rig.call(&hostile, &rig.text("loop")).await.expect_err("it runs out");
    assert_eq!(error.class(), "fuel");
}

#[tokio::test]
async fn fuel_needs_code_that_counts_it() {
    let rig = Rig::new();
    let plugin = rig.engine.load(&plugin_dir("hostile")).await.expect("it loads");
    let mut spec = InstallationSpec::new("hostile".parse().expect("an id"));
    spec.grants = Grants::as_requested();
    spec.limits.fuel = Some(1);
    let error = Installation::new(plugin, spec).expect_err("nothing would hold the limit");
    assert!(matches!(error, InstallError::Metering { .. }), "{error}");
}

#[tokio::test]
async fn peak_memory_is_measured_whatever_becomes_of_the_call() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    let small = handled(&rig, &hostile, &rig.text("hello")).await.usage().memory_bytes;
    assert!((64 << 10..4 << 20).contains(&small), "{small}");
    let called = handled(&rig, &hostile, &rig.text("memory")).await;
    let large = called.usage().memory_bytes;
    assert!((4 << 20..=32 << 20).contains(&large), "{large}");
    called.committed().expect_err("it wanted more");
}

#[tokio::test]
async fn what_crosses_the_boundary_is_counted_and_bounded() {
    let rig = Rig::new();
    let limits = LimitWish {
        hostcall_bytes: Some(4 << 10),
        ..LimitWish::default()
    };
    let hostile = limited(&rig, limits).await;
    let crossed = async |word: &str| {
        let called = handled(&rig, &hostile, &rig.text(word)).await;
        let bytes = called.usage().hostcall_bytes;
        called
            .committed()
            .map(|_| bytes)
            .map_err(|error| (error.class(), error.to_string()))
    };
    assert_eq!(crossed("hello").await, Ok(0));
    // The key, and the text in quotation marks.
    assert_eq!(crossed("kv-fill a").await, Ok(1 + 1024 + 2));
    assert_eq!(crossed("log 3").await, Ok(3 << 10));
    let (class, words) = crossed("log 5").await.expect_err("it is too much");
    assert_eq!(class, "quota");
    assert!(
        words.contains("bytes between plugin and host: 5120 in one call; the budget is 4096"),
        "{words}"
    );
}

#[tokio::test]
async fn messages_of_a_minute_are_counted_for_the_chat_and_for_all() {
    let rig = Rig::new();
    let limits = LimitWish {
        sends_per_minute: Some(4),
        sends_per_chat_per_minute: Some(2),
        ..LimitWish::default()
    };
    let hostile = limited(&rig, limits).await;
    let neighbour = limited(&rig, LimitWish::default()).await;
    let say = async |phone: &str, text: &str| {
        let called = rig.call(&hostile, &said(&rig, phone, text)).await;
        called.map(|draft| sent(&draft)).map_err(|error| error.to_string())
    };
    assert_eq!(
        say(ANA, "double").await,
        Ok(vec!["first".to_owned(), "second".to_owned()])
    );
    let refused = say(ANA, "third").await.expect_err("the chat is full");
    assert!(refused.contains("60000 ms"), "{refused}");
    assert!(say(BEN, "one").await.is_ok(), "another chat has room");
    assert!(say(BEN, "two").await.is_ok());
    assert!(
        say("4915100000000", "five").await.is_err(),
        "and then the minute is full"
    );
    for text in ["one", "two", "three"] {
        rig.say(&neighbour, text).await;
    }
    rig.clock.advance(Duration::from_secs(60));
    assert!(say(ANA, "later").await.is_ok());
}

#[tokio::test]
async fn the_two_addresses_of_a_person_are_one_chat() {
    let rig = Rig::new();
    let limits = LimitWish {
        sends_per_chat_per_minute: Some(1),
        ..LimitWish::default()
    };
    let hostile = limited(&rig, limits).await;
    let error = rig
        .call(&hostile, &said(&rig, ANA, "send-to 123456789012345@lid"))
        .await
        .expect_err("the answer is one too many");
    assert!(error.to_string().contains("too fast"), "{error}");
}

#[tokio::test]
async fn who_fails_or_is_overtaken_pays_once() {
    let rig = Rig::new();
    let limits = LimitWish {
        sends_per_minute: Some(2),
        ..LimitWish::default()
    };
    let hostile = limited(&rig, limits).await;
    for _ in 0..5 {
        // A draft that is not committed, as after a conflict.
        let (draft, dues) = handled(&rig, &hostile, &rig.text("double"))
            .await
            .draft()
            .expect("it answers");
        assert_eq!(sent(&draft).len(), 2);
        drop(dues);
    }
    rig.say(&hostile, "double").await;
    rig.call(&hostile, &rig.text("three"))
        .await
        .expect_err("now they are used");
}

#[tokio::test]
async fn a_message_that_left_at_once_is_paid_for_once_and_for_good() {
    let rig = Rig::new();
    let limits = LimitWish {
        sends_per_minute: Some(3),
        ..LimitWish::default()
    };
    let hostile = limited(&rig, limits).await;
    let event = rig.text("now-until 3");
    let attempt = async |attempt| {
        let context = CallContext {
            attempt,
            ..CallContext::new(&event, &rig.session)
        };
        rig.engine.call(&hostile, context, rig.host.clone()).await
    };
    // Each attempt sends the same message, and one with its own number.
    attempt(1).await.expect_err("it asks for another try");
    attempt(2).await.expect_err("it asks for another try");
    assert_eq!(rig.host.left(), ["now", "now 1", "now 2"]);
    let error = attempt(3)
        .await
        .expect_err("three have left, though no call ended well");
    assert!(error.to_string().contains("too fast"), "{error}");
    assert_eq!(rig.host.left(), ["now", "now 1", "now 2"]);
    rig.clock.advance(Duration::from_secs(60));
    attempt(3).await.expect("the windows are empty again");
    assert_eq!(rig.host.left(), ["now", "now 1", "now 2", "now 3"]);
}

#[tokio::test]
async fn what_is_logged_beyond_the_minute_is_left_out() {
    let rig = Rig::new();
    let limits = LimitWish {
        log_bytes_per_minute: Some(10 << 10),
        ..LimitWish::default()
    };
    let hostile = limited(&rig, limits).await;
    let lines = async || handled(&rig, &hostile, &rig.text("log 8")).await.lines().len();
    assert_eq!((lines().await, lines().await, lines().await), (8, 2, 0));
    rig.clock.advance(Duration::from_secs(60));
    assert_eq!(lines().await, 8);
}

#[tokio::test]
async fn lines_and_figures_of_a_call_are_counted() {
    let rig = Rig::new();
    let hostile = rig.install("hostile").await;
    for (function, line) in [
        ("log.emit", "a line"),
        ("log.counter", "messages"),
        ("log.histogram", "seconds"),
    ] {
        let called = handled(&rig, &hostile, &rig.text(&format!("again 101 {function}"))).await;
        assert_eq!(called.lines().len(), 100, "{function}: the last is left out");
        assert_eq!(&*called.lines()[99].message, line, "{function}");
        assert!(called.usage().hostcall_bytes >= 101 * line.len() as u64, "{function}");
        called.committed().expect("and the call goes on");
        let flood = handled(&rig, &hostile, &rig.text(&format!("again 1001 {function}"))).await;
        let error = flood.committed().expect_err("that is a flood");
        assert!(
            matches!(error, CallError::Quota { .. }) && error.to_string().contains("log lines"),
            "{function}: {error}"
        );
        rig.clock.advance(Duration::from_secs(60));
    }
}

#[tokio::test]
async fn what_a_call_is_told_of_its_configuration_crosses_too() {
    let rig = Rig::new();
    let limits = LimitWish {
        hostcall_bytes: Some(4 << 10),
        ..LimitWish::default()
    };
    let hostile = limited(&rig, limits).await;
    for function in ["config.all", "config.get"] {
        rig.say(&hostile, &format!("again 10 {function}")).await;
        let called = handled(&rig, &hostile, &rig.text(&format!("again 1000 {function}"))).await;
        let error = called.committed().expect_err("it is too much");
        assert!(
            error.to_string().contains("bytes between plugin and host"),
            "{function}: {error}"
        );
    }
}

#[tokio::test]
async fn only_so_many_calls_run_at_a_time() {
    let rig = Rig::on_system_clock();
    let limits = LimitWish {
        concurrency: Some(1),
        ..LimitWish::default()
    };
    let hostile = limited(&rig, limits).await;
    let clock = SystemClock::new();
    let event = rig.text("slow 300");
    let slow = async || rig.call(&hostile, &event).await.map(|_| clock.now());
    let (first, second) = tokio::join!(slow(), slow());
    let (first, second) = (first.expect("it ends"), second.expect("it ends"));
    let apart = second.since(first).max(first.since(second));
    assert!(apart >= Duration::from_millis(250), "{apart:?}");
}

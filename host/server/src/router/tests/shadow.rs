//! A version in shadow: what it would have done is told, and nothing is done.

use serde_json::json;
use waspnest_core::version::Shadow;

use super::harness::{Harness, Install, hostile, id};
use crate::config::plugins::BreakerRule;
use crate::router::{Counts, Report};
use crate::test_server::Server;

const ADA: &str = "4915100001";

fn words(report: &Report, index: usize) -> Vec<String> {
    report.apart[index].difference.words()
}

#[tokio::test]
async fn the_same_build_does_the_same_and_nothing_comes_of_it() {
    let server = Server::answering(&[]).await;
    let mut app = Harness::start(vec![hostile("bot")]).await;
    let looking = app.in_shadow(&hostile("bot"), 100).await;
    app.look(looking);
    let fetch = format!("secret-header token http://{}/", server.addr);
    for word in [
        "kv-counter",
        "kv-counter",
        "random",
        "clock",
        "schedule 5000",
        "history 3",
        "double",
        "sign token",
        "reveal token",
        &fetch,
    ] {
        app.hears(ADA, word).await;
    }
    app.replies(11).await;
    let report = app.found(10).await;
    let all = Counts {
        same: 10,
        ..Counts::default()
    };
    assert_eq!((report.counts, &report.apart), (all, &Vec::new()), "{report:#?}");
    assert_eq!(server.heard().len(), 1, "it asks no server");
    assert_eq!(app.replies(11).await.len(), 11, "it sends nothing");
    app.hears(ADA, "kv-counter").await;
    assert_eq!(app.replies(12).await[11].1, "3", "it writes nothing");
    app.stop().await;
}

#[tokio::test]
async fn what_another_build_would_do_is_told() {
    let mut app = Harness::start(vec![hostile("bot")]).await;
    let looking = app.in_shadow(&Install::of("echo", "bot"), 100).await;
    app.look(looking);
    app.hears(ADA, "kv-counter").await;
    app.hears(ADA, "trap").await;
    let report = app.found(2).await;
    assert_eq!(report.counts.different, 2, "{report:#?}");
    // The latest first.
    assert_eq!(
        words(&report, 0),
        [
            "it ends as drafted, and not as trap",
            "effects/0 is there, and was not",
            "flow is there, and was not"
        ]
    );
    assert_eq!(
        words(&report, 1),
        ["effects/0 is another", "values/0 is not there, and was"]
    );
    let counted = &report.apart[1];
    assert_eq!((&*counted.kind, counted.session.as_str()), ("message", "test"));
    let unlike = &counted.difference.unlike[0];
    assert_eq!(
        (
            &unlike.recorded["Send"]["content"]["Text"]["body"],
            &unlike.replayed["Send"]["content"]["Text"]["body"]
        ),
        (&json!("1"), &json!("kv-counter"))
    );
    assert_eq!(counted.difference.not_asked, ["kv.get", "kv.usage"]);
    assert_eq!(app.replies(1).await, [(ADA.to_owned(), "1".to_owned())]);
    app.stop().await;
}

#[tokio::test]
async fn what_nobody_was_told_decides_nothing() {
    let mut app = Harness::start(vec![Install::of("echo", "bot")]).await;
    let looking = app.in_shadow(&hostile("bot"), 100).await;
    app.look(looking);
    app.hears(ADA, "kv-counter").await;
    let report = app.found(1).await;
    assert_eq!((report.counts.undecided, report.counts.different), (1, 0));
    let said = words(&report, 0);
    assert!(
        said.contains(&"it asks kv.get, which was not asked so".to_owned()),
        "{said:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn one_that_hangs_holds_nobody_back() {
    let mut app = Harness::start(vec![Install::of("echo", "bot")]).await;
    let looking = app.in_shadow(&hostile("bot"), 100).await;
    app.look(looking);
    for text in ["loop", "one", "two"] {
        app.hears(ADA, text).await;
    }
    let replies = app.replies(3).await;
    assert_eq!(replies[2], (ADA.to_owned(), "two".to_owned()));
    let report = app.found(3).await;
    assert_eq!(report.counts.different, 3, "{report:#?}");
    let (then, now) = &report.apart[2].difference.outcome;
    assert_eq!((&**then, &**now), ("drafted", "deadline"));
    app.stop().await;
}

#[tokio::test]
async fn one_that_keeps_failing_rests() {
    let mut app = Harness::start(vec![Install::of("echo", "bot")]).await;
    let shadow = Install {
        breaker: BreakerRule {
            failures: 1,
            ..BreakerRule::default()
        },
        ..hostile("bot")
    };
    let looking = app.in_shadow(&shadow, 100).await;
    app.look(looking);
    for text in ["trap", "one", "two"] {
        app.hears(ADA, text).await;
    }
    let counts = app.found(3).await.counts;
    assert_eq!((counts.different, counts.left_out), (1, 2));
    app.pass(BreakerRule::default().open);
    app.hears(ADA, "three").await;
    let counts = app.found(4).await.counts;
    assert_eq!((counts.different, counts.left_out), (2, 2), "it is tried again");
    assert_eq!(app.replies(4).await.len(), 4);
    app.stop().await;
}

#[tokio::test]
async fn what_does_not_fit_is_left_out_and_counted() {
    let mut app = Harness::start(vec![hostile("bot")]).await;
    let looking = app.in_shadow(&hostile("bot"), 100).await;
    for _ in 0..40 {
        app.hears(ADA, "hello").await;
    }
    assert_eq!(app.replies(40).await.len(), 40, "the version at work goes on");
    assert_eq!(app.found(8).await.counts.left_out, 8);
    app.look(looking);
    assert_eq!(app.found(40).await.counts.same, 32);
    app.stop().await;
}

#[tokio::test]
async fn a_share_of_the_chats_is_looked_at() {
    let mut app = Harness::start(vec![hostile("bot")]).await;
    let looking = app.in_shadow(&hostile("bot"), 50).await;
    app.look(looking);
    let shadow = Shadow {
        digest: [0; 32].into(),
        percent: 50,
    };
    let chats: Vec<String> = (1..=20).map(|number| format!("49151000{number:02}")).collect();
    let takes = |chat: &&String| {
        let jid = chat.parse().expect("a number");
        shadow.takes(&id("bot"), app.session(), Some(&jid))
    };
    let taken = chats.iter().filter(takes).count() as u64;
    assert!((1..20).contains(&taken), "{taken}");
    for chat in &chats {
        app.hears(chat, "hello").await;
    }
    app.replies(20).await;
    assert_eq!(app.found(taken).await.counts.same, taken);
    app.stop().await;
}

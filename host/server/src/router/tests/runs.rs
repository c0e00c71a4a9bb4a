//! What is recorded of calls, and what a replay tells.

use serde_json::{Value, json};
use waspnest_core::event::{EventKind, Family, RequestEvent};
use waspnest_engine::record::Detail;

use super::harness::{Harness, Install, everything, hostile, id, plugin_dir};
use super::three_tries;
use crate::config::bind::{Bind, Topic};
use crate::service::error::Error;
use crate::service::runs::{Against, Which};

const ADA: &str = "4915100001";

async fn detail(app: &Harness, index: usize, count: usize) -> Value {
    let runs = app.recorded("bot", count).await;
    let whole = app.records().await.get(runs[index].run.id).await.expect("it is there");
    Detail::shown(whole.detail)
}

#[tokio::test]
async fn every_call_leaves_a_record() {
    let app = Harness::start(vec![Install {
        retry: three_tries(),
        ..hostile("bot")
    }])
    .await;
    app.hears(ADA, "kv-counter").await;
    app.replies(1).await;
    app.hears(ADA, "trap").await;
    let runs = app.recorded("bot", 2).await;
    let told: Vec<_> = runs
        .iter()
        .map(|listed| {
            (
                &*listed.run.outcome,
                listed.run.attempt,
                listed.run.effects,
                listed.run.position.0,
            )
        })
        .collect();
    assert_eq!(told, [("trap", 1, 0, 2), ("committed", 1, 1, 1)]);
    assert!(runs[1].run.memory_bytes > 0);
    let committed = detail(&app, 1, 2).await;
    assert_eq!(committed["steps"][0]["function"], "kv.get");
    assert_eq!(committed["steps"][0]["answer"], Value::Null);
    assert_eq!(committed["draft"]["values"][0]["entry"]["value"], "1");
    assert_eq!(committed["draft"]["effects"][0]["Send"]["content"]["Text"]["body"], "1");
    let trapped = detail(&app, 0, 2).await;
    assert_eq!(trapped["draft"], Value::Null);
    assert!(
        trapped["error"].as_str().is_some_and(|error| error.contains("crashed")),
        "{trapped:#}"
    );
    let one = Which {
        outcome: Some("trap".into()),
        ..Which::default()
    };
    let records = app.records().await;
    assert_eq!(records.list(&id("bot"), &one, 10).await.expect("it reads").len(), 1);
    drop(records);
    app.stop().await;
}

#[tokio::test]
async fn only_so_many_are_kept() {
    let app = Harness::start(vec![hostile("bot")]).await;
    for _ in 0..130 {
        app.hears(ADA, "hello").await;
    }
    app.replies(130).await;
    let left = loop {
        let runs = app.recorded("bot", 1).await;
        if runs[0].run.position.0 == 130 {
            break runs.len();
        }
        tokio::task::yield_now().await;
    };
    assert!((40..=40 + 40 / 8 + 2 * 64).contains(&left), "{left}");
    app.stop().await;
}

#[tokio::test]
async fn the_same_build_comes_to_the_same() {
    let app = Harness::start(vec![hostile("bot")]).await;
    for word in [
        "kv-counter",
        "kv-counter",
        "random",
        "clock",
        "schedule 5000",
        "history 3",
        "double",
    ] {
        app.hears(ADA, word).await;
    }
    app.replies(8).await;
    let records = app.records().await;
    for listed in app.recorded("bot", 7).await {
        let difference = records
            .replay(listed.run.id, Against::AtWork)
            .await
            .expect("it replays");
        assert!(difference.is_none(), "{difference:#?}");
        assert_eq!(
            (difference.not_recorded.len(), difference.not_asked.len()),
            (0, 0),
            "{difference:#?}"
        );
    }
    assert_eq!(app.replies(8).await.len(), 8, "a replay sends nothing");
    app.hears(ADA, "kv-counter").await;
    assert_eq!(app.replies(9).await[8].1, "3", "and writes nothing");
    drop(records);
    app.stop().await;
}

#[tokio::test]
async fn another_build_is_told_apart() {
    let app = Harness::start(vec![hostile("bot"), Install::of("echo", "echo")]).await;
    app.hears(ADA, "kv-counter").await;
    app.replies(2).await;
    let records = app.records().await;
    let run = app.recorded("bot", 1).await.remove(0).run;
    let difference = records
        .replay(run.id, Against::Directory("echo".into()))
        .await
        .expect("it replays");
    assert!(!difference.is_none());
    let at: Vec<_> = difference.unlike.iter().map(|unlike| unlike.at.as_str()).collect();
    assert_eq!(at, ["effects/0", "values/0"]);
    assert_eq!(
        difference.unlike[0].replayed["Send"]["content"]["Text"]["body"],
        "kv-counter"
    );
    assert_eq!(difference.unlike[1].replayed, Value::Null);
    assert_eq!(difference.not_asked, ["kv.get", "kv.usage"]);

    // The other way round, the record of echo does not hold what the other one asks.
    let run = app.recorded("echo", 1).await.remove(0).run;
    let difference = records
        .replay(run.id, Against::Directory("hostile".into()))
        .await
        .expect("it replays");
    assert_eq!(difference.not_recorded, ["kv.get"]);
    assert_eq!((&*difference.outcome.0, &*difference.outcome.1), ("drafted", "host"));
    assert!(
        difference
            .error
            .as_deref()
            .is_some_and(|error| error.contains("was not recorded")),
        "{difference:#?}"
    );
    // A package that comes along is as good as one that is there.
    let came = waspnest_engine::pack(&plugin_dir("echo")).expect("it is built");
    let difference = records
        .replay(run.id, Against::Package(came))
        .await
        .expect("it replays");
    assert!(difference.is_none(), "{difference:#?}");
    for package in ["../echo", "", ".", "nowhere"] {
        let refused = records.replay(run.id, Against::Directory(package.into())).await;
        assert!(matches!(refused, Err(Error::NotReplayable { .. })), "{package:?}");
    }
    drop(records);
    app.stop().await;
}

#[tokio::test]
async fn answers_of_servers_come_from_the_record() {
    let app = Harness::start(vec![hostile("bot")]).await;
    // Nobody listens there, which is an answer too.
    app.hears(ADA, "fetch http://127.0.0.1:9/").await;
    let said = app.replies(1).await.remove(0).1;
    let run = app.recorded("bot", 1).await.remove(0).run;
    let difference = app
        .records()
        .await
        .replay(run.id, Against::AtWork)
        .await
        .expect("it replays");
    assert!(difference.is_none(), "{said}: {difference:#?}");
    app.stop().await;
}

#[tokio::test]
async fn what_others_are_told_and_callers_are_answered_is_recorded_and_replayed() {
    let listens = |id, family| Install {
        binds: vec![Bind {
            events: vec![Topic::Family(family)],
            ..everything("all")
        }],
        ..Install::of("switchboard", id)
    };
    let app = Harness::start(vec![
        listens("one", Family::Message),
        listens("two", Family::Topic),
        hostile("bot"),
    ])
    .await;
    app.hears(ADA, &format!("publish said.loud {ADA} soup")).await;
    app.replies(3).await;
    let request = RequestEvent {
        installation: id("one"),
        method: "GET".into(),
        path: format!("/send/{ADA}").into(),
        query: None,
        headers: Vec::new(),
        body: b"hello".to_vec(),
    };
    app.takes(EventKind::Request(Box::new(request))).await;
    app.hears(ADA, "tell crm booking.made {\"day\": 1}").await;
    app.hears(ADA, "reveal token").await;
    let records = app.records().await;
    let mut told = Vec::new();
    for (installation, count) in [("one", 4), ("two", 1), ("bot", 3)] {
        for listed in app.recorded(installation, count).await {
            let whole = records.get(listed.run.id).await.expect("it is there");
            let shown = Detail::shown(whole.detail);
            assert!(!shown.to_string().contains("swordfish"), "{shown:#}");
            let difference = records
                .replay(listed.run.id, Against::AtWork)
                .await
                .expect("it replays");
            // Who looks at a secret finds another one.
            let secret = shown["steps"][0]["function"] == "secrets.use";
            assert_eq!(difference.is_none(), !secret, "{difference:#?}");
            told.push((listed.run.kind, shown["draft"].clone()));
        }
    }
    let drafts = |kind: &str| {
        let found = told.iter().filter(|(of, _)| **of == *kind).map(|(_, draft)| draft);
        found.cloned().collect::<Vec<_>>()
    };
    let answered = &drafts("request")[0]["response"];
    assert_eq!((&answered["status"], &answered["body"]), (&202.into(), &"sent".into()));
    assert_eq!(drafts("topic").len(), 1);
    let messages = drafts("message");
    let published = messages.iter().find(|draft| draft["topics"] != json!([]));
    let published = &published.expect("one published")["topics"][0];
    assert_eq!(published["topic"], "said.loud");
    assert!(published["body"].as_str().is_some_and(|body| body.contains("soup")));
    let emitted = messages
        .iter()
        .find(|draft| draft["effects"][0]["Webhook"] != Value::Null);
    let emitted = &emitted.expect("one told an endpoint")["effects"][0]["Webhook"];
    assert_eq!(
        (&emitted["endpoint"], &emitted["data"]),
        (&"crm".into(), &"{\"day\": 1}".into())
    );
    drop(records);
    app.stop().await;
}

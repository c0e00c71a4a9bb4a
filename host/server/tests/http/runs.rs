//! Records of calls over HTTP. What is recorded and what a replay finds is the router's test; here it is the shape.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use ulid::Ulid;
use waspnest::router::Slots;
use waspnest::service::runs::{Replays, Runs};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{EventKind, Position, SessionEvent, SessionState};
use waspnest_core::id::{EventId, RunId};
use waspnest_core::log::{Incoming, Log};
use waspnest_core::runs::{Run, Runs as Records};
use waspnest_core::session::Sessions as Register;
use waspnest_core::store::Store;
use waspnest_engine::record::Hide;

use crate::plugins::{engine, installed};
use crate::support::TestApi;

/// The run of the examples.
pub(crate) const RUN: &str = "run_0000000000000000000000000A";

pub(crate) fn service(store: &Arc<dyn Store>, log: &Log, register: Register, installations: Slots) -> Runs {
    let replays = Replays {
        log: log.clone(),
        engine: engine(),
        plugins: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins"),
        installations,
        hide: Hide::under([7; 32]),
    };
    Runs::new(Records::new(Arc::clone(store)), register, replays)
}

/// Records what never was: a call of echo for a message.
pub(crate) async fn record(api: &TestApi, id: &str) {
    let kind = EventKind::Session(SessionEvent {
        state: SessionState::Connected,
        reason: None,
    });
    let incoming = Incoming {
        kind,
        also: Vec::new(),
        expect: Vec::new(),
    };
    api.log.append(api.main, vec![incoming]).await.expect("recorded");
    let run = Run {
        id: id.parse().expect("an id"),
        installation: "echo".parse().expect("an id"),
        event: EventId::new(Ulid(5)),
        position: Position(1),
        kind: "message".into(),
        version: "1.2.3".into(),
        digest: "00ff".into(),
        attempt: 1,
        started: UnixMs(1_767_225_600_000),
        duration_us: 1234,
        fuel: None,
        memory_bytes: 1_114_112,
        hostcall_bytes: 0,
        outcome: "committed".into(),
        effects: 1,
    };
    let detail = json!({
        "bodies": "redacted",
        "binding": "echo-all",
        "occasion": "event",
        "error": null,
        "draft": { "effects": [{ "Send": { "to": "#a5d0:13" } }], "values": [], "dialogues": [], "timers": [], "sent_keys": [], "flow": "next", "note": null },
        "steps": [],
        "steps_left_out": 0,
        "lines": [],
    });
    let added = Records::new(Arc::clone(&api.store))
        .add(api.main, &[(run, detail.to_string().into())])
        .await;
    added.expect("recorded");
}

#[tokio::test]
async fn records_come_page_by_page_and_what_is_unknown_is_said() {
    let api = TestApi::start().await;
    let ids: Vec<String> = (1..=3).map(|number| RunId::new(Ulid(number)).to_string()).collect();
    for id in &ids {
        record(&api, id).await;
    }
    let first = api.get("/v1/installations/echo/runs?limit=2").await.json();
    assert_eq!(
        (&first["items"][0]["id"], &first["next"]),
        (&json!(ids[2]), &json!(ids[1]))
    );
    let next = api
        .get(&format!("/v1/installations/echo/runs?limit=2&cursor={}", ids[1]))
        .await
        .json();
    assert_eq!((&next["items"][0]["id"], &next["next"]), (&json!(ids[0]), &json!(null)));
    for (query, count) in [
        ("outcome=trap", 0),
        ("outcome=committed", 3),
        ("session=main", 3),
        ("event=evt_1", 0),
    ] {
        let found = api.get(&format!("/v1/installations/echo/runs?{query}")).await.json();
        assert_eq!(found["items"].as_array().map(Vec::len), Some(count), "{query}");
    }
    api.get("/v1/installations/nobody/runs")
        .await
        .problem(404, "unknown_installation");
    api.get("/v1/installations/echo/runs?session=nowhere")
        .await
        .problem(404, "unknown_session");
    api.get(&format!("/v1/runs/{RUN}")).await.problem(404, "unknown_run");
    api.get("/v1/runs/17").await.problem(404, "unknown_run");
    let refused = api.post(&format!("/v1/runs/{}:replay", ids[0]), json!({})).await;
    let problem = refused.problem(409, "not_replayable");
    assert!(
        problem["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("not at work")),
        "{problem}"
    );
}

#[tokio::test]
async fn a_replay_tells_what_is_different() {
    let config = r#"
        [[plugin]]
        id = "echo"
        source = "echo"
        grants = { "messages.send" = true }
    "#;
    let api = TestApi::start_over(installed(config).await).await;
    record(&api, RUN).await;
    let told = api.post(&format!("/v1/runs/{RUN}:replay"), json!({})).await.json();
    // The event is none that echo has a handler for.
    assert_eq!(told["same"], false);
    assert_eq!(
        told["outcome"],
        json!({ "recorded": "drafted", "replayed": "no-handler" })
    );
    assert_eq!(told["changes"][0]["at"], "effects/0");
    assert_eq!(told["changes"][0]["replayed"], json!(null));
}

//! Schedules over the API: listed, looked at, fired, paused.

use std::time::Duration;

use serde_json::json;
use waspnest_core::event::{EventKind, Position, TickCause};

use crate::plugins::installed;
use crate::support::TestApi;

const CONFIG: &str = r#"
[[plugin]]
id = "timer"
source = "tuner"
grants = { "messages.send" = true }
[plugin.config]
zone = "Europe/Berlin"
[plugin.schedule.weekly]
enabled = false

[[plugin]]
id = "other"
source = "tuner"
grants = { "messages.send" = true }
[plugin.schedule.morning]
cron = "30 7 * * MON-FRI"
zone = "UTC"
sessions = ["elsewhere"]

[[schedule]]
plugin = "other"
id = "pulse"
every = "1h"
jitter = "10m"
"#;

const MORNING: &str = "/v1/schedules/main/timer/morning";

async fn start() -> TestApi {
    TestApi::start_over(installed(CONFIG).await).await
}

#[tokio::test]
async fn every_schedule_is_listed_as_the_operator_lets_it_fire() {
    let api = start().await;
    let all = api.get("/v1/schedules").await.json();
    let named = |answer: &serde_json::Value| -> Vec<String> {
        let items = answer["items"].as_array().expect("items");
        let name = |item: &serde_json::Value| format!("{}/{}", item["installation"], item["id"]).replace('"', "");
        items.iter().map(name).collect()
    };
    assert_eq!(named(&all), ["timer/morning", "other/weekly", "other/pulse"], "{all:#}");
    // 2026-01-01T00:00Z; eight o'clock in Berlin is seven in UTC.
    assert_eq!(all["items"][0]["next"], "2026-01-01T07:00:00.000Z");
    assert_eq!(
        all["items"][0]["zone"], "Europe/Berlin",
        "it stands in the configuration"
    );
    assert_eq!(
        named(&api.get("/v1/schedules?installation=other&session=main").await.json()).len(),
        2
    );
    let page = api.get("/v1/schedules?limit=1").await.json();
    let next = page["next"].as_str().expect("there are more").to_owned();
    assert_eq!(
        named(&api.get(&format!("/v1/schedules?limit=2&cursor={next}")).await.json()),
        ["other/weekly", "other/pulse"]
    );
    api.get("/v1/schedules?session=nowhere")
        .await
        .problem(404, "unknown_session");
    for path in ["main/timer/weekly", "main/other/morning", "main/nobody/morning"] {
        api.get(&format!("/v1/schedules/{path}"))
            .await
            .problem(404, "unknown_schedule");
    }
    api.get("/v1/schedules/nowhere/timer/morning")
        .await
        .problem(404, "unknown_session");
}

#[tokio::test]
async fn a_schedule_fires_when_it_is_told_to_and_remembers() {
    let api = start().await;
    let upcoming = api.get(MORNING).await.json()["upcoming"].clone();
    assert_eq!(upcoming.as_array().map(Vec::len), Some(5));
    let fired = api.request("POST", &format!("{MORNING}:run")).send().await;
    assert_eq!(fired.status, 202, "{}", fired.shown());
    let event = fired.json()["event"].clone();
    let events = api.log.read(api.main, Position(0), 10).await.expect("the log works");
    let EventKind::Tick(tick) = &events[0].kind else {
        panic!("a tick was recorded")
    };
    assert_eq!(
        (tick.cause, tick.schedule.as_str(), &*tick.payload),
        (TickCause::Manual, "morning", &b"good morning"[..])
    );

    let seen = api.get(MORNING).await.json();
    assert_eq!(seen["upcoming"], upcoming, "its next moment stays what it is");
    assert_eq!(seen["runs"][0]["event"], event);
    assert_eq!(
        (&seen["runs"][0]["cause"], &seen["runs"][0]["outcome"]),
        (&json!("manual"), &json!("waiting"))
    );
    api.progress
        .finish(
            api.main,
            &"timer".parse::<waspnest_core::id::InstallationId>().expect("an id"),
            Position(1),
        )
        .await
        .expect("the store works");
    assert_eq!(api.get(MORNING).await.json()["runs"][0]["outcome"], "done");
    api.clock.advance(Duration::from_secs(1));
    api.request("POST", &format!("{MORNING}/run")).send().await;
    let seen = api.get(&format!("{MORNING}?runs=1")).await.json();
    assert_eq!(
        (seen["runs"].as_array().map(Vec::len), &seen["runs"][0]["outcome"]),
        (Some(1), &json!("waiting"))
    );
    api.request("POST", "/v1/schedules/main/timer/nothing:run")
        .send()
        .await
        .problem(404, "unknown_schedule");
}

#[tokio::test]
async fn a_pause_is_durable() {
    let api = start().await;
    let paused = api.request("POST", &format!("{MORNING}:pause")).send().await.json();
    assert_eq!(
        (&paused["next"], &paused["paused_since"]),
        (&json!(null), &json!("2026-01-01T00:00:00.000Z"))
    );
    api.clock.advance(Duration::from_secs(60));
    let again = api.request("POST", &format!("{MORNING}:pause")).send().await.json();
    assert_eq!(
        again["paused_since"], paused["paused_since"],
        "pausing twice is pausing once"
    );
    let (timer, morning) = ("timer".parse().expect("an id"), "morning".parse().expect("an id"));
    let kept = api.states.paused(api.main, &timer, &morning);
    assert!(kept.await.expect("the store works").is_some());
    let resumed = api.request("POST", &format!("{MORNING}:resume")).send().await.json();
    assert_eq!(
        (&resumed["next"], &resumed["paused_since"]),
        (&json!("2026-01-01T07:00:00.000Z"), &json!(null))
    );
}

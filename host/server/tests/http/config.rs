//! Configurations of installations over the API: what is shown, what is refused, what is kept.

use serde_json::{Value, json};
use waspnest::router::Slots;
use waspnest::service::settings::{InstallationSettings, Whose};

use crate::plugins::installed;
use crate::support::TestApi;

const TUNER: &str = r#"
[[plugin]]
id = "tuner"
source = "tuner"
grants = { "messages.send" = true }
[plugin.config]
greeting = "servus"
token = "hunter"
[[plugin.chat]]
chats = ["4915100000002"]
config = { hours = { until = 10 } }
"#;

const PATH: &str = "/v1/installations/tuner/config";

async fn start() -> TestApi {
    TestApi::start_over(installed(TUNER).await).await
}

async fn put(api: &TestApi, query: &str, layer: Value) -> crate::support::Answer {
    api.request("PUT", &format!("{PATH}{query}")).json(&layer).send().await
}

async fn effective(api: &TestApi, query: &str, pointer: &str) -> Value {
    let answer = api.get(&format!("{PATH}{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.shown());
    answer.json()["effective"].pointer(pointer).cloned().unwrap_or_default()
}

#[tokio::test]
async fn a_layer_holds_where_it_was_set_and_more_special_ones_are_over_it() {
    let api = start().await;
    let (everywhere, main, ada) = ("", "?session=main", "?session=main&chat=4915100000001");
    assert_eq!(effective(&api, ada, "/greeting").await, "servus");
    for (query, greeting, seen) in [
        (everywhere, "set", ["set", "set", "set"]),
        (ada, "ada", ["set", "set", "ada"]),
        (main, "main", ["set", "main", "ada"]),
    ] {
        let answer = put(&api, query, json!({ "greeting": greeting })).await;
        assert_eq!(answer.status, 200, "{}", answer.shown());
        assert_eq!(answer.json()["effective"]["greeting"], greeting);
        for (query, greeting) in [everywhere, main, ada].into_iter().zip(seen) {
            assert_eq!(effective(&api, query, "/greeting").await, greeting, "{query}");
        }
    }
    let removed = api.request("DELETE", &format!("{PATH}{ada}")).send().await;
    assert_eq!(
        (removed.status, &removed.json()["effective"]["greeting"]),
        (200, &json!("main"))
    );
    assert_eq!(removed.json()["set"], Value::Null);
    let again = api.request("DELETE", &format!("{PATH}{ada}")).send().await;
    assert_eq!(again.status, 200, "what is gone can be taken away again");
    let by_id = format!("?session={}", api.main);
    assert_eq!(effective(&api, &by_id, "/greeting").await, "main");
}

#[tokio::test]
async fn what_cannot_be_used_is_refused_and_changes_nothing() {
    let api = start().await;
    for (query, layer, pointer, says) in [
        (
            "",
            json!({ "greeting": 7 }),
            "/greeting",
            "expected a text, found a number",
        ),
        (
            "?session=main",
            json!({ "greting": "x" }),
            "/greting",
            "did you mean \"greeting\"?",
        ),
        (
            "?session=main&chat=4915100000001",
            json!({ "hours": { "from": 18 } }),
            "/hours/until",
            "must be later than hours.from",
        ),
        // It would be good by itself, and meets the chat of the file.
        (
            "",
            json!({ "hours": { "from": 12 } }),
            "/hours/until",
            "[[plugin.chat]] number 1",
        ),
        ("", json!({ "check": "trap" }), "", "own check of it failed"),
    ] {
        let refused = put(&api, query, layer.clone()).await;
        let problem = refused.problem(422, "unusable_config");
        let found = problem["errors"].as_array().expect("errors").iter().any(|error| {
            error["pointer"] == pointer && error["detail"].as_str().is_some_and(|detail| detail.contains(says))
        });
        assert!(found, "{layer}: {problem:#}");
    }
    assert_eq!(effective(&api, "", "").await["greeting"], "servus");
    assert_eq!(effective(&api, "", "/hours/from").await, 8);
    let warned = put(&api, "", json!({ "check": "warn" })).await;
    assert_eq!(
        (warned.status, &warned.json()["warnings"][0]["pointer"]),
        (200, &json!("/greeting"))
    );

    let large = put(&api, "", json!({ "tags": ["x".repeat(3000)] })).await;
    assert_eq!(large.status, 200);
    put(&api, "", json!([])).await.problem(422, "invalid_body");
    api.request("PUT", PATH)
        .body(b"{}")
        .send()
        .await
        .problem(415, "unsupported_media_type");
    put(&api, "?chat=4915100000001", json!({}))
        .await
        .problem(400, "invalid_query");
    put(&api, "?session=main&chat=nobody", json!({}))
        .await
        .problem(400, "invalid_query");
    put(&api, "?session=nowhere", json!({}))
        .await
        .problem(404, "unknown_session");
    api.get("/v1/installations/nobody/config")
        .await
        .problem(404, "unknown_installation");
}

#[tokio::test]
async fn secrets_are_not_shown_and_can_be_written_back() {
    let api = start().await;
    let seen = api.get(PATH).await;
    assert!(!seen.shown().contains("hunter"), "{}", seen.shown());
    assert_eq!(seen.json()["effective"]["token"], "[hidden]");

    put(&api, "", json!({ "token": "[hidden]" }))
        .await
        .problem(422, "hidden_value");
    let set = put(&api, "", json!({ "token": "secret", "greeting": "hi" })).await;
    assert_eq!(
        set.json()["set"]["config"],
        json!({ "token": "[hidden]", "greeting": "hi" })
    );
    let mut again = set.json()["set"]["config"].clone();
    again["greeting"] = "hello".into();
    let set = put(&api, "", again).await;
    assert_eq!(
        (set.status, &set.json()["effective"]["greeting"]),
        (200, &json!("hello"))
    );
    let wrong = put(&api, "", json!({ "token": "Hunter2" })).await;
    let problem = wrong.problem(422, "unusable_config");
    assert!(!problem.to_string().contains("Hunter2"), "{problem:#}");
    let kept = api
        .settings
        .layers
        .everywhere(&"tuner".parse().expect("an id"))
        .await
        .expect("it reads");
    assert!(
        kept.expect("it was set").json.contains("\"token\":\"secret\""),
        "the mark stood for the value"
    );
}

#[tokio::test]
async fn what_was_set_outlives_the_host_and_what_a_new_version_does_not_take_is_held_back() {
    let api = start().await;
    let ada = "?session=main&chat=4915100000001";
    put(&api, "", json!({ "mood": "merry" })).await;
    put(&api, ada, json!({ "tags": ["vip"] })).await;

    let next = api.settings.clone();
    let settings = async |text: &str| {
        let mut parts = next.clone();
        parts.installations = Slots::new(installed(text).await);
        let settings = InstallationSettings::new(parts);
        settings.take_up().await.expect("it reads");
        settings
    };
    let whose = |chat: Option<&str>| Whose {
        installation: "tuner".parse().expect("an id"),
        session: chat.map(|chat| ("main".into(), Some(chat.parse().expect("an address")))),
    };
    let seen = settings(TUNER)
        .await
        .see(&whose(Some("4915100000001")))
        .await
        .expect("it is seen");
    assert_eq!(
        (&seen.effective["mood"], &seen.effective["tags"]),
        (&json!("merry"), &json!(["vip"]))
    );

    // Another plugin under the same name, which knows nothing of tags.
    let other = TUNER
        .replace("source = \"tuner\"", "source = \"echo\"")
        .replace("greeting = \"servus\"", "prefix = \"\"");
    let other = other
        .replace("token = \"hunter\"\n", "")
        .replace("hours = { until = 10 }", "prefix = \"x\"");
    let other = settings(&other).await;
    let seen = other.see(&whose(None)).await.expect("it is seen");
    assert_eq!(seen.effective, json!({ "prefix": "" }), "what does not fit is not live");
    assert_eq!(seen.held_back.0[0].issue.pointer.as_ref(), "/mood");
    assert!(seen.set.is_some(), "and is still there");
}

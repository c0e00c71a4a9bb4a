//! Plugins that are uploaded, and installations that are made of them, changed and removed.

use std::sync::Arc;

use serde_json::{Value, json};
use waspnest::rollout::{Rollout, RolloutError, RolloutParts};
use waspnest::service::installations::Standing;
use waspnest_core::draft::{KvScope, Pot};
use waspnest_core::event::Position;
use waspnest_core::made_installation::Stage;

use crate::made_examples::{PLUGIN, greeter, keep, upload};
use crate::plugins;
use crate::support::{Answer, TestApi};

const INSTALLATIONS: &str = "/v1/installations";
const GREETER: &str = "/v1/installations/greeter";

async fn patch(api: &TestApi, path: &str, body: Value) -> Answer {
    api.request("PATCH", path).json(&body).send().await
}

async fn delete(api: &TestApi, path: &str) -> Answer {
    api.request("DELETE", path).send().await
}

fn archive() -> Vec<u8> {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/echo");
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all("echo", dir).expect("readable");
    tar.into_inner().expect("memory")
}

#[tokio::test]
async fn a_plugin_is_uploaded_as_an_archive_and_stays_while_it_is_used() {
    let api = TestApi::start().await;
    let path = format!("/v1/plugins/{PLUGIN}");
    api.get(&path).await.problem(404, "unknown_plugin");
    let sent = api
        .request("POST", "/v1/plugins")
        .header("Content-Type", "application/x-tar");
    let sent = sent.body(&archive()).send().await;
    assert_eq!(sent.status, 201, "{}", sent.shown());
    assert_eq!(sent.header("location"), Some(&*path));
    assert_eq!(sent.json()["versions"][0]["origin"], "upload");
    // The same package by another way is the same version.
    let digest = upload(&api).await;
    let seen = api.get(&path).await.json();
    assert_eq!(seen["versions"].as_array().map(Vec::len), Some(1), "{seen}");
    assert_eq!(seen["inside"]["digest"], digest);
    assert_eq!(seen["inside"]["requests"][0]["capability"], "messages.send");
    assert!(
        seen["inside"]["exports"].to_string().contains("message-handler"),
        "{seen}"
    );

    assert_eq!(api.post(INSTALLATIONS, greeter()).await.status, 201);
    assert_eq!(api.get(&path).await.json()["used_by"], json!(["greeter"]));
    for query in ["", &format!("?version={digest}")] {
        let problem = delete(&api, &format!("{path}{query}"))
            .await
            .problem(409, "plugin_in_use");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("greeter"))
        );
    }
    assert_eq!(delete(&api, GREETER).await.status, 204);
    let other = format!("sha256:{}", "0".repeat(64));
    delete(&api, &format!("{path}?version={other}"))
        .await
        .problem(404, "unknown_version");
    assert_eq!(delete(&api, &path).await.status, 204);
    delete(&api, &path).await.problem(404, "unknown_plugin");
    api.post(INSTALLATIONS, greeter())
        .await
        .problem(422, "unusable_installation");
}

#[tokio::test]
async fn what_is_no_plugin_is_not_kept() {
    let api = TestApi::start().await;
    let tar = |body: &'static [u8]| {
        api.request("POST", "/v1/plugins")
            .header("Content-Type", "application/x-tar")
            .body(body)
    };
    tar(b"hello").send().await.problem(422, "unusable_package");
    api.post("/v1/plugins", json!({})).await.problem(422, "invalid_body");
    api.post("/v1/plugins", json!({ "directory": "../echo" }))
        .await
        .problem(422, "unusable_package");
    assert_eq!(api.get("/v1/plugins").await.json()["items"], json!([]));
}

#[tokio::test]
async fn an_installation_is_made_changed_and_removed() {
    let api = TestApi::start().await;
    let digest = upload(&api).await;
    let made = api.post(INSTALLATIONS, greeter()).await;
    assert_eq!((made.status, made.header("location")), (201, Some(GREETER)));
    let seen = api.get(GREETER).await.json();
    assert_eq!(made.json(), seen);
    assert_eq!(
        (
            &seen["origin"],
            &seen["condition"]["state"],
            &seen["granted"],
            &seen["binds"]
        ),
        (
            &json!("api"),
            &json!("working"),
            &json!(["messages.send"]),
            &json!(["all"])
        )
    );
    assert_eq!(
        seen["definition"]["plugin"], digest,
        "the version that was the latest then"
    );
    assert_eq!(
        seen["definition"]["config"],
        Value::Null,
        "settings may be secret, and are shown elsewhere"
    );
    let listed = api.get(INSTALLATIONS).await.json();
    assert_eq!(listed["items"][1]["id"], "greeter");

    let changed = patch(
        &api,
        GREETER,
        json!({ "enabled": false, "binds": [{ "id": "groups" }] }),
    )
    .await;
    assert_eq!(changed.status, 200, "{}", changed.shown());
    let changed = changed.json();
    assert_eq!(changed["condition"]["state"], "paused");
    assert_eq!(changed["plugin"]["id"], PLUGIN, "what it is of is known all the same");
    let again = patch(&api, GREETER, json!({ "enabled": null })).await.json();
    assert_eq!(
        (&again["condition"]["state"], &again["binds"]),
        (&json!("working"), &json!(["groups"]))
    );

    assert_eq!(delete(&api, GREETER).await.status, 204);
    for problem in [
        api.get(GREETER).await,
        delete(&api, GREETER).await,
        patch(&api, GREETER, json!({})).await,
    ] {
        problem.problem(404, "unknown_installation");
    }
}

#[tokio::test]
async fn what_cannot_be_is_told_with_its_place_and_changes_nothing() {
    let api = TestApi::start().await;
    upload(&api).await;
    let with = |key: &str, value: Value| {
        let mut definition = greeter();
        definition[key] = value;
        definition
    };
    for (definition, pointer, says) in [
        (
            with("plugin", json!("org.example.other")),
            "/plugin",
            "no plugin org.example.other was uploaded",
        ),
        (with("plugin", json!(7)), "/plugin", "expected a text"),
        (with("priorty", json!(1)), "/priorty", "did you mean \"priority\""),
        (
            with("limits", json!({ "memory": "1GB" })),
            "/limits/memory",
            "is not a size",
        ),
        (
            with("binds", json!([{ "id": "a", "events": ["mesage"] }])),
            "/binds/0/events",
            "did you mean \"message\"",
        ),
        (
            with("grants", json!({ "secrets": { "names": ["crm"] } })),
            "/grants",
            "there is no [secrets.crm]",
        ),
        (json!({ "plugin": PLUGIN }), "/id", "is missing"),
    ] {
        let problem = api
            .post(INSTALLATIONS, definition)
            .await
            .problem(422, "unusable_installation");
        let errors = problem["errors"].as_array().expect("faults");
        let fits = |error: &Value| {
            error["pointer"] == pointer && error["detail"].as_str().is_some_and(|detail| detail.contains(says))
        };
        assert!(errors.iter().any(fits), "{pointer} {says}: {problem}");
    }
    // What only the plugin knows.
    for (definition, says) in [
        (with("grants", json!({})), "requires \"messages.send\""),
        (with("config", json!({ "prefix": 7 })), "prefix"),
        (with("schedule", json!({ "tea": {} })), "has no schedule of this name"),
    ] {
        let problem = api
            .post(INSTALLATIONS, definition)
            .await
            .problem(422, "unusable_version");
        assert!(
            problem["detail"].as_str().is_some_and(|detail| detail.contains(says)),
            "{problem}"
        );
    }
    let large = with("config", json!({ "prefix": "x".repeat(61 << 10) }));
    assert!([413, 422].contains(&api.post(INSTALLATIONS, large).await.status));
    api.get(GREETER).await.problem(404, "unknown_installation");

    assert_eq!(api.post(INSTALLATIONS, greeter()).await.status, 201);
    api.post(INSTALLATIONS, greeter())
        .await
        .problem(409, "installation_exists");
    let before = api.get(GREETER).await.json();
    for change in [
        json!({ "id": "other" }),
        json!({ "plugin": PLUGIN }),
        json!({ "lane": "everything" }),
        json!({ "binds": [{ "id": "a" }, { "id": "a" }] }),
    ] {
        patch(&api, GREETER, change).await.problem(422, "unusable_installation");
    }
    patch(&api, GREETER, json!({ "grants": null }))
        .await
        .problem(422, "unusable_version");
    assert_eq!(api.get(GREETER).await.json(), before);
}

/// Values that an installation keeps in the session.
async fn values(api: &TestApi) -> u64 {
    let echo = "greeter".parse().expect("an id");
    let usage = api.outbox.kv().usage(api.main, &echo, &Pot::Own).await;
    usage.expect("the store works").keys
}

async fn keeps_a_value(api: &TestApi) {
    keep(api, "greeter", vec![(KvScope::Session, "seen", &b"1"[..])]).await;
}

#[tokio::test]
async fn what_is_removed_leaves_nothing_even_if_the_host_dies_meanwhile() {
    let api = TestApi::start().await;
    upload(&api).await;
    let id = "greeter".parse().expect("an id");
    assert_eq!(api.post(INSTALLATIONS, greeter()).await.status, 201);
    keeps_a_value(&api).await;
    assert_eq!(values(&api).await, 1);
    // The host died when it had said that it would remove it.
    let mut record = api.rollout.made.get(&id).await.expect("read").expect("it is there");
    record.stage = Stage::Leaving;
    api.rollout.made.set(&id, Some(&record)).await.expect("written");
    let next = Rollout::begin(api.rollout.clone()).await.expect("it starts");
    assert!(next.described().is_empty());
    assert_eq!(values(&api).await, 0);
    assert_eq!(api.rollout.made.get(&id).await.expect("read"), None);
    assert_eq!(api.rollout.register.get(&id).await.expect("read"), None);

    // In order it is the same.
    let api = TestApi::start().await;
    upload(&api).await;
    assert_eq!(api.post(INSTALLATIONS, greeter()).await.status, 201);
    keeps_a_value(&api).await;
    assert_eq!(delete(&api, GREETER).await.status, 204);
    assert_eq!(values(&api).await, 0);
    assert_eq!(api.progress.load(api.main, &id).await.expect("read").low, Position(0));
}

#[tokio::test]
async fn a_start_with_a_broken_one_says_why_and_one_with_a_clash_does_not_start() {
    let api = TestApi::start().await;
    upload(&api).await;
    let id = "greeter".parse().expect("an id");
    assert_eq!(api.post(INSTALLATIONS, greeter()).await.status, 201);
    let again = Rollout::begin(api.rollout.clone()).await.expect("it starts");
    assert!(matches!(again.described()[0].standing, Standing::AtWork(_)));

    let mut record = api.rollout.made.get(&id).await.expect("read").expect("it is there");
    let good = record.clone();
    for (definition, says) in [
        (good.definition.replace("\"binds\"", "\"bindings\""), "unknown key"),
        (good.definition.replace("messages.send", "http"), "requires"),
        ("{".to_owned(), "cannot be read"),
    ] {
        record.definition = definition.into();
        api.rollout.made.set(&id, Some(&record)).await.expect("written");
        let next = Rollout::begin(api.rollout.clone()).await.expect("it starts");
        let described = next.described();
        let Standing::Broken { problem } = &described[0].standing else {
            panic!("it is broken: {described:?}")
        };
        assert!(problem.contains(says), "{problem}");
        assert!(next.slots().all().is_empty());
        // It can be mended, or removed.
        if says == "requires" {
            let grants = json!({ "grants": { "messages.send": true } });
            let change = grants.as_object().expect("an object").clone();
            next.change_made(&id, change).await.expect("it is mended");
            assert!(matches!(next.described()[0].standing, Standing::AtWork(_)));
        } else {
            next.remove_made(&id).await.expect("it is removed");
            assert!(next.described().is_empty());
        }
    }

    api.rollout.made.set(&id, Some(&good)).await.expect("written");
    let file = "[[plugin]]\nid = \"greeter\"\nsource = \"echo\"\ngrants = { \"messages.send\" = true }\n";
    let parts = RolloutParts {
        config: Arc::new(plugins::config(file)),
        ..api.rollout.clone()
    };
    let clash = Rollout::begin(parts).await.expect_err("they cannot both be");
    assert!(matches!(clash, RolloutError::Clash { .. }), "{clash}");
    assert!(clash.to_string().contains("greeter"));
}

#[tokio::test]
async fn values_are_looked_at_and_taken_away() {
    let api = TestApi::start().await;
    let values = "/v1/installations/echo/values";
    let chat = || KvScope::Chat("4915112345678".parse().expect("an address"));
    let many = vec![
        (KvScope::Session, "count", &b"1"[..]),
        (KvScope::Session, "seen/a", &b"x"[..]),
        (KvScope::Session, "seen/b", &b"y"[..]),
        (chat(), "seen/a", &[0xFF][..]),
    ];
    keep(&api, "echo", many).await;
    keep(&api, "other", vec![(KvScope::Session, "seen/a", &b"z"[..])]).await;
    let usage = api.get("/v1/installations/echo/usage").await.json();
    assert_eq!(
        (&usage["items"][0]["name"], &usage["items"][0]["values"]["keys"]),
        (&json!("main"), &json!(4))
    );
    assert_eq!(usage["items"][0]["dead_letters"], 2);

    let keys = async |query: &str| -> Vec<String> {
        let listed = api.get(&format!("{values}?session=main{query}")).await.json();
        let items = listed["items"].as_array().expect("a list").iter();
        items
            .map(|value| value["key"].as_str().expect("a key").to_owned())
            .collect()
    };
    assert_eq!(keys("").await, ["count", "seen/a", "seen/b"]);
    assert_eq!(keys("&prefix=seen/&limit=1").await, ["seen/a"]);
    assert_eq!(keys("&prefix=seen/&limit=1&cursor=seen/a").await, ["seen/b"]);
    assert_eq!(keys("&chat=4915112345678").await, ["seen/a"]);
    let bytes = api
        .get(&format!("{values}?session=main&chat=4915112345678"))
        .await
        .json();
    assert_eq!(
        (&bytes["items"][0]["text"], &bytes["items"][0]["base64"]),
        (&Value::Null, &json!("/w=="))
    );
    let scopes = api.get(&format!("{values}/scopes?session=main")).await.json();
    assert_eq!(scopes["items"].as_array().map(Vec::len), Some(2), "{scopes}");

    let remove =
        async |query: &str| delete(&api, &format!("{values}?session=main{query}")).await.json()["removed"].clone();
    assert_eq!(remove("&key=count").await, 1);
    assert_eq!(remove("&key=count").await, 0);
    assert_eq!(remove("&prefix=seen/").await, 2);
    assert!(keys("").await.is_empty());
    assert_eq!(keys("&chat=4915112345678").await, ["seen/a"], "of another scope");
    for query in [
        "?session=main",
        "?session=main&key=a&prefix=b",
        "?key=a",
        "?session=main&sender=1&key=a",
    ] {
        delete(&api, &format!("{values}{query}"))
            .await
            .problem(400, "invalid_query");
    }
    delete(&api, &format!("{values}?session=nobody&key=a"))
        .await
        .problem(404, "unknown_session");
    api.get("/v1/installations/nobody/usage")
        .await
        .problem(404, "unknown_installation");
    let usage = api.get("/v1/installations/echo/usage").await.json();
    assert_eq!(usage["items"][0]["values"]["keys"], 1);
    let other: waspnest_core::id::InstallationId = "other".parse().expect("an id");
    let left = api.outbox.kv().usage(api.main, &other, &Pot::Own).await.expect("read");
    assert_eq!(left.keys, 1, "another installation's is another one's");
}

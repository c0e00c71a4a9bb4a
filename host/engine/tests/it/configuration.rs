//! Configurations of a plugin with a schema and a check of its own, through a real component.

use serde_json::{Map, Value, json};
use waspnest_engine::configuration::Weight;
use waspnest_engine::{CallContext, Configuration, Grants, Installation};

use crate::kit::{Rig, changed, plugin_dir, sent};

fn configuration(installation: &Installation, over: Value) -> Configuration {
    let over: Map<String, Value> = over.as_object().cloned().expect("an object");
    Configuration::of_layers([&installation.plugin().manifest.defaults, &over])
}

/// What is wrong with a layer over the defaults.
async fn judged(rig: &Rig, installation: &Installation, over: Value) -> Vec<(String, Weight)> {
    let issues = rig.engine.judge(installation, &configuration(installation, over)).await;
    issues.iter().map(|issue| (issue.to_string(), issue.weight)).collect()
}

#[tokio::test]
async fn a_configuration_is_judged_by_the_schema_and_then_by_the_plugin() {
    let rig = Rig::new();
    let tuner = rig.install("tuner").await;
    let fatal = |text: &str| vec![(text.to_owned(), Weight::Fatal)];
    assert_eq!(judged(&rig, &tuner, json!({})).await, []);
    assert_eq!(
        judged(&rig, &tuner, json!({ "greeting": 7, "hours": { "from": 20 } })).await,
        fatal("/greeting: expected a text, found a number"),
        "the plugin is asked only about what fits the schema"
    );
    assert_eq!(
        judged(&rig, &tuner, json!({ "hours": { "from": 20 } })).await,
        fatal("/hours/until: must be later than hours.from")
    );
    assert_eq!(
        judged(&rig, &tuner, json!({ "check": "warn" })).await,
        [("/greeting: is a little short".to_owned(), Weight::Warning)]
    );
}

#[tokio::test]
async fn a_check_can_do_nothing_but_look() {
    let rig = Rig::new();
    let tuner = rig.install("tuner").await;
    let said = judged(&rig, &tuner, json!({ "check": "send" })).await;
    assert_eq!(said.len(), 1);
    let denied = |capability: &str| said[0].0.contains(&format!("Denied(\"{capability}\")"));
    assert!(denied("messages.send") && denied("kv"), "{said:?}");
    assert!(rig.host.left().is_empty());
}

#[tokio::test]
async fn a_check_that_misbehaves_is_a_fatal_issue() {
    let rig = Rig::on_system_clock();
    let tuner = rig.install("tuner").await;
    for (check, says) in [("trap", "the plugin crashed"), ("loop", "did not answer within 1s")] {
        let said = judged(&rig, &tuner, json!({ "check": check })).await;
        assert!(
            said.len() == 1 && said[0].1 == Weight::Fatal && said[0].0.contains(says),
            "{check}: {said:?}"
        );
    }
    let flood = judged(&rig, &tuner, json!({ "check": "flood" })).await;
    assert!(
        flood.len() <= 64 && flood.iter().all(|(text, _)| text.len() <= 1100),
        "{}",
        flood.len()
    );
    assert!(!flood.is_empty());
    // The next one is as good as ever.
    assert_eq!(judged(&rig, &tuner, json!({})).await, []);
}

#[tokio::test]
async fn secrets_are_in_no_words() {
    let rig = Rig::new();
    let tuner = rig.install("tuner").await;
    let by_schema = judged(&rig, &tuner, json!({ "token": "Hunter2" })).await;
    let by_plugin = judged(&rig, &tuner, json!({ "token": "hunter", "check": "tell" })).await;
    assert!(by_schema[0].0.starts_with("/token: does not fit"), "{by_schema:?}");
    assert!(by_plugin[0].0.contains("[hidden]"), "{by_plugin:?}");
    for (text, _) in by_schema.iter().chain(&by_plugin) {
        assert!(!text.to_lowercase().contains("hunter"), "{text}");
    }
}

#[tokio::test]
async fn the_effective_configuration_of_the_call_is_what_the_guest_reads() {
    let rig = Rig::new();
    let tuner = rig
        .install_with("tuner", |spec| {
            spec.grants = Grants::as_requested();
            spec.config = json!({ "greeting": "servus" });
        })
        .await;
    assert_eq!(
        rig.say(&tuner, "config").await,
        [r#"{"greeting":"servus","hours":{"from":8,"until":17},"zone":"UTC"}"#]
    );
    let of_the_chat = configuration(&tuner, json!({ "greeting": "moin", "hours": { "until": 20 } }));
    for (text, answer) in [
        ("get /hours/until", "20"),
        ("get /hours/from", "8"),
        ("get /greeting", "\"moin\""),
        ("get /nowhere", "nothing"),
    ] {
        let event = rig.text(text);
        let context = CallContext {
            config: Some(&of_the_chat),
            ..CallContext::new(&event, &rig.session)
        };
        let draft = rig
            .engine
            .call(&tuner, context, rig.host.clone())
            .await
            .expect("it answers");
        assert_eq!(sent(&draft), [answer], "{text}");
    }
}

#[tokio::test]
async fn a_schema_that_cannot_be_used_refuses_the_plugin() {
    let rig = Rig::new();
    for (schema, says) in [
        ("{", "is not JSON"),
        (r#"{ "type": "objekt" }"#, "is not a JSON Schema"),
        (
            r#"{ "$ref": "https://example.com/schema" }"#,
            "$ref must point within the file",
        ),
    ] {
        let dir = changed("tuner", |manifest| manifest);
        std::fs::write(dir.path().join("config.schema.json"), schema).expect("written");
        let error = rig
            .engine
            .load(dir.path())
            .await
            .expect_err("it must not load")
            .to_string();
        assert!(error.contains("config.schema.json") && error.contains(says), "{error}");
    }
    let dir = changed("tuner", |manifest| manifest);
    std::fs::write(dir.path().join("config.schema.json"), vec![b' '; 70_000]).expect("written");
    let error = rig
        .engine
        .load(dir.path())
        .await
        .expect_err("it must not load")
        .to_string();
    assert!(error.contains("at most 65536"), "{error}");
    std::fs::remove_file(dir.path().join("config.schema.json")).expect("removed");
    let error = rig
        .engine
        .load(dir.path())
        .await
        .expect_err("it must not load")
        .to_string();
    assert!(error.contains("config.schema.json"), "{error}");
    let outside = changed("tuner", |manifest| {
        manifest.replace("\"config.schema.json\"", "\"../config.schema.json\"")
    });
    let error = rig
        .engine
        .load(outside.path())
        .await
        .expect_err("it must not load")
        .to_string();
    assert!(
        error.contains("config.schema") && error.contains("below the manifest's directory"),
        "{error}"
    );
}

#[tokio::test]
async fn another_schema_makes_another_plugin() {
    let rig = Rig::new();
    let one = rig.engine.load(&plugin_dir("tuner")).await.expect("it loads");
    let dir = changed("tuner", |manifest| manifest);
    std::fs::write(dir.path().join("config.schema.json"), "{}").expect("written");
    let other = rig.engine.load(dir.path()).await.expect("it loads");
    assert!(!std::sync::Arc::ptr_eq(&one, &other));
    assert_eq!(
        rig.engine.compiled(),
        rig.engine.compiled().min(1),
        "the component is the same"
    );
}

//! Who would get a message.

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use waspnest::config::Config;
use waspnest::install;
use waspnest::router::Installed;
use waspnest_core::clock::SystemClock;
use waspnest_engine::{Engine, EngineOptions};

use crate::support::TestApi;

async fn installations(text: &str) -> Vec<Arc<Installed>> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("config.toml");
    std::fs::write(&path, text).expect("writable");
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    assert!(plugins.exists(), "run `cargo xtask plugins` first");
    let env = (
        "WASPNEST__PLUGINS__DIR".to_owned(),
        plugins.to_str().expect("a plain path").to_owned(),
    );
    let config = Config::load(Some(&path), std::iter::once(env)).expect("a good configuration");
    let engine = Engine::new(EngineOptions::new(Arc::new(SystemClock::new()))).expect("an engine");
    install::all(&engine, &config).await.expect("good plugins")
}

const CONFIG: &str = r#"
[[plugin]]
id = "bot"
source = "talker"
priority = 200
grants = { "messages.send" = true, dialogue = true }
[[bind]]
id = "bot-all"
plugin = "bot"
can-stop = true

[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true }
[[bind]]
id = "echo-elsewhere"
plugin = "echo"
sessions = ["elsewhere"]
[[bind]]
id = "echo-bang"
plugin = "echo"
text = "!*"

[[plugin]]
id = "watcher"
source = "echo"
mode = "observe"
grants = { "messages.send" = true }
"#;

#[tokio::test]
async fn it_is_told_who_would_get_a_message_and_why_the_others_would_not() {
    let api = TestApi::start_over(installations(CONFIG).await).await;
    let answer = api
        .get("/v1/routes:explain?session=main&chat=4915112345678&text=hello")
        .await
        .json();
    let [bot, echo, watcher] = &answer["installations"].as_array().expect("a list")[..] else {
        panic!("{answer}")
    };
    let gets = json!({ "handler": "message-handler", "bind": "bot-all", "answer": null, "may_be_reply": true });
    assert_eq!(
        (&bot["id"], &bot["gets"], &bot["priority"]),
        (&json!("bot"), &gets, &json!(200))
    );
    let refusals = json!([
        { "bind": "echo-elsewhere", "why": "sessions: not this one" },
        { "bind": "echo-bang", "why": "text: does not fit" },
    ]);
    assert_eq!((&echo["gets"], &echo["refusals"]), (&json!(null), &refusals));
    assert_eq!(
        (&watcher["mode"], &watcher["because"]),
        (&json!("observe"), &json!("no bind names it"))
    );

    let answer = api
        .get("/v1/routes/explain?session=main&chat=4915112345678&text=!x")
        .await
        .json();
    assert_eq!(answer["installations"][1]["gets"]["bind"], "echo-bang");
    assert_eq!(answer["installations"][1]["waits_for"], json!(["bot"]));
    let answer = api
        .get("/v1/routes/explain?session=main&chat=4915112345678&text=/ordr%20tea")
        .await
        .json();
    let gets = &answer["installations"][0]["gets"];
    assert_eq!(
        (&gets["handler"], &gets["answer"]),
        (&json!("host"), &json!("There is no /ordr. Did you mean /order?"))
    );
    let answer = api
        .get("/v1/routes/explain?session=main&chat=120363000000000001@g.us&sender=4915112345678&kind=image")
        .await;
    let answer = answer.json();
    assert_eq!(
        answer["installations"][0]["gets"]["handler"], "reply-handler",
        "it takes texts only, and answers"
    );
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_refused() {
    let api = TestApi::start().await;
    for path in [
        "/v1/routes/explain",
        "/v1/routes/explain?session=main&chat=nowhere",
        "/v1/routes/explain?session=main&chat=120363000000000001@g.us",
        "/v1/routes/explain?session=main&chat=4915112345678&kind=song",
        "/v1/routes/explain?session=main&chat=4915112345678&from_me=perhaps",
        "/v1/routes/explain?session=main&chat=4915112345678&txt=hello",
    ] {
        api.get(path).await.problem(400, "invalid_query");
    }
    api.bare("GET", "/v1/routes/explain")
        .send()
        .await
        .problem(401, "unauthenticated");
}

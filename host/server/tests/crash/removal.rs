//! A session that is removed, with words that nothing else has, leaves none of them on the disk.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use waspnest_simulator::human::Heard;

use super::host::SECRET;
use super::{Linked, PATIENCE};

/// What is said and kept and nowhere else.
const WORD: &str = "marmalade-of-the-fourteenth-giraffe";

const PLUGINS: &str = r#"
[[plugin]]
id = "echo"
source = "echo"
[plugin.grants]
"messages.send" = true
[[bind]]
id = "echo-all"
plugin = "echo"
[[plugin]]
id = "reminders"
source = "reminders"
[plugin.grants]
"messages.send" = true
kv = true
schedule = true
[[bind]]
id = "reminders-all"
plugin = "reminders"
"#;

/// The files below a directory that hold any of these.
fn holding(dir: &Path, words: &[&str], found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            holding(&path, words, found)?;
            continue;
        }
        let bytes = fs::read(&path)?;
        let has = |word: &&str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
        if words.iter().any(has) {
            found.push(path);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_session_leaves_nothing() -> Result<()> {
    let mut linked = Linked::start(31, PLUGINS).await?;
    let person = linked.person("Person of the marmalade").await?;
    // In messages, in an answer, in what a plugin keeps, and in a file.
    let reminder = format!("remind me in 3 hours to buy {WORD}");
    for text in [WORD, &reminder] {
        person.say(&linked.phone, text).await?;
    }
    let from_bot = |heard: &Heard| !heard.from_me;
    person.wait_for_count(2, from_bot, PATIENCE).await?;
    linked.host.put_media("/v1/sessions/crash/media", WORD).await?;
    let words = [WORD, &*linked.phone];
    let data = linked.host.path().join("data");
    let held = || {
        let mut found = Vec::new();
        holding(&data, &words, &mut found).map(|()| found)
    };
    ensure!(
        !held()?.is_empty(),
        "a test that looks for what was never there shows nothing"
    );

    linked.host.command(&["session", "remove", "crash"]).await?;
    // The files of a session go with the next sweep, which is made at each start.
    linked.host.terminate().await?;
    linked.host.restart()?;
    linked.host.up().await?;
    linked.host.terminate().await?;
    linked
        .host
        .command(&["store", "compact", "--config", "config.toml"])
        .await?;
    linked
        .host
        .command(&["store", "check", "--config", "config.toml"])
        .await?;
    let found = held()?;
    ensure!(found.is_empty(), "left in {found:?}");
    linked.simulator.shutdown().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_tenant_leaves_nothing() -> Result<()> {
    let allowed = format!("[plugins.egress]\nallow = [\"127.0.0.0/8\"]\n{PLUGINS}");
    let mut linked = Linked::start(34, &allowed).await?;
    let host = &mut linked.host;
    let tenant = host.make("/v1/tenants", json!({ "name": WORD })).await?;
    let tenant = tenant["id"].as_str().context("an id")?.to_owned();
    let password = format!("{WORD}-and-more");
    let user = json!({ "tenant": tenant, "username": WORD, "password": password });
    host.make("/v1/users", user).await?;
    let key = json!({ "tenant": tenant, "name": WORD, "scopes": ["messages:read"] });
    host.make("/v1/api-keys", key).await?;
    let webhook = json!({
        "tenant": tenant, "name": WORD, "url": format!("http://127.0.0.1:9/{WORD}"), "secret": password,
        "headers": { "x-word": WORD },
    });
    host.make("/v1/webhooks", webhook).await?;
    let session = host
        .make("/v1/sessions", json!({ "tenant": tenant, "name": "theirs" }))
        .await?;
    let session = session["id"].as_str().context("an id")?.to_owned();
    host.put_media(&format!("/v1/sessions/{session}/media"), WORD).await?;
    let data = host.path().join("data");
    let held = || {
        let mut found = Vec::new();
        // That there was a session, by its id, is in the audit log for as long as that is kept.
        holding(&data, &[WORD], &mut found).map(|()| found)
    };
    ensure!(
        !held()?.is_empty(),
        "a test that looks for what was never there shows nothing"
    );

    for path in [format!("/v1/sessions/{session}"), format!("/v1/tenants/{tenant}")] {
        let (status, answer) = host.asks("DELETE", &path, SECRET, Value::Null).await?;
        ensure!(status == 204, "{path}: {status}: {answer}");
    }
    host.terminate().await?;
    host.restart()?;
    host.up().await?;
    host.terminate().await?;
    host.command(&["store", "compact", "--config", "config.toml"]).await?;
    let found = held()?;
    ensure!(found.is_empty(), "left in {found:?}");
    linked.simulator.shutdown().await;
    Ok(())
}

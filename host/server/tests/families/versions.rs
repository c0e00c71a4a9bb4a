//! Versions of a plugin in a whole host: brought in, put to work between two messages, taken back, kept over a restart.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::host::Host;

const VERSIONS: &str = "/v1/installations/echo/versions";

/// A copy of the echo plugin that puts `prefix` before every answer; `more` is added to what it asks for.
pub(crate) fn write(plugins: &Path, name: &str, prefix: &str, more: &str) -> Result<()> {
    let echo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/echo");
    let dir = plugins.join(name);
    std::fs::create_dir_all(&dir)?;
    for file in std::fs::read_dir(&echo)? {
        let file = file?;
        std::fs::copy(file.path(), dir.join(file.file_name()))?;
    }
    let manifest = std::fs::read_to_string(echo.join("plugin.toml"))?;
    let manifest = manifest
        .replace("prefix = \"\"", &format!("prefix = \"{prefix}\""))
        .replace("[limits]", &format!("{more}\n[limits]"));
    std::fs::write(dir.join("plugin.toml"), manifest)?;
    Ok(())
}

async fn host(plugins: &Path) -> Result<Host> {
    let config = r#"
[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true, kv = true }
[[bind]]
id = "all"
plugin = "echo"
"#;
    Host::over(plugins, |_| config.to_owned()).await
}

pub(crate) async fn post(host: &Host, path: &str, body: Value) -> Result<(u16, Value)> {
    host.api("POST", path, "application/json", body.to_string().into())
        .await
}

async fn installed(host: &Host, directory: &str) -> Result<String> {
    let (status, version) = post(host, VERSIONS, json!({ "directory": directory })).await?;
    ensure!(status == 201, "{version}");
    Ok(version["digest"].as_str().context("a digest")?.to_owned())
}

async fn versions(host: &Host) -> Result<Value> {
    Ok(host.api("GET", VERSIONS, "application/json", Vec::new()).await?.1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_is_switched_between_messages_and_stays_over_a_restart() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write(plugins.path(), "echo", "one: ", "")?;
    write(plugins.path(), "echo-2", "two: ", "")?;
    let mut host = host(plugins.path()).await?;
    assert_eq!(host.told("hi").await?, "one: hi");

    let second = installed(&host, "echo-2").await?;
    assert_eq!(host.told("hi").await?, "one: hi", "installed, and not yet at work");
    let (status, answer) = post(&host, &format!("{VERSIONS}/{second}:activate"), json!({})).await?;
    assert_eq!((status, &answer["active"]), (200, &json!(second)));
    assert_eq!(host.told("hi").await?, "two: hi");
    let (_, described) = host
        .api("GET", "/v1/installations/echo", "application/json", Vec::new())
        .await?;
    assert_eq!(described["plugin"]["digest"], second);

    // The source changes while the host is up, and nothing follows from that; nor at the next start, since a version was chosen.
    write(plugins.path(), "echo", "three: ", "")?;
    assert_eq!(host.told("hi").await?, "two: hi");
    host.restart().await?;
    assert_eq!(host.told("hi").await?, "two: hi");
    let listed = versions(&host).await?;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(3), "{listed}");

    let (status, answer) = post(&host, "/v1/installations/echo:rollback", json!({})).await?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(host.told("hi").await?, "one: hi");
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_source_is_a_new_version_at_the_next_start() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write(plugins.path(), "echo", "one: ", "")?;
    let mut host = host(plugins.path()).await?;
    write(plugins.path(), "echo", "two: ", "")?;
    assert_eq!(host.told("hi").await?, "one: hi");
    host.restart().await?;
    assert_eq!(host.told("hi").await?, "two: hi");
    // What cannot be used leaves the version before at work.
    std::fs::write(plugins.path().join("echo/echo.wasm"), "nonsense")?;
    host.restart().await?;
    assert_eq!(host.told("hi").await?, "two: hi");
    std::fs::remove_dir_all(plugins.path().join("echo"))?;
    host.restart().await?;
    assert_eq!(host.told("hi").await?, "two: hi");
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_asks_for_more_waits_for_the_operator() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write(plugins.path(), "echo", "one: ", "")?;
    let mut host = host(plugins.path()).await?;
    // The client of WhatsApp lets the store go only when it has done what follows its first connection.
    assert_eq!(host.told("hi").await?, "one: hi");
    write(plugins.path(), "echo", "two: ", "kv = { reason = \"counts\" }")?;
    host.restart().await?;
    assert_eq!(host.told("hi").await?, "one: hi", "the version before goes on");
    let listed = versions(&host).await?;
    let waiting = &listed["items"][0];
    assert_eq!(
        (&waiting["state"], &waiting["waits_because"]),
        (
            &json!("waiting"),
            &json!(["it asks for \"kv\", without further terms, which it did not before (its reason: counts)"])
        )
    );
    let path = format!("{VERSIONS}/{}", waiting["digest"].as_str().context("a digest")?);
    let (status, problem) = post(&host, &format!("{path}:activate"), json!({})).await?;
    assert_eq!((status, &problem["code"]), (409, &json!("version_not_approved")));
    let (status, _) = post(&host, &format!("{path}:approve"), json!({})).await?;
    assert_eq!(status, 200);
    assert_eq!(host.told("hi").await?, "two: hi");
    host.restart().await?;
    assert_eq!(host.told("hi").await?, "two: hi");
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_put_to_work_is_told_at_once() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write(plugins.path(), "echo", "one: ", "")?;
    write(plugins.path(), "greedy", "two: ", "schedule = { reason = \"later\" }")?;
    write(plugins.path(), "broken", "two: ", "")?;
    std::fs::write(plugins.path().join("broken/echo.wasm"), "nonsense")?;
    let host = host(plugins.path()).await?;
    for (directory, code, says) in [
        (
            "greedy",
            "unusable_version",
            "requires \"schedule\", which installation echo is not granted",
        ),
        ("broken", "unusable_version", "is not a WebAssembly component"),
        ("../echo", "unusable_package", "not the name of a directory"),
        ("missing", "unusable_version", "missing"),
    ] {
        let (status, problem) = post(&host, VERSIONS, json!({ "directory": directory })).await?;
        let detail = problem["detail"].as_str().context("words")?;
        assert_eq!((status, &problem["code"]), (422, &json!(code)), "{problem}");
        assert!(detail.contains(says), "{detail}");
    }
    assert_eq!(versions(&host).await?["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(host.told("hi").await?, "one: hi");
    host.stop().await
}

const SHADOW: &str = "/v1/installations/echo/shadow";

/// What was found of the version in shadow, as soon as it was called.
async fn found(host: &Host) -> Result<Value> {
    loop {
        let (status, found) = host.api("GET", SHADOW, "application/json", Vec::new()).await?;
        ensure!(status == 200, "{found}");
        if found["same"] != 0 || found["different"] != 0 {
            return Ok(found);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_in_shadow_is_compared_and_says_nothing() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write(plugins.path(), "echo", "one: ", "")?;
    write(plugins.path(), "echo-2", "two: ", "")?;
    let mut host = host(plugins.path()).await?;
    assert_eq!(host.told("hi").await?, "one: hi");
    let second = installed(&host, "echo-2").await?;
    let (status, answer) = post(&host, &format!("{VERSIONS}/{second}:shadow"), json!({})).await?;
    assert_eq!(
        (status, &answer["shadow"]),
        (200, &json!({ "digest": second, "percent": 100 }))
    );
    assert_eq!(host.told("hi").await?, "one: hi");
    let different = found(&host).await?;
    assert_eq!(different["different"], 1, "{different}");
    assert_eq!(different["differences"][0]["words"], json!(["effects/0 is another"]));
    assert!(!different.to_string().contains("two: "), "it is hidden: {different}");

    // It stays, and is counted anew.
    host.restart().await?;
    assert_eq!(host.told("hi").await?, "one: hi");
    assert_eq!(found(&host).await?["different"], 1);

    // Who takes over is in nobody's shadow.
    let (status, _) = post(&host, &format!("{VERSIONS}/{second}:activate"), json!({})).await?;
    assert_eq!(status, 200);
    let (status, problem) = host.api("GET", SHADOW, "application/json", Vec::new()).await?;
    assert_eq!((status, &problem["code"]), (404, &json!("no_shadow")));
    assert_eq!(host.told("hi").await?, "two: hi");
    host.stop().await
}

/// A copy of the mover, which keeps words and puts the number of its form before them.
fn write_mover(plugins: &Path, name: &str, data_version: u32) -> Result<()> {
    let mover = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/mover");
    let dir = plugins.join(name);
    std::fs::create_dir_all(&dir)?;
    std::fs::copy(mover.join("mover.wasm"), dir.join("mover.wasm"))?;
    let manifest = std::fs::read_to_string(mover.join("plugin.toml"))?;
    let api = "api = \"0.1\"";
    std::fs::write(
        dir.join("plugin.toml"),
        manifest.replace(api, &format!("{api}\ndata-version = {data_version}")),
    )?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_is_brought_into_the_new_form_or_nothing_changes() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write_mover(plugins.path(), "mover", 1)?;
    write_mover(plugins.path(), "mover-2", 2)?;
    let config = r#"
[[plugin]]
id = "mover"
source = "mover"
grants = { "messages.send" = true, kv = true }
[[bind]]
id = "all"
plugin = "mover"
"#;
    let mut host = Host::over(plugins.path(), |_| config.to_owned()).await?;
    let versions = "/v1/installations/mover/versions";
    for words in ["session tea", "chat milk", "sender poison"] {
        assert_eq!(host.told(words).await?, "kept");
    }
    let (_, second) = post(&host, versions, json!({ "directory": "mover-2" })).await?;
    let activate = format!("{versions}/{}:activate", second["digest"].as_str().context("a digest")?);
    let (status, problem) = post(&host, &activate, json!({})).await?;
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("data_not_migrated")),
        "{problem}"
    );
    assert!(
        problem["detail"]
            .as_str()
            .context("words")?
            .contains("it does not taste good"),
        "{problem}"
    );
    assert_eq!(host.told("?").await?, "tea milk poison", "nothing was changed");

    assert_eq!(host.told("sender sugar").await?, "kept");
    let (status, answer) = post(&host, &activate, json!({})).await?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(host.told("?").await?, "2:tea 2:milk 2:sugar");
    host.restart().await?;
    assert_eq!(host.told("?").await?, "2:tea 2:milk 2:sugar");

    let back = "/v1/installations/mover:rollback";
    let (status, problem) = post(&host, back, json!({})).await?;
    assert_eq!((status, &problem["code"]), (409, &json!("data_of_a_later_form")));
    let (status, answer) = post(&host, back, json!({ "force": true })).await?;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(host.told("?").await?, "1:2:tea 1:2:milk 1:2:sugar");
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_is_tried_in_a_share_of_the_chats() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write(plugins.path(), "echo", "one: ", "")?;
    write(plugins.path(), "echo-2", "two: ", "")?;
    let mut host = host(plugins.path()).await?;
    let second = installed(&host, "echo-2").await?;
    // Which share takes this chat is chance; that a larger one takes it too is not, nor that it stays.
    let mut taken = false;
    for percent in [1, 50, 99] {
        let (status, answer) = post(
            &host,
            &format!("{VERSIONS}/{second}:canary"),
            json!({ "percent": percent }),
        )
        .await?;
        assert_eq!((status, &answer["canary"]["percent"]), (200, &json!(percent)));
        let answer = host.told("hi").await?;
        assert!(
            answer == "two: hi" || (answer == "one: hi" && !taken),
            "{answer} at {percent}"
        );
        taken = answer == "two: hi";
        assert_eq!(host.told("hi").await?, answer);
    }
    host.restart().await?;
    assert_eq!(host.told("hi").await? == "two: hi", taken, "over a restart");
    let ended = host.api(
        "DELETE",
        "/v1/installations/echo/canary",
        "application/json",
        Vec::new(),
    );
    assert_eq!(ended.await?.0, 200);
    assert_eq!(host.told("hi").await?, "one: hi");
    let (status, problem) = post(&host, &format!("{VERSIONS}/{second}:canary"), json!({ "percent": 5 })).await?;
    assert_eq!(status, 200, "{problem}");
    // Whoever is put to work everywhere is not tried any more.
    let (_, answer) = post(&host, &format!("{VERSIONS}/{second}:activate"), json!({})).await?;
    assert_eq!(answer["canary"], json!(null));
    host.stop().await
}

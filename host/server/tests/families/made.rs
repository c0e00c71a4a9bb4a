//! A plugin uploaded, installed, changed and removed while the host runs, as somebody who writes to it sees it.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::host::{Host, PATIENCE};
use crate::versions::{post, write};

const INSTALLATIONS: &str = "/v1/installations";
const GREETER: &str = "/v1/installations/greeter";

async fn ask(host: &Host, method: &str, path: &str, body: Value) -> Result<(u16, Value)> {
    host.api(method, path, "application/json", body.to_string().into())
        .await
}

/// The first of these that is heard after `words` were said.
async fn heard(host: &Host, words: &str) -> Result<String> {
    host.told(words).await
}

fn greeter() -> Value {
    json!({
        "id": "greeter",
        "plugin": "org.waspnest.echo",
        "grants": { "messages.send": true },
        "binds": [{ "id": "hi", "text": "hi*" }],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_comes_and_goes_while_the_host_runs() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write(plugins.path(), "echo", "file: ", "")?;
    write(plugins.path(), "greeter", "api: ", "")?;
    // One of the file's answers whatever nobody else is asked for, so that silence can be heard.
    let config = r#"
[[plugin]]
id = "rest"
source = "echo"
grants = { "messages.send" = true }
[[bind]]
id = "rest"
plugin = "rest"
text = "ho*"
"#;
    let mut host = Host::over(plugins.path(), |_| config.to_owned()).await?;
    assert_eq!(heard(&host, "ho").await?, "file: ho");

    let (status, plugin) = post(&host, "/v1/plugins", json!({ "directory": "greeter" })).await?;
    ensure!(status == 201, "{plugin}");
    let (status, made) = post(&host, INSTALLATIONS, greeter()).await?;
    ensure!(status == 201, "{made}");
    assert_eq!(heard(&host, "hi").await?, "api: hi");
    let (_, problem) = post(
        &host,
        INSTALLATIONS,
        json!({ "id": "rest", "plugin": "org.waspnest.echo" }),
    )
    .await?;
    assert_eq!(problem["code"], "installation_exists");
    for method in ["PATCH", "DELETE"] {
        let (status, problem) = ask(&host, method, "/v1/installations/rest", json!({ "enabled": false })).await?;
        assert_eq!(
            (status, &problem["code"]),
            (409, &json!("installation_of_file")),
            "{problem}"
        );
    }

    // It is there at the next start, with what was set of it.
    let (status, set) = ask(&host, "PUT", &format!("{GREETER}/config"), json!({ "prefix": "set: " })).await?;
    ensure!(status == 200, "{set}");
    host.restart().await?;
    assert_eq!(heard(&host, "hi").await?, "set: hi");

    // Bound otherwise at once; and what comes while it is paused waits.
    let (status, changed) = ask(
        &host,
        "PATCH",
        GREETER,
        json!({ "binds": [{ "id": "hey", "text": "he*" }] }),
    )
    .await?;
    ensure!(status == 200, "{changed}");
    assert_eq!(heard(&host, "hey").await?, "set: hey");
    host.ana.say(&host.phone, "hi").await?;
    assert_eq!(
        heard(&host, "ho").await?,
        "file: ho",
        "nobody is bound to the one before"
    );
    let (status, _) = ask(&host, "PATCH", GREETER, json!({ "enabled": false })).await?;
    assert_eq!(status, 200);
    host.ana.say(&host.phone, "hello").await?;
    assert_eq!(heard(&host, "ho").await?, "file: ho");
    host.restart().await?;
    let seen = host.ana.position();
    let (status, _) = ask(&host, "PATCH", GREETER, json!({ "enabled": true })).await?;
    assert_eq!(status, 200);
    let late = host
        .ana
        .wait_for_after(seen, |heard| heard.text.as_deref() == Some("set: hello"), PATIENCE);
    late.await.context("what waited is answered")?;

    // A session that is made later has it too, and one that is gone has left nothing.
    let (status, _) = ask(&host, "DELETE", GREETER, Value::Null).await?;
    assert_eq!(status, 204);
    host.ana.say(&host.phone, "hey").await?;
    assert_eq!(heard(&host, "ho").await?, "file: ho");
    let (status, _) = ask(&host, "GET", GREETER, Value::Null).await?;
    assert_eq!(status, 404);
    host.restart().await?;
    host.ana.say(&host.phone, "hey").await?;
    assert_eq!(heard(&host, "ho").await?, "file: ho");
    let (status, made) = post(&host, INSTALLATIONS, greeter()).await?;
    ensure!(status == 201, "{made}");
    assert_eq!(
        heard(&host, "hi").await?,
        "api: hi",
        "what was set of the one before is gone with it"
    );
    host.stop().await
}

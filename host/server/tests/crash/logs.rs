//! The host tells everything it can, of a day on which much goes wrong, and nobody learns from its log what people wrote, what their
//! numbers are, or what opens what.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::host::SECRET;
use super::{Linked, PATIENCE};

/// A plugin that answers, fails with the words of a message in its mouth, and tells a server that is not there.
const PLUGINS: &str = r#"
[plugins.egress]
allow = ["127.0.0.0/8"]
[secrets.crm]
from = "env:WASPNEST_TEST_CRM"
hosts = ["127.0.0.1"]
[webhooks.crm]
url = "http://127.0.0.1:1/hooks/quince-in-a-url?key=quince-in-a-query"
sign = { form = "hub", secret = "crm" }
[[plugin]]
id = "hostile"
source = "hostile"
[plugin.grants]
"messages.send" = true
"messages.react" = true
"messages.read" = true
"messages.typing" = true
kv = true
schedule = true
webhooks = { endpoints = ["crm"] }
[[bind]]
id = "hostile-all"
plugin = "hostile"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_for_people_holds_no_words_numbers_or_secrets() -> Result<()> {
    keeps_quiet("text").await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_for_machines_holds_no_words_numbers_or_secrets() -> Result<()> {
    let log = keeps_quiet("json").await?;
    for line in log.lines().filter(|line| line.starts_with('{')) {
        serde_json::from_str::<Value>(line).with_context(|| line.to_owned())?;
    }
    Ok(())
}

async fn keeps_quiet(format: &str) -> Result<String> {
    let log = format!("level = \"trace\"\nformat = \"{format}\"");
    let linked = Linked::start_logging(31, PLUGINS, &log).await?;
    let ana = linked.person("Persimmon").await?;
    let ben = linked.person("Ben").await?;
    let mut hidden: Vec<String> = [
        "tangerine",
        "clementine",
        "pomegranate",
        "kumquat",
        "Persimmon",
        "quince",
    ]
    .map(str::to_owned)
    .into();
    hidden.extend([SECRET.to_owned(), linked.phone.clone()]);
    hidden.extend([ana.account().phone.clone(), ben.account().phone.clone()]);

    // Words that come and go, words that a plugin fails with, and words for a server.
    ana.say(&linked.phone, "a tangerine").await?;
    ana.wait_for(|heard| heard.text.as_deref() == Some("ok: a tangerine"), PATIENCE)
        .await
        .context("it answers")?;
    ana.say(&linked.phone, "log clementine").await?;
    ana.say(&linked.phone, r#"tell crm fruit {"kumquat":1}"#).await?;
    let told = |text: &str| text.starts_with("eff_") || text.starts_with("eff");
    ana.wait_for(
        |heard| !heard.from_me && heard.text.as_deref().is_some_and(told),
        PATIENCE,
    )
    .await
    .context("it is told")?;

    // The API, by those who may and those who may not.
    let host = &linked.host;
    let text = json!({ "type": "text", "to": format!("+{}", ben.account().phone), "text": "a pomegranate" });
    let (status, sent) = host.asks("POST", "/v1/sessions/crash/messages", SECRET, text).await?;
    ensure!(status == 202, "{status} {sent:#}");
    ben.wait_for(|heard| heard.text.as_deref() == Some("a pomegranate"), PATIENCE)
        .await
        .context("it is sent")?;
    let key = json!({ "name": "key", "scopes": ["messages:read"] });
    let (status, key) = host.asks("POST", "/v1/api-keys", SECRET, key).await?;
    ensure!(status == 201, "{status} {key:#}");
    let key = key["key"].as_str().context("a key")?.to_owned();
    let known = format!("/v1/sessions/crash/chats/{}/messages", ana.account().phone);
    let (status, _) = host.asks("GET", &known, &key, Value::Null).await?;
    ensure!(status == 200, "{status}");
    let (_, ticket) = host.asks("POST", "/v1/stream-tickets", &key, Value::Null).await?;
    hidden.extend(ticket["ticket"].as_str().map(str::to_owned));
    let nobody = "wn_live_a-key-that-nobody-has";
    host.asks("GET", &known, nobody, Value::Null).await?;
    let login = json!({ "username": "ada", "password": "a password that is wrong" });
    host.asks("POST", "/v1/auth/login", "", login).await?;
    hidden.extend([key, nobody.to_owned(), "a password that is wrong".to_owned()]);

    // What fails is told, so that the search below has something to search.
    let found = super::host::poll(async || {
        let log = linked.host.logged()?;
        let all = [
            "event parked",
            "webhook will be tried again",
            "plugin call",
            "effect left",
        ];
        Ok(all.iter().all(|line| log.contains(line)).then_some(log))
    });
    found.await.with_context(|| linked.host.logged().unwrap_or_default())?;
    let log = linked.end_with_log().await?;
    for word in hidden {
        ensure!(
            !log.contains(&word),
            "{word:?} is in the log: {:?}",
            log.lines().find(|line| line.contains(&word))
        );
    }
    Ok(log)
}

//! Streams of events of a whole host: a session that waits to be linked, and a host that is restarted.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use waspnest_simulator::NewAccount;

use super::host::{Host, SECRET};
use super::listening::Listener;

async fn ask(host: &Host, method: &str, path: &str, body: Value) -> Result<Value> {
    let body = match body {
        Value::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    let (status, told) = host.api(method, path, "application/json", body).await?;
    ensure!((200..300).contains(&status), "{method} {path}: {status} {told:#}");
    Ok(told)
}

/// The next event of a type.
async fn until(listener: &mut Listener, kind: &str) -> Value {
    loop {
        let event = listener.event().await;
        if event["type"] == kind {
            return event;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_comes_over_the_stream_until_the_session_is_connected() -> Result<()> {
    let host = Host::with(|_| String::new()).await?;
    let mut listener = Listener::opens(host.address, SECRET, "?type=pairing,session", None).await;
    let made = ask(&host, "POST", "/v1/sessions", json!({ "name": "second" })).await?;
    let code = until(&mut listener, "pairing.qr").await;
    ensure!(code["session"]["id"] == made["id"], "{code:#}");
    let account = host.simulator.create_account(NewAccount {
        push_name: "Second".into(),
        phone: None,
    })?;
    let text = code["data"]["text"].as_str().context("a code")?;
    host.simulator.scan_qr(&account.phone, text).await?;
    let connected = until(&mut listener, "session.connected").await;
    ensure!(connected["session"]["name"] == "second", "{connected:#}");
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_leaves_no_gap_and_nothing_comes_twice() -> Result<()> {
    let plugin = r#"
[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true }
[[bind]]
id = "all"
plugin = "echo"
events = ["message"]
"#;
    let mut host = Host::with(|_| plugin.to_owned()).await?;
    let mut listener = Listener::opens(host.address, SECRET, "?type=message,receipt,run", None).await;
    let mut heard = Vec::new();
    let mut last = None;
    for round in 0..3 {
        for number in 0..5 {
            host.ana.say(&host.phone, &format!("{round}-{number}")).await?;
        }
        let (mut receipts, mut runs) = (0, 0);
        let mut said = 0;
        while said < 5 || (round == 0 && (receipts == 0 || runs < 5)) {
            let event = listener.event().await;
            match event["type"].as_str().unwrap_or_default() {
                "message.received" => {
                    said += 1;
                    heard.push(event["data"]["text"].as_str().unwrap_or_default().to_owned());
                }
                "run.ended" => {
                    runs += 1;
                    ensure!(event["data"]["outcome"] == "committed", "{event:#}");
                }
                "receipt.server_ack" => receipts += 1,
                _ => {}
            }
        }
        last = Some(listener.last());
        // Said while nobody listens, just before the host goes.
        host.ana.say(&host.phone, &format!("{round}-away")).await?;
        drop(listener);
        host.restart().await?;
        listener = Listener::opens(host.address, SECRET, "?type=message", last.as_deref()).await;
        let away = until(&mut listener, "message.received").await;
        heard.push(away["data"]["text"].as_str().unwrap_or_default().to_owned());
    }
    let expected: Vec<_> = (0..3)
        .flat_map(|round| {
            (0..5)
                .map(move |number| format!("{round}-{number}"))
                .chain([format!("{round}-away")])
        })
        .collect();
    ensure!(heard == expected, "{heard:?}");
    ensure!(last.is_some());
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_plugin_logs_is_told_with_its_calls() -> Result<()> {
    let built = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let host = Host::recording_in_full(&built, |_| {
        r#"
[[plugin]]
id = "hostile"
source = "hostile"
[plugin.grants]
"messages.send" = true
"messages.react" = true
"messages.read" = true
"messages.typing" = true
"kv" = true
"schedule" = true
[[bind]]
id = "all"
plugin = "hostile"
"#
        .to_owned()
    })
    .await?;
    let mut listener = Listener::opens(host.address, SECRET, "?type=run,log", None).await;
    host.ana.say(&host.phone, "again 1 log.emit").await?;
    let line = listener.event().await;
    ensure!(
        (&line["type"], &line["data"]["level"], &line["data"]["message"])
            == (&json!("log.line"), &json!("info"), &json!("a line")),
        "{line:#}"
    );
    let run = listener.event().await;
    ensure!(
        (&run["type"], &run["data"]["outcome"], &run["data"]["run"])
            == (&json!("run.ended"), &json!("committed"), &line["data"]["run"]),
        "{run:#}"
    );
    host.stop().await
}

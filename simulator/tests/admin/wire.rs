//! The stanza log, looked at and followed.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use crate::calls::{started, text};

/// Reads lines of an answer that goes on until one has `part` in it.
fn follow(url: String, accept: &'static str, part: String) -> anyhow::Result<(String, String)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(120)))
        .build()
        .into();
    let mut answer = agent.get(&url).header("accept", accept).call()?;
    let kind = answer
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    for line in BufReader::new(answer.body_mut().as_reader()).lines() {
        let line = line?;
        if line.contains(&part) {
            return Ok((kind, line));
        }
    }
    anyhow::bail!("the answer ended without {part}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_wire_is_followed_as_events_and_as_lines() -> anyhow::Result<()> {
    let (simulator, admin, calls) = started().await?;
    let anna = calls.done("POST /people", json!({"push_name": "Anna"})).await?;
    let anna = text(&anna, "phone")?.to_owned();
    for (accept, kind) in [
        ("text/event-stream", "text/event-stream"),
        ("text/plain", "text/plain; charset=utf-8"),
    ] {
        let (before, url) = (
            simulator.latest_stanza(),
            format!("{}/stanzas/follow?account={anna}", admin.url()),
        );
        let ping = format!("to={:?}", format!("{anna}@s.whatsapp.net"));
        let url = format!("{url}&after={before}");
        let escaped = if kind == "text/event-stream" {
            ping.replace('"', "\\\"")
        } else {
            ping
        };
        let following = tokio::task::spawn_blocking(move || follow(url, accept, escaped));
        let said = json!({"to": anna, "text": "note to self"});
        calls.done(&format!("POST /people/{anna}/say"), said).await?;
        let (answered, line) = following.await??;
        assert_eq!(answered, kind);
        if kind == "text/event-stream" {
            let record: Value = serde_json::from_str(line.strip_prefix("data: ").context("an event")?)?;
            assert_eq!((&record["account"], &record["direction"]), (&json!(anna), &json!("in")));
        } else {
            assert!(line.contains(&format!(" in  {anna}:1 <message ")), "{line}");
        }
    }
    admin.close().await;
    simulator.shutdown().await;
    Ok(())
}

//! A message goes through the whole host, and what is measured says so.

use anyhow::{Context, Result, ensure};

use crate::exposition::Exposition;
use crate::host::{Host, PATIENCE};

/// What is measured now.
async fn measured(host: &Host) -> Result<Exposition> {
    let (status, text) = host.file("/metrics", None).await?;
    ensure!(status == 200, "it answered {status}");
    Exposition::parse(&String::from_utf8(text)?)
}

/// What is measured as soon as it says so.
async fn until(host: &Host, says: impl Fn(&Exposition) -> bool) -> Result<Exposition> {
    let looking = async {
        loop {
            let measured = measured(host).await?;
            if says(&measured) {
                return Ok(measured);
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .context("it never says so")?
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_echo_is_measured_from_the_message_to_the_answer() -> Result<()> {
    let host = Host::with(|_| {
        r#"
[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true }
[[bind]]
id = "all"
plugin = "echo"
events = ["message"]
"#
        .to_owned()
    })
    .await?;
    host.ana.say(&host.phone, "an unmistakable tangerine").await?;
    host.hears("an unmistakable tangerine").await?;

    let plugin = [("plugin", "echo")];
    let sent = [("kind", "send"), ("outcome", "sent")];
    let done = |measured: &Exposition| {
        measured.value("waspnest_effects_total", &sent) == Some(1.0)
            && measured.value("waspnest_plugin_undone_events", &plugin) == Some(0.0)
            && measured.value("waspnest_consumer_lag_events", &[("consumer", "mailbox")]) == Some(0.0)
    };
    let measured = until(&host, done).await?;
    let is = |name: &str, labels: &[(&str, &str)], value: f64| {
        let found = measured.value(name, labels);
        assert_eq!(found, Some(value), "{name}{labels:?}");
    };
    is("waspnest_sessions", &[("state", "connected")], 1.0);
    is(
        "waspnest_plugin_calls_total",
        &[("plugin", "echo"), ("outcome", "committed")],
        1.0,
    );
    is(
        "waspnest_plugin_calls_total",
        &[("plugin", "echo"), ("outcome", "trap")],
        0.0,
    );
    is("waspnest_plugin_call_seconds_count", &plugin, 1.0);
    is("waspnest_plugin_retries_total", &plugin, 0.0);
    is("waspnest_plugin_dead_letters_total", &plugin, 0.0);
    is("waspnest_drafts_total", &[("outcome", "committed")], 1.0);
    is("waspnest_effects_total", &[("kind", "send"), ("outcome", "asked")], 1.0);
    is("waspnest_effect_sent_seconds_count", &[("kind", "send")], 1.0);
    is("waspnest_outbox_pending_effects", &[], 0.0);
    is("waspnest_plugin_oldest_undone_age_seconds", &[], 0.0);
    is("waspnest_sandbox_places", &[("of", "total")], 32.0);
    is("waspnest_store_commits_total", &[("outcome", "failed")], 0.0);
    is("waspnest_http_streams", &[("kind", "sse")], 0.0);
    let at_least = |name: &str, labels: &[(&str, &str)], value: f64| {
        let found = measured.value(name, labels);
        assert!(
            found.is_some_and(|found| found >= value),
            "{name}{labels:?} is {found:?}"
        );
    };
    // Ana's message, and what the account itself sent.
    at_least("waspnest_events_total", &[("family", "message")], 1.0);
    at_least("waspnest_events_total", &[("family", "session")], 1.0);
    at_least("waspnest_store_commits_total", &[("outcome", "committed")], 10.0);
    at_least("waspnest_store_commit_durable_seconds_count", &[], 1.0);
    at_least("waspnest_store_flush_seconds_count", &[], 1.0);
    at_least("waspnest_process_resident_memory_bytes", &[], 1e6);
    at_least("waspnest_process_start_time_seconds", &[], 1.6e9);
    insta::assert_json_snapshot!("what_is_measured", measured.shape());

    let (_, text) = host.file("/metrics", None).await?;
    let text = String::from_utf8(text)?;
    for word in ["tangerine", host.phone.as_str(), host.ana.account().phone.as_str()] {
        ensure!(!text.contains(word), "{word} is in {text}");
    }
    host.stop().await
}

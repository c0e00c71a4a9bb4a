//! A message goes through the whole host, and what is measured says so.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use waspnest::cli::{self, Exit, Output};

use crate::exposition::Exposition;
use crate::host::{Host, PATIENCE, SECRET};

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

    // From here on a request has been measured, too.
    measured(&host).await?;
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

/// What `waspnest doctor` finds, and how it ends.
async fn doctor(host: &Host) -> Result<(Exit, Value)> {
    let url = format!("http://{}", host.address);
    let config = host.config_file().display().to_string();
    let asked = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let arguments = ["waspnest", "doctor", "--json", "--config", &config, "--url", &url];
        let output = Output {
            out: &mut out,
            err: &mut err,
        };
        let env = [("WASPNEST_SECRET".to_owned(), SECRET.to_owned())];
        let exit = cli::run(arguments.into_iter().map(Into::into), env.into_iter(), output);
        (exit, out, err)
    });
    let (exit, out, err) = asked.await?;
    let found = serde_json::from_slice(&out).with_context(|| String::from_utf8_lossy(&err).into_owned())?;
    Ok((exit, found))
}

/// The state and the words of a check.
fn of<'a>(found: &'a Value, check: &str) -> (&'a str, &'a str) {
    let checks = found["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = checks.iter().find(|found| found["check"] == check);
    found.map_or(("", ""), |found| {
        (
            found["state"].as_str().unwrap_or_default(),
            found["says"].as_str().unwrap_or_default(),
        )
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doctor_asks_a_host_that_runs() -> Result<()> {
    let host = Host::with(|_| String::new()).await?;
    let (exit, found) = doctor(&host).await?;
    for check in [
        "configuration",
        "data",
        "in use",
        "master key",
        "whatsapp",
        "host",
        "version",
        "sessions",
    ] {
        let (state, _) = of(&found, check);
        ensure!(
            state == "ok" || (check, state) == ("data", "warning"),
            "{check}: {found:#}"
        );
    }
    ensure!(of(&found, "in use").1.starts_with("a host runs"), "{found:#}");
    ensure!(exit == Exit::Success, "{found:#}");

    // A session that is wanted and not there, and why.
    host.simulator.unlink_all(&host.phone)?;
    let waited = async {
        loop {
            let (_, found) = doctor(&host).await?;
            let (state, says) = of(&found, "session");
            if (state, says.starts_with("main should be connected and is logged_out")) == ("warning", true) {
                return anyhow::Ok(());
            }
        }
    };
    tokio::time::timeout(PATIENCE, waited)
        .await
        .context("nobody notices")??;
    host.stop().await
}

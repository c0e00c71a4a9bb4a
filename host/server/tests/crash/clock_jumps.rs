//! The machine's clock is set by hours, ahead and back, while the host runs: what was to happen at a time happens at the new one and once, and
//! what only wants time to pass goes on as if nothing were.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::human::{Heard, Human};

use super::host::{Ground, Host, SECRET, poll};
use super::machine::Machine;
use super::webhooks::{Mood, Moody};
use super::{ECHO, Linked, PATIENCE};

const HOUR: Duration = Duration::from_secs(3600);

/// A server that fails three times rests for a moment, and what it was not told is told again and again.
const RULES: &str = r#"
[plugins.egress]
allow = ["127.0.0.1/32"]
[deliveries.retry]
max-attempts = 1000
first = "20ms"
factor = 1.5
max = "200ms"
[deliveries.breaker]
failures = 3
window = "1m"
open = "2s"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_makes_nothing_stall_and_nothing_happen_twice() -> Result<()> {
    let is_ill = Arc::new(AtomicBool::new(false));
    let server = Moody::of({
        let is_ill = Arc::clone(&is_ill);
        move || match is_ill.load(Ordering::Relaxed) {
            true => Mood::Fails,
            false => Mood::Takes,
        }
    })?;
    let machine = Arc::new(Machine::new()?);
    let ground = Ground {
        machine: Some(Arc::clone(&machine)),
        ..Ground::default()
    };
    let linked = Linked::start_on(58, ground, &format!("{ECHO}{RULES}")).await?;
    let host = &linked.host;
    let wanted = json!({ "url": format!("http://{}/", server.address), "events": ["message.received"] });
    let made = host.make("/v1/webhooks", wanted).await?;
    let endpoint = made["id"].as_str().context("an id")?.to_owned();
    let person = linked.person("One").await?;
    host.is(("waspnest_clock_shift_seconds", &[]), 0.0).await?;
    is_echoed(&linked, &person, "before").await?;

    // Something is to happen in an hour, and after a while that hour is over.
    let at = SystemClock::new().now().plus(HOUR);
    let at = chrono::DateTime::from_timestamp_millis(i64::try_from(at.0)?).context("a time")?;
    let later = json!({
        "to": person.account().phone, "type": "text", "text": "an hour later", "send_at": at.to_rfc3339(),
    });
    let (status, told) = host.asks("POST", "/v1/sessions/crash/messages", SECRET, later).await?;
    ensure!(status == 202, "{status}: {told}");
    machine.clock_ahead(2 * HOUR)?;
    let comes = |heard: &Heard| heard.text.as_deref() == Some("an hour later");
    person
        .wait_for(comes, PATIENCE)
        .await
        .context("it waits for the old hour")?;
    host.until(("waspnest_clock_shift_seconds", &[]), |shift| {
        (7190.0..7210.0).contains(&shift)
    })
    .await?;
    is_echoed(&linked, &person, "two hours ahead").await?;

    machine.clock_behind(3 * HOUR)?;
    host.until(("waspnest_clock_shift_seconds", &[]), |shift| {
        (-10810.0..-10790.0).contains(&shift)
    })
    .await?;
    is_echoed(&linked, &person, "three hours behind").await?;

    // A server is left alone for two seconds; while it is, the clock goes back further.
    is_ill.store(true, Ordering::Relaxed);
    is_echoed(&linked, &person, "to a server that is ill").await?;
    let again = [("endpoint", endpoint.as_str()), ("outcome", "again")];
    host.until(("waspnest_webhook_attempts_total", &again), |failed| failed > 2.5)
        .await?;
    machine.clock_behind(9 * HOUR)?;
    is_ill.store(false, Ordering::Relaxed);
    is_echoed(&linked, &person, "nine hours behind").await?;
    let undone = [("endpoint", endpoint.as_str())];
    host.until(("waspnest_webhook_undone_events", &undone), |undone| undone < 0.5)
        .await
        .context("the server is still left alone")?;
    is_quiet(host).await?;

    let texts = [
        "before",
        "two hours ahead",
        "three hours behind",
        "to a server that is ill",
        "nine hours behind",
    ];
    let told: Vec<String> = server
        .heard()
        .into_iter()
        .filter(|heard| heard.taken)
        .map(|heard| heard.text)
        .collect();
    ensure!(told == texts, "the server was told {told:?}");
    let heard: Vec<String> = person
        .phone_view()
        .into_iter()
        .filter(|heard| !heard.from_me)
        .filter_map(|heard| heard.text)
        .collect();
    ensure!(
        heard
            == [
                "before",
                "an hour later",
                "two hours ahead",
                "three hours behind",
                "to a server that is ill",
                "nine hours behind"
            ],
        "the person heard {heard:?}"
    );
    linked.end().await
}

async fn is_echoed(linked: &Linked, person: &Human, text: &str) -> Result<()> {
    person.say(&linked.phone, text).await?;
    let echo = |heard: &Heard| !heard.from_me && heard.text.as_deref() == Some(text);
    let heard = person.wait_for(echo, PATIENCE).await;
    heard.map(drop).with_context(|| format!("nobody answers {text:?}"))
}

/// Nothing is under way any more.
async fn is_quiet(host: &Host) -> Result<()> {
    poll(async || {
        let measured = host.measured().await?;
        let none = |name| measured.value(name, &[]).is_some_and(|value| value < 0.5);
        Ok(
            (none("waspnest_outbox_pending_effects") && none("waspnest_plugin_oldest_undone_age_seconds"))
                .then_some(()),
        )
    })
    .await
}

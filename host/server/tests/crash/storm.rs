//! All sessions lose their connections in the same moment: they come back one after another, all of them, and what is measured tells it.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::Keep;
use waspnest_simulator::human::Heard;

use super::host::{Host, poll_for};
use super::measured::{BEGAN, CONNECTED, FAILED, MADE};
use super::{ECHO, Linked, PATIENCE, account};

/// Sessions beside the first; this many are linked in some seconds. `cargo xtask bench sessions` ends with the same for 500.
const SESSIONS: usize = 60;
/// `whatsapp.connects-per-second`, unless a configuration says otherwise.
const PER_SECOND: usize = 10;
/// How many are linked at a time.
const AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_connections_is_spread_and_everybody_comes_back() -> Result<()> {
    let mut sessions = String::from(ECHO);
    for number in 0..SESSIONS {
        write!(sessions, "[[session]]\nname = \"{}\"\n", name(number))?;
    }
    let linked = Linked::start(54, &sessions).await?;
    let host = &linked.host;
    let mut phones = Vec::new();
    let numbers: Vec<usize> = (0..SESSIONS).collect();
    for some in numbers.chunks(AT_ONCE) {
        let linking = some.iter().map(|number| link(&linked, *number));
        phones.extend(futures::future::try_join_all(linking).await?);
    }
    let all = 1.0 + SESSIONS as f64;
    host.until(CONNECTED, |connected| connected > all - 0.5).await?;
    let person = linked.person("One").await?;
    let (began, made, failed) = (
        host.value(BEGAN).await?,
        host.value(MADE).await?,
        host.value(FAILED).await?,
    );

    let clock = SystemClock::new();
    let cut = clock.monotonic();
    linked.simulator.restart(Keep::State).await?;
    host.until(BEGAN, |lost| lost > began + all - 0.5).await?;
    everybody_is_back(host, all).await?;
    let took = clock.monotonic() - cut;

    // A crowd at one moment would be there in one.
    let least = Duration::from_secs_f64((all - 2.0 * PER_SECOND as f64) / PER_SECOND as f64);
    ensure!(took >= least, "{all} sessions came back in {took:?}");
    let (made, failed) = (host.value(MADE).await? - made, host.value(FAILED).await? - failed);
    ensure!(made > all - 0.5, "{made} connections were made for {all} sessions");
    ensure!(
        made + failed <= 2.0 * all,
        "{made} connections were made and {failed} failed for {all} sessions"
    );
    host.is(BEGAN, began + all).await?;
    for cause in ["silent", "stuck", "stopped"] {
        host.is(("waspnest_session_renewals_total", &[("cause", cause)]), 0.0)
            .await?;
    }

    // None is stuck.
    for (number, phone) in phones.iter().enumerate() {
        let text = format!("are you there, {number}?");
        person.say(phone, &text).await?;
        let answers = |heard: &Heard| !heard.from_me && heard.text.as_deref() == Some(&text);
        let answer = person.wait_for(answers, PATIENCE).await;
        answer.with_context(|| format!("{} is silent", name(number)))?;
    }
    ensure!(
        person.phone_view().iter().filter(|heard| !heard.from_me).count() == SESSIONS,
        "each answered once"
    );
    linked.end().await
}

fn name(number: usize) -> String {
    format!("session-{number:03}")
}

/// Links a session to an account of its own; the phone number of that.
async fn link(linked: &Linked, number: usize) -> Result<String> {
    let phone = linked.simulator.create_account(account(&name(number)))?.phone;
    let code = linked.host.qr_of(&name(number)).await?;
    linked.simulator.scan_qr(&phone, &code).await?;
    Ok(phone)
}

async fn everybody_is_back(host: &Host, all: f64) -> Result<()> {
    let mut last = 0.0;
    let back = poll_for(PATIENCE, async || {
        last = host.value(CONNECTED).await?;
        Ok((last > all - 0.5).then_some(()))
    });
    back.await.with_context(|| format!("{last} of {all} came back"))
}

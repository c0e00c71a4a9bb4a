//! All sessions lose their connections in the same moment, and everybody writes to them while they are away.
//!
//! They come back one after another, as fast as the configuration lets them: a crowd at one moment looks like an attack to whoever is to let
//! it in. Each message must be answered once, and what happened must be told by what the program measures of itself.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::task::JoinSet;
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::Simulator;
use waspnest_simulator::human::{Heard, Human};

use crate::program::{PATIENCE, Program};
use crate::{hundredths, now};

/// Between two looks at what is measured.
const LOOK: Duration = Duration::from_millis(500);
const CONNECTED: (&str, &str) = ("waspnest_sessions", r#"state="connected""#);
const BEGAN: (&str, &str) = ("waspnest_session_changes_total", r#"state="connecting""#);
const MADE: (&str, &str) = ("waspnest_whatsapp_connections_total", r#"outcome="made""#);
const FAILED: (&str, &str) = ("waspnest_whatsapp_connections_total", r#"outcome="failed""#);

/// Lets it come, and prints one line of what it was like.
pub(crate) async fn blow(
    (simulator, program): (&Simulator, &Program),
    people: &[Human],
    phones: &[String],
    clock: &SystemClock,
) -> Result<()> {
    let all = phones.len() as f64;
    let value = async |(name, label): (&str, &str)| program.measured(name, label).await;
    let (began, made, failed) = (value(BEGAN).await?, value(MADE).await?, value(FAILED).await?);

    let cut = clock.monotonic();
    let lost: usize = phones.iter().map(|phone| simulator.drop_connections(phone)).sum();
    ensure!(lost == phones.len(), "{lost} of {all} connections were cut");
    let (waits, back) = tokio::join!(ask_all(people, phones), async {
        let (mut most, mut before) = (0.0_f64, made);
        loop {
            clock.sleep(LOOK).await;
            let now = value(MADE).await?;
            most = most.max((now - before) / LOOK.as_secs_f64());
            before = now;
            let connected = value(CONNECTED).await?;
            if value(BEGAN).await? - began > all - 0.5 && connected > all - 0.5 {
                return anyhow::Ok((clock.monotonic() - cut, most));
            }
            let waited = clock.monotonic() - cut;
            ensure!(waited < PATIENCE, "{connected} of {all} are back after {waited:?}");
        }
    });
    let (mut waits, (back, most)) = (waits?, back?);
    for (person, asked) in people.iter().zip(asked(people.len(), phones)) {
        for (text, _) in asked {
            let answers = person
                .phone_view()
                .iter()
                .filter(|heard| is_answer(heard, &text))
                .count();
            ensure!(answers == 1, "{answers} answers came to {text:?}");
        }
    }

    waits.sort_unstable();
    let within = |percent: usize| {
        let wait = waits.get(waits.len() * percent / 100);
        hundredths(wait.map_or(0.0, Duration::as_secs_f64))
    };
    let line = json!({
        "figure": "storm",
        "sessions": phones.len(),
        "back_s": hundredths(back.as_secs_f64()),
        "asked_while_away": waits.len(),
        "answered_once": waits.len(),
        "answers_p50_s": within(50),
        "answers_p99_s": within(99),
        "measured_lost": (value(BEGAN).await? - began).round(),
        "measured_made": (value(MADE).await? - made).round(),
        "measured_failed": (value(FAILED).await? - failed).round(),
        "most_made_per_second": most.round(),
    });
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// What each person asks, and whom: every session is asked once.
fn asked(people: usize, phones: &[String]) -> impl Iterator<Item = Vec<(String, String)>> {
    (0..people).map(move |person| {
        let own = phones.iter().enumerate().skip(person).step_by(people);
        own.map(|(session, phone)| (format!("are you there, {session}?"), phone.clone()))
            .collect()
    })
}

fn is_answer(heard: &Heard, text: &str) -> bool {
    !heard.from_me && heard.text.as_deref() == Some(text)
}

/// Everybody asks at once what they have to ask, and waits for all answers. Answers with how long each took.
async fn ask_all(people: &[Human], phones: &[String]) -> Result<Vec<Duration>> {
    let mut tasks = JoinSet::new();
    for (person, asked) in people.iter().zip(asked(people.len(), phones)) {
        let person = person.clone();
        tasks.spawn(async move {
            let before = person.position();
            let mut waits = Vec::with_capacity(asked.len());
            for (text, phone) in &asked {
                waits.push((text, now()));
                person.say(phone, text).await?;
            }
            let mut waited = Vec::with_capacity(asked.len());
            for (text, since) in waits {
                let answer = person
                    .wait_for_after(before, |heard| is_answer(heard, text), PATIENCE)
                    .await;
                let answer = answer.with_context(|| format!("no answer to {text:?}"))?;
                waited.push(answer.arrived - since);
            }
            anyhow::Ok(waited)
        });
    }
    let mut waits = Vec::new();
    while let Some(task) = tasks.join_next().await {
        waits.extend(task??);
    }
    Ok(waits)
}

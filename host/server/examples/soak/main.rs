//! Lets the host work for long at half of what it can do while things go wrong, and judges it: no message lost or doubled, no session stuck,
//! memory flat. One JSON line a minute, and one at the end; it fails when the judgement is bad.
//!
//! The host is the program in a process of its own, with the echo plugin for every session, a plugin that traps at some messages, and a webhook
//! that is told of every message. Each session has one person, a real end-to-end encrypted client, who writes to it. What it can do is measured
//! first, with everybody writing as fast as answers come and nothing going wrong.
//!
//! `cargo xtask soak [--minutes M] [--sessions N] [--rate MESSAGES_PER_SECOND]`.

mod ear;
mod ledger;
mod people;
#[path = "../support/program.rs"]
#[expect(dead_code, reason = "other examples need more of it")]
mod program;
mod trouble;

use std::collections::HashSet;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::human::Human;
use waspnest_simulator::{NewAccount, PhoneReading, Simulator};

use ear::Ear;
use ledger::Ledger;
use people::{Pace, Person};
use program::Program;
use trouble::Troubles;

/// Sessions that are linked at a time.
const AT_ONCE: usize = 8;
/// How long the maximum is measured, unless the whole soak is shorter.
const MEASURED: Duration = Duration::from_secs(60);
/// Between two readings of the memory.
const READ: Duration = Duration::from_secs(5);
/// How long an answer takes that is late: sessions that fall silent are noticed after 45 s.
const LATE: Duration = Duration::from_secs(75);
/// How long everything may take to come to rest behind the end.
const REST: Duration = Duration::from_secs(300);
/// How much more memory the last third may take than the first, in the mean: this part of it, or so many KiB when that is more.
const GROWTH: f64 = 0.10;
const GROWTH_KIB: f64 = 32.0 * 1024.0;

/// What is kept is kept for a moment: what a host keeps for ever takes more room the longer it runs, and memory with it. The store's cache is
/// full after a moment, too, for it would go on filling for half an hour.
const STORAGE: &str = r#", keep-events = "2m", cache = "16MiB""#;
/// What plugins and webhooks do while things go wrong. Servers are tried again soon, for the soak ends soon; and what a plugin fails at is given
/// up soon, for it holds the log as long as it is not.
const MORE: &str = r#"
[mailbox]
keep = "3m"
[plugins.record]
runs = 100
[plugins.retry]
max-attempts = 2
backoff = { first = "200ms", factor = 2.0, max = "1s", jitter = 0.2 }
[plugins.breaker]
failures = 100000
[[plugin]]
id = "traps"
source = "hostile"
[plugin.grants]
"messages.send" = true
"messages.react" = true
"messages.read" = true
"messages.typing" = true
kv = true
schedule = true
[[bind]]
id = "traps"
plugin = "traps"
text = "trap *"
[deliveries]
timeout = "2s"
[deliveries.retry]
max-attempts = 1000
first = "200ms"
factor = 2.0
max = "5s"
[deliveries.breaker]
failures = 50
window = "10s"
open = "2s"
"#;

struct Wanted {
    minutes: u64,
    sessions: usize,
    /// The maximum, in messages a second; measured if nothing is said.
    rate: Option<f64>,
}

fn main() -> Result<ExitCode> {
    if let Some(ended) = program::as_program() {
        return Ok(ended);
    }
    let wanted = wanted(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let judgement = runtime.block_on(soak(&wanted))?;
    Ok(match judgement.as_slice() {
        [] => ExitCode::SUCCESS,
        [..] => ExitCode::FAILURE,
    })
}

fn wanted(mut arguments: impl Iterator<Item = String>) -> Result<Wanted> {
    let mut wanted = Wanted {
        minutes: 30,
        sessions: 100,
        rate: None,
    };
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{name} wants a number"))?;
        match name.as_str() {
            "--minutes" => wanted.minutes = value.parse()?,
            "--sessions" => wanted.sessions = value.parse()?,
            "--rate" => wanted.rate = Some(value.parse()?),
            _ => bail!("there are --minutes, --sessions and --rate, not {name}"),
        }
    }
    ensure!(
        wanted.minutes > 0 && wanted.sessions > 0,
        "a soak takes a minute and a session at least"
    );
    Ok(wanted)
}

/// Everything that takes part.
struct Stage {
    simulator: Simulator,
    program: Program,
    ear: Ear,
    people: Vec<Person>,
    ledger: Arc<Ledger>,
    clock: Arc<SystemClock>,
}

/// What was read of the program's memory, in KiB.
type Readings = Vec<f64>;

/// Answers with what is bad.
async fn soak(wanted: &Wanted) -> Result<Vec<String>> {
    let mut stage = Stage::set(wanted.sessions).await?;
    let listening = CancellationToken::new();
    let mut ears = people::listen(&stage.people, &stage.ledger, &stage.clock, &listening);
    let books = (&Arc::clone(&stage.ledger), &Arc::clone(&stage.clock));

    let span = MEASURED.min(Duration::from_secs(wanted.minutes * 60) / 4);
    let stop = CancellationToken::new();
    let (measured, next) = tokio::join!(
        async {
            // The first messages build encryption sessions.
            stage.clock.sleep(span / 4).await;
            let (before, begun) = (stage.ledger.counts(), stage.clock.monotonic());
            stage.clock.sleep(span).await;
            let answered = stage.ledger.counts().answered - before.answered;
            let rate = answered as f64 / (stage.clock.monotonic() - begun).as_secs_f64();
            stop.cancel();
            rate
        },
        people::write(&stage.people, Pace::Answered, 1, books, &stop)
    );
    let next = next?;
    let most = wanted.rate.unwrap_or(measured);
    ensure!(most > 0.0, "nobody was answered");
    let _ = stage.ledger.took();
    show(
        &json!({ "figure": "soak_maximum", "sessions": wanted.sessions, "per_second": measured.round(), "taken_as": most.round() }),
    )?;

    let apart = Duration::from_secs_f64(wanted.sessions as f64 / (most / 2.0));
    let phones: Vec<String> = stage.people.iter().map(|person| person.phone.clone()).collect();
    let stop = CancellationToken::new();
    let mut troubles = Troubles::default();
    let (watched, written) = {
        let trouble = trouble::make(&stage.simulator, &phones, &stage.ear, &stage.clock, &mut troubles);
        let watch = async {
            let readings = tokio::select! {
                readings = stage.watch(wanted) => readings,
                troubled = trouble => match troubled {
                    Ok(()) => Err(anyhow::anyhow!("trouble ended by itself")),
                    Err(error) => Err(error),
                },
            };
            stop.cancel();
            readings
        };
        tokio::join!(
            watch,
            people::write(&stage.people, Pace::Apart(apart), next, books, &stop)
        )
    };
    let (readings, next) = (watched?, written?);
    stage.simulator.clear_faults();
    stage.ear.gets_well();
    let bad = stage.judge(wanted, next, &readings, troubles).await?;
    listening.cancel();
    while ears.join_next().await.is_some() {}
    stage.end().await?;
    Ok(bad)
}

impl Stage {
    async fn set(sessions: usize) -> Result<Self> {
        let settings = waspnest_simulator::Config {
            phones: PhoneReading::PeersOnly,
            log_stanzas: 1024,
            log_bytes: 1 << 20,
            ..Default::default()
        };
        let simulator = Simulator::start(settings).await?;
        let ear = Ear::start().await?;
        let program = Program::start(&simulator, STORAGE, MORE).await?;
        let mut people = Vec::new();
        let numbers: Vec<usize> = (0..sessions).collect();
        for some in numbers.chunks(AT_ONCE) {
            let linking = some.iter().map(|index| person(&simulator, &program, *index));
            people.extend(futures::future::try_join_all(linking).await?);
        }
        let webhook = json!({ "url": format!("http://{}/", ear.address), "events": ["message.received"] });
        let (status, made) = program.ask("POST", "/v1/webhooks", &webhook).await?;
        ensure!(status == 201, "no webhook was made: {status} {made}");
        Ok(Self {
            simulator,
            program,
            ear,
            people,
            ledger: Arc::default(),
            clock: Arc::new(SystemClock::new()),
        })
    }

    /// Looks at the program for so many minutes, and tells each of them.
    async fn watch(&self, wanted: &Wanted) -> Result<Readings> {
        let begun = self.clock.monotonic();
        let (mut readings, mut told) = (Readings::new(), HashSet::new());
        let mut cpu_s = self.program.taken()?.cpu_s;
        for minute in 1..=wanted.minutes {
            while self.clock.monotonic() - begun < Duration::from_secs(minute * 60) {
                self.clock.sleep(READ).await;
                readings.push(self.program.taken()?.rss_kib as f64);
            }
            let taken = self.program.taken()?;
            let mut line = self.figures("soak_minute").await?;
            line["minute"] = json!(minute);
            line["rss_kib"] = json!(taken.rss_kib);
            line["cpu_s"] = json!((taken.cpu_s - cpu_s).round());
            cpu_s = taken.cpu_s;
            show(&line)?;
            self.tell_late(&mut told).await?;
        }
        Ok(readings)
    }

    /// Tells of messages that wait for long what the host has of them, once: nothing, the message, or its answer, too.
    async fn tell_late(&self, told: &mut HashSet<ledger::Number>) -> Result<()> {
        for number in self.ledger.waiting_for(LATE, self.clock.monotonic()) {
            if !told.insert(number) {
                continue;
            }
            let (person, message) = number;
            let path = format!("/v1/sessions/session-{person:04}/messages?limit=200");
            let (status, page) = self.program.ask("GET", &path, &Value::Null).await?;
            let text = people::text(number);
            let found = page["items"].as_array().into_iter().flatten();
            let found = found.filter(|found| found.to_string().contains(&format!("\"{text}\"")));
            show(
                &json!({ "figure": "soak_late", "person": person, "message": message, "status": status, "found": found.collect::<Vec<_>>() }),
            )?;
        }
        Ok(())
    }

    /// How everything stands.
    async fn figures(&self, figure: &str) -> Result<Value> {
        let counts = self.ledger.counts();
        let (open, longest) = self.ledger.open(self.clock.monotonic());
        let (p50, p99) = self.ledger.took().unwrap_or_default();
        let (requests, told, repeats) = self.ear.counts();
        let measured = async |name: &str, label: &str| self.program.measured(name, label).await;
        Ok(json!({
            "figure": figure,
            "sent": counts.sent,
            "unsure": counts.unsure,
            "answered": counts.answered,
            "doubled": counts.doubled,
            "out_of_order": counts.out_of_order,
            "waiting": open,
            "longest_wait_s": longest.as_secs(),
            "p50_ms": p50.as_millis() as u64,
            "p99_ms": p99.as_millis() as u64,
            "connected": measured("waspnest_sessions", r#"state="connected""#).await?,
            "undone_events": measured("waspnest_plugin_undone_events", r#"plugin="echo""#).await?,
            "pending_effects": measured("waspnest_outbox_pending_effects", "").await?,
            "untold_events": measured("waspnest_webhook_undone_events", "").await?,
            "webhook_requests": requests,
            "webhook_told": told,
            "webhook_repeats": repeats,
        }))
    }

    /// Waits until everything has come to rest, and says what is bad.
    async fn judge(
        &mut self,
        wanted: &Wanted,
        next: u64,
        readings: &Readings,
        troubles: Troubles,
    ) -> Result<Vec<String>> {
        let all = wanted.sessions as f64;
        let begun = self.clock.monotonic();
        let mut stuck = Vec::new();
        loop {
            let (open, _) = self.ledger.open(self.clock.monotonic());
            let connected = self
                .program
                .measured("waspnest_sessions", r#"state="connected""#)
                .await?;
            let untold = self.program.measured("waspnest_webhook_undone_events", "").await?;
            if open == 0 && connected >= all && untold < 0.5 {
                break;
            }
            if self.clock.monotonic() - begun > REST {
                stuck.push(format!(
                    "{} of {all} sessions are connected, {untold} events untold",
                    connected
                ));
                break;
            }
            self.clock.sleep(Duration::from_secs(1)).await;
        }
        let lost = self.ledger.waiting();
        let (counts, (_, told, _)) = (self.ledger.counts(), self.ear.counts());
        let untold = (counts.sent + counts.unsure).saturating_sub(told as u64);
        // As it stands at rest: of the last question below, the answer may be heard here before it is in the books.
        let mut line = self.figures("soak").await?;
        // Whoever answers is not stuck.
        for person in &self.people {
            let number = (person.index, next);
            let text = people::text(number);
            let echo =
                |heard: &waspnest_simulator::human::Heard| !heard.from_me && heard.text.as_deref() == Some(&text);
            self.ledger.says(number, self.clock.monotonic());
            person.human.say(&person.phone, &text).await?;
            self.ledger.said();
            if person.human.wait_for(echo, program::PATIENCE).await.is_err() {
                stuck.push(format!("session {} does not answer", person.index));
            }
        }
        self.program.is_alive()?;

        let third = readings.len().div_ceil(3);
        let mean = |some: &[f64]| some.iter().sum::<f64>() / some.len().max(1) as f64;
        let (first, last) = (mean(&readings[..third]), mean(&readings[readings.len() - third..]));
        let bound = first + GROWTH_KIB.max(first * GROWTH);

        let mut bad = stuck.clone();
        if !lost.is_empty() {
            bad.push(format!(
                "{} messages were not answered, such as {:?}",
                lost.len(),
                lost.first()
            ));
        }
        let doubled = self.ledger.counts().doubled;
        if doubled > 0 {
            bad.push(format!("{doubled} answers came twice"));
        }
        if last > bound {
            bad.push(format!(
                "memory grew from {first:.0} to {last:.0} KiB, more than to {bound:.0}"
            ));
        }
        if untold > counts.unsure {
            bad.push(format!("the webhook was not told {untold} messages"));
        }
        line["doubled"] = json!(doubled);
        line["minutes"] = json!(wanted.minutes);
        line["sessions"] = json!(wanted.sessions);
        line["lost"] = json!(lost.len());
        line["stuck"] = json!(stuck.len());
        line["rss_first_third_kib"] = json!(first.round());
        line["rss_last_third_kib"] = json!(last.round());
        line["rss_bound_kib"] = json!(bound.round());
        line["troubles"] = json!({
            "cut": troubles.cut,
            "silent": troubles.silent,
            "whatsapp_restarts": troubles.restarts,
            "webhook_ill": troubles.ill,
            "started_anew": self.program.measured("waspnest_session_renewals_total", "").await?,
            "lost_connections": self.program.measured("waspnest_session_changes_total", r#"state="connecting""#).await?,
            "asked_again": self.program.measured("waspnest_messages_asked_again_total", "").await?,
            "traps": self.program.measured("waspnest_plugin_calls_total", r#"outcome="trap""#).await?,
        });
        line["bad"] = json!(bad);
        show(&line)?;
        Ok(bad)
    }

    async fn end(self) -> Result<()> {
        for person in self.people {
            person.human.leave().await;
        }
        self.program.ends().await?;
        self.simulator.shutdown().await;
        Ok(())
    }
}

/// A session, and somebody who writes to it.
async fn person(simulator: &Simulator, program: &Program, index: usize) -> Result<Person> {
    let account = NewAccount {
        push_name: format!("Person {index}"),
        phone: None,
    };
    Ok(Person {
        index,
        phone: program.link(simulator, &format!("session-{index:04}")).await?,
        human: Human::join(simulator, account).await?,
    })
}

fn show(line: &Value) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

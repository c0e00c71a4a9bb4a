//! Measures how the cost of a round trip grows with the sessions a host has connected, and what a connected session takes of memory, one JSON
//! line a figure.
//!
//! The host is the program in a process of its own, with the echo plugin for every session. Sixteen people write, each with one message under
//! way at a time and to sessions of their own in turn, so that only the number of sessions changes; a round trip is from saying it until the
//! answer is decrypted. Beside each figure stands its ratio to the one with a single session, which was measured in the same run. At the end
//! all sessions lose their connections in the same moment.
//!
//! `cargo run --profile measure -p waspnest --features simulator --example sessions [-- SESSIONS…]` on Linux, after `cargo xtask plugins`.

#[path = "../support/program.rs"]
#[expect(dead_code, reason = "other examples need more of it")]
mod program;
mod storm;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::Instant;
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::human::Human;
use waspnest_simulator::{NewAccount, PhoneReading, Simulator};

use program::{PATIENCE, Program};

/// Connected sessions at each point.
const POINTS: [usize; 4] = [1, 10, 100, 500];
/// Who writes.
const PEOPLE: usize = 16;
/// What each writes at a point while it is measured.
const MESSAGES: usize = 120;
/// Sessions that are linked at a time.
const AT_ONCE: usize = 8;
/// Between readings of memory, and how many without growth make it settled.
const PACE: Duration = Duration::from_millis(500);
const STILL: u32 = 6;
const READINGS: u32 = 40;

fn main() -> Result<ExitCode> {
    if let Some(ended) = program::as_program() {
        return Ok(ended);
    }
    let points = std::env::args().skip(1).map(|point| point.parse());
    let mut points = points.collect::<Result<Vec<usize>, _>>()?;
    if points.is_empty() {
        points = POINTS.to_vec();
    }
    ensure!(
        points.is_sorted() && points.first().is_some_and(|first| *first > 0),
        "numbers of sessions, the smallest first"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&points))?;
    Ok(ExitCode::SUCCESS)
}

async fn run(points: &[usize]) -> Result<()> {
    let settings = waspnest_simulator::Config {
        phones: PhoneReading::PeersOnly,
        log_stanzas: 1024,
        log_bytes: 1 << 20,
        ..Default::default()
    };
    let simulator = Simulator::start(settings).await?;
    let mut program = Program::start(&simulator, "", "").await?;
    let mut people = Vec::new();
    for index in 0..PEOPLE {
        let account = NewAccount {
            push_name: format!("Person {index}"),
            phone: None,
        };
        people.push(Human::join(&simulator, account).await?);
    }
    let clock = SystemClock::new();
    let empty = settled(&program, &clock).await?;
    let mut out = std::io::stdout();
    let mut phones: Vec<String> = Vec::new();
    let mut said = 0;
    let mut single: Option<Point> = None;
    for sessions in points {
        let numbers: Vec<usize> = (phones.len()..*sessions).collect();
        for some in numbers.chunks(AT_ONCE) {
            let names: Vec<String> = some.iter().map(|number| format!("session-{number:04}")).collect();
            let linking = names.iter().map(|name| program.link(&simulator, name));
            phones.extend(futures::future::try_join_all(linking).await?);
        }
        let taken = settled(&program, &clock).await?;
        let line = json!({
            "figure": "memory_per_connected_session_kib",
            "sessions": sessions,
            "rss_kib": taken.saturating_sub(empty) / *sessions as u64,
        });
        writeln!(out, "{line}")?;

        // Whoever has not written to somebody yet builds an encryption session first.
        let warm_up = phones.len().div_ceil(PEOPLE) * 2;
        round(&people, &phones, said, warm_up).await?;
        said += warm_up;
        let (before, begun) = (program.taken()?, clock.monotonic());
        let latencies = round(&people, &phones, said, MESSAGES).await?;
        said += MESSAGES;
        let point = Point::new(
            latencies,
            clock.monotonic() - begun,
            program.taken()?.cpu_s - before.cpu_s,
        );
        let first = single.get_or_insert(point);
        let line = json!({
            "figure": "echo_with_sessions",
            "sessions": sessions,
            "in_flight": PEOPLE,
            "round_trips": point.messages,
            "per_second": point.per_second().round(),
            "p50_ms": hundredths(point.p50_ms),
            "p99_ms": hundredths(point.p99_ms),
            "cpu_s_per_1000": hundredths(point.cpu_per_1000()),
            "cpu_to_first": hundredths(point.cpu_per_1000() / first.cpu_per_1000()),
            "p99_to_first": hundredths(point.p99_ms / first.p99_ms),
        });
        writeln!(out, "{line}")?;
    }
    storm::blow((&simulator, &program), &people, &phones, &clock).await?;
    program.is_alive()?;
    let connected = program.measured("waspnest_sessions", r#"state="connected""#).await?;
    ensure!(connected as usize == phones.len(), "{connected} sessions are connected");
    for person in people {
        ensure!(person.undecryptable() == 0, "an answer could not be read");
        person.leave().await;
    }
    program.ends().await?;
    simulator.shutdown().await;
    Ok(())
}

/// What was measured at a point.
#[derive(Debug, Clone, Copy)]
struct Point {
    messages: usize,
    span: Duration,
    p50_ms: f64,
    p99_ms: f64,
    cpu_s: f64,
}

impl Point {
    fn new(mut latencies: Vec<Duration>, span: Duration, cpu_s: f64) -> Self {
        latencies.sort_unstable();
        let at = |percent: usize| {
            let latency = latencies.get(latencies.len() * percent / 100);
            latency.map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
        };
        Self {
            messages: latencies.len(),
            span,
            p50_ms: at(50),
            p99_ms: at(99),
            cpu_s,
        }
    }

    fn per_second(&self) -> f64 {
        self.messages as f64 / self.span.as_secs_f64()
    }

    fn cpu_per_1000(&self) -> f64 {
        self.cpu_s * 1000.0 / self.messages as f64
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// The memory of the program once it has stopped to grow, in KiB.
async fn settled(program: &Program, clock: &SystemClock) -> Result<u64> {
    let (mut most, mut still) = (0, 0);
    for _ in 0..READINGS {
        let rss = program.taken()?.rss_kib;
        still = if rss > most { 0 } else { still + 1 };
        most = most.max(rss);
        if still == STILL {
            break;
        }
        clock.sleep(PACE).await;
    }
    Ok(program.taken()?.rss_kib)
}

/// Everybody writes `messages`, one after another, to sessions of their own in turn, and waits for each answer. Answers with all latencies.
async fn round(people: &[Human], phones: &[String], said: usize, messages: usize) -> Result<Vec<Duration>> {
    let mut tasks = JoinSet::new();
    for (index, person) in people.iter().enumerate() {
        let own: Vec<String> = match phones.len() < PEOPLE {
            true => vec![phones[index % phones.len()].clone()],
            false => phones.iter().skip(index).step_by(PEOPLE).cloned().collect(),
        };
        let (person, own): (Human, Arc<[String]>) = (person.clone(), own.into());
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(messages);
            for number in said..said + messages {
                let phone = &own[number % own.len()];
                let text = format!("message {number} of person {index}");
                let before = person.position();
                let start = now();
                person.say(phone, &text).await?;
                let answers =
                    |heard: &waspnest_simulator::human::Heard| !heard.from_me && heard.text.as_deref() == Some(&text);
                let answer = person.wait_for_after(before, answers, PATIENCE).await;
                let answer = answer.with_context(|| format!("no answer to {text:?}"))?;
                latencies.push(answer.arrived - start);
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(task) = tasks.join_next().await {
        latencies.extend(task??);
    }
    Ok(latencies)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the moment an answer arrived is told on tokio's clock, and so must be the moment before it"
)]
fn now() -> Instant {
    Instant::now()
}

//! Measures echo round trips over the simulator, one JSON line a figure: this host with its store on disk and the echo plugin in its
//! sandbox, beside a bare whatsapp-rust bot with its store in memory.
//!
//! Both are bots of the same simulator in the same process, written to by the same people, who are real end-to-end encrypted clients.
//! They take turns, so that whatever else the machine does falls on both. Each person has one message under way at a time; a round trip is
//! from saying it until the answer is decrypted. At the end each person's phone must show every answer exactly once.
//!
//! `cargo run --profile measure -p waspnest --features simulator --example echo [-- ROUNDS [host|bare]]`, after `cargo xtask plugins`.
//! Naming one bot runs that alone, for profilers.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use waspnest::app::{App, Outside};
use waspnest::config::Config;
use waspnest::shutdown::{Signal, Stopped};
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::human::Human;
use waspnest_simulator::{NewAccount, PhoneReading, Simulator};
use waspnest_whatsapp::State;

/// People who write, and for each number of them that write at a time, how many messages each sends in a round.
const POINTS: [(usize, usize); 3] = [(1, 400), (16, 60), (64, 30)];
/// Messages that each person sends to each bot before anything is measured: the first ones build encryption sessions.
const WARM_UP: usize = 10;
/// Rounds, in each of which every bot has one turn at every point.
const ROUNDS: usize = 4;
/// The longest anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Bot {
    Bare,
    Host,
}

impl Bot {
    const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Host => "host",
        }
    }
}

/// Phone numbers of the bots at work.
type Bots = Vec<(Bot, String)>;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments.next().map_or(Ok(ROUNDS), |text| text.parse())?;
    let wanted = match arguments.next().as_deref() {
        None => vec![Bot::Bare, Bot::Host],
        Some("bare") => vec![Bot::Bare],
        Some("host") => vec![Bot::Host],
        Some(other) => bail!("{other:?} is neither host nor bare"),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(rounds, &wanted))
}

async fn run(rounds: usize, wanted: &[Bot]) -> Result<()> {
    let settings = waspnest_simulator::Config {
        phones: PhoneReading::PeersOnly,
        log_stanzas: 1024,
        log_bytes: 1 << 20,
        ..Default::default()
    };
    let simulator = Simulator::start(settings).await?;
    let mut bots = Bots::new();
    let bare = match wanted.contains(&Bot::Bare) {
        true => {
            let bare = Human::join(&simulator, account("Bare")).await?;
            bare.answer_with(|heard| heard.text.clone());
            bots.push((Bot::Bare, bare.account().phone.clone()));
            Some(bare)
        }
        false => None,
    };
    let host = match wanted.contains(&Bot::Host) {
        true => {
            let (host, phone) = Host::start(&simulator).await?;
            bots.push((Bot::Host, phone));
            Some(host)
        }
        false => None,
    };
    let most = POINTS.iter().map(|(people, _)| *people).max().unwrap_or_default();
    let mut people = Vec::new();
    for index in 0..most {
        people.push(Human::join(&simulator, account(&format!("Person {index}"))).await?);
    }

    let clock = SystemClock::new();
    let mut said = 0;
    for (bot, phone) in &bots {
        round(&people, *bot, phone, said, WARM_UP).await?;
    }
    said += WARM_UP;
    let mut measured: HashMap<(Bot, usize), Measured> = HashMap::new();
    for number in 0..rounds {
        for (in_flight, messages) in POINTS {
            // Who is first changes, so that neither always works in the other's wake.
            bots.rotate_left(number % 2);
            for (bot, phone) in &bots {
                let start = clock.monotonic();
                let latencies = round(&people[..in_flight], *bot, phone, said, messages).await?;
                let point = measured.entry((*bot, in_flight)).or_default();
                point.span += clock.monotonic() - start;
                point.latencies.extend(latencies);
            }
            said += messages;
        }
    }
    for (bot, _) in &bots {
        check(&people, *bot, rounds)?;
    }
    report(&mut measured)?;

    for person in people {
        person.leave().await;
    }
    if let Some(bare) = bare {
        bare.leave().await;
    }
    if let Some(host) = host {
        host.stop().await?;
    }
    simulator.shutdown().await;
    Ok(())
}

fn account(name: &str) -> NewAccount {
    NewAccount {
        push_name: name.to_owned(),
        phone: None,
    }
}

/// This host, in this process.
struct Host {
    running: JoinSet<Stopped>,
    stop: oneshot::Sender<()>,
    // Last, because it is removed when everything else is gone.
    _dir: tempfile::TempDir,
}

impl Host {
    /// Starts it and pairs its session; answers with the session's phone number.
    async fn start(simulator: &Simulator) -> Result<(Self, String)> {
        // Not the temporary directory, which on many systems is not on a disk.
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
        let dir = tempfile::tempdir_in(&target)?;
        let config = format!(
            r#"
server = {{ listen = "127.0.0.1:0", admin-secret = "a secret of the benchmark" }}
storage = {{ dir = "data" }}
whatsapp = {{ endpoint = "{endpoint}", version = "2.3000.1023223821", connects-per-second = 1000 }}
plugins = {{ dir = "{plugins}" }}
[[session]]
name = "bench"
[[plugin]]
id = "echo"
source = "echo"
grants = {{ "messages.send" = true }}
[[bind]]
id = "all"
plugin = "echo"
"#,
            endpoint = simulator.url(),
            plugins = target.join("plugins").display(),
        );
        let file = dir.path().join("config.toml");
        std::fs::write(&file, config)?;
        let app = App::start(Config::load(Some(&file), std::iter::empty())?, Outside::machine()).await?;
        let record = app.sessions.shared().register.by_name(&"bench".parse()?).await?;
        let record = record.context("the configuration declares the session")?;
        let handle = app.sessions.get(record.id).context("the session is at work")?.handle;

        let phone = simulator.create_account(account("Host"))?.phone;
        let mut qr = handle.qr();
        let shown = tokio::time::timeout(PATIENCE, qr.wait_for(Option::is_some)).await??;
        let code = shown.as_ref().context("it was waited for")?.code.to_string();
        drop(shown);
        simulator.scan_qr(&phone, &code).await?;
        let mut status = handle.status();
        tokio::time::timeout(PATIENCE, status.wait_for(|status| status.state == State::Connected)).await??;

        let (stop, stopped) = oneshot::channel::<()>();
        let mut running = JoinSet::new();
        running.spawn(app.run(futures::stream::once(async {
            // A dropped sender is a benchmark that failed: the host ends then too.
            let _ = stopped.await;
            Signal::Terminate
        })));
        Ok((
            Self {
                running,
                stop,
                _dir: dir,
            },
            phone,
        ))
    }

    async fn stop(mut self) -> Result<()> {
        ensure!(self.stop.send(()).is_ok(), "the host ended by itself");
        let stopped = self.running.join_next().await.context("it was started")??;
        ensure!(stopped == Stopped::Cleanly, "the host ended with {stopped:?}");
        Ok(())
    }
}

/// Everybody writes `messages` one after another and waits for each answer. Answers with all latencies.
async fn round(people: &[Human], bot: Bot, phone: &str, said: usize, messages: usize) -> Result<Vec<Duration>> {
    let mut tasks = JoinSet::new();
    let phone: Arc<str> = phone.into();
    for (index, person) in people.iter().enumerate() {
        let (person, phone) = (person.clone(), Arc::clone(&phone));
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(messages);
            for number in said..said + messages {
                let text = text(bot, index, number);
                let before = person.position();
                let start = now();
                person.say(&phone, &text).await?;
                let answer = person
                    .wait_for_after(before, |heard| heard.text.as_deref() == Some(&text), PATIENCE)
                    .await
                    .with_context(|| format!("no answer to {text:?}"))?;
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

/// The text of a message; no other has it.
fn text(bot: Bot, person: usize, number: usize) -> String {
    format!("message {number} of person {person} to the {} bot", bot.name())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the moment an answer arrived is told on tokio's clock, and so must be the moment before it"
)]
fn now() -> Instant {
    Instant::now()
}

/// Every message was answered, and every answer came once.
fn check(people: &[Human], bot: Bot, rounds: usize) -> Result<()> {
    for (index, person) in people.iter().enumerate() {
        let a_round = POINTS
            .iter()
            .filter(|(writing, _)| index < *writing)
            .map(|(_, messages)| messages);
        let expected = WARM_UP + rounds * a_round.sum::<usize>();
        let ending = format!(" of person {index} to the {} bot", bot.name());
        let answers: Vec<_> = person
            .phone_view()
            .into_iter()
            .filter(|heard| heard.text.as_deref().is_some_and(|text| text.ends_with(&ending)))
            .collect();
        let different: std::collections::HashSet<_> = answers.iter().map(|heard| heard.text.clone()).collect();
        ensure!(
            answers.len() == expected && different.len() == expected,
            "person {index} sent {expected} messages to the {} bot and got {} answers to {} of them",
            bot.name(),
            answers.len(),
            different.len()
        );
        ensure!(
            answers.iter().all(|heard| heard.copies == 1),
            "an answer was sent twice"
        );
        ensure!(
            person.undecryptable() == 0 && person.forgotten() == 0,
            "person {index} could not read everything"
        );
    }
    Ok(())
}

/// What one bot did at one point.
#[derive(Debug, Default)]
struct Measured {
    span: Duration,
    latencies: Vec<Duration>,
}

impl Measured {
    fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.span.as_secs_f64()
    }
}

fn report(measured: &mut HashMap<(Bot, usize), Measured>) -> Result<()> {
    let mut out = std::io::stdout();
    for (in_flight, _) in POINTS {
        for bot in [Bot::Bare, Bot::Host] {
            let Some(point) = measured.get_mut(&(bot, in_flight)) else {
                continue;
            };
            point.latencies.sort();
            let at = |percent: usize| {
                let latency = point.latencies.get(point.latencies.len() * percent / 100);
                latency.map(|latency| hundredths(latency.as_secs_f64() * 1000.0))
            };
            let line = json!({
                "figure": "echo_round_trips",
                "bot": bot.name(),
                "in_flight": in_flight,
                "round_trips": point.latencies.len(),
                "per_second": point.per_second().round(),
                "p50_ms": at(50),
                "p99_ms": at(99),
            });
            writeln!(out, "{line}")?;
        }
        if let (Some(bare), Some(host)) = (
            measured.get(&(Bot::Bare, in_flight)),
            measured.get(&(Bot::Host, in_flight)),
        ) {
            let ratio = hundredths(host.per_second() / bare.per_second());
            writeln!(
                out,
                "{}",
                json!({ "figure": "echo_ratio", "in_flight": in_flight, "host_to_bare": ratio })
            )?;
        }
    }
    Ok(())
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

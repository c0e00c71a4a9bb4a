//! Measures the simulator itself, one JSON line a figure: how much memory a connected client costs, how many messages it relays in a
//! second, and how long linking takes.
//!
//! It must never be what limits the host's own benchmarks, so the rate of round trips is compared with the host's: five times as much is
//! asked for. Clients and server share a process, and the machine. Each measurement has a process of its own, because what one leaves
//! behind in its memory would be counted by the next.
//!
//! `cargo run --profile measure -p waspnest-simulator --example simulator` on Linux.
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod light;

use std::io::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures::StreamExt as _;
use futures::stream;
use light::{Identity, Light, acknowledgement};
use serde_json::{Value, json};
use waspnest_simulator::human::Human;
use waspnest_simulator::{Account, Config, NewAccount, PhoneReading, Simulator};
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Jid, Node};

/// Clients of whatsapp-rust that are connected at once.
const CLIENTS: usize = 300;
/// Clients without Signal that are connected at once.
const LIGHT_CLIENTS: usize = 1_000;
/// Clients that connect side by side.
const ABREAST: usize = 8;
/// Clients linked one after the other, to see how long one takes.
const LINKED: usize = 50;
/// Round trips of each measurement.
const ROUND_TRIPS: usize = 20_000;
/// Bytes of a message's encrypted content.
const SEALED: usize = 160;
/// Echo round trips a second through the host, at 64 in flight, on the machine of reference.
const HOST: f64 = 1_220.0;
/// How much more the simulator has to manage.
const MARGIN: f64 = 5.0;

/// What is measured; the word that asks this program for it.
const MEASUREMENTS: [&str; 4] = ["memory", "light-memory", "pairing", "relay"];

#[tokio::main]
async fn main() -> Result<()> {
    match std::env::args().nth(1).as_deref() {
        None => each_by_itself(),
        Some("memory") => memory().await,
        Some("light-memory") => light_memory().await,
        Some("pairing") => pairing().await,
        Some("relay") => {
            for in_flight in [1, 16, 64] {
                relay(in_flight).await?;
            }
            Ok(())
        }
        Some(other) => bail!("nothing is called {other:?}; there are {}", MEASUREMENTS.join(", ")),
    }
}

fn each_by_itself() -> Result<()> {
    let own = std::env::current_exe()?;
    for name in MEASUREMENTS {
        let status = Command::new(&own).arg(name).status()?;
        ensure!(status.success(), "{name} ended with {status}");
    }
    Ok(())
}

async fn start() -> Result<Simulator> {
    let config = Config {
        phones: PhoneReading::PeersOnly,
        ..Config::default()
    };
    Ok(Simulator::start(config).await?)
}

fn account(simulator: &Simulator, name: String) -> Result<Account> {
    Ok(simulator.create_account(NewAccount {
        push_name: name,
        phone: None,
    })?)
}

fn figure(value: &Value) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{value}")?)
}

/// Resident memory of this process.
fn resident_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(number.context("no VmRSS")?.trim().parse()?)
}

fn memory_figure(name: &str, clients: usize, before: u64) -> Result<()> {
    let kib = resident_kib()?.saturating_sub(before).max(1);
    figure(&json!({
        "figure": name,
        "connected": clients,
        "kib_per_client": kib / clients as u64,
        "clients_per_gib": (clients as u64) * 1_048_576 / kib,
    }))
}

/// Real clients, each with an account, a phone and keys; client and server together.
async fn memory() -> Result<()> {
    let simulator = start().await?;
    let before = resident_kib()?;
    let people: Vec<Human> = stream::iter(0..CLIENTS)
        .map(|n| {
            let simulator = &simulator;
            async move {
                let spec = NewAccount {
                    push_name: format!("Person {n}"),
                    phone: None,
                };
                anyhow::Ok(Human::join(simulator, spec).await?)
            }
        })
        .buffer_unordered(ABREAST)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<_>>()?;
    let stats = simulator.stats();
    ensure!(stats.connections >= CLIENTS, "not everybody is connected: {stats:?}");
    memory_figure("simulator_clients_per_gib", people.len(), before)?;
    simulator.shutdown().await;
    Ok(())
}

/// Clients that are hardly more than a socket: what the server itself needs for one.
async fn light_memory() -> Result<()> {
    let simulator = start().await?;
    let before = resident_kib()?;
    let mut lines = Vec::new();
    for n in 0..LIGHT_CLIENTS {
        let account = account(&simulator, format!("Light {n}"))?;
        let identity = Identity::link(&simulator, &account.phone).await?;
        lines.push(identity.log_in(&simulator).await?);
    }
    let stats = simulator.stats();
    ensure!(
        stats.connections >= LIGHT_CLIENTS,
        "not everybody is connected: {stats:?}"
    );
    memory_figure("simulator_light_clients_per_gib", lines.len(), before)?;
    simulator.shutdown().await;
    Ok(())
}

/// From the account to the connected client, one after the other.
async fn pairing() -> Result<()> {
    let simulator = start().await?;
    let mut took = Vec::new();
    let mut people = Vec::new();
    for n in 0..LINKED {
        let began = Instant::now();
        let spec = NewAccount {
            push_name: format!("Person {n}"),
            phone: None,
        };
        people.push(Human::join(&simulator, spec).await?);
        took.push(began.elapsed());
    }
    took.sort_unstable();
    let ms = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1_000.0;
    figure(&json!({
        "figure": "simulator_pairing_ms",
        "clients": LINKED,
        "p50": round(ms(50)),
        "p99": round(ms(99)),
    }))?;
    simulator.shutdown().await;
    Ok(())
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Two light clients: one speaks, one echoes, and both confirm what they get.
async fn relay(in_flight: usize) -> Result<()> {
    let simulator = start().await?;
    let ada = Identity::link(&simulator, &account(&simulator, "Ada".to_owned())?.phone).await?;
    let ben = Identity::link(&simulator, &account(&simulator, "Ben".to_owned())?.phone).await?;
    let mut speaker = ada.log_in(&simulator).await?;
    let mut echo = ben.log_in(&simulator).await?;
    let before = simulator.stats().messages;
    let (ada, ben) = (ada.jid().clone(), ben.jid().clone());

    let echoing = tokio::spawn(async move {
        let mut echoed = 0;
        while echoed < ROUND_TRIPS {
            let mut next = Some(echo.receive().await?);
            while let Some(node) = next {
                if let Some(answer) = acknowledgement(&node) {
                    echo.feed(&answer).await?;
                }
                if node.tag == "message" {
                    echo.feed(&message(&ada, echoed)).await?;
                    echoed += 1;
                }
                next = echo.received().transpose()?;
            }
            echo.flush().await?;
        }
        anyhow::Ok(echo)
    });
    let began = Instant::now();
    speak(&mut speaker, &ben, in_flight).await?;
    let took = began.elapsed();
    let messages = simulator.stats().messages - before;
    ensure!(messages == 2 * ROUND_TRIPS as u64, "{messages} messages were relayed");
    let per_second = |count: usize| count as f64 / took.as_secs_f64();
    let rate = per_second(ROUND_TRIPS);
    figure(&json!({
        "figure": "simulator_relayed_messages_per_second",
        "in_flight": in_flight,
        "messages": round(per_second(2 * ROUND_TRIPS)),
        "round_trips": round(rate),
        "times_the_hosts_echo": round(rate / HOST),
    }))?;
    // One at a time measures latency, not what the server can do.
    if in_flight >= 64 {
        ensure!(
            rate >= MARGIN * HOST,
            "{rate:.0} round trips a second are less than {MARGIN} times the host's {HOST}"
        );
    }
    drop(speaker);
    echoing.await??;
    simulator.shutdown().await;
    Ok(())
}

async fn speak(speaker: &mut Light, to: &Jid, in_flight: usize) -> Result<()> {
    /// Longer than any of it takes.
    const PATIENCE: Duration = Duration::from_secs(300);
    let speaking = async {
        let mut said = 0;
        let mut heard = 0;
        while said < in_flight {
            speaker.feed(&message(to, said)).await?;
            said += 1;
        }
        speaker.flush().await?;
        while heard < ROUND_TRIPS {
            let mut next = Some(speaker.receive().await?);
            while let Some(node) = next {
                if let Some(answer) = acknowledgement(&node) {
                    speaker.feed(&answer).await?;
                }
                if node.tag == "message" {
                    heard += 1;
                    if said < ROUND_TRIPS {
                        speaker.feed(&message(to, said)).await?;
                        said += 1;
                    }
                }
                next = speaker.received().transpose()?;
            }
            speaker.flush().await?;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(PATIENCE, speaking).await?
}

/// A message for one device, as a client sends it again after a retry: no list of participants.
fn message(to: &Jid, number: usize) -> Node {
    NodeBuilder::new("message")
        .attr("to", to.clone())
        .attr("type", "text")
        .attr("id", format!("3EB0{number:016X}"))
        .children([NodeBuilder::new("enc")
            .attr("v", "2")
            .attr("type", "msg")
            .bytes(vec![0x5a; SEALED])
            .build()])
        .build()
}

//! Measures streams of events that are open and idle, one JSON line a figure: what each takes of the host's memory, and how long one event takes
//! until all of them have it.
//!
//! The host is a process of its own, this program started again; those who listen are connections of this one. They talk by lines: the host
//! makes an event happen when it is told to.
//!
//! `cargo run --profile measure -p waspnest --features simulator --example streams [-- STREAMS]` on Linux.

#[path = "support/child.rs"]
mod child;
#[path = "support/incoming.rs"]
mod incoming;

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use waspnest::app::{App, Outside};
use waspnest::config::Config;
use waspnest::shutdown::{Signal, Stopped};
use waspnest_core::clock::{Clock, SeededIds, SystemClock};
use waspnest_core::session::Desired;

use child::{CHILD, Host, PATIENCE, lines, say};

/// Streams that are open.
const STREAMS: usize = 2000;
/// Events that are told to all of them.
const EVENTS: u64 = 20;
const SECRET: &str = "a secret of the benchmark";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => runtime.block_on(parent(STREAMS)),
        [CHILD, config] => runtime.block_on(host(Path::new(config))),
        [streams] => runtime.block_on(parent(streams.parse()?)),
        _ => bail!("expected nothing or a number of streams"),
    }
}

async fn parent(streams: usize) -> Result<()> {
    ensure!(streams > 0, "without streams there is nothing to divide by");
    enough_files(streams)?;
    let dir = tempfile::tempdir()?;
    let text = format!(
        r#"
server = {{ listen = "127.0.0.1:0", admin-secret = "{SECRET}" }}
storage = {{ dir = "data" }}
whatsapp = {{ endpoint = "ws://127.0.0.1:9/" }}
log = {{ level = "error" }}
"#
    );
    let config = dir.path().join("config.toml");
    std::fs::write(&config, text)?;
    let mut host = Host::start(&config)?;
    let address: SocketAddr = host.hears("up ").await?.parse()?;
    // Whatever the first one takes is no other's.
    let mut open = vec![listen(address).await?];
    let before = host.settled().await?;
    while open.len() <= streams {
        open.push(listen(address).await?);
    }
    let after = host.settled().await?;
    let mut out = std::io::stdout();
    let each = json!({
        "figure": "memory_per_idle_stream_kib",
        "streams": streams,
        "rss_kib": per(after.rss.saturating_sub(before.rss), streams),
        "anon_kib": per(after.anon.saturating_sub(before.anon), streams),
    });
    writeln!(out, "{each}")?;

    let clock = SystemClock::new();
    let mut spans = Vec::new();
    for event in 0..EVENTS {
        let begun = clock.monotonic();
        host.says(&event.to_string())?;
        let mut hearing = JoinSet::new();
        for stream in open.drain(..) {
            hearing.spawn(hear(stream, event));
        }
        while let Some(heard) = hearing.join_next().await {
            open.push(heard??);
        }
        spans.push(clock.monotonic() - begun);
        host.hears("told").await?;
    }
    spans.sort_unstable();
    let middle = spans.get(spans.len() / 2).copied().unwrap_or_default();
    let slowest = spans.last().copied().unwrap_or_default();
    let told = json!({
        "figure": "event_to_all_streams",
        "streams": streams + 1,
        "events": spans.len(),
        "p50_ms": milliseconds(middle),
        "slowest_ms": milliseconds(slowest),
        "per_second": ((streams + 1) as f64 / middle.as_secs_f64()).round(),
    });
    writeln!(out, "{told}")?;
    drop(open);
    host.ends().await
}

fn per(kib: u64, streams: usize) -> f64 {
    (kib as f64 / streams as f64 * 100.0).round() / 100.0
}

fn milliseconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e5).round() / 100.0
}

/// Each stream is a file here and one in the host.
fn enough_files(streams: usize) -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let wanted = streams as u64 + 200;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).with_context(|| format!("{wanted} open files are too many here"))?;
    }
    Ok(())
}

/// Opens a stream, and waits until it says that it is.
async fn listen(address: SocketAddr) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /v1/events/stream HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {SECRET}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    until(&mut stream, "event: opened").await?;
    Ok(stream)
}

/// Waits until a stream has told an event.
async fn hear(mut stream: TcpStream, event: u64) -> Result<TcpStream> {
    until(&mut stream, &format!("This is message {event},")).await?;
    Ok(stream)
}

async fn until(stream: &mut TcpStream, words: &str) -> Result<()> {
    let mut said = Vec::new();
    let reading = async {
        let mut part = [0; 4096];
        loop {
            let many = stream.read(&mut part).await?;
            ensure!(many > 0, "the stream ended: {}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&part[..many]);
            let text = String::from_utf8_lossy(&said);
            if text.contains(words) && text.ends_with("\n\r\n") {
                return Ok(());
            }
        }
    };
    let read = tokio::time::timeout(PATIENCE, reading).await;
    read.with_context(|| format!("nobody says {words:?}"))?
}

/// The host: appends a message for each line it is sent, and ends with its standard input.
async fn host(config: &Path) -> Result<()> {
    let (clock, ids) = (SystemClock::new(), SeededIds::from_entropy());
    let app = App::start(Config::load(Some(config), std::iter::empty())?, Outside::machine()).await?;
    let shared = app.sessions.shared();
    let name = "bench".parse()?;
    let record = shared
        .register
        .create(name, Desired::Disconnected, &clock, &ids)
        .await?;
    app.sessions.start(&record).await?;
    say(&format!("up {}", app.address()))?;
    let mut orders = lines(std::io::stdin());
    while let Some(order) = orders.recv().await {
        let message = incoming::message(order.parse()?, 1)?;
        shared.log.append(record.id, vec![message]).await?;
        say("told")?;
    }
    let stopped = app.run(futures::stream::iter([Signal::Terminate])).await;
    ensure!(stopped == Stopped::Cleanly, "the host ended with {stopped:?}");
    Ok(())
}

//! Measures how fast webhooks are told, one JSON line a figure, beside the bare rate of the same client that posts the same body to the same
//! server without a host around it.
//!
//! Messages are appended to the log of a session as if they had come, and a server on this machine takes what it is told. A delivery is
//! durable: what was told is noted before the next one of its chat. The latency is from a message being appended until the server has all of
//! what it is told of it, one at a time.
//!
//! `cargo run --profile measure -p waspnest --features simulator --example webhooks [-- EVENTS]`.

#[path = "support/incoming.rs"]
mod incoming;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use std::io::Write;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use waspnest::app::{App, Outside};
use waspnest::config::Config;
use waspnest::shutdown::{Signal, Stopped};
use waspnest_core::clock::{Clock, SeededIds, SystemClock};
use waspnest_core::id::SessionId;
use waspnest_core::session::Desired;
use waspnest_egress::{Egress, Outbound, SystemNames};

/// Webhooks and chats of each point.
const POINTS: [(usize, u64); 4] = [(1, 1), (1, 64), (4, 64), (16, 64)];
/// Events of a point with a single chat; those with several have so many times more.
const EVENTS: u64 = 2000;
const MORE: u64 = 4;
/// Events whose latency is measured, one at a time.
const SINGLE: u64 = 400;
/// Attempts at the same time, as a webhook makes at most.
const AT_ONCE: usize = 16;
/// Events that are appended at a time.
const BATCH: u64 = 250;
const SECRET: &str = "a secret of the benchmark";
/// The longest anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

fn main() -> Result<()> {
    let events = std::env::args().nth(1).map_or(Ok(EVENTS), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(events))
}

async fn run(events: u64) -> Result<()> {
    // Not the temporary directory, which on many systems is not on a disk.
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::fs::create_dir_all(&target)?;
    let dir = tempfile::tempdir_in(&target)?;
    let file = dir.path().join("config.toml");
    let text = format!(
        r#"
server = {{ listen = "127.0.0.1:0", admin-secret = "{SECRET}" }}
storage = {{ dir = "data" }}
whatsapp = {{ endpoint = "ws://127.0.0.1:9/" }}
plugins = {{ egress = {{ allow = ["127.0.0.0/8"] }} }}
log = {{ level = "error" }}
"#
    );
    std::fs::write(&file, text)?;
    let config = Config::load(Some(&file), std::iter::empty())?;
    let guard = config.plugins.egress.clone();
    let app = App::start(config, Outside::machine()).await?;
    let (clock, ids) = (Arc::new(SystemClock::new()), SeededIds::from_entropy());
    let register = &app.sessions.shared().register;
    let record = register
        .create("bench".parse()?, Desired::Disconnected, &*clock, &ids)
        .await?;
    app.sessions.start(&record).await?;
    let server = Server::start().await?;

    let mut out = std::io::stdout();
    let mut number = 0;
    let mut figures = Vec::new();
    for (webhooks, chats) in POINTS {
        let made = make(app.address(), server.address, webhooks).await?;
        let many = if chats == 1 { events } else { events * MORE };
        let wanted = server.taken() + many * webhooks as u64;
        let begun = clock.monotonic();
        append(&app, record.id, number..number + many, chats).await?;
        number += many;
        server.has_taken(wanted).await?;
        let span = clock.monotonic() - begun;
        let per_second = many as f64 * webhooks as f64 / span.as_secs_f64();
        figures.push((webhooks, chats, many, per_second));

        if chats == 1 {
            let mut latencies = Vec::new();
            for _ in 0..SINGLE {
                let (wanted, begun) = (server.taken() + 1, clock.monotonic());
                append(&app, record.id, number..number + 1, chats).await?;
                number += 1;
                server.has_taken(wanted).await?;
                latencies.push(clock.monotonic() - begun);
            }
            latencies.sort_unstable();
            let line = json!({
                "figure": "webhook_latency",
                "events": latencies.len(),
                "p50_ms": within(&latencies, 50),
                "p99_ms": within(&latencies, 99),
            });
            writeln!(out, "{line}")?;
        }
        for path in made {
            ask(app.address(), "DELETE", path, Value::Null).await?;
        }
    }

    let egress = Egress::new(guard, Arc::new(SystemNames), Arc::<SystemClock>::clone(&clock))?;
    let body = server.last_body();
    let alone = post(&egress, &server, &body, events, 1, &clock).await?;
    let beside = post(&egress, &server, &body, events * MORE, AT_ONCE, &clock).await?;
    for (at_once, per_second) in [(1, alone), (AT_ONCE, beside)] {
        let line = json!({ "figure": "bare_posts", "at_once": at_once, "bytes": body.len(), "per_second": per_second.round() });
        writeln!(out, "{line}")?;
    }
    for (webhooks, chats, events, per_second) in figures {
        // One chat is told one after another.
        let bare = if chats == 1 { alone } else { beside };
        let line = json!({
            "figure": "webhook_deliveries",
            "webhooks": webhooks,
            "chats": chats,
            "events": events,
            "per_second": per_second.round(),
            "to_bare": (per_second / bare * 100.0).round() / 100.0,
        });
        writeln!(out, "{line}")?;
    }
    let stopped = app.run(futures::stream::iter([Signal::Terminate])).await;
    ensure!(stopped == Stopped::Cleanly, "the host ended with {stopped:?}");
    Ok(())
}

async fn append(app: &App, session: SessionId, numbers: std::ops::Range<u64>, chats: u64) -> Result<()> {
    let log = &app.sessions.shared().log;
    let mut next = numbers.start;
    while next < numbers.end {
        let end = numbers.end.min(next + BATCH);
        let incoming = (next..end).map(|number| incoming::message(number, chats));
        log.append(session, incoming.collect::<Result<_>>()?).await?;
        next = end;
    }
    Ok(())
}

/// Makes webhooks for the server; their paths.
async fn make(host: SocketAddr, server: SocketAddr, webhooks: usize) -> Result<Vec<String>> {
    let mut paths = Vec::new();
    for number in 0..webhooks {
        let wanted = json!({ "url": format!("http://{server}/{number}"), "events": ["message.received"] });
        let made = ask(host, "POST", "/v1/webhooks".to_owned(), wanted).await?;
        paths.push(format!("/v1/webhooks/{}", made["id"].as_str().context("an id")?));
    }
    Ok(paths)
}

async fn ask(host: SocketAddr, method: &'static str, path: String, body: Value) -> Result<Value> {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://{host}{path}"))
        .header("Authorization", format!("Bearer {SECRET}"))
        .header("Content-Type", "application/json")
        .body(if body.is_null() {
            String::new()
        } else {
            body.to_string()
        })?;
    tokio::task::spawn_blocking(move || {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer = agent.run(request)?;
        let text = answer.body_mut().read_to_string()?;
        ensure!(
            answer.status().is_success(),
            "{method} {path} answered {}: {text}",
            answer.status()
        );
        Ok(serde_json::from_str(&text).unwrap_or_default())
    })
    .await?
}

/// Posts per second of the client alone, `at_once` at a time.
async fn post(
    egress: &Egress,
    server: &Server,
    body: &Bytes,
    posts: u64,
    at_once: usize,
    clock: &Arc<SystemClock>,
) -> Result<f64> {
    let url: url::Url = format!("http://{}/", server.address).parse()?;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let begun = clock.monotonic();
    let mut tasks = JoinSet::new();
    for task in 0..at_once {
        let (egress, url, headers, body) = (egress.clone(), url.clone(), headers.clone(), body.clone());
        let own = (posts as usize)
            .div_ceil(at_once)
            .min((posts as usize).saturating_sub(task));
        tasks.spawn(async move {
            for _ in 0..own {
                let request = Outbound {
                    method: Method::POST,
                    url: url.clone(),
                    headers: headers.clone(),
                    body: body.clone(),
                    timeout: PATIENCE,
                    max_bytes: 1024,
                };
                egress.exchange(request).await?;
            }
            anyhow::Ok(own)
        });
    }
    let mut made = 0;
    while let Some(task) = tasks.join_next().await {
        made += task??;
    }
    Ok(made as f64 / (clock.monotonic() - begun).as_secs_f64())
}

fn within(latencies: &[Duration], percent: usize) -> Option<f64> {
    let latency = latencies.get(latencies.len() * percent / 100)?;
    Some((latency.as_secs_f64() * 1e5).round() / 100.0)
}

/// A server that takes everything.
struct Server {
    address: SocketAddr,
    taken: watch::Receiver<u64>,
    last: Arc<Mutex<Bytes>>,
    _tasks: JoinSet<()>,
}

impl Server {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (count, taken) = watch::channel(0);
        let last: Arc<Mutex<Bytes>> = Arc::default();
        let mut tasks = JoinSet::new();
        let (count, seen) = (Arc::new(count), Arc::clone(&last));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (count, seen) = (Arc::clone(&count), Arc::clone(&seen));
                connections.spawn(async move {
                    // A connection that ends is no news.
                    let _ = take(socket, &count, &seen).await;
                });
            }
        });
        Ok(Self {
            address,
            taken,
            last,
            _tasks: tasks,
        })
    }

    fn taken(&self) -> u64 {
        *self.taken.borrow()
    }

    async fn has_taken(&self, wanted: u64) -> Result<()> {
        let mut taken = self.taken.clone();
        let waited = tokio::time::timeout(PATIENCE, taken.wait_for(|taken| *taken >= wanted)).await;
        waited.with_context(|| format!("{} of {wanted} came", self.taken()))??;
        Ok(())
    }

    fn last_body(&self) -> Bytes {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn take(socket: TcpStream, count: &watch::Sender<u64>, last: &Mutex<Bytes>) -> Result<()> {
    socket.set_nodelay(true)?;
    let mut socket = BufReader::new(socket);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            ensure!(socket.read_line(&mut line).await? > 0, "it ended");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        socket.read_exact(&mut body).await?;
        *last.lock().unwrap_or_else(PoisonError::into_inner) = body.into();
        count.send_modify(|count| *count += 1);
        socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    }
}

//! Callers: each has one connection, asks, waits for the whole answer, and asks again.
//!
//! Requests are written out beforehand and answers are read only as far as it takes to know where they end, so that what is measured is who answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use waspnest_core::clock::{Clock, SystemClock};

/// A request as it is on the wire, which may differ from call to call.
pub(crate) type Wire = Arc<dyn Fn(usize, usize) -> Vec<u8> + Send + Sync>;

/// Answers and how long they took.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) span: Duration,
    pub(crate) latencies: Vec<Duration>,
}

impl Measured {
    pub(crate) fn add(&mut self, more: Self) {
        self.span += more.span;
        self.latencies.extend(more.latencies);
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.span.as_secs_f64()
    }

    /// Milliseconds within which so many in a hundred were answered.
    pub(crate) fn within(&self, percent: usize) -> Option<f64> {
        let mut latencies = self.latencies.clone();
        latencies.sort();
        let latency = latencies.get(latencies.len() * percent / 100)?;
        Some((latency.as_secs_f64() * 1e6).round() / 1000.0)
    }

    pub(crate) fn shown(&self, what: &str) -> Value {
        json!({
            "figure": "http",
            "what": what,
            "answers": self.latencies.len(),
            "per_second": self.per_second().round(),
            "p50_ms": self.within(50),
            "p99_ms": self.within(99),
        })
    }
}

/// A GET with a credential, if any.
pub(crate) fn get(path: &str, bearer: Option<&str>) -> Wire {
    let shows = bearer
        .map(|bearer| format!("Authorization: Bearer {bearer}\r\n"))
        .unwrap_or_default();
    let wire = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n{shows}\r\n").into_bytes();
    Arc::new(move |_, _| wire.clone())
}

/// A POST of JSON that `body` makes for each caller and call.
pub(crate) fn post(path: String, bearer: String, body: impl Fn(usize, usize) -> Value + Send + Sync + 'static) -> Wire {
    Arc::new(move |caller, call| {
        let body = body(caller, call).to_string();
        format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {bearer}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    })
}

/// One connection.
pub(crate) struct Caller {
    connection: TcpStream,
    heard: Vec<u8>,
}

impl Caller {
    pub(crate) async fn to(address: SocketAddr) -> Result<Self> {
        let connection = TcpStream::connect(address).await?;
        connection.set_nodelay(true)?;
        let heard = Vec::new();
        Ok(Self { connection, heard })
    }

    /// The status and the body of the answer.
    pub(crate) async fn ask(&mut self, wire: &[u8]) -> Result<(u16, Vec<u8>)> {
        self.connection.write_all(wire).await?;
        loop {
            if let Some((status, start, length)) = head(&self.heard)? {
                while self.heard.len() < start + length {
                    self.hear().await?;
                }
                let body = self.heard[start..start + length].to_vec();
                self.heard.drain(..start + length);
                return Ok((status, body));
            }
            self.hear().await?;
        }
    }

    async fn hear(&mut self) -> Result<()> {
        let mut part = [0; 16 << 10];
        let read = self.connection.read(&mut part).await?;
        ensure!(read > 0, "the connection was closed");
        self.heard.extend_from_slice(&part[..read]);
        Ok(())
    }
}

/// The status of an answer, where its body starts and how long that is; none while its head is not all there.
fn head(heard: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let Some(end) = heard.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&heard[..end])?;
    let status = head.get(9..12).context("no status")?.parse()?;
    let length = head
        .lines()
        .find_map(|line| {
            line.to_ascii_lowercase()
                .strip_prefix("content-length:")?
                .trim()
                .parse()
                .ok()
        })
        .context("no length")?;
    Ok(Some((status, end + 4, length)))
}

/// So many callers, each asking so often.
pub(crate) async fn load(
    address: SocketAddr,
    callers: usize,
    calls: std::ops::Range<usize>,
    wire: &Wire,
) -> Result<Measured> {
    let mut connections = Vec::new();
    for _ in 0..callers {
        connections.push(Caller::to(address).await?);
    }
    let clock = Arc::new(SystemClock::new());
    let begun = clock.monotonic();
    let mut tasks = JoinSet::new();
    for (number, mut caller) in connections.into_iter().enumerate() {
        let (wire, clock, calls) = (Arc::clone(wire), Arc::clone(&clock), calls.clone());
        tasks.spawn(async move {
            let mut latencies = Vec::with_capacity(calls.len());
            for call in calls {
                let wire = wire(number, call);
                let begun = clock.monotonic();
                let (status, body) = caller.ask(&wire).await?;
                latencies.push(clock.monotonic() - begun);
                ensure!(
                    (200..300).contains(&status),
                    "{status}: {}",
                    String::from_utf8_lossy(&body)
                );
            }
            Ok(latencies)
        });
    }
    let mut measured = Measured::default();
    while let Some(task) = tasks.join_next().await {
        measured.latencies.extend(task??);
    }
    measured.span = clock.monotonic() - begun;
    Ok(measured)
}

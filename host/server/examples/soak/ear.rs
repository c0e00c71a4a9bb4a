//! The server that a webhook tells: it takes what it is told and, while it is ill, fails, says nothing or breaks off.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, ensure};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::ledger::Number;
use crate::people::number;

/// What it heard.
#[derive(Debug, Default)]
struct Heard {
    told: Mutex<HashSet<Number>>,
    requests: AtomicU64,
    repeats: AtomicU64,
    is_ill: AtomicBool,
}

/// See the module documentation.
pub(crate) struct Ear {
    pub(crate) address: SocketAddr,
    heard: Arc<Heard>,
    _tasks: JoinSet<()>,
}

impl Ear {
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let heard: Arc<Heard> = Arc::default();
        let mut tasks = JoinSet::new();
        let all = Arc::clone(&heard);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let Ok((socket, _)) = accepted else { return };
                        let all = Arc::clone(&all);
                        connections.spawn(async move {
                            // A connection that ends is no news.
                            let _ = hear(socket, &all).await;
                        });
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Ok(Self {
            address,
            heard,
            _tasks: tasks,
        })
    }

    pub(crate) fn falls_ill(&self) {
        self.heard.is_ill.store(true, Ordering::Relaxed);
    }

    pub(crate) fn gets_well(&self) {
        self.heard.is_ill.store(false, Ordering::Relaxed);
    }

    /// Requests, messages it took, and how often it took one again.
    pub(crate) fn counts(&self) -> (u64, usize, u64) {
        (
            self.heard.requests.load(Ordering::Relaxed),
            self.told().len(),
            self.heard.repeats.load(Ordering::Relaxed),
        )
    }

    fn told(&self) -> std::sync::MutexGuard<'_, HashSet<Number>> {
        self.heard.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn hear(socket: TcpStream, all: &Heard) -> Result<()> {
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
        let request = all.requests.fetch_add(1, Ordering::Relaxed);
        if all.is_ill.load(Ordering::Relaxed) {
            match request % 3 {
                0 => {
                    socket
                        .write_all(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")
                        .await?
                }
                1 => return Ok(()),
                // It says nothing until the other side gives up.
                _ => drop(socket.read_u8().await),
            }
            continue;
        }
        let body: Value = serde_json::from_slice(&body)?;
        if let Some(number) = body["data"]["text"].as_str().and_then(number) {
            let is_new = all.told.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
            all.repeats.fetch_add(u64::from(!is_new), Ordering::Relaxed);
        }
        socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    }
}

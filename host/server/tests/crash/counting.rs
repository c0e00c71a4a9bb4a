//! A server that hears what a plugin asks, and remembers in which life of the host it did.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::PATIENCE;

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// Its body.
    pub(crate) task: String,
    /// Its `Idempotency-Key`.
    pub(crate) key: String,
    /// How often the host had been killed.
    pub(crate) life: u32,
}

/// A server of HTTP that answers with how many requests with the same body it has heard.
pub(crate) struct Counting {
    pub(crate) addr: SocketAddr,
    heard: Arc<Mutex<Heard>>,
    connections: watch::Sender<usize>,
}

#[derive(Default)]
struct Heard {
    arrivals: Vec<Arrival>,
    life: u32,
}

impl Counting {
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
    pub(crate) async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let connections = watch::Sender::new(0);
        let (shared, open) = (Arc::clone(&heard), connections.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (shared, open) = (Arc::clone(&shared), open.clone());
                open.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    // The other side is killed often enough.
                    let _ = serve(socket, &shared).await;
                    open.send_modify(|open| *open -= 1);
                });
            }
        });
        Ok(Self {
            addr,
            heard,
            connections,
        })
    }

    /// Waits until everything is heard that a killed host had sent, and counts its next life.
    pub(crate) async fn next_life(&self) -> Result<()> {
        let mut connections = self.connections.subscribe();
        let closed = connections.wait_for(|open| *open == 0);
        tokio::time::timeout(PATIENCE, closed)
            .await
            .context("the connections of a killed host stayed open")??;
        lock(&self.heard).life += 1;
        Ok(())
    }

    /// Every request, in order.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        lock(&self.heard).arrivals.clone()
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers requests until the other side hangs up.
async fn serve(mut socket: TcpStream, heard: &Mutex<Heard>) -> Result<()> {
    let mut bytes = Vec::new();
    loop {
        let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
            if socket.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
            continue;
        };
        let head = String::from_utf8(bytes[..end].to_vec())?;
        let header = |wanted: &str| {
            head.lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value.to_owned())
        };
        let length: usize = header("content-length")
            .context("a request without a length")?
            .parse()?;
        while bytes.len() < end + 4 + length {
            if socket.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        }
        let body: Vec<u8> = bytes.drain(..end + 4 + length).skip(end + 4).collect();
        let task = String::from_utf8(body)?;
        let key = header("idempotency-key").context("a request without a key")?;
        let count = {
            let mut heard = lock(heard);
            let life = heard.life;
            heard.arrivals.push(Arrival {
                task: task.clone(),
                key,
                life,
            });
            heard.arrivals.iter().filter(|arrival| arrival.task == task).count()
        };
        let count = count.to_string();
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{count}", count.len());
        socket.write_all(answer.as_bytes()).await?;
    }
}

//! A server of tests: answers as it is told, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The server; it ends with the test.
pub(super) struct Server {
    pub(super) addr: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// One that answers with these statuses, and with 200 after the last.
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
    pub(super) async fn answering(statuses: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (all, mut coming) = (Arc::clone(&heard), VecDeque::from(statuses.to_vec()));
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let Some(request) = read(&mut socket).await else {
                    continue;
                };
                all.lock().expect("no test panics in here").push(request);
                let status = coming.pop_front().unwrap_or(200);
                let answer = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
                // Whoever asked may be gone.
                let _ = socket.write_all(answer.as_bytes()).await;
            }
        });
        Self { addr, heard }
    }

    /// The requests, head and body, in the order they came.
    pub(super) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no test panics in here").clone()
    }
}

/// One request; none when the other side left in the middle of it.
async fn read(socket: &mut TcpStream) -> Option<String> {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        if socket.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
}

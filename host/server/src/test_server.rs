//! A server of tests: answers as it is told, and remembers what it was asked.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// Answers with a status.
    Status(u16),
    /// Sends the caller somewhere else.
    Redirect,
    /// Breaks the connection off.
    Resets,
    /// Leaves the caller waiting.
    Nothing,
}

/// The server; it ends with the test.
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    played: Arc<Mutex<Played>>,
}

struct Played {
    heard: Vec<(String, Says)>,
    coming: VecDeque<Says>,
    then: Says,
}

impl Server {
    /// One that answers with these statuses, and with 200 after the last.
    pub(crate) async fn answering(statuses: &[u16]) -> Self {
        let says = statuses.iter().map(|status| Says::Status(*status));
        Self::saying(says.collect()).await
    }

    /// One that does this, one after the other, and answers with 200 after the last.
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
    pub(crate) async fn saying(coming: Vec<Says>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let played = Arc::new(Mutex::new(Played {
            heard: Vec::new(),
            coming: coming.into(),
            then: Says::Status(200),
        }));
        let server = Self {
            addr,
            played: Arc::clone(&played),
        };
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, Arc::clone(&played)));
            }
        });
        server
    }

    /// From now on it does this, behind what it was told before.
    pub(crate) fn then(&self, says: Says) {
        self.played().then = says;
    }

    /// The requests, head and body, in the order they came.
    pub(crate) fn heard(&self) -> Vec<String> {
        let played = self.played();
        played.heard.iter().map(|(request, _)| request.clone()).collect()
    }

    /// The same, each with what was done with it.
    pub(crate) fn told(&self) -> Vec<(String, Says)> {
        self.played().heard.clone()
    }

    fn played(&self) -> MutexGuard<'_, Played> {
        self.played.lock().expect("no test panics in here")
    }
}

async fn serve(mut socket: TcpStream, played: Arc<Mutex<Played>>) {
    let Some(request) = read(&mut socket).await else { return };
    let says = {
        let mut played = played.lock().expect("no test panics in here");
        let says = played.coming.pop_front().unwrap_or(played.then);
        played.heard.push((request, says));
        says
    };
    let answer = match says {
        Says::Status(status) => format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"),
        Says::Redirect => {
            "HTTP/1.1 302 Said\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
                .into()
        }
        Says::Resets => {
            // With nothing to send first, closing is a reset.
            let _ = socket.set_zero_linger();
            return;
        }
        Says::Nothing => {
            // Until the caller has given up.
            let _ = socket.read_u8().await;
            return;
        }
    };
    // Whoever asked may be gone.
    let _ = socket.write_all(answer.as_bytes()).await;
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

//! Requests of plugins over real sockets: a server hears once what a plugin asks once, however often the plugin is called for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use waspnest_core::event::Position;

use super::harness::{Harness, Install, hostile};
use super::three_tries;

/// A server that answers how often it was asked.
struct Counting {
    addr: SocketAddr,
    asked: Arc<AtomicU32>,
}

impl Counting {
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    if socket.read_buf(&mut head).await.expect("the client is well") == 0 {
                        break;
                    }
                }
                let body = (count.fetch_add(1, Ordering::SeqCst) + 1).to_string();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                socket.write_all(answer.as_bytes()).await.expect("the client is well");
            }
        });
        Self { addr, asked }
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_failed_call_that_is_repeated_asks_no_server_twice() {
    let server = Counting::start().await;
    let bot = Install {
        retry: three_tries(),
        ..hostile("bot")
    };
    let app = Harness::start(vec![bot]).await;
    app.hears("4915100001", &format!("post-until 3 http://{}/", server.addr))
        .await;
    app.failed_once("bot", Position(1)).await;
    app.pass_until_replies(1).await;
    assert_eq!(app.replies(1).await, [("4915100001".to_owned(), "200 1".to_owned())]);
    assert_eq!(server.asked(), 1);
    app.stop().await;
}

#[tokio::test]
async fn answers_outlive_the_process() {
    let server = Counting::start().await;
    let bot = Install {
        retry: three_tries(),
        ..hostile("bot")
    };
    let app = Harness::start(vec![bot]).await;
    app.hears("4915100001", &format!("post-until 2 http://{}/", server.addr))
        .await;
    app.failed_once("bot", Position(1)).await;
    let app = app.restart().await;
    app.pass_until_replies(1).await;
    assert_eq!(app.replies(1).await, [("4915100001".to_owned(), "200 1".to_owned())]);
    assert_eq!(server.asked(), 1);
    app.stop().await;
}

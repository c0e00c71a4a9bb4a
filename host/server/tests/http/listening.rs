//! A client of event streams that says exactly what is on the wire.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATH: &str = "/v1/events/stream";

/// One block of a stream.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Block {
    pub(crate) id: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) data: Option<Value>,
}

impl Block {
    pub(crate) fn data(&self) -> &Value {
        self.data
            .as_ref()
            .unwrap_or_else(|| panic!("nothing is told in {self:?}"))
    }
}

/// Somebody who listens.
pub(crate) struct Listener {
    connection: TcpStream,
    /// What it began with.
    pub(crate) opened: Value,
    /// Of the body, what was not looked at yet.
    body: String,
    wire: Vec<u8>,
    /// The place behind the last event.
    last: Option<String>,
}

impl Listener {
    /// Opens a stream; `last` is the id of the last event that came over another one.
    pub(crate) async fn opens(address: SocketAddr, bearer: &str, query: &str, last: Option<&str>) -> Self {
        let connection = TcpStream::connect(address).await.expect("the API listens");
        Self::over(connection, bearer, query, last).await
    }

    /// The same, over a connection that is made already.
    pub(crate) async fn over(mut connection: TcpStream, bearer: &str, query: &str, last: Option<&str>) -> Self {
        let last = last.map_or(String::new(), |last| format!("Last-Event-ID: {last}\r\n"));
        let head = format!("GET {PATH}{query} HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {bearer}\r\n{last}\r\n");
        connection.write_all(head.as_bytes()).await.expect("it is written");
        let mut listener = Self {
            connection,
            opened: Value::Null,
            body: String::new(),
            wire: Vec::new(),
            last: None,
        };
        let head = loop {
            if let Some(end) = listener.wire.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8(listener.wire.drain(..end + 4).collect()).expect("a head");
                break head;
            }
            listener.more().await;
        };
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.contains("content-type: text/event-stream"), "{head}");
        let opened = listener.block().await.expect("it begins");
        assert_eq!(opened.event.as_deref(), Some("opened"), "{opened:?}");
        listener.opened = opened.data.unwrap_or_default();
        listener
    }

    async fn more(&mut self) -> usize {
        let read = tokio::time::timeout(Duration::from_secs(30), self.connection.read_buf(&mut self.wire));
        read.await.expect("something comes").expect("it reads")
    }

    /// The next block, comments included; none when the stream has ended.
    pub(crate) async fn block(&mut self) -> Option<Block> {
        loop {
            if let Some((block, rest)) = self.body.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.body = rest;
                return Some(self.read(&block));
            }
            // A chunk: its length in hexadecimal, a line's end, bytes, a line's end.
            let chunk = self
                .wire
                .windows(2)
                .position(|window| window == b"\r\n")
                .and_then(|end| {
                    let length = String::from_utf8_lossy(&self.wire[..end]).into_owned();
                    let length = usize::from_str_radix(&length, 16).expect("a length");
                    (self.wire.len() >= end + 4 + length).then_some((end + 2, length))
                });
            match chunk {
                Some((_, 0)) => return None,
                Some((begin, length)) => {
                    let chunk = String::from_utf8(self.wire[begin..begin + length].to_vec()).expect("text");
                    self.wire.drain(..begin + length + 2);
                    self.body.push_str(&chunk);
                }
                None => {
                    if self.more().await == 0 {
                        return None;
                    }
                }
            }
        }
    }

    fn read(&mut self, block: &str) -> Block {
        let mut found = Block::default();
        for line in block.lines() {
            match line.split_once(": ") {
                Some(("id", id)) => found.id = Some(id.to_owned()),
                Some(("event", event)) => found.event = Some(event.to_owned()),
                Some(("data", data)) => found.data = Some(serde_json::from_str(data).expect("JSON on one line")),
                Some(_) | None => {}
            }
        }
        if found.id.is_some() {
            self.last.clone_from(&found.id);
        }
        found
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            let block = self.block().await.expect("it has not ended");
            if let Some(data) = block.data {
                assert_eq!(block.event, None, "{data}");
                return data;
            }
        }
    }

    /// The text of the next event.
    pub(crate) async fn text(&mut self) -> String {
        self.event().await["data"]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Why it ended.
    pub(crate) async fn closed(&mut self) -> String {
        loop {
            let block = self.block().await.expect("it says why");
            if block.event.as_deref() == Some("closed") {
                assert_eq!(self.block().await, None, "nothing comes behind the end");
                return block.data()["code"].as_str().expect("a code").to_owned();
            }
        }
    }

    /// The id of the last event.
    pub(crate) fn last(&self) -> String {
        self.last.clone().expect("something came")
    }
}

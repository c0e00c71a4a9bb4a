//! A person who is answered by the assistant while the model still speaks: what is seen, and what becomes of it when the model breaks off.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use waspnest_simulator::human::Change;

use crate::host::Host;

/// A model of which each connection says what the test sends it: pieces of an answer, and how they end.
struct Model {
    address: SocketAddr,
    says: Sender<Says>,
    /// A word for each request.
    asked: Receiver<()>,
}

enum Says {
    Piece(&'static str),
    Done,
    BreaksOff,
}

impl Model {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (says, said) = channel();
        let (ask, asked) = channel();
        thread::spawn(move || {
            for socket in listener.incoming() {
                // A test that is over has nobody to tell.
                let _ = socket.map(|socket| answer(socket, &said, &ask));
            }
        });
        Ok(Self { address, says, asked })
    }

    fn say(&self, what: Says) -> Result<()> {
        self.says.send(what).context("the model listens")
    }

    /// How often it was asked since the last time.
    fn times(&self) -> usize {
        self.asked.try_iter().count()
    }
}

fn answer(mut socket: TcpStream, said: &Receiver<Says>, ask: &Sender<()>) -> Result<()> {
    let mut request = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&request).contains("\"stream\":true") {
        let read = socket.read(&mut part)?;
        ensure!(read > 0, "the request ended");
        request.extend_from_slice(&part[..read]);
    }
    ask.send(())?;
    socket.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
    )?;
    let mut chunk = |text: &str| write!(socket, "{:x}\r\n{text}\r\n", text.len());
    for what in said {
        match what {
            Says::Piece(text) => {
                let piece = json!({ "choices": [{ "delta": { "content": text } }] });
                chunk(&format!("data: {piece}\n\n"))?;
            }
            Says::Done => return Ok(chunk("data: [DONE]\n\n").and_then(|()| chunk(""))?),
            Says::BreaksOff => return Ok(()),
        }
    }
    Ok(())
}

async fn host(model: &Model) -> Result<Host> {
    Host::with(|_| {
        format!(
            r#"
[[plugin]]
id = "assistant"
source = "assistant"
[plugin.grants]
"messages.send" = true
"messages.edit" = true
http = {{ allow = ["http://{model}"] }}
kv = true
schedule = true
[plugin.config]
url = "http://{model}/v1/chat/completions"
authorization = ""
model = "small"
wait-ms = 0
edit-every-ms = 500
[[bind]]
id = "all"
plugin = "assistant"
events = ["message"]
"#,
            model = model.address
        )
    })
    .await
}

/// Waits for an edit to these words, and answers of which message.
async fn edited(host: &Host, words: &str) -> Result<String> {
    let found = host
        .ana
        .wait_for(
            |heard| matches!(heard.change(), Some(Change::Edited { text: Some(text), .. }) if text == words),
            crate::host::PATIENCE,
        )
        .await;
    match found
        .with_context(|| format!("nothing was edited to {words:?}"))?
        .change()
    {
        Some(Change::Edited { target, .. }) => Ok(target),
        other => anyhow::bail!("{other:?}"),
    }
}

/// What the host said that is no change of something else: ids and texts.
fn messages(host: &Host) -> Vec<(String, String)> {
    let said = host.ana.phone_view().into_iter();
    said.filter(|heard| !heard.from_me && heard.change().is_none())
        .filter_map(|heard| Some((heard.id, heard.text?)))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_sees_an_answer_grow() -> Result<()> {
    let model = Model::start()?;
    let host = host(&model).await?;
    host.ana.say(&host.phone, "count to three").await?;
    model.say(Says::Piece("One,"))?;
    let message = host.hears("…").await?.id;
    assert_eq!(edited(&host, "One,").await?, message);
    model.say(Says::Piece(" two,"))?;
    assert_eq!(edited(&host, "One, two,").await?, message);
    model.say(Says::Piece(" three."))?;
    model.say(Says::Done)?;
    assert_eq!(edited(&host, "One, two, three.").await?, message);
    assert_eq!(messages(&host), [(message, "…".to_owned())]);
    assert_eq!(model.times(), 1);
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_breaks_off_is_made_whole_in_the_same_message() -> Result<()> {
    let model = Model::start()?;
    let host = host(&model).await?;
    host.ana.say(&host.phone, "count to three").await?;
    model.say(Says::Piece("One,"))?;
    let message = host.hears("…").await?.id;
    assert_eq!(edited(&host, "One,").await?, message);
    model.say(Says::BreaksOff)?;
    // The next attempt is told the same, and asks once more.
    model.say(Says::Piece("Uno, due, tre."))?;
    model.say(Says::Done)?;
    assert_eq!(edited(&host, "Uno, due, tre.").await?, message);
    assert_eq!(messages(&host), [(message, "…".to_owned())]);
    assert_eq!(model.times(), 2);
    host.stop().await
}

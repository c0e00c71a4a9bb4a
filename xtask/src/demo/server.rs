//! A little server, for the plugins that ask one: a model that knows one sentence, and a flow that adds numbers up.
//!
//! As much HTTP as the host speaks to it: one request a connection, with a length.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Where it listens: `http://localhost:PORT`.
pub(super) struct Server {
    pub(super) url: String,
}

impl Server {
    /// Starts it; it ends with the process.
    pub(super) fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("starting the demo's server")?;
        let port = listener.local_addr()?.port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Who breaks the line off gets no answer.
                let _ = answer(stream);
            }
        });
        Ok(Self {
            url: format!("http://localhost:{port}"),
        })
    }
}

fn answer(stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let asked: Value = serde_json::from_slice(&body)?;
    let said = match request.split(' ').nth(1) {
        Some("/v1/chat/completions") => {
            json!({ "choices": [{ "message": { "role": "assistant", "content": model(&asked) } }] })
        }
        _ => json!({ "text": flow(&asked) }),
    };
    let said = said.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{said}",
        said.len()
    )?;
    Ok(())
}

/// What the model says: that it has heard, and how much it was told.
fn model(asked: &Value) -> String {
    let messages = asked["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_person = messages.iter().filter(|message| message["role"] == "user").count();
    format!("I am a model of the demo, and remember {of_person} of your messages.")
}

/// The sum of the numbers in a message.
fn flow(asked: &Value) -> String {
    let text = asked["message"]["text"].as_str().unwrap_or_default();
    let numbers = text.split(|letter: char| !letter.is_ascii_digit());
    let sum: u64 = numbers
        .filter_map(|number| number.parse::<u32>().ok())
        .map(u64::from)
        .sum();
    format!("The flow says: {text} is {sum}")
}

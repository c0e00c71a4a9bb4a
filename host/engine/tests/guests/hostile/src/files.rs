//! Files read and made, within what is granted and beyond it.

use crate::host_call::said;
use waspnest_plugin::messaging::{self, Options, Outgoing, Upload};
use waspnest_plugin::types::Message;
use waspnest_plugin::{Error, media};

/// Does what the word says, and answers what came of it.
pub(crate) fn handle(word: &str, rest: &str, msg: &Message) -> String {
    let done = match word {
        "read" => return read(media::of(msg).map_or("none", |file| &file.handle)),
        "read-handle" => return read(rest),
        "handle" => return media::of(msg).map_or("none".into(), |file| file.handle.clone()),
        "make" => make(rest).and_then(|file| messaging::send_document(msg.chat(), file, "made.txt")),
        "make-handle" => return make(rest).unwrap_or_else(|error| error.to_string()),
        "make-read" => return make(rest).map_or_else(|error| error.to_string(), |file| read(&file)),
        "make-kib" => {
            return make(&"x".repeat(rest.parse::<usize>().unwrap_or_default() << 10))
                .map_or_else(|error| error.to_string(), |_| "made".into());
        }
        "make-kind" => return media::make(rest, b"x").map_or_else(|error| error.to_string(), |_| "made".into()),
        "make-many" => return many(),
        "make-once" => make(rest).and_then(|file| once(msg, Outgoing::Image, file)),
        "make-once-document" => make(rest).and_then(|file| once(msg, Outgoing::Document, file)),
        "grab" => media::from_url(rest).and_then(|file| messaging::send_document(msg.chat(), file, "grabbed.txt")),
        "send-handle" => messaging::send_document(msg.chat(), rest.into(), "sent.txt"),
        _ => return format!("{word} is not a word for files"),
    };
    said(done.map(|_| "done"))
}

fn make(text: &str) -> Result<String, Error> {
    media::make("text/plain", text.as_bytes())
}

/// How many bytes there are, and the first of them.
fn read(handle: &str) -> String {
    match media::read(handle) {
        Ok(bytes) => {
            let sum: u64 = bytes.iter().copied().map(u64::from).sum();
            let start: Vec<u8> = bytes.iter().copied().take(20).collect();
            format!("{} bytes, sum {sum}: {}", bytes.len(), String::from_utf8_lossy(&start))
        }
        Err(error) => error.to_string(),
    }
}

fn once(msg: &Message, kind: fn(Upload) -> Outgoing, file: String) -> Result<String, Error> {
    let upload = Upload {
        view_once: true,
        ..messaging::uploaded(file)
    };
    messaging::send(msg.chat(), &kind(upload), &Options::default())
}

/// How many files can be made in one call.
fn many() -> String {
    for count in 0_u32..100 {
        if let Err(error) = make(&count.to_string()) {
            return format!("{count}: {error}");
        }
    }
    "no end".into()
}

//! Single calls of the host, and what came back, in words that a test can compare.

use core::time::Duration;
use waspnest_plugin::http::Request;
use waspnest_plugin::messaging::{Options, Outgoing, When};
use waspnest_plugin::schedule::Job;
use waspnest_plugin::types::{EventContext, HandlerError, Interactive, InteractiveStyle, Message, Text};
use waspnest_plugin::{Error, messaging, meta};

/// The good word, or the refusal.
pub(crate) fn said(answer: Result<&str, Error>) -> String {
    match answer {
        Ok(word) => word.into(),
        Err(error) => error.to_string(),
    }
}

/// Sends what this version does not have.
pub(crate) fn interactive(msg: &Message) -> String {
    said(messaging::send(msg.chat(), &choice(), &Options::default()).map(|_| "sent"))
}

/// Sends under a key; with `now-key` at once, which cannot be.
pub(crate) fn once(word: &str, key: &str, msg: &Message) -> String {
    let options = Options {
        idempotency_key: Some(key.into()),
        when: if word == "once" { When::OnCommit } else { When::Now },
        ..Options::default()
    };
    let text = Outgoing::Text(Text {
        body: "once".into(),
        preview: None,
    });
    let send = || messaging::send(msg.chat(), &text, &options);
    match (send(), send()) {
        (Ok(first), Ok(second)) if first == second => first,
        (Ok(_), Ok(_)) => "two messages".into(),
        (Err(error), _) | (_, Err(error)) => error.to_string(),
    }
}

fn choice() -> Outgoing {
    Outgoing::Interactive(Interactive {
        style: InteractiveStyle::Buttons,
        header: None,
        body: "choose".into(),
        footer: None,
        media: None,
        button_text: None,
        choices: Vec::new(),
    })
}

/// Status and body of what a server answers.
pub(crate) fn fetched(request: &Request) -> String {
    match request.send() {
        Ok(response) => format!("{} {}", response.status(), response.text()),
        Err(error) => error.to_string(),
    }
}

/// The pieces of what a server answers, as far as they come.
pub(crate) fn pieces(request: &Request, most: usize) -> String {
    let mut answer = match request.open() {
        Ok(answer) => answer,
        Err(error) => return error.to_string(),
    };
    let mut said = vec![answer.status().to_string()];
    for _ in 0..most {
        match answer.next(Duration::ZERO) {
            Ok(Some(piece)) => said.push(String::from_utf8_lossy(&piece).into_owned()),
            Ok(None) => {
                said.push("end".into());
                break;
            }
            Err(error) => {
                said.push(error.to_string());
                break;
            }
        }
    }
    said.join("|")
}

/// How many pieces of nothing one call may ask for.
pub(crate) fn pieces_flood(url: &str) -> String {
    let mut answer = match Request::get(url).open() {
        Ok(answer) => answer,
        Err(error) => return error.to_string(),
    };
    for count in 0_u32..1000 {
        if let Err(error) = answer.next(Duration::ZERO) {
            return format!("{count}: {error}");
        }
    }
    "no end".into()
}

/// A request with a header or a method that may not be one.
pub(crate) fn smuggled(word: &str, rest: &str) -> String {
    let words: Vec<String> = rest
        .split(' ')
        .map(|word| word.replace("\\r", "\r").replace("\\n", "\n").replace("\\s", " "))
        .collect();
    let request = match words.as_slice() {
        [method, url] => Request::new(method, url),
        [name, value, url] => Request::get(url).header(name, value),
        _ => return "that is not how it is said".into(),
    };
    fetched(&match word {
        "follow-with" => request.follow_redirects(5),
        _ => request,
    })
}

pub(crate) fn budget() -> String {
    let left = meta::budget();
    format!(
        "sends {} http {} memory {} ms {} fuel {}",
        left.sends_left, left.http_left, left.memory_left, left.ms_left, left.fuel_left
    )
}

/// Writes so many lines of a KiB.
pub(crate) fn log(lines: u64) -> String {
    let kilobyte = "x".repeat(1024);
    for _ in 0..lines {
        waspnest_plugin::info!("{kilobyte}");
    }
    format!("{lines} lines")
}

pub(crate) fn context(ctx: &EventContext) -> String {
    format!(
        "event {} attempt {} session {} binding {}",
        ctx.event_id, ctx.attempt, ctx.session, ctx.binding
    )
}

/// Sets a job named after the word and the message, whose tick answers in this chat.
pub(crate) fn schedule(word: &str, ms: u64, msg: &Message) -> Result<String, HandlerError> {
    let id = format!("{word}-{}", msg.key.id);
    Job::after(&id, Duration::from_millis(ms)).payload(msg.chat())?.put()?;
    Ok(format!("set {id}"))
}

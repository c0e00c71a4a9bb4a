//! `waspnest message`: messages of a running host: what is sent, read and done to them, and which there are.
//!
//! Whatever a kind of message is made of that has no words here goes as JSON, as the API takes it.

mod kept;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::remote::{Address, Body, Remote};
use super::{Exit, remote};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Send a text, from the arguments or from standard input
    Send {
        #[command(flatten)]
        to: To,
        /// What it says; without it, what comes on standard input
        text: Option<String>,
        #[command(flatten)]
        beside: Beside,
        #[command(flatten)]
        host: Address,
    },
    /// Send a file
    File {
        #[command(flatten)]
        to: To,
        /// The file
        file: PathBuf,
        /// What it is sent as; found out of its name if nothing is said
        #[arg(long = "as", value_enum)]
        kind: Option<Kind>,
        /// Words under it
        #[arg(long)]
        caption: Option<String>,
        #[command(flatten)]
        beside: Beside,
        #[command(flatten)]
        host: Address,
    },
    /// Send a message of any kind: standard input has it as the API takes it, in JSON
    Json {
        /// The session: its id, its name, or its phone number with +
        session: String,
        #[command(flatten)]
        how: How,
        #[command(flatten)]
        host: Address,
    },
    /// Give a text of the account other words
    Edit {
        #[command(flatten)]
        which: Which,
        /// What it says from now on
        text: String,
    },
    /// Take a message back
    Revoke {
        #[command(flatten)]
        which: Which,
        /// Only remove it from the account's own devices
        #[arg(long)]
        for_me: bool,
    },
    /// Put an emoji on a message
    React {
        #[command(flatten)]
        which: Which,
        /// The emoji; an empty text takes it back
        emoji: String,
    },
    /// Tell the author of a message that it was read
    Read {
        #[command(flatten)]
        which: Which,
    },
    #[command(flatten)]
    Kept(kept::Deed),
}

/// From where to whom.
#[derive(Debug, Args)]
pub(super) struct To {
    /// The session: its id, its name, or its phone number with +
    session: String,
    /// To whom: a phone number or another address; several with commas
    to: String,
}

/// What a message has beside what it says.
#[derive(Debug, Args)]
pub(super) struct Beside {
    /// The message it answers, by its id
    #[arg(long, value_name = "ID")]
    quote: Option<String>,
    /// Somebody who is mentioned; several times for several
    #[arg(long = "mention", value_name = "WHO")]
    mentions: Vec<String>,
    /// When to send it, such as 2030-01-01T00:00:00Z; now without this
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    how: How,
}

/// How a message is sent.
#[derive(Debug, Args)]
pub(super) struct How {
    /// Wait until WhatsApp has it, for at most 15 seconds
    #[arg(long)]
    wait: bool,
    /// What makes sending it again send nothing more, for a day
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
}

/// One message.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The session: its id, its name, or its phone number with +
    session: String,
    /// WhatsApp's id of the message
    id: String,
    /// The chat it is in; known of what the host sent itself
    #[arg(long, value_name = "WHO")]
    chat: Option<String>,
    #[command(flatten)]
    host: Address,
}

/// What a file is sent as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// A picture
    Image,
    /// A video
    Video,
    /// A sound
    Audio,
    /// A voice message
    Voice,
    /// A sticker
    Sticker,
    /// A file as it is
    Document,
}

impl Kind {
    /// The word of the API.
    const fn word(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Sticker => "sticker",
            Self::Document => "document",
        }
    }
}

/// What the end of a file's name says: its type, and what it is usually sent as. The host looks into the others.
const ENDS: [(&str, &str, Kind); 12] = [
    ("jpg", "image/jpeg", Kind::Image),
    ("jpeg", "image/jpeg", Kind::Image),
    ("png", "image/png", Kind::Image),
    ("mp4", "video/mp4", Kind::Video),
    ("mp3", "audio/mpeg", Kind::Audio),
    ("m4a", "audio/mp4", Kind::Audio),
    ("ogg", "audio/ogg", Kind::Voice),
    ("opus", "audio/ogg", Kind::Voice),
    ("webp", "image/webp", Kind::Sticker),
    ("pdf", "application/pdf", Kind::Document),
    ("txt", "text/plain", Kind::Document),
    ("csv", "text/csv", Kind::Document),
];

/// Does it. `input` is read for what is not among the arguments.
pub(super) fn run(
    deed: &Deed,
    env: &remote::Environment,
    input: &mut dyn Read,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Exit> {
    match deed {
        Deed::Kept(deed) => kept::run(deed, env, out)?,
        Deed::Send { to, text, beside, host } => {
            let text = match text {
                Some(text) => text.clone(),
                // The end of the last line is the terminal's.
                None => read(input)?.trim_end_matches(['\r', '\n']).to_owned(),
            };
            let message = json!({ "type": "text", "text": text });
            send(
                &Remote::of(host, env)?,
                &to.session,
                beside.with(message, to),
                &beside.how,
                out,
            )?;
        }
        Deed::File {
            to,
            file,
            kind,
            caption,
            beside,
            host,
        } => {
            let host = Remote::of(host, env)?;
            let (kind, media) = put(&host, &to.session, file, *kind)?;
            let message = json!({ "type": kind.word(), "media": { "id": media, "caption": caption } });
            send(&host, &to.session, beside.with(message, to), &beside.how, out)?;
        }
        Deed::Json { session, how, host } => {
            let message = serde_json::from_str(&read(input)?).context("standard input is not JSON")?;
            send(&Remote::of(host, env)?, session, message, how, out)?;
        }
        Deed::Edit { which, text } => {
            let place = which.place(&[]);
            let (host, query) = (Remote::of(&which.host, env)?, which.query());
            let body = Body::Json(json!({ "text": text }));
            say(&host.ask(http::Method::PATCH, &place, &query, body)?, out)?;
        }
        Deed::Revoke { which, for_me } => {
            let mut query = which.query();
            if *for_me {
                query.push(("for", "me"));
            }
            let host = Remote::of(&which.host, env)?;
            say(
                &host.ask(http::Method::DELETE, &which.place(&[]), &query, Body::Empty)?,
                out,
            )?;
        }
        Deed::React { which, emoji } => {
            let host = Remote::of(&which.host, env)?;
            let body = Body::Json(json!({ "emoji": emoji }));
            say(
                &host.ask(http::Method::POST, &which.place(&["reactions"]), &which.query(), body)?,
                out,
            )?;
        }
        Deed::Read { which } => {
            let host = Remote::of(&which.host, env)?;
            say(
                &host.ask(http::Method::POST, &which.place(&["read"]), &which.query(), Body::Empty)?,
                out,
            )?;
        }
    }
    Ok(Exit::Success)
}

impl Beside {
    /// The message with all that goes along.
    fn with(&self, mut message: Value, to: &To) -> Value {
        message["to"] = to.to.split(',').map(str::trim).collect();
        if let Some(id) = &self.quote {
            message["quote"] = json!({ "id": id });
        }
        if !self.mentions.is_empty() {
            message["mentions"] = json!(self.mentions);
        }
        if let Some(at) = &self.at {
            message["send_at"] = json!(at);
        }
        message
    }
}

impl Which {
    fn place<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        ["sessions", &self.session, "messages", &self.id]
            .iter()
            .chain(more)
            .copied()
            .collect()
    }

    fn query(&self) -> Vec<(&'static str, &str)> {
        self.chat.iter().map(|chat| ("chat", chat.as_str())).collect()
    }
}

fn read(input: &mut dyn Read) -> anyhow::Result<String> {
    let mut text = String::new();
    input.read_to_string(&mut text).context("cannot read standard input")?;
    Ok(text)
}

/// Puts a file where the session finds it; what it is to be sent as, and its id there.
fn put(host: &Remote, session: &str, file: &Path, kind: Option<Kind>) -> anyhow::Result<(Kind, String)> {
    let content = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let end = file
        .extension()
        .and_then(|end| end.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let known = ENDS.iter().find(|(known, ..)| *known == end);
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let body = Body::File {
        mime: known.map_or("application/octet-stream", |(_, mime, _)| mime),
        content,
    };
    let query: Vec<(&str, &str)> = Some(("filename", name))
        .filter(|(_, name)| !name.is_empty())
        .into_iter()
        .collect();
    let told = host.ask(http::Method::POST, &["sessions", session, "media"], &query, body)?;
    let id = told["id"]
        .as_str()
        .context("the host answered without an id of the file")?;
    let usual = known.map_or(Kind::Document, |(.., usual)| *usual);
    Ok((kind.unwrap_or(usual), id.to_owned()))
}

fn send(host: &Remote, session: &str, message: Value, how: &How, out: &mut dyn Write) -> anyhow::Result<()> {
    let query: &[(&str, &str)] = if how.wait { &[("wait", "sent")] } else { &[] };
    let place = ["sessions", session, "messages"];
    let told = host.ask_once(
        http::Method::POST,
        &place,
        query,
        Body::Json(message),
        how.key.as_deref(),
    )?;
    say(&told, out)
}

/// One line for each message that comes of it. What failed is a failure, once all is said.
fn say(told: &Value, out: &mut dyn Write) -> anyhow::Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let scheduled = told["scheduled"].as_array();
    for later in scheduled.into_iter().flatten() {
        let (id, due) = (text(&later["id"]), text(&later["send_at"]));
        writeln!(out, "{id}  {}  at {due}", text(&later["chat"]["jid"]))?;
    }
    if scheduled.is_some() {
        return Ok(());
    }
    let mut failed = 0;
    for effect in told["items"]
        .as_array()
        .map_or(std::slice::from_ref(told), Vec::as_slice)
    {
        let (id, chat, state) = (
            text(&effect["id"]),
            text(&effect["chat"]["jid"]),
            text(&effect["state"]),
        );
        let message = effect["message_id"]
            .as_str()
            .map(|id| format!("  {id}"))
            .unwrap_or_default();
        writeln!(out, "{id}  {chat}{message}  {state}")?;
        if state == "failed" {
            failed += 1;
            writeln!(out, "  {}", text(&effect["state_detail"]["reason"]))?;
        }
    }
    match failed {
        0 => Ok(()),
        1 => bail!("it could not be sent"),
        failed => bail!("{failed} of them could not be sent"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(told: &Value) -> (bool, String) {
        let mut out = Vec::new();
        let done = say(told, &mut out).is_ok();
        (done, String::from_utf8(out).expect("text"))
    }

    #[test]
    fn what_could_not_be_sent_is_a_failure() {
        let effect = |state: &str| {
            json!({
                "id": "eff_1", "chat": { "jid": "1@lid" }, "message_id": "3EB0", "state": state,
                "state_detail": { "reason": "not on WhatsApp" },
            })
        };
        assert_eq!(said(&effect("sent")), (true, "eff_1  1@lid  3EB0  sent\n".to_owned()));
        let (done, words) = said(&json!({ "items": [effect("sent"), effect("failed")] }));
        assert!(!done);
        assert!(
            words.ends_with("eff_1  1@lid  3EB0  failed\n  not on WhatsApp\n"),
            "{words}"
        );
    }
}

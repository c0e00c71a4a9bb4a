//! `waspnest webhook`: where tenants are told what happens, on a running host. What requests are signed with is printed once.

use std::io::Write;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::remote::{Address, Body, Remote};
use super::{Exit, remote};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Make a webhook and print its id and what requests are signed with
    Create(New),
    /// Say which webhooks there are
    List {
        #[command(flatten)]
        host: Address,
    },
    /// Say what a webhook is told and how it is doing, as JSON
    Show(One),
    /// Tell a webhook something now, and say what came of it
    Test(One),
    /// Tell it nothing for a while; what happens waits
    Pause(One),
    /// Tell it everything again, from where it stands
    Resume {
        #[command(flatten)]
        one: One,
        /// Pass over what waits
        #[arg(long)]
        skip: bool,
    },
    /// Give it another secret and print it; both sign for a while
    Rotate {
        #[command(flatten)]
        one: One,
        /// Seconds for which the secret before still signs; a day without this
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u64>,
    },
    /// Say what could not be told and was given up
    DeadLetters(One),
    /// Tell it again what was given up
    Replay(One),
    /// Remove a webhook with everything that is known of it
    Remove(One),
}

/// One webhook.
#[derive(Debug, Args)]
pub(super) struct One {
    /// The webhook's id
    id: String,
    #[command(flatten)]
    host: Address,
}

/// A webhook to be made.
#[derive(Debug, Args)]
pub(super) struct New {
    /// Where it is
    #[arg(value_name = "URL")]
    place: String,
    /// What people call it; its host without this
    #[arg(long)]
    name: Option<String>,
    /// A type of events or a family, such as message.received or receipt; several times for several, everything without this
    #[arg(long = "event", value_name = "TYPE")]
    events: Vec<String>,
    /// A session, by id, and no others; several times for several
    #[arg(long = "session", value_name = "ID")]
    sessions: Vec<String>,
    /// What bodies look like, such as gowa; native without this
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Tell it too what the account writes on its other devices
    #[arg(long)]
    own_messages: bool,
    /// Whose it is, by id or name; one's own tenant, or `default`
    #[arg(long)]
    tenant: Option<String>,
    #[command(flatten)]
    host: Address,
}

impl One {
    fn remote(&self, env: &remote::Environment) -> anyhow::Result<Remote> {
        Remote::of(&self.host, env)
    }

    fn place<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        ["webhooks", &self.id].iter().chain(more).copied().collect()
    }
}

/// Does it.
pub(super) fn run(deed: &Deed, env: &remote::Environment, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    match deed {
        Deed::Create(new) => {
            let body = json!({
                "tenant": new.tenant,
                "name": new.name,
                "url": new.place,
                "events": new.events,
                "sessions": new.sessions,
                "format": new.format,
                "own_messages": new.own_messages,
            });
            let made = Remote::of(&new.host, env)?.post(&["webhooks"], Body::Json(body))?;
            writeln!(out, "{}  {}", text(&made, "id"), text(&made, "secret"))?;
        }
        Deed::List { host } => {
            for webhook in Remote::of(host, env)?.all(&["webhooks"])? {
                let events = webhook["events"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter_map(Value::as_str);
                let events: Vec<&str> = events.collect();
                let events = match events.is_empty() {
                    true => "everything".to_owned(),
                    false => events.join(","),
                };
                let (id, state, url) = (text(&webhook, "id"), text(&webhook, "state"), text(&webhook, "url"));
                writeln!(out, "{id}  {state}  {}  {url}  {events}", text(&webhook, "format"))?;
            }
        }
        Deed::Show(one) => {
            let host = one.remote(env)?;
            let mut webhook = host.get(&one.place(&[]), &[])?;
            webhook["statistics"] = host.get(&one.place(&["statistics"]), &[])?;
            writeln!(out, "{webhook:#}")?;
        }
        Deed::Test(one) => {
            let tried = one.remote(env)?.post(&one.place(&["test"]), Body::Empty)?;
            let took = &tried["duration_ms"];
            if tried["delivered"] != Value::Bool(true) {
                bail!("it was not told: {} ({took} ms)", text(&tried, "error"));
            }
            writeln!(out, "it answered {} after {took} ms", tried["status"])?;
        }
        Deed::Pause(one) => {
            let body = Body::Json(json!({ "enabled": false }));
            say_state(&one.remote(env)?.patch(&one.place(&[]), body)?, out)?;
        }
        Deed::Resume { one, skip } => {
            let backlog = if *skip { "skip" } else { "deliver" };
            let body = Body::Json(json!({ "enabled": true, "backlog": backlog }));
            say_state(&one.remote(env)?.patch(&one.place(&[]), body)?, out)?;
        }
        Deed::Rotate { one, overlap } => {
            let body = Body::Json(json!({ "overlap_seconds": overlap }));
            let rotated = one.remote(env)?.post(&one.place(&["rotate"]), body)?;
            writeln!(out, "{}", text(&rotated, "secret"))?;
        }
        Deed::DeadLetters(one) => {
            for letter in one.remote(env)?.all(&one.place(&["dead-letters"]))? {
                let (event, kind, at) = (text(&letter, "event"), text(&letter, "kind"), text(&letter, "at"));
                writeln!(out, "{at}  {event}  {kind}  {}", text(&letter, "error"))?;
            }
        }
        Deed::Replay(one) => {
            let told = one
                .remote(env)?
                .post(&one.place(&["dead-letters", "replay"]), Body::Empty)?;
            writeln!(out, "told again: {}", told["replayed"])?;
        }
        Deed::Remove(one) => {
            one.remote(env)?.delete(&one.place(&[]))?;
            writeln!(out, "{} is removed", one.id)?;
        }
    }
    Ok(Exit::Success)
}

fn say_state(webhook: &Value, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{} is {}", text(webhook, "id"), text(webhook, "state"))?;
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

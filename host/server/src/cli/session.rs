//! `waspnest session`: sessions of a running host, spoken to over its API.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::{Value, json};
use waspnest_core::clock::{Clock, SystemClock};

use super::Exit;
use super::remote::{Address, Body, Remote};
use crate::http::qr_image;

/// How often a code is looked at again: another takes its place every 20 seconds.
const LOOK: Duration = Duration::from_secs(1);

/// Seconds the host waits for a code to appear.
const WAIT: &str = "30";

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// List sessions, oldest first, and what each is doing
    List {
        #[command(flatten)]
        host: Address,
    },
    /// Show one session, as JSON
    Get {
        /// Its id, its name, or its phone number with +
        session: String,
        #[command(flatten)]
        host: Address,
    },
    /// Make a session, which connects and shows QR codes
    Create {
        /// Its name
        name: String,
        /// Do not connect it yet
        #[arg(long)]
        offline: bool,
        #[command(flatten)]
        host: Address,
    },
    /// Want a session connected, now and after restarts
    Connect {
        /// Its id, its name, or its phone number with +
        session: String,
        #[command(flatten)]
        host: Address,
    },
    /// Want a session offline, now and after restarts
    Disconnect {
        /// Its id, its name, or its phone number with +
        session: String,
        #[command(flatten)]
        host: Address,
    },
    /// Take the device off the account; the session stays
    Logout {
        /// Its id, its name, or its phone number with +
        session: String,
        #[command(flatten)]
        host: Address,
    },
    /// Remove a session and all that is kept of it
    Remove {
        /// Its id, its name, or its phone number with +
        session: String,
        #[command(flatten)]
        host: Address,
    },
    /// Print everything a phone would show of a session, as lines of JSON: chats, groups, people, messages
    Export {
        /// Its id, its name, or its phone number with +
        session: String,
        #[command(flatten)]
        host: Address,
    },
    /// Draw the code that links a phone, and the ones that take its place, until one was scanned
    Qr {
        /// Its id or its name
        session: String,
        /// Draw one code and leave
        #[arg(long)]
        once: bool,
        #[command(flatten)]
        host: Address,
    },
    /// Show a code to type into the phone of a number, and wait until it was
    Pair {
        /// Its id or its name
        session: String,
        /// The phone's number, with country code
        phone: String,
        /// Show the code and leave
        #[arg(long)]
        once: bool,
        #[command(flatten)]
        host: Address,
    },
}

/// How long to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Shown,
    Linked,
}

impl Until {
    const fn of(once: bool) -> Self {
        if once { Self::Shown } else { Self::Linked }
    }
}

/// Does it.
pub(super) fn run(deed: &Deed, env: &BTreeMap<String, String>, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    match deed {
        Deed::List { host } => list(&Remote::of(host, env)?, out)?,
        Deed::Get { session, host } => {
            let told = Remote::of(host, env)?.get(&["sessions", session], &[])?;
            writeln!(out, "{told:#}")?;
        }
        Deed::Create { name, offline, host } => {
            let body = Body::Json(json!({ "name": name, "connect": !offline }));
            let told = Remote::of(host, env)?.post(&["sessions"], body)?;
            say(&told, out)?;
        }
        Deed::Connect { session, host } => act(&Remote::of(host, env)?, session, "connect", out)?,
        Deed::Disconnect { session, host } => act(&Remote::of(host, env)?, session, "disconnect", out)?,
        Deed::Logout { session, host } => act(&Remote::of(host, env)?, session, "logout", out)?,
        Deed::Remove { session, host } => {
            Remote::of(host, env)?.delete(&["sessions", session])?;
            writeln!(out, "{session} is removed")?;
        }
        Deed::Export { session, host } => {
            Remote::of(host, env)?.copy(&["sessions", session, "export"], out)?;
        }
        Deed::Qr { session, once, host } => qr(&Remote::of(host, env)?, session, Until::of(*once), out)?,
        Deed::Pair {
            session,
            phone,
            once,
            host,
        } => pair(&Remote::of(host, env)?, session, phone, Until::of(*once), out)?,
    }
    Ok(Exit::Success)
}

fn list(host: &Remote, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut cursor: Option<String> = None;
    loop {
        let query: Vec<(&str, &str)> = cursor.iter().map(|cursor| ("cursor", cursor.as_str())).collect();
        let page = host.get(&["sessions"], &query)?;
        for session in page["items"].as_array().into_iter().flatten() {
            say(session, out)?;
        }
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return Ok(());
        }
    }
}

fn act(host: &Remote, session: &str, action: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let told = host.post(&["sessions", session, action], Body::Empty)?;
    say(&told, out)
}

/// One session in a line.
fn say(session: &Value, out: &mut dyn Write) -> anyhow::Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut line = format!("{}  {}", text(&session["name"]), text(&session["status"]["state"]));
    let account = &session["account"];
    if let Some(who) = account["phone"].as_str().or_else(|| account["jid"].as_str()) {
        line += &format!("  {who}");
    }
    if let Some(reason) = session["status"]["reason"].as_str() {
        line += &format!("  ({reason})");
    }
    Ok(writeln!(out, "{line}")?)
}

/// Draws each code that comes, until the session is linked.
fn qr(host: &Remote, session: &str, until: Until, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut drawn = String::new();
    loop {
        let code = match host.get(&["sessions", session, "qr"], &[("wait", WAIT)]) {
            Ok(code) => code,
            Err(error) => {
                // No code is shown any more: somebody scanned one, or nobody did in time.
                match linked(host, session, out)? {
                    Link::Made => return Ok(()),
                    Link::Coming => {
                        rest()?;
                        continue;
                    }
                    Link::Wanted => return Err(error),
                }
            }
        };
        let text = code["text"].as_str().context("the host answered without a code")?;
        if text != drawn {
            text.clone_into(&mut drawn);
            write!(out, "\n{}", qr_image::text(text)?)?;
            writeln!(
                out,
                "In WhatsApp on the phone: Settings, Linked devices, Link a device."
            )?;
            out.flush()?;
        }
        if until == Until::Shown {
            return Ok(());
        }
        rest()?;
    }
}

fn pair(host: &Remote, session: &str, phone: &str, until: Until, out: &mut dyn Write) -> anyhow::Result<()> {
    let body = Body::Json(json!({ "phone": phone }));
    let told = host.post(&["sessions", session, "pairing-code"], body)?;
    let code = told["code"].as_str().context("the host answered without a code")?;
    let (first, second) = code.split_at_checked(4).unwrap_or((code, ""));
    writeln!(out, "{first}-{second}")?;
    let way = "Settings, Linked devices, Link a device, Link with phone number instead.";
    writeln!(out, "In WhatsApp on the phone: {way}")?;
    out.flush()?;
    if until == Until::Shown {
        return Ok(());
    }
    loop {
        if linked(host, session, out)? == Link::Made {
            return Ok(());
        }
        rest()?;
    }
}

/// How far the linking has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    Wanted,
    Coming,
    Made,
}

/// Whether a phone was linked, which is told then.
fn linked(host: &Remote, session: &str, out: &mut dyn Write) -> anyhow::Result<Link> {
    let told = host.get(&["sessions", session], &[])?;
    match told["status"]["state"].as_str().unwrap_or_default() {
        "connected" => {
            say(&told, out)?;
            Ok(Link::Made)
        }
        "connecting" => Ok(Link::Coming),
        "pairing" => Ok(Link::Wanted),
        state => {
            let reason = told["status"]["reason"].as_str().unwrap_or("nobody linked a phone");
            bail!("the session is {state}: {reason}")
        }
    }
}

/// Lets a moment pass.
fn rest() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.context("cannot start the runtime")?;
    runtime.block_on(SystemClock::new().sleep(LOOK));
    Ok(())
}

//! `waspnest backup`: backups of a running host, spoken to over its API.

use std::io::Write;

use anyhow::bail;
use clap::Subcommand;
use serde_json::Value;

use super::Exit;
use super::remote::{Address, Body, Environment, Remote};

/// Seconds the host waits in one request.
const WAIT: &str = "30";

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Have a backup taken, which goes on in the host
    Create {
        /// Wait until it was taken, and say what is in it
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        host: Address,
    },
    /// List backups, the latest first
    List {
        #[command(flatten)]
        host: Address,
    },
    /// Show one backup, with what is in it, as JSON
    Get {
        /// Its id
        backup: String,
        #[command(flatten)]
        host: Address,
    },
    /// Remove a backup, or call it off while it is being taken
    Remove {
        /// Its id
        backup: String,
        #[command(flatten)]
        host: Address,
    },
}

/// Does it.
pub(super) fn run(deed: &Deed, env: &Environment, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    match deed {
        Deed::Create { wait, host } => {
            let host = Remote::of(host, env)?;
            let mut told = host.post(&["backups"], Body::Empty)?;
            if *wait {
                let id = text(&told, "id").to_owned();
                while text(&told, "state") == "running" {
                    told = host.get(&["backups", &id], &[("wait", WAIT)])?;
                }
            }
            say(&told, out)?;
            let contents = &told["contents"];
            if let Some(file) = contents["file"].as_str() {
                writeln!(out, "{file}")?;
            }
            for missing in contents["missing"].as_array().into_iter().flatten() {
                writeln!(out, "missing: {}", missing.as_str().unwrap_or_default())?;
            }
            if let Some(reason) = told["reason"].as_str() {
                bail!("the backup was not taken: {reason}");
            }
        }
        Deed::List { host } => {
            for backup in Remote::of(host, env)?.all(&["backups"])? {
                say(&backup, out)?;
            }
        }
        Deed::Get { backup, host } => {
            let told = Remote::of(host, env)?.get(&["backups", backup], &[])?;
            writeln!(out, "{told:#}")?;
        }
        Deed::Remove { backup, host } => {
            Remote::of(host, env)?.delete(&["backups", backup])?;
            writeln!(out, "{backup} is removed")?;
        }
    }
    Ok(Exit::Success)
}

/// One backup in a line.
fn say(backup: &Value, out: &mut dyn Write) -> anyhow::Result<()> {
    let (id, state, begun) = (text(backup, "id"), text(backup, "state"), text(backup, "begun_at"));
    let mut line = format!("{id}  {state}  {begun}");
    if let Some(sessions) = backup["contents"]["sessions"].as_array() {
        line += &format!(
            "  {} sessions, {} records, {} files, {} bytes",
            sessions.len(),
            backup["records"],
            backup["files"],
            backup["bytes"]
        );
    }
    if let Some(reason) = backup["reason"].as_str() {
        line += &format!("  ({reason})");
    }
    Ok(writeln!(out, "{line}")?)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

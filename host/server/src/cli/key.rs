//! `waspnest key`: API keys, on a running host. A key is printed once, when it is made.

use std::io::Write;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::remote::{Address, Body, Remote};
use super::{Exit, remote};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Make a key and print it
    Create(New),
    /// Say which keys there are
    List {
        #[command(flatten)]
        host: Address,
    },
    /// Give a key another secret and print it; the one before opens a while longer
    Rotate {
        /// The key's id
        id: String,
        /// Seconds for which the secret before still opens; a day without this
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u64>,
        #[command(flatten)]
        host: Address,
    },
    /// Remove a key, which opens nothing from then on
    Remove {
        /// The key's id
        id: String,
        #[command(flatten)]
        host: Address,
    },
}

/// A key to be made.
#[derive(Debug, Args)]
pub(super) struct New {
    /// What people call it
    name: String,
    /// What it opens, such as messages:send; several times for several
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<String>,
    /// A session it knows of, by id, and no others; several times for several
    #[arg(long = "session", value_name = "ID")]
    sessions: Vec<String>,
    /// A network it may be used from, such as 192.0.2.0/24, and from no others; several times for several
    #[arg(long = "network", value_name = "NETWORK")]
    networks: Vec<String>,
    /// When it ends, such as 2030-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
    /// Whose it is, by id or name; one's own tenant, or `default`
    #[arg(long)]
    tenant: Option<String>,
    #[command(flatten)]
    host: Address,
}

/// Does it.
pub(super) fn run(deed: &Deed, env: &remote::Environment, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    match deed {
        Deed::Create(new) => {
            let sessions = (!new.sessions.is_empty()).then_some(&new.sessions);
            let body = json!({
                "tenant": new.tenant,
                "name": new.name,
                "scopes": new.scopes,
                "sessions": sessions,
                "networks": new.networks,
                "expires_at": new.expires_at,
            });
            let key = Remote::of(&new.host, env)?.post(&["api-keys"], Body::Json(body))?;
            print_fresh(&key, out)?;
        }
        Deed::List { host } => {
            for key in Remote::of(host, env)?.all(&["api-keys"])? {
                let scopes = key["scopes"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let scopes: Vec<&str> = scopes.collect();
                let (id, name, tenant) = (text(&key, "id"), text(&key, "name"), text(&key, "tenant"));
                writeln!(out, "{id}  {name}  {}  {tenant}", scopes.join(","))?;
            }
        }
        Deed::Rotate { id, overlap, host } => {
            let body = json!({ "overlap_seconds": overlap });
            let key = Remote::of(host, env)?.post(&["api-keys", id, "rotate"], Body::Json(body))?;
            print_fresh(&key, out)?;
        }
        Deed::Remove { id, host } => {
            Remote::of(host, env)?.delete(&["api-keys", id])?;
            writeln!(out, "{id} is removed")?;
        }
    }
    Ok(Exit::Success)
}

/// The key alone on its line, so that it can be handed on.
fn print_fresh(key: &Value, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    writeln!(out, "{}", text(key, "key"))?;
    Ok(())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

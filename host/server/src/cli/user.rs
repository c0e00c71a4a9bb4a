//! `waspnest user`: people who log in, on a running host.

use std::io::{Read, Write};

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::remote::{Address, Body, Remote};
use super::{Exit, remote};

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Add a user; the password comes on standard input
    Add {
        /// What the user types at a login
        username: String,
        /// Whose the user is, by id or name; one's own tenant, or `default`
        #[arg(long)]
        tenant: Option<String>,
        /// What the user may do
        #[arg(long, value_enum, default_value_t = Role::Member)]
        role: Role,
        #[command(flatten)]
        host: Address,
    },
    /// Say which users there are
    List {
        #[command(flatten)]
        host: Address,
    },
    /// Give a user another password, which comes on standard input; ends its logins
    Password(Which),
    /// Let a user log in no more; ends its logins
    Suspend(Which),
    /// Let a user log in again
    Resume(Which),
    /// Remove a user
    Remove(Which),
}

/// One user.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The user's id
    id: String,
    #[command(flatten)]
    host: Address,
}

/// What a user may do.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Role {
    /// Everything in the tenant, users and keys included
    Owner,
    /// Everything but what is about who may call
    Member,
    /// Look at what a member may change
    Viewer,
}

impl Role {
    const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Member => "member",
            Self::Viewer => "viewer",
        }
    }
}

/// Does it. `input` is read for a password.
pub(super) fn run(
    deed: &Deed,
    env: &remote::Environment,
    input: &mut dyn Read,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Exit> {
    match deed {
        Deed::Add {
            username,
            tenant,
            role,
            host,
        } => {
            let password = password(input)?;
            let new = json!({ "tenant": tenant, "username": username, "password": password, "role": role.word() });
            let user = Remote::of(host, env)?.post(&["users"], Body::Json(new))?;
            writeln!(out, "{} is {username}", text(&user, "id"))?;
        }
        Deed::List { host } => {
            for user in Remote::of(host, env)?.all(&["users"])? {
                let suspended = match user["suspended"].as_bool() {
                    Some(true) => "  suspended",
                    Some(false) | None => "",
                };
                let (id, name, role) = (text(&user, "id"), text(&user, "username"), text(&user, "role"));
                writeln!(out, "{id}  {name}  {role}  {}{suspended}", text(&user, "tenant"))?;
            }
        }
        Deed::Password(Which { id, host }) => {
            let password = password(input)?;
            change(host, env, id, json!({ "password": password }))?;
            writeln!(out, "{id} has another password")?;
        }
        Deed::Suspend(Which { id, host }) => {
            change(host, env, id, json!({ "suspended": true }))?;
            writeln!(out, "{id} is suspended")?;
        }
        Deed::Resume(Which { id, host }) => {
            change(host, env, id, json!({ "suspended": false }))?;
            writeln!(out, "{id} may log in again")?;
        }
        Deed::Remove(Which { id, host }) => {
            Remote::of(host, env)?.delete(&["users", id])?;
            writeln!(out, "{id} is removed")?;
        }
    }
    Ok(Exit::Success)
}

fn change(host: &Address, env: &remote::Environment, id: &str, change: Value) -> anyhow::Result<()> {
    Remote::of(host, env)?.patch(&["users", id], Body::Json(change))?;
    Ok(())
}

/// One line; its end is not part of the password.
fn password(input: &mut dyn Read) -> anyhow::Result<String> {
    let mut text = String::new();
    input.read_to_string(&mut text).context("cannot read standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

//! `waspnest plugin activate` and `rollback`: which version of a plugin is at work in a running host.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};
use waspnest_core::id::InstallationId;

use super::super::Exit;
use super::super::remote::{Address, Body, Remote};

/// Fewest digits that name a version by its beginning.
const FEWEST_DIGITS: usize = 6;

/// Which version is put to work.
#[derive(Debug, Args)]
pub(crate) struct Activated {
    /// The installation
    installation: InstallationId,
    /// The version: its digest, or at least six digits of its beginning
    version: String,
    /// Approve of what it asks for beyond the one at work
    #[arg(long)]
    approve: bool,
    /// Let it meet data of a later form than its own
    #[arg(long, conflicts_with = "approve")]
    force: bool,
    /// Print what the host answers as JSON instead of words
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: Address,
}

/// Whose version is taken back.
#[derive(Debug, Args)]
pub(crate) struct RolledBack {
    /// The installation
    installation: InstallationId,
    /// Let the former version meet data of a later form than its own
    #[arg(long)]
    force: bool,
    /// Print what the host answers as JSON instead of words
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: Address,
}

/// Puts a version to work.
pub(super) fn activate(
    asked: &Activated,
    env: &BTreeMap<String, String>,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Exit> {
    let remote = Remote::of(&asked.host, env)?;
    let id = asked.installation.as_str();
    let versions = remote.get(&["installations", id, "versions"], &[])?;
    let digest = named(&versions, &asked.version)?;
    let deed = if asked.approve { "approve" } else { "activate" };
    let path = ["installations", id, "versions", &digest, deed];
    tell(asked.json, id, &remote.post(&path, force(asked.force))?, out)
}

/// Puts the version to work that was before.
pub(super) fn roll_back(
    asked: &RolledBack,
    env: &BTreeMap<String, String>,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Exit> {
    let remote = Remote::of(&asked.host, env)?;
    let id = asked.installation.as_str();
    let path = ["installations", id, "rollback"];
    tell(asked.json, id, &remote.post(&path, force(asked.force))?, out)
}

fn force(forced: bool) -> Body {
    match forced {
        true => Body::Json(json!({ "force": true })),
        false => Body::Empty,
    }
}

/// The digest of the one version that is meant.
fn named(versions: &Value, given: &str) -> anyhow::Result<String> {
    let digits = given.strip_prefix("sha256:").unwrap_or(given);
    if digits.len() < FEWEST_DIGITS {
        bail!("{given:?} names no version: expected its digest, or at least {FEWEST_DIGITS} digits of its beginning");
    }
    let items = versions["items"].as_array().into_iter().flatten();
    let digests = items.filter_map(|item| item["digest"].as_str());
    let meant: Vec<&str> = digests
        .filter(|digest| {
            digest
                .strip_prefix("sha256:")
                .is_some_and(|known| known.starts_with(digits))
        })
        .collect();
    match *meant {
        [one] => Ok(one.to_owned()),
        [] => bail!("the installation has no version {given}"),
        [..] => bail!("{given} names several versions: {}", meant.join(", ")),
    }
}

fn tell(json: bool, id: &str, versions: &Value, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    match json {
        true => writeln!(out, "{versions}")?,
        false => tell_active(out, id, versions)?,
    }
    Ok(Exit::Success)
}

/// Says which version is at work now.
pub(super) fn tell_active(out: &mut (dyn Write + Send), id: &str, told: &Value) -> anyhow::Result<()> {
    let active = told["active"].as_str().unwrap_or_default();
    writeln!(out, "{id} is at work with {active}")?;
    Ok(())
}

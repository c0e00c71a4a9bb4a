//! `waspnest plugin record`: keeps records of calls from a running host beside the plugin, to look at and to replay another build against.
//!
//! What is kept is what the host has recorded: what people wrote is hidden in it, unless the operator chose otherwise there.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;
use waspnest_core::id::InstallationId;

use super::super::Exit;
use super::super::remote::{Address, Remote};

/// Calls that are kept.
const USUAL_CALLS: u16 = 20;

/// Which calls are kept.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The installation
    installation: InstallationId,
    /// Only those of one session
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Only those that ended so, such as committed, rejected, trapped
    #[arg(long)]
    outcome: Option<String>,
    /// How many of the latest
    #[arg(long, value_name = "COUNT", default_value_t = USUAL_CALLS, value_parser = clap::value_parser!(u16).range(1..=200))]
    last: u16,
    /// Where they are kept, one file each
    #[arg(long, value_name = "DIR", default_value = "tests/runs")]
    to: PathBuf,
    /// Print one JSON object a call instead of words
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: Address,
}

/// Keeps them.
pub(super) fn run(asked: &Asked, env: &BTreeMap<String, String>, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let remote = Remote::of(&asked.host, env)?;
    let limit = asked.last.to_string();
    let mut query = vec![("limit", limit.as_str())];
    query.extend(asked.session.as_deref().map(|session| ("session", session)));
    query.extend(asked.outcome.as_deref().map(|outcome| ("outcome", outcome)));
    let page = remote.get(&["installations", asked.installation.as_str(), "runs"], &query)?;
    let ids = page["items"].as_array().into_iter().flatten();
    let ids: Vec<&str> = ids.filter_map(|run| run["id"].as_str()).collect();
    std::fs::create_dir_all(&asked.to).with_context(|| format!("cannot make {}", asked.to.display()))?;
    for id in &ids {
        let whole = remote.get(&["runs", id], &[])?;
        let path = asked.to.join(format!("{id}.json"));
        std::fs::write(&path, format!("{whole:#}\n")).with_context(|| format!("cannot write {}", path.display()))?;
        if asked.json {
            writeln!(out, "{}", json!({ "run": id, "file": path }))?;
        }
    }
    if !asked.json {
        writeln!(out, "kept {} calls in {}", ids.len(), asked.to.display())?;
    }
    Ok(Exit::Success)
}

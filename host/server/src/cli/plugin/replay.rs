//! `waspnest plugin replay`: lets a running host make recorded calls once more with the build at hand, without any effect, and says what
//! is different. The events stay on the host: the build goes there, and only differences come back.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use waspnest_core::id::RunId;

use super::super::Exit;
use super::super::remote::{Address, Body, Remote};
use super::install;
use crate::scenario;

/// Which calls, and with what.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// Calls by their ids, files of `waspnest plugin record`, or directories of such
    #[arg(default_value = "tests/runs")]
    calls: Vec<String>,
    /// The built plugin
    #[arg(long, value_name = "DIR", default_value = ".")]
    package: PathBuf,
    /// With the plugin that is at work there, instead of the build at hand
    #[arg(long, conflicts_with = "package")]
    at_work: bool,
    /// Show what is different, line by line
    #[arg(long)]
    diff: bool,
    /// Print one JSON object a call instead of words
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: Address,
}

/// Replays them; succeeds when all come to the same.
pub(super) fn run(asked: &Asked, env: &BTreeMap<String, String>, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let remote = Remote::of(&asked.host, env)?;
    let calls = calls(&asked.calls)?;
    let archive = match asked.at_work {
        true => None,
        false => Some(install::archive(&asked.package)?),
    };
    let mut different = 0;
    for call in &calls {
        let body = archive.clone().map_or(Body::Empty, Body::Archive);
        let told = remote.post(&["runs", &call.to_string(), "replay"], body)?;
        let same = told["same"].as_bool().unwrap_or_default();
        different += usize::from(!same);
        if asked.json {
            writeln!(out, "{told}")?;
            continue;
        }
        let verdict = if same { "same     " } else { "DIFFERENT" };
        writeln!(out, "{verdict}  {call}{}", words(&told))?;
        if asked.diff && !same {
            for line in lines(&told) {
                writeln!(out, "    {line}")?;
            }
        }
    }
    if !asked.json {
        writeln!(out, "{} calls, {different} different", calls.len())?;
    }
    Ok(match different {
        0 => Exit::Success,
        _ => Exit::Failure,
    })
}

/// The calls that are meant, in their order.
fn calls(given: &[String]) -> anyhow::Result<Vec<RunId>> {
    let mut calls = Vec::new();
    for given in given {
        let path = Path::new(given);
        if path.is_dir() {
            calls.extend(in_directory(path)?);
        } else if path.extension().is_some() {
            calls.push(in_file(path)?);
        } else {
            let call = given.parse().ok();
            calls.push(
                call.with_context(|| format!("{given:?} is neither the id of a call nor a file nor a directory"))?,
            );
        }
    }
    match calls.is_empty() {
        true => bail!(
            "there is no call to replay in {}; `waspnest plugin record` keeps some",
            given.join(", ")
        ),
        false => Ok(calls),
    }
}

fn in_directory(dir: &Path) -> anyhow::Result<Vec<RunId>> {
    let entries = std::fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", dir.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    // Ids are in the order of time.
    files.sort();
    files.iter().map(|file| in_file(file)).collect()
}

fn in_file(path: &Path) -> anyhow::Result<RunId> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let kept: Option<Value> = serde_json::from_str(&text).ok();
    let id = kept.as_ref().and_then(|kept| kept["id"].as_str()?.parse().ok());
    id.with_context(|| format!("{} is not the record of a call", path.display()))
}

/// How it ended where it ended otherwise, and what could not be compared.
fn words(told: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (then, now) = (text(&told["outcome"]["recorded"]), text(&told["outcome"]["replayed"]));
    let mut words = String::new();
    // A replay commits nothing, so a draft stands for a commit.
    let alike = then == now || (then == "committed" && now == "drafted");
    if !alike {
        words += &format!("  it was {then} and is {now}");
    }
    if let Some(error) = told["error"].as_str() {
        words += &format!(": {error}");
    }
    words
}

fn lines(told: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for change in list(&told["changes"]) {
        lines.push(change["at"].as_str().unwrap_or_default().to_owned());
        let difference = scenario::difference(&change["recorded"], &change["replayed"]);
        lines.extend(difference.into_iter().map(|line| format!("  {line}")));
    }
    for (part, words) in [
        ("not_recorded", "it asks what the record does not tell"),
        ("not_asked", "it does not ask any more"),
    ] {
        for function in list(&told[part]) {
            lines.push(format!("{words}: {}", function.as_str().unwrap_or_default()));
        }
    }
    lines
}

//! `waspnest plugin logs`: what the calls of a plugin came to in a running host, and what they logged, from their records.
//!
//! Records are what the host keeps of calls, so this tells what they tell: where records hide what people wrote, it is hidden here, and a
//! call that the recorder left out is missing.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_core::id::InstallationId;

use super::super::remote::{Address, Remote};
use super::super::{Exit, Output};

/// Calls that are told of at first.
const USUAL_CALLS: u16 = 20;
/// Calls that are read at once.
const PAGE: usize = 50;
/// Calls that are known to have been told.
const REMEMBERED: usize = 1000;
/// How often is looked for new ones.
const EVERY: Duration = Duration::from_secs(1);

/// Whose calls are told of.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The installation
    installation: InstallationId,
    /// Only those of one session
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// How many of the latest are told of at first
    #[arg(long, value_name = "COUNT", default_value_t = USUAL_CALLS, value_parser = clap::value_parser!(u16).range(..=200))]
    last: u16,
    /// Go on telling of those that come, until interrupted
    #[arg(long, short)]
    follow: bool,
    /// Print one JSON object a call instead of words
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: Address,
}

/// Tells of them.
pub(super) fn run(asked: &Asked, env: &BTreeMap<String, String>, output: Output<'_>) -> anyhow::Result<Exit> {
    let Output { out, err } = output;
    let remote = Remote::of(&asked.host, env)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let clock = SystemClock::new();
    let mut told = Told::default();
    let mut hidden = false;
    let last = usize::from(asked.last);
    let mut found = untold(&remote, asked, &told, last.max(PAGE))?;
    // What is older than the last is known, and not told of.
    for run in found.drain(..found.len().saturating_sub(last)) {
        told.remember(&run);
    }
    loop {
        for run in found {
            told.remember(&run);
            let whole = remote.get(&["runs", &run], &[])?;
            let redacted = whole["detail"]["bodies"] == "redacted" && whole["detail"]["lines"] != json!([]);
            if redacted && !hidden {
                hidden = true;
                let why = "what it logged is hidden in the records of this host (plugins.record.bodies); the host's own log has it";
                writeln!(err, "{why}")?;
            }
            match asked.json {
                true => writeln!(out, "{}", as_json(&whole))?,
                false => in_words(&whole, out)?,
            }
        }
        out.flush()?;
        if !asked.follow {
            return Ok(Exit::Success);
        }
        runtime.block_on(clock.sleep(EVERY));
        found = untold(&remote, asked, &told, REMEMBERED)?;
    }
}

/// Calls that were told of, the latest at the end.
#[derive(Default)]
struct Told(VecDeque<String>);

impl Told {
    fn remember(&mut self, run: &str) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(run.to_owned());
    }
}

/// The latest calls that were not told of, oldest first: from the latest back to a page that brings nothing new.
fn untold(remote: &Remote, asked: &Asked, told: &Told, most: usize) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut cursor: Option<String> = None;
    let limit = PAGE.to_string();
    while found.len() < most {
        let mut query = vec![("limit", limit.as_str())];
        query.extend(asked.session.as_deref().map(|session| ("session", session)));
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = remote.get(&["installations", asked.installation.as_str(), "runs"], &query)?;
        let before = found.len();
        let ids = page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|item| item["id"].as_str());
        found.extend(
            ids.filter(|id| !told.0.iter().any(|known| known == id))
                .map(str::to_owned),
        );
        match page["next"].as_str() {
            // When something was told before, a page without news is where that began.
            Some(next) if told.0.is_empty() || found.len() > before => cursor = Some(next.to_owned()),
            Some(_) | None => break,
        }
    }
    found.truncate(most);
    found.reverse();
    Ok(found)
}

fn as_json(run: &Value) -> Value {
    json!({
        "id": run["id"],
        "started": run["started"],
        "session": run["session"],
        "event": run["event"],
        "kind": run["kind"],
        "version": run["plugin"]["version"],
        "outcome": run["outcome"],
        "duration_us": run["duration_us"],
        "error": run["detail"]["error"],
        "lines": run["detail"]["lines"],
    })
}

fn in_words(run: &Value, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let millis = run["duration_us"].as_u64().unwrap_or_default().div_ceil(1000);
    let (started, kind, outcome) = (text(&run["started"]), text(&run["kind"]), text(&run["outcome"]));
    writeln!(out, "{started}  {kind}: {outcome}, {millis} ms")?;
    if let Some(error) = run["detail"]["error"].as_str() {
        writeln!(out, "    {error}")?;
    }
    for line in run["detail"]["lines"].as_array().into_iter().flatten() {
        let (level, message, fields) = (text(&line["level"]), text(&line["message"]), text(&line["fields"]));
        writeln!(out, "    {level} {message} {fields}")?;
    }
    Ok(())
}

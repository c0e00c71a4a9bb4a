//! `waspnest plugin test`: plays the scenarios in `tests/*.toml` of a plugin, each in a host of its own in memory.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use waspnest_engine::{MANIFEST, Manifest};

use super::super::Exit;
use super::build;
use super::watch::{Files, Watched};
use crate::config::scenario::Scenario;
use crate::scenario::{self, Golden, Played};

/// How plugins are tested.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The plugin's directory, with the scenarios in tests/
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Where plugin.toml and the built component are, if not in that directory
    #[arg(long, value_name = "DIR")]
    package: Option<PathBuf>,
    /// Only scenarios whose names contain this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Keep what comes of them now
    #[arg(long)]
    update: bool,
    /// Do it again whenever a file of the plugin changes, and build it before
    #[arg(long, conflicts_with = "json")]
    watch: bool,
    /// Print one JSON object for each scenario instead of words
    #[arg(long)]
    json: bool,
}

/// What came of a scenario.
enum Verdict {
    Same,
    Kept,
    Failed(Vec<String>),
}

/// Plays them, once or for as long as somebody works on the plugin.
pub(super) fn run(asked: &Asked, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    if !asked.watch {
        return all(asked, out);
    }
    // What cannot be built here cannot be watched either.
    build::project(&asked.dir, &Manifest::read(&asked.dir.join(MANIFEST))?)?;
    let mut sources = Watched::new(&asked.dir, Files::Sources);
    loop {
        let done = build::again(&asked.dir, out).and_then(|_| all(asked, out));
        if let Err(error) = done {
            writeln!(out, "{error:#}")?;
        }
        writeln!(out, "waiting for a change; interrupt to end")?;
        out.flush()?;
        sources.wait()?;
    }
}

/// Plays them once.
fn all(asked: &Asked, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let scenarios = scenarios(asked)?;
    let package = asked.package.as_ref().unwrap_or(&asked.dir);
    let mut failed = 0;
    for path in &scenarios {
        let (about, verdict) = judge(asked, path, package)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        failed += usize::from(matches!(verdict, Verdict::Failed(_)));
        if asked.json {
            let (result, lines) = match verdict {
                Verdict::Same => ("same", Vec::new()),
                Verdict::Kept => ("kept", Vec::new()),
                Verdict::Failed(lines) => ("failed", lines),
            };
            writeln!(out, "{}", json!({ "scenario": name, "result": result, "lines": lines }))?;
            continue;
        }
        let about = if about.is_empty() {
            String::new()
        } else {
            format!(": {about}")
        };
        match verdict {
            Verdict::Same => writeln!(out, "ok      {name}{about}")?,
            Verdict::Kept => writeln!(out, "kept    {name}{about}")?,
            Verdict::Failed(lines) => {
                writeln!(out, "FAILED  {name}{about}")?;
                for line in lines {
                    writeln!(out, "        {line}")?;
                }
            }
        }
    }
    if !asked.json {
        let scenarios = scenarios.len();
        writeln!(out, "{scenarios} scenarios, {failed} failed")?;
    }
    Ok(match failed {
        0 => Exit::Success,
        _ => Exit::Failure,
    })
}

/// The scenarios that are asked for, by name.
fn scenarios(asked: &Asked) -> anyhow::Result<Vec<PathBuf>> {
    let dir = asked.dir.join("tests");
    let entries = std::fs::read_dir(&dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", dir.display()))?.path();
        let wanted = asked.only.as_ref().is_none_or(|only| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            name.contains(only.as_str())
        });
        if wanted && path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
    if found.is_empty() {
        bail!("there is no scenario to play in {}", dir.display());
    }
    found.sort();
    Ok(found)
}

fn judge(asked: &Asked, path: &Path, package: &Path) -> anyhow::Result<(Box<str>, Verdict)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let scenario = Scenario::read(&text, path, package)?;
    let verdict = match play(&scenario)? {
        Err(lines) => Verdict::Failed(lines),
        Ok(played) if asked.update => {
            Golden::keep(path, &played)?;
            Verdict::Kept
        }
        Ok(played) => match Golden::compare(path, &played)? {
            Golden::Same => Verdict::Same,
            Golden::Missing => Verdict::Failed(vec![
                "nothing is known of what came of it before; look at it, and keep it with --update".to_owned(),
            ]),
            Golden::Different { step, words, lines } => {
                let place = format!("step {step}: {words}");
                Verdict::Failed(std::iter::once(place).chain(lines).collect())
            }
        },
    };
    Ok((scenario.about, verdict))
}

/// Plays one on a runtime of its own, which has one thread so that it always comes to the same.
fn play(scenario: &Scenario) -> anyhow::Result<Result<Vec<Played>, Vec<String>>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let played = runtime.block_on(scenario::play(scenario));
    // What does not end must not keep us.
    runtime.shutdown_background();
    Ok(played.map_err(|(step, error)| {
        let error = anyhow::Error::from(error);
        match step {
            0 => vec![format!("{error:#}")],
            step => vec![format!("step {step}: {error:#}")],
        }
    }))
}

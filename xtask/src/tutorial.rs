//! `cargo xtask tutorial`: does what `docs/tutorial.md` tells a newcomer to do, word for word, and wants to see what it shows.
//!
//! What is to be done with a block of code stands in a comment above it (`tutorial::page`). Nothing else in the page is looked at.

mod beside;
mod page;
mod shown;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::demo::stage::Stage;
use crate::workspace::Workspace;
use beside::Beside;
use page::{Block, Deed, Typed};

/// Where the page is.
const PAGE: &str = "docs/tutorial.md";

/// A newcomer under way.
struct Newcomer<'a> {
    workspace: &'a Workspace,
    /// Where they are.
    place: PathBuf,
    /// What they have exported.
    env: Vec<(String, String)>,
    /// What runs in their other terminal.
    beside: Option<Beside>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long it takes is what the tutorial promises"
)]
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let text = fs::read_to_string(workspace.root.join(PAGE)).with_context(|| format!("reading {PAGE}"))?;
    let blocks = page::read(&text)?;
    Stage::build(workspace)?;
    let place = workspace.target.join("tutorial");
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("removing {}", place.display()))?;
    }
    fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
    let path = std::env::var("PATH").unwrap_or_default();
    let programs = workspace.target.join("debug");
    let mut newcomer = Newcomer {
        workspace,
        place,
        env: vec![("PATH".to_owned(), format!("{}:{path}", programs.display()))],
        beside: None,
    };
    let started = Instant::now();
    let mut built = None;
    let mut first = None;
    for block in &blocks {
        newcomer
            .does(block)
            .with_context(|| format!("{PAGE}, line {}", block.line))?;
        if built.is_none() && matches!(block.deed, Deed::Run { .. }) {
            built = Some(started.elapsed());
        } else if first.is_none() && matches!(block.deed, Deed::Run { typed: Some(_), .. }) {
            first = Some(started.elapsed());
        }
    }
    newcomer.ends()?;
    let (built, first) = built.zip(first).context("the tutorial has no first reply")?;
    println!(
        "tutorial: {} steps; made and built in {:.1} s, first reply {:.1} s after that",
        blocks.len(),
        built.as_secs_f64(),
        (first - built).as_secs_f64()
    );
    Ok(())
}

impl Newcomer<'_> {
    fn does(&mut self, block: &Block) -> Result<()> {
        match &block.deed {
            Deed::Write { path } => write(&self.place.join(path), &block.text),
            Deed::Add { path, behind } => add(&self.place.join(path), &block.text, behind.as_deref()),
            Deed::Run { typed, fails, shows } => {
                let said = self.runs(&block.text, typed.as_ref(), *fails)?;
                match (typed, shows) {
                    (Some(typed), _) => shown::in_order(&typed.answers, &said),
                    (None, Some(shows)) => shown::whole(shows, &said),
                    (None, None) => Ok(()),
                }
            }
            Deed::Beside { shows } => {
                let env = [
                    self.env.clone(),
                    vec![("HELLO".to_owned(), self.place.display().to_string())],
                ]
                .concat();
                let mut beside = Beside::start(&block.text, &self.workspace.root, &env)?;
                for line in shows {
                    let line = beside.waits_for(line)?;
                    if let Some(exported) = line.trim().strip_prefix("export ") {
                        let pairs = exported.split_whitespace().filter_map(|pair| pair.split_once('='));
                        self.env
                            .extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
                    }
                }
                self.beside = Some(beside);
                Ok(())
            }
            Deed::TypeBeside(lines) => {
                let beside = self.beside.as_mut().context("nothing runs beside")?;
                for line in lines {
                    match line {
                        Typed::Line(line) => beside.types(line)?,
                        Typed::Answer(answer) => drop(beside.waits_for(answer)?),
                    }
                }
                Ok(())
            }
        }
    }

    /// Runs a script where they are, and gives what it printed.
    fn runs(&mut self, script: &str, typed: Option<&page::Chat>, fails: bool) -> Result<String> {
        let went = self.workspace.target.join("tutorial.place");
        let script = format!("{script}\npwd > '{}'\n", went.display());
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &script])
            .current_dir(&self.place)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut bash = bash.spawn().context("starting bash")?;
        let mut input = bash.stdin.take().context("it has an input")?;
        for line in typed.map(|typed| typed.lines.as_slice()).unwrap_or_default() {
            writeln!(input, "{line}").context("typing")?;
        }
        drop(input);
        let done = bash.wait_with_output().context("waiting for bash")?;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        match (done.status.success(), fails) {
            (true, true) => bail!("it went well, and should have failed:\n{said}"),
            (false, false) => bail!("it failed:\n{said}"),
            (true, false) => {
                let place = fs::read_to_string(&went).context("reading where it went")?;
                self.place = PathBuf::from(place.trim());
            }
            (false, true) => {}
        }
        Ok(said)
    }

    fn ends(self) -> Result<()> {
        self.beside.map_or(Ok(()), Beside::ends)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    ensure!(path.exists(), "{} is to be changed, and is not there", path.display());
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Adds lines at the end, or behind a line.
fn add(path: &Path, text: &str, behind: Option<&str>) -> Result<()> {
    let before = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let after = match behind {
        None => format!("{}\n\n{text}", before.trim_end()),
        Some(line) => {
            let found = before.lines().any(|there| there == line);
            ensure!(found, "{} has no line {line:?}", path.display());
            before.replacen(&format!("{line}\n"), &format!("{line}\n{text}"), 1)
        }
    };
    write(path, &after)
}

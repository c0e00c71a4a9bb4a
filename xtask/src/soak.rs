//! `cargo xtask soak`: the host at half of what it can do for half an hour, while things go wrong. One JSON line a minute and one at the end on
//! standard output, nothing else there; fails when a message was lost or doubled, a session is stuck, or memory grew.

use std::process::Command;

use anyhow::{Context, Result};

use crate::step;
use crate::workspace::Workspace;

/// The profile it is built with, which is also the name of its directory.
const PROFILE: &str = "measure";
const EXAMPLE: &str = "soak";

/// What is asked of a soak; its own defaults hold where nothing is said.
pub(crate) struct Wanted {
    pub(crate) minutes: Option<u32>,
    pub(crate) sessions: Option<u32>,
    pub(crate) rate: Option<f64>,
}

/// Builds what is needed and runs it.
pub(crate) fn run(workspace: &Workspace, wanted: &Wanted) -> Result<()> {
    // As a process of its own, because it lists on standard output what it has built.
    let own = std::env::current_exe().context("finding this program")?;
    let mut plugins = Command::new(own);
    plugins.current_dir(&workspace.root).arg("plugins");
    step::command("plugins", plugins.stdout(std::io::stderr()))?;
    let mut build = workspace.cargo(["build", "--locked", "--profile", PROFILE]);
    build.args([
        "-p",
        "waspnest",
        "--features",
        "waspnest/simulator",
        "--example",
        EXAMPLE,
    ]);
    step::command("the soak", &mut build)?;
    let mut soak = Command::new(workspace.target.join(PROFILE).join("examples").join(EXAMPLE));
    soak.current_dir(&workspace.root);
    let minutes = wanted.minutes.map(|minutes| ("--minutes", minutes.to_string()));
    let sessions = wanted.sessions.map(|sessions| ("--sessions", sessions.to_string()));
    let rate = wanted.rate.map(|rate| ("--rate", rate.to_string()));
    for (name, value) in [minutes, sessions, rate].into_iter().flatten() {
        soak.args([name, &value]);
    }
    step::command(EXAMPLE, &mut soak)
}

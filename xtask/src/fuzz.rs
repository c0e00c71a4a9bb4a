//! `cargo xtask fuzz`: tries everything that faces the network for longer than the tests do, with other inputs each time round.
//!
//! The same tests with a variable that says how long. An input that fails is made smaller, shown, and belongs into a test of its own.

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{plugins, step};

/// What the tests read.
const SECONDS: &str = "WASPNEST_FUZZ_SECONDS";

/// Tries each group of parsers for so many minutes; the groups run beside each other.
pub(crate) fn run(workspace: &Workspace, minutes: u32) -> Result<()> {
    step::work("plugins", "cargo xtask plugins", || plugins::run(workspace))?;
    let features = ["--workspace", "--features", "waspnest/simulator"];
    let mut tests = workspace.cargo(["test", "--quiet"]);
    tests.args(features).args(["--lib", "--test", "http", "fuzz::"]);
    tests.env(SECONDS, (u64::from(minutes) * 60).to_string());
    step::command("fuzz", &mut tests)
}

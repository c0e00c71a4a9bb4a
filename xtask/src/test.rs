//! `cargo xtask test`: builds the plugins, then runs every test of the workspace.

use crate::workspace::Workspace;
use crate::{plugins, step};
use anyhow::Result;

/// Extra arguments go to `cargo test`.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    step::work("plugins", "cargo xtask plugins", || plugins::run(workspace))?;
    let mut tests = workspace.cargo(["test", "--workspace", "--features", "waspnest/simulator"]);
    step::command("tests", tests.args(args))
}

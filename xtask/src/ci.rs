//! `cargo xtask ci`: everything a change must pass, in the order in which mistakes are cheapest to find.
//!
//! Stops at the first failure with the command that repeats it. Needs the network only for what is not on the machine yet.

use crate::languages::Figures;
use crate::workspace::Workspace;
use crate::{docs, features, interop, languages, policy, step, test, tidy, tutorial};
use anyhow::Result;

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    step::command("formatting", &mut workspace.cargo(["fmt", "--all", "--check"]))?;
    step::work("tidiness", "cargo xtask tidy", || tidy::run(workspace))?;
    // The product alone first, as it is shipped: with its tests come the simulator and its features, and a lint would hide.
    let product = [
        "clippy", "--locked", "-p", "waspnest", "--lib", "--bins", "--", "-D", "warnings",
    ];
    step::command("lints of the product", &mut workspace.cargo(product))?;
    let whole = [
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--features",
        "waspnest/simulator",
    ];
    step::command(
        "lints of the workspace",
        workspace.cargo(whole).args(["--", "-D", "warnings"]),
    )?;
    let mut docs = workspace.cargo(["doc", "--locked", "--no-deps", "--workspace"]);
    step::command("documentation", docs.env("RUSTDOCFLAGS", "-D warnings"))?;
    step::work("reference of the contract", "cargo xtask docs --check", || {
        docs::run(workspace, docs::Stale::Complain)
    })?;
    step::work("dependency policy", "cargo xtask policy", || policy::run(workspace))?;
    step::work("features", "cargo xtask features", || features::run(workspace))?;
    test::run(workspace, &[])?;
    step::work("languages", "cargo xtask languages", || {
        languages::run(workspace, None, Figures::LeftOut)
    })?;
    step::work("tutorial", "cargo xtask tutorial", || tutorial::run(workspace))?;
    step::work("interop", "cargo xtask interop", || interop::run(workspace, None))
}

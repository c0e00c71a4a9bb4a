//! `cargo xtask policy`: licences, banned crates and sources of the dependencies, by deny.toml.
//!
//! cargo-deny is installed once a machine, in one version, so that the answer does not depend on who asks. Advisories need a
//! database from the network: where it cannot be had, a line says that they were not checked, and the rest counts.

use crate::workspace::{Workspace, cache_dir, output};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The version whose rules deny.toml is written for.
const VERSION: &str = "0.20.2";

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let program = installed()?;
    check(workspace, &program, &["check", "bans", "licenses", "sources"])?;
    let fetched = deny(workspace, &program, &["fetch", "db"])
        .stderr(Stdio::null())
        .status();
    if fetched.is_ok_and(|status| status.success()) {
        check(workspace, &program, &["check", "--disable-fetch", "advisories"])
    } else {
        println!("advisories: NOT CHECKED, the database could not be fetched");
        Ok(())
    }
}

fn check(workspace: &Workspace, program: &PathBuf, args: &[&str]) -> Result<()> {
    let status = deny(workspace, program, args)
        .status()
        .with_context(|| format!("starting {}", program.display()))?;
    if !status.success() {
        bail!("cargo deny {} found something", args.join(" "));
    }
    Ok(())
}

/// Warnings (there are many duplicates below wasmtime and whatsapp-rust) are for `cargo deny check`, typed by hand.
fn deny(workspace: &Workspace, program: &PathBuf, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(&workspace.root)
        .args(["--log-level", "error", "--locked"])
        .args(args);
    command
}

/// The program in the right version: from the path, or from our own place, where it is installed when missing.
fn installed() -> Result<PathBuf> {
    let root = cache_dir()?.join("tools");
    let ours = root.join("bin").join("cargo-deny");
    for candidate in [PathBuf::from("cargo-deny"), ours.clone()] {
        let version = output(Command::new(&candidate).arg("--version"));
        if version.is_ok_and(|version| version.split_whitespace().any(|word| word == VERSION)) {
            return Ok(candidate);
        }
    }
    eprintln!(
        "installing cargo-deny {VERSION} into {}; once a machine, some minutes",
        root.display()
    );
    let mut install = Command::new("cargo");
    install
        .args([
            "install",
            "--locked",
            "cargo-deny",
            "--version",
            &format!("={VERSION}"),
            "--root",
        ])
        .arg(&root);
    // Its build must not land in ours.
    install.env_remove("CARGO_TARGET_DIR");
    let status = install.status().context("starting cargo install")?;
    if !status.success() {
        bail!("cargo-deny {VERSION} could not be installed; it needs crates.io once");
    }
    Ok(ours)
}

//! `cargo xtask interop`: Baileys and whatsmeow, unmodified, against the simulator and the people in it; Schemathesis against the host.
//!
//! The scenarios are JavaScript, in `interop/`; this file sees to Node, to the packages, to Go's whatsmeow and to a simulator, and hands
//! over. The scenarios print a line each. What the simulator logged is kept in `target/interop`, and its end is shown when something went wrong.

mod go;
mod node;
mod packages;
mod schemathesis;

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::simulator_process::SimulatorProcess;
use crate::step;
use crate::workspace::Workspace;

/// What the simulator logs.
const LOG: &str = "warn,waspnest_simulator=info";
/// The name of the one that is not about the simulator.
const SCHEMATHESIS: &str = "schemathesis";
/// How much of it is shown after a failure.
const SHOWN_LINES: usize = 40;

/// Runs the scenarios whose name contains `filter`, or Schemathesis when it is named; everything without one.
pub(crate) fn run(workspace: &Workspace, filter: Option<&str>) -> Result<()> {
    let dir = workspace.root.join("interop");
    let logs = workspace.target.join("interop");
    fs::create_dir_all(&logs).with_context(|| format!("making {}", logs.display()))?;
    if filter != Some(SCHEMATHESIS) {
        scenarios(workspace, &dir, &logs, filter)?;
    }
    if filter.is_none_or(|filter| filter == SCHEMATHESIS) {
        schemathesis::run(workspace, &dir.join(SCHEMATHESIS), &logs)?;
    }
    Ok(())
}

/// Lets the clients talk to each other.
fn scenarios(workspace: &Workspace, dir: &Path, logs: &Path, filter: Option<&str>) -> Result<()> {
    node::check()?;
    step::work("baileys", "npm ci --prefix interop", || packages::install(dir))?;
    let build = ["build", "--locked", "-p", "waspnest-simulator"];
    step::command("simulator", &mut workspace.cargo(build))?;

    let whatsmeow = go::build(&dir.join("whatsmeow"), logs)?;
    let log = logs.join("simulator.log");
    let stderr = File::create(&log).with_context(|| format!("making {}", log.display()))?;
    let authority = logs.join("media-ca.pem");
    let more = ["--media-ca".as_ref(), authority.as_os_str()];
    let simulator = SimulatorProcess::start(workspace, LOG, stderr.into(), more)?;
    let mut scenarios = Command::new("node");
    scenarios
        .current_dir(dir)
        .args(["main.js", simulator.url()?, simulator.admin()?])
        .args(filter)
        // Media go over HTTPS, and Node trusts nobody it does not know.
        .env("NODE_EXTRA_CA_CERTS", &authority);
    if let Some(program) = whatsmeow {
        scenarios.env("WASPNEST_WHATSMEOW", program);
    }
    let status = scenarios.status().context("starting node")?;
    if !status.success() {
        eprintln!("{}", end_of(&log)?);
        bail!(
            "the scenarios ended with {status}; the simulator's log is {}",
            log.display()
        );
    }
    simulator.stop()
}

/// The last lines of a log.
fn end_of(log: &Path) -> Result<String> {
    let text = fs::read_to_string(log).with_context(|| format!("reading {}", log.display()))?;
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n"))
}

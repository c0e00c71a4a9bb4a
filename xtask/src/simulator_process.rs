//! The simulator as a process of its own, for commands that show or test it from outside.
//!
//! The program must have been built before. Dropping kills it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::workspace::Workspace;

/// How long it may take to end in order.
const GRACE: Duration = Duration::from_secs(20);

/// A simulator that listens.
pub(crate) struct SimulatorProcess {
    child: Child,
    ready: Value,
}

impl SimulatorProcess {
    /// Starts it on free ports; its log, filtered by `log`, goes to `stderr`. `more` are further arguments.
    pub(crate) fn start<'a>(
        workspace: &Workspace,
        log: &'a str,
        stderr: Stdio,
        more: impl IntoIterator<Item = &'a OsStr>,
    ) -> Result<Self> {
        let program = workspace.target.join("debug").join("waspnest-simulator");
        let child = Command::new(program)
            .args(["--log", log])
            .args(more)
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .context("starting the simulator")?;
        let mut simulator = Self {
            child,
            ready: Value::Null,
        };
        let stdout = simulator.child.stdout.take();
        let mut line = String::new();
        BufReader::new(stdout.context("the simulator has no standard output")?)
            .read_line(&mut line)
            .context("reading where the simulator listens")?;
        simulator.ready = serde_json::from_str(&line).context("the simulator did not say where it listens")?;
        Ok(simulator)
    }

    /// Where clients connect.
    pub(crate) fn url(&self) -> Result<&str> {
        self.said("url")
    }

    /// Where it is steered, `http://address:port`.
    pub(crate) fn admin(&self) -> Result<&str> {
        Ok(self.said("admin")?.trim_end_matches('/'))
    }

    fn said(&self, key: &str) -> Result<&str> {
        self.ready[key]
            .as_str()
            .with_context(|| format!("the simulator names no {key}"))
    }

    /// Ends it in order.
    pub(crate) fn stop(mut self) -> Result<()> {
        let address = format!("{}/shutdown", self.admin()?);
        ureq::post(&address)
            .header("Content-Type", "application/json")
            .send("{}")
            .context("asking the simulator to end")?;
        if !wait(&mut self.child)? {
            bail!("the simulator did not end within {} s", GRACE.as_secs());
        }
        Ok(())
    }
}

impl Drop for SimulatorProcess {
    fn drop(&mut self) {
        // Whatever fails here has ended already or is out of reach.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a process that was asked to end; answers whether it did.
#[expect(
    clippy::disallowed_methods,
    reason = "another process is waited for, and nothing tells when it ends"
)]
pub(crate) fn wait(child: &mut Child) -> Result<bool> {
    let started = Instant::now();
    while started.elapsed() < GRACE {
        if child.try_wait()?.is_some() {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(false)
}

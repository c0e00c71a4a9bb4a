//! The host and the simulator as processes, and the directory they write to.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::api::Simulator;
use crate::workspace::Workspace;

/// How long a process may take to end in order.
const GRACE: Duration = Duration::from_secs(20);

/// Both processes; dropping kills what still runs and removes the directory.
pub(super) struct Children {
    /// Where the simulator is steered, `address:port`.
    pub(super) admin: String,
    /// Where the host listens, `address:port`.
    pub(super) listen: String,
    /// The host's admin secret.
    pub(super) secret: String,
    simulator: Child,
    host: Child,
    dir: PathBuf,
}

impl Children {
    /// Starts the simulator, and the host with the reference configuration pointed at it.
    pub(super) fn start(workspace: &Workspace) -> Result<Self> {
        let bin = workspace.target.join("debug");
        let dir = workspace.target.join("demo").join(std::process::id().to_string());
        std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        let mut simulator = Command::new(bin.join("waspnest-simulator"))
            .args(["--log", "warn"])
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the simulator")?;
        let stdout = simulator
            .stdout
            .take()
            .context("the simulator has no standard output")?;
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .context("reading where the simulator listens")?;
        let ready: Value = serde_json::from_str(&line).context("the simulator did not say where it listens")?;
        let text = |key: &str| {
            ready[key]
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("the simulator names no {key}"))
        };
        let admin = text("admin")?
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        let listen = free_port()?;
        let secret = format!("secret-of-demo-{}", std::process::id());
        let host = Command::new(bin.join("waspnest"))
            .current_dir(&workspace.root)
            .args(["serve", "--config", "config.toml"])
            .env("WASPNEST__SERVER__LISTEN", &listen)
            .env("WASPNEST__SERVER__ADMIN_SECRET", &secret)
            .env("WASPNEST__STORAGE__DIR", dir.join("data"))
            .env("WASPNEST__WHATSAPP__ENDPOINT", text("url")?)
            .env("WASPNEST__WHATSAPP__VERSION", "2.3000.1023223821")
            .env("WASPNEST__PLUGINS__DIR", workspace.root.join("target/plugins"))
            .env("WASPNEST__LOG__LEVEL", "warn")
            .spawn()
            .context("starting the host")?;
        Ok(Self {
            admin,
            listen,
            secret,
            simulator,
            host,
            dir,
        })
    }

    /// Fails when the host has ended by itself.
    pub(super) fn host_runs(&mut self) -> Result<()> {
        match self.host.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the host ended with {status}"),
        }
    }

    /// Ends both in order.
    pub(super) fn stop(mut self, simulator: &Simulator) -> Result<()> {
        let terminate = Command::new("kill")
            .args(["-TERM", &self.host.id().to_string()])
            .status()?;
        if !terminate.success() {
            bail!("the host was gone before it was stopped");
        }
        let ended = wait(&mut self.host)?;
        if !ended {
            bail!("the host did not end within {} s", GRACE.as_secs());
        }
        simulator.shut_down()?;
        wait(&mut self.simulator)?;
        Ok(())
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for child in [&mut self.host, &mut self.simulator] {
            // Whatever fails here has ended already or is out of reach.
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process is waited for, and nothing tells when it ends"
)]
fn wait(child: &mut Child) -> Result<bool> {
    let started = Instant::now();
    while started.elapsed() < GRACE {
        if child.try_wait()?.is_some() {
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(false)
}

/// An address nobody listens on at the moment.
fn free_port() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr()?.to_string())
}

//! The host and the simulator as processes, and the directory they write to.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::simulator_process::{self, SimulatorProcess};
use crate::workspace::Workspace;

/// What the host is configured to be.
pub(crate) enum Scene {
    /// A configuration of the checkout, and variables that fit it to this machine.
    File(PathBuf, Vec<(&'static str, String)>),
    /// One that is written for the occasion.
    Text(String),
}

/// Both processes; dropping kills what still runs and removes the directory.
pub(crate) struct Children {
    /// Where the simulator is steered, `address:port`.
    pub(crate) admin: String,
    /// Where the host listens, `address:port`.
    pub(crate) listen: String,
    /// The host's admin secret.
    pub(crate) secret: String,
    simulator: Option<SimulatorProcess>,
    host: Child,
    dir: PathBuf,
}

impl Children {
    /// Starts the simulator, and the host with that configuration pointed at it.
    pub(super) fn start(workspace: &Workspace, scene: &Scene) -> Result<Self> {
        let dir = workspace.target.join("demo").join(std::process::id().to_string());
        std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
        // The media server has a certificate authority of its own, which the host has to be told of.
        let authority = dir.join("media.pem");
        let written: [&std::ffi::OsStr; 2] = ["--media-ca".as_ref(), authority.as_ref()];
        let simulator = SimulatorProcess::start(workspace, "warn", Stdio::inherit(), written)?;
        let admin = simulator.admin()?.trim_start_matches("http://").to_owned();
        let listen = free_port()?;
        let secret = format!("secret-of-demo-{}", std::process::id());
        let (config, env) = match scene {
            Scene::File(config, env) => (config.clone(), env.as_slice()),
            Scene::Text(text) => {
                let config = dir.join("config.toml");
                std::fs::write(&config, text).with_context(|| format!("writing {}", config.display()))?;
                (config, [].as_slice())
            }
        };
        let host = Command::new(workspace.target.join("debug").join("waspnest"))
            .current_dir(&workspace.root)
            .args(["serve", "--config"])
            .arg(config)
            .env("WASPNEST__SERVER__LISTEN", &listen)
            .env("WASPNEST__SERVER__ADMIN_SECRET", &secret)
            .env("WASPNEST__STORAGE__DIR", dir.join("data"))
            .env("WASPNEST__WHATSAPP__ENDPOINT", simulator.url()?)
            .env("WASPNEST__WHATSAPP__AUTHORITY_FILE", &authority)
            .env("WASPNEST__WHATSAPP__VERSION", "2.3000.1023223821")
            .env("WASPNEST__PLUGINS__DIR", workspace.root.join("target/plugins"))
            .env("WASPNEST__LOG__LEVEL", "warn")
            .envs(env.iter().map(|(name, value)| (name, value)))
            .spawn()
            .context("starting the host")?;
        Ok(Self {
            admin,
            listen,
            secret,
            simulator: Some(simulator),
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
    pub(super) fn stop(mut self) -> Result<()> {
        let terminate = Command::new("kill")
            .args(["-TERM", &self.host.id().to_string()])
            .status()?;
        if !terminate.success() {
            bail!("the host was gone before it was stopped");
        }
        if !simulator_process::wait(&mut self.host)? {
            bail!("the host did not end in time");
        }
        self.simulator.take().map_or(Ok(()), SimulatorProcess::stop)
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        // Whatever fails here has ended already or is out of reach.
        let _ = self.host.kill();
        let _ = self.host.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// An address nobody listens on at the moment.
fn free_port() -> Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
    Ok(listener.local_addr()?.to_string())
}

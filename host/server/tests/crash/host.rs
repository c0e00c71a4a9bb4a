//! The `waspnest` program as a child process.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::machine::Machine;

/// Where a host writes its log.
const LOG: &str = "log.txt";

/// Where a configuration of the tests finds a secret, and what that is.
const CRM: &str = "WASPNEST_TEST_CRM";
const CRM_SECRET: &str = "quince-in-a-secret";

pub(crate) const SECRET: &str = "a secret of the crash test";
const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of a host's log.
#[derive(Debug, Clone, Copy)]
enum Log {
    /// Whoever runs the tests sees it.
    Seen,
    /// It is written to a file.
    Kept,
}

/// What a host runs on, and what is different about it.
#[derive(Clone, Default)]
pub(crate) struct Ground {
    /// A machine that can fail.
    pub(crate) machine: Option<Arc<Machine>>,
    /// Settings over those of its configuration, by their names in the environment.
    pub(crate) settings: &'static [(&'static str, &'static str)],
}

/// A host with a session `crash`. Dropping kills it.
pub(crate) struct Host {
    dir: TempDir,
    listen: String,
    log: Log,
    ground: Ground,
    child: Child,
}

impl Host {
    /// A host with plugins and binds as a configuration names them; its session has no device yet.
    pub(crate) fn start(endpoint: &str, plugins: &str) -> Result<Self> {
        Self::set_up(endpoint, plugins, (r#"level = "warn""#, Log::Seen), Ground::default())
    }

    /// The same on a ground of its own, and a log that is kept.
    pub(crate) fn start_on(ground: Ground, endpoint: &str, plugins: &str) -> Result<Self> {
        Self::set_up(endpoint, plugins, (r#"level = "warn""#, Log::Kept), ground)
    }

    /// The same with keys of `[log]`, and a log that is kept for [`Host::logged`].
    pub(crate) fn start_logging(endpoint: &str, plugins: &str, log: &str) -> Result<Self> {
        Self::set_up(endpoint, plugins, (log, Log::Kept), Ground::default())
    }

    fn set_up(endpoint: &str, plugins: &str, (log, kept): (&str, Log), ground: Ground) -> Result<Self> {
        let dir = TempDir::new()?;
        let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/plugins");
        let config = format!(
            r#"
[server]
listen = "{listen}"
admin-secret = "{SECRET}"
[storage]
dir = "data"
[whatsapp]
endpoint = "{endpoint}"
version = "2.3000.1023223821"
[plugins]
dir = "{built}"
[log]
{log}
[[session]]
name = "crash"
{plugins}
"#
        );
        std::fs::write(dir.path().join("config.toml"), config)?;
        let child = spawn(&dir, kept, &ground)?;
        Ok(Self {
            dir,
            listen,
            log: kept,
            ground,
            child,
        })
    }

    /// SIGKILL, and a new process at once.
    pub(crate) fn kill_and_restart(&mut self) -> Result<()> {
        self.kill()?;
        self.restart()
    }

    /// SIGKILL. The process is gone when this returns.
    pub(crate) fn kill(&mut self) -> Result<()> {
        if let Some(ended) = self.child.try_wait()? {
            bail!("the host ended by itself with {ended}");
        }
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// A new process over the same data.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.child = spawn(&self.dir, self.log, &self.ground)?;
        Ok(())
    }

    /// A new process that cannot make any file larger than so many bytes, as on a disk that is full. What it says is kept.
    pub(crate) fn restart_with_room(&mut self, bytes: u64) -> Result<()> {
        let said = std::fs::File::create(self.dir.path().join("said"))?;
        // Without the signal that tells of it a write beyond the limit fails, as on a full disk.
        let script = format!(
            "trap '' XFSZ; ulimit -f {}; exec \"$0\" serve --config config.toml",
            bytes / 512
        );
        self.child = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_waspnest")])
            .current_dir(self.dir.path())
            .stdout(Stdio::null())
            .stderr(said)
            .spawn()?;
        Ok(())
    }

    /// Waits until the host ends by itself: how it ended, and what it said.
    pub(crate) async fn ended(&mut self) -> Result<(ExitStatus, String)> {
        let status = poll(async || Ok(self.child.try_wait()?)).await?;
        let said = match self.log {
            Log::Seen => std::fs::read_to_string(self.dir.path().join("said"))?,
            Log::Kept => self.logged()?,
        };
        Ok((status, said))
    }

    /// The same as [`Host::terminate`]; answers everything that a host with a kept log has logged.
    pub(crate) async fn terminate_with_log(mut self) -> Result<String> {
        self.terminate().await?;
        self.logged()
    }

    /// SIGTERM, and the host must end in order, and leave nothing that does not agree.
    pub(crate) async fn terminate(&mut self) -> Result<()> {
        let sent = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        if !sent.success() {
            bail!("the host was gone");
        }
        poll(async || Ok(self.child.try_wait()?))
            .await
            .and_then(|status| match status.success() {
                true => Ok(()),
                false => bail!("the host ended with {status}"),
            })?;
        self.command(&["store", "check", "--config", "config.toml"])
            .await
            .map(drop)
    }

    /// Where its configuration and its data are.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Runs a command of the program to its end, which must be a good one, and answers what it printed.
    pub(crate) async fn command(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waspnest"));
        command
            .args(arguments)
            .env("WASPNEST_URL", format!("http://{}", self.listen))
            .env("WASPNEST_SECRET", SECRET)
            .env(CRM, CRM_SECRET)
            .current_dir(self.dir.path());
        let ended = tokio::task::spawn_blocking(move || command.output()).await??;
        let (out, err) = (
            String::from_utf8_lossy(&ended.stdout),
            String::from_utf8_lossy(&ended.stderr),
        );
        match ended.status.success() {
            true => Ok(out.into_owned()),
            false => bail!("waspnest {arguments:?} ended with {}: {out}{err}", ended.status),
        }
    }

    /// Where its API is.
    pub(crate) fn address(&self) -> &str {
        &self.listen
    }

    /// The text of the QR code.
    pub(crate) async fn qr(&self) -> Result<String> {
        self.qr_of("crash").await
    }

    /// The text of the QR code of a session.
    pub(crate) async fn qr_of(&self, session: &str) -> Result<String> {
        let path = format!("/v1/sessions/{session}/qr");
        poll(async || {
            let answer = self.get(&path).await;
            Ok(answer
                .ok()
                .and_then(|answer| answer["text"].as_str().map(str::to_owned)))
        })
        .await
    }

    /// Waits until the session is connected.
    pub(crate) async fn connected(&self) -> Result<()> {
        poll(async || {
            let answer = self.get("/v1/sessions/crash/status").await;
            Ok(answer.ok().filter(|answer| answer["state"] == "connected").map(drop))
        })
        .await
    }

    /// Waits until it answers.
    pub(crate) async fn up(&self) -> Result<()> {
        poll(async || Ok(self.get("/readyz").await.ok().map(drop))).await
    }

    /// Puts a text there to be sent as a file.
    pub(crate) async fn put_media(&self, path: &str, text: &str) -> Result<()> {
        let (url, text) = (format!("http://{}{path}", self.listen), text.to_owned());
        tokio::task::spawn_blocking(move || {
            ureq::post(url)
                .header("Authorization", format!("Bearer {SECRET}"))
                .header("Content-Type", "text/plain")
                .send(text)?;
            Ok(())
        })
        .await?
    }

    async fn get(&self, path: &str) -> Result<Value> {
        let (status, answer) = self.asks("GET", path, SECRET, Value::Null).await?;
        ensure!(status == 200, "it answered {status}");
        Ok(answer)
    }

    /// Makes something over the API.
    pub(crate) async fn make(&self, path: &str, body: Value) -> Result<Value> {
        let (status, made) = self.asks("POST", path, SECRET, body).await?;
        ensure!(status == 201, "{path} answered {status}: {made}");
        Ok(made)
    }

    /// Asks the API with a credential.
    pub(crate) async fn asks(&self, method: &str, path: &str, bearer: &str, body: Value) -> Result<(u16, Value)> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.listen))
            .header("Authorization", format!("Bearer {bearer}"))
            .header("Content-Type", "application/json")
            .body(if body.is_null() {
                String::new()
            } else {
                body.to_string()
            })?;
        tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            let mut answer = agent.run(request)?;
            let text = answer.body_mut().read_to_string()?;
            Ok((
                answer.status().as_u16(),
                serde_json::from_str(&text).unwrap_or_default(),
            ))
        })
        .await?
    }

    /// What it has logged since it was started first.
    pub(crate) fn logged(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.dir.path().join(LOG))?)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(dir: &TempDir, log: Log, ground: &Ground) -> Result<Child> {
    let log = match log {
        Log::Seen => Stdio::inherit(),
        Log::Kept => Stdio::from(File::options().create(true).append(true).open(dir.path().join(LOG))?),
    };
    let mut program = Command::new(env!("CARGO_BIN_EXE_waspnest"));
    program
        .args(["serve", "--config", "config.toml"])
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .stderr(log)
        .env(CRM, CRM_SECRET)
        .envs(ground.settings.iter().copied());
    if let Some(machine) = &ground.machine {
        machine.carries(&mut program)?;
    }
    program.spawn().context("starting the host")
}

pub(crate) async fn poll<T>(ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    poll_for(PATIENCE, ask).await
}

#[expect(clippy::disallowed_methods, reason = "another process is waited for")]
pub(crate) async fn poll_for<T>(patience: Duration, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let waited = async {
        loop {
            if let Some(found) = ask().await? {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::time::timeout(patience, waited)
        .await
        .context("it did not happen in time")?
}

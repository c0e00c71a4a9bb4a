//! The `waspnest` program as a child process.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

const SECRET: &str = "a secret of the crash test";
const PATIENCE: Duration = Duration::from_secs(60);

/// A host with one session, `crash`. Dropping kills it.
pub(crate) struct Host {
    dir: TempDir,
    listen: String,
    child: Child,
}

impl Host {
    /// A host with plugins and binds as a configuration names them; its session has no device yet.
    pub(crate) fn start(endpoint: &str, plugins: &str) -> Result<Self> {
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
level = "warn"
[[session]]
name = "crash"
{plugins}
"#
        );
        std::fs::write(dir.path().join("config.toml"), config)?;
        let child = spawn(&dir)?;
        Ok(Self { dir, listen, child })
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
        self.child = spawn(&self.dir)?;
        Ok(())
    }

    /// SIGTERM, and the host must end in order.
    pub(crate) async fn terminate(mut self) -> Result<()> {
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
            })
    }

    /// The text of the QR code.
    pub(crate) async fn qr(&self) -> Result<String> {
        poll(async || {
            let answer = self.get("/v1/sessions/crash/qr").await;
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

    async fn get(&self, path: &str) -> Result<Value> {
        let url = format!("http://{}{path}", self.listen);
        tokio::task::spawn_blocking(move || {
            let mut answer = ureq::get(url)
                .header("Authorization", format!("Bearer {SECRET}"))
                .call()?;
            Ok(serde_json::from_str(&answer.body_mut().read_to_string()?)?)
        })
        .await?
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(dir: &TempDir) -> Result<Child> {
    Command::new(env!("CARGO_BIN_EXE_waspnest"))
        .args(["serve", "--config", "config.toml"])
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .spawn()
        .context("starting the host")
}

#[expect(clippy::disallowed_methods, reason = "another process is waited for")]
async fn poll<T>(mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let waited = async {
        loop {
            if let Some(found) = ask().await? {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited)
        .await
        .context("it did not happen in time")?
}

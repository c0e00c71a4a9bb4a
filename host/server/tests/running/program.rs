//! The `waspnest` program as a child process, without a session that is linked.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

pub(crate) const SECRET: &str = "a secret of the running program";

/// Far more than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A host at work. Dropping kills it.
pub(crate) struct Program {
    dir: TempDir,
    pub(crate) port: u16,
    child: Child,
}

impl Program {
    /// A host with this configuration. Where it listens, what opens it and where its data are is said by the environment.
    pub(crate) fn start(config: &str) -> Result<Self> {
        Self::start_in(TempDir::new()?, config, &[])
    }

    /// The same in a directory, and with more variables.
    pub(crate) fn start_in(dir: TempDir, config: &str, env: &[(&str, &str)]) -> Result<Self> {
        std::fs::write(dir.path().join("config.toml"), config)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = waspnest(dir.path(), port);
        let log = File::create(dir.path().join("log.txt"))?;
        let child = command
            .args(["serve"])
            .envs(env.iter().copied())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("starting the host")?;
        Ok(Self { dir, port, child })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes another configuration.
    pub(crate) fn configure(&self, config: &str) -> Result<()> {
        Ok(std::fs::write(self.path("config.toml"), config)?)
    }

    /// Waits until it logs something.
    pub(crate) fn logs(&self, what: &str) -> Result<String> {
        let logged = wait(|| {
            let log = self.log()?;
            Ok(log.contains(what).then_some(log))
        });
        logged.with_context(|| format!("{what:?} is not in the log:\n{}", self.log().unwrap_or_default()))
    }

    pub(crate) fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.path("log.txt"))?)
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) -> Result<()> {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status()?;
        ensure!(sent.success(), "the host was gone");
        Ok(())
    }

    /// SIGTERM; answers everything it has logged. It must end well.
    pub(crate) fn terminate(mut self) -> Result<String> {
        self.signal("TERM")?;
        let status = wait(|| Ok(self.child.try_wait()?))?;
        let log = self.log()?;
        ensure!(status.success(), "the host ended with {status}:\n{log}");
        Ok(log)
    }

    /// Runs another command of the program beside it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Output> {
        Ok(waspnest(self.dir.path(), self.port)
            .args(arguments)
            .env("WASPNEST_SECRET", SECRET)
            .output()?)
    }

    /// Asks the API over HTTP: the status, and what was answered.
    pub(crate) fn ask(&self, method: &str, path: &str, bearer: &str, body: &Value) -> Result<(u16, Value)> {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        ask(&url, method, bearer, body, TlsConfig::default())
    }

    /// The same over TLS, from a host for which this authority vouches.
    pub(crate) fn ask_over_tls(&self, path: &str, authority: &[u8]) -> Result<(u16, Value)> {
        let url = format!("https://localhost:{}{path}", self.port);
        let authority = Certificate::from_der(authority).to_owned();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[authority]))
            .build();
        ask(&url, "GET", SECRET, &Value::Null, tls)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn waspnest(dir: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waspnest"));
    command
        .current_dir(dir)
        // The build of the tests talks to nothing but this machine; nobody is there.
        .env("WASPNEST__WHATSAPP__ENDPOINT", "ws://127.0.0.1:9/ws/chat")
        .env("WASPNEST__SERVER__LISTEN", format!("127.0.0.1:{port}"))
        .env("WASPNEST__SERVER__ADMIN_SECRET", SECRET)
        .env_remove("NOTIFY_SOCKET");
    command
}

fn ask(url: &str, method: &str, bearer: &str, body: &Value, tls: TlsConfig) -> Result<(u16, Value)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .tls_config(tls)
        .build()
        .into();
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(url)
        .header("Authorization", format!("Bearer {bearer}"))
        .header("Content-Type", "application/json");
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let mut answer = agent.run(request.body(body)?)?;
    let text = answer.body_mut().read_to_string()?;
    Ok((
        answer.status().as_u16(),
        serde_json::from_str(&text).unwrap_or_default(),
    ))
}

/// What something comes to, as soon as it does.
#[expect(clippy::disallowed_methods, reason = "another process is waited for")]
pub(crate) fn wait<T>(mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let begun = std::time::Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(found) = ask()? {
            return Ok(found);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    bail!("it did not happen in time")
}

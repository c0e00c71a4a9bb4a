//! The program `waspnest` in a process of its own, which is the example at hand started again: so what is measured of it is its own.
//!
//! An example calls [`as_program`] first; whoever is started with a command of the program is the program.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use waspnest::cli;
use waspnest_core::clock::{Clock, SystemClock};
use waspnest_simulator::{NewAccount, Simulator};

/// What opens the program that is measured.
const SECRET: &str = "a secret of the benchmark";
/// The longest anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at something that is waited for.
const PACE: Duration = Duration::from_millis(25);
/// The kernel counts time of the processor in hundredths of a second, on every Linux there is.
const TICKS: f64 = 100.0;

/// Does what the program does when this was started as it: with one of its commands, which begin with a letter.
pub(crate) fn as_program() -> Option<ExitCode> {
    let command = std::env::args().nth(1)?;
    if !["serve", "compile"].iter().any(|ours| command.starts_with(ours)) {
        return None;
    }
    let env =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let output = cli::Output {
        out: &mut std::io::stdout(),
        err: &mut std::io::stderr(),
    };
    Some(cli::run(std::env::args_os(), env, output).into())
}

/// The program at work. Dropping kills it.
pub(crate) struct Program {
    child: Child,
    listen: String,
    agent: ureq::Agent,
    clock: SystemClock,
    // Last, because it is removed when everything else is gone.
    _dir: TempDir,
}

/// What the kernel says about a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Taken {
    /// KiB in the machine's memory.
    pub(crate) rss_kib: u64,
    /// Seconds of the processor so far.
    pub(crate) cpu_s: f64,
}

impl Program {
    /// Starts it with the echo plugin for every session, and `more` of a configuration; `storage` is more of that section, each key behind a
    /// comma. Waits until it is up.
    pub(crate) async fn start(simulator: &Simulator, storage: &str, more: &str) -> Result<Self> {
        // Not the temporary directory, which on many systems is not on a disk.
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
        std::fs::create_dir_all(&target)?;
        let dir = tempfile::tempdir_in(&target)?;
        let listen = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let config = format!(
            r#"
server = {{ listen = "{listen}", admin-secret = "{SECRET}" }}
storage = {{ dir = "data"{storage} }}
whatsapp = {{ endpoint = "{endpoint}", version = "2.3000.1023223821", connects-per-second = 50 }}
log = {{ level = "error" }}
[plugins]
dir = "{plugins}"
[plugins.egress]
allow = ["127.0.0.0/8"]
[[plugin]]
id = "echo"
source = "echo"
grants = {{ "messages.send" = true }}
[[bind]]
id = "all"
plugin = "echo"
{more}"#,
            endpoint = simulator.url(),
            plugins = target.join("plugins").display(),
        );
        std::fs::write(dir.path().join("config.toml"), config)?;
        let child = Command::new(std::env::current_exe()?)
            .args(["serve", "--config", "config.toml"])
            .current_dir(dir.path())
            .stdout(Stdio::null())
            .spawn()?;
        let mut program = Self {
            child,
            listen,
            agent: ureq::Agent::config_builder().http_status_as_error(false).build().into(),
            clock: SystemClock::new(),
            _dir: dir,
        };
        let begun = program.clock.monotonic();
        loop {
            program.is_alive()?;
            let answered = program.ask("GET", "/readyz", &Value::Null).await;
            if answered.is_ok_and(|(status, _)| status == 200) {
                return Ok(program);
            }
            let waited = program.clock.monotonic() - begun;
            ensure!(waited < PATIENCE, "the program does not come up");
            program.clock.sleep(PACE).await;
        }
    }

    /// Where its API is.
    pub(crate) fn address(&self) -> &str {
        &self.listen
    }

    /// The header that opens its API.
    pub(crate) fn authorization() -> String {
        format!("Bearer {SECRET}")
    }

    /// Makes a session and links it with a new account; the phone number of that.
    pub(crate) async fn link(&self, simulator: &Simulator, name: &str) -> Result<String> {
        let (status, made) = self.ask("POST", "/v1/sessions", &json!({ "name": name })).await?;
        ensure!(status == 201, "no session was made: {status} {made}");
        let qr = format!("/v1/sessions/{name}/qr");
        let shown = async || {
            let (_, answer) = self.ask("GET", &qr, &Value::Null).await?;
            Ok(answer["text"].as_str().map(str::to_owned))
        };
        let code = self.wait(shown).await.context("no code is shown")?;
        let account = simulator.create_account(NewAccount {
            push_name: name.to_owned(),
            phone: None,
        })?;
        simulator.scan_qr(&account.phone, &code).await?;
        let status = format!("/v1/sessions/{name}/status");
        let connected = async || {
            let (_, answer) = self.ask("GET", &status, &Value::Null).await?;
            Ok((answer["state"] == "connected").then_some(()))
        };
        self.wait(connected).await.context("the session does not connect")?;
        Ok(account.phone)
    }

    /// Asks its API.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value)> {
        let (status, text) = self.fetch(method, path, body).await?;
        Ok((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// The value of a series of its metrics, added up over those labels that are not given.
    pub(crate) async fn measured(&self, name: &str, label: &str) -> Result<f64> {
        let (status, text) = self.fetch("GET", "/metrics", &Value::Null).await?;
        ensure!(status == 200, "/metrics answered {status}");
        let of_it = text.lines().filter(|line| {
            line.strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(label))
        });
        let values = of_it.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(values.sum())
    }

    async fn fetch(&self, method: &str, path: &str, body: &Value) -> Result<(u16, String)> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.listen))
            .header("Authorization", Self::authorization())
            .header("Content-Type", "application/json")
            .body(if body.is_null() {
                String::new()
            } else {
                body.to_string()
            })?;
        let agent = self.agent.clone();
        tokio::task::spawn_blocking(move || {
            let mut answer = agent.run(request)?;
            let text = answer.body_mut().read_to_string()?;
            Ok((answer.status().as_u16(), text))
        })
        .await?
    }

    /// Waits for something.
    pub(crate) async fn wait<T>(&self, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
        let begun = self.clock.monotonic();
        while self.clock.monotonic() - begun < PATIENCE {
            if let Some(found) = ask().await? {
                return Ok(found);
            }
            self.clock.sleep(PACE).await;
        }
        bail!("it did not happen in time")
    }

    /// What it takes of the machine now.
    pub(crate) fn taken(&self) -> Result<Taken> {
        let of_it = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()));
        let status = of_it("status").context("the program has ended")?;
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let rss = rss
            .and_then(|line| line.trim().strip_suffix(" kB"))
            .context("no VmRSS")?;
        let stat = of_it("stat")?;
        // Behind the name, which may hold anything: fields 14 and 15 of all are the time in the program and in the kernel.
        let (_, fields) = stat.rsplit_once(')').context("no name in stat")?;
        let fields = fields.split_whitespace().skip(11).take(2);
        let ticks: u64 = fields.map(str::parse::<u64>).sum::<Result<u64, _>>()?;
        Ok(Taken {
            rss_kib: rss.trim().parse()?,
            cpu_s: ticks as f64 / TICKS,
        })
    }

    /// An error when it has ended by itself.
    pub(crate) fn is_alive(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(ended) => bail!("the program ended by itself with {ended}"),
        }
    }

    /// Lets it end in order.
    pub(crate) async fn ends(mut self) -> Result<()> {
        let told = Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()?;
        ensure!(told.success(), "the program was gone");
        let begun = self.clock.monotonic();
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "the program ended with {status}");
                return Ok(());
            }
            ensure!(self.clock.monotonic() - begun < PATIENCE, "the program does not end");
            self.clock.sleep(PACE).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! Measures the resident memory of this host, one JSON line a figure: with nothing connected, and for each connected session.
//!
//! The host is a process of its own, this program started again, so that the simulator and its phones are not counted. Parent and child
//! talk by lines: the child tells the code of each new session and that it is connected; the parent scans, reads what the kernel says
//! about the child, and closes the child's standard input at the end.
//!
//! `cargo run --profile measure -p waspnest --features simulator --example memory [-- SESSIONS]` on Linux.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tokio::sync::mpsc;
use waspnest::app::{App, Outside};
use waspnest::config::Config;
use waspnest::shutdown::{Signal, Stopped};
use waspnest_core::clock::{Clock, Ids, SeededIds, SystemClock};
use waspnest_core::session::Desired;
use waspnest_simulator::{NewAccount, PhoneReading, Simulator};
use waspnest_whatsapp::State;

/// Sessions that are connected.
const SESSIONS: u64 = 50;
/// The longest anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between the readings of the child's memory.
const PACE: Duration = Duration::from_millis(500);
/// Readings without growth after which a process has settled.
const STILL: u32 = 4;
/// Readings after which it is taken as it is.
const READINGS: u32 = 40;
/// First argument of the child; the second is its configuration.
const CHILD: &str = "child";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => runtime.block_on(parent(SESSIONS)),
        [CHILD, config] => runtime.block_on(child(Path::new(config))),
        [sessions] => runtime.block_on(parent(sessions.parse()?)),
        _ => bail!("expected nothing or a number of sessions"),
    }
}

async fn parent(sessions: u64) -> Result<()> {
    ensure!(sessions > 0, "without sessions there is nothing to divide by");
    let settings = waspnest_simulator::Config {
        phones: PhoneReading::PeersOnly,
        ..Default::default()
    };
    let simulator = Simulator::start(settings).await?;
    let dir = tempfile::tempdir()?;
    let mut host = Host::start(&write_config(dir.path(), &simulator)?)?;

    host.hears("up").await?;
    let before = host.settled().await?;
    for number in 0..sessions {
        host.says(&format!("session {number}"))?;
        let code = host.hears("code ").await?;
        let account = simulator.create_account(NewAccount {
            push_name: format!("Account {number}"),
            phone: None,
        })?;
        simulator.scan_qr(&account.phone, &code).await?;
        host.hears("connected").await?;
    }
    let after = host.settled().await?;
    ensure!(
        simulator.stats().companions as u64 == sessions,
        "not every session is linked once"
    );
    host.ends().await?;
    simulator.shutdown().await;

    let mut out = std::io::stdout();
    let idle = json!({ "figure": "memory_without_sessions_kib", "rss_kib": before.rss, "anon_kib": before.anon });
    writeln!(out, "{idle}")?;
    let each = json!({
        "figure": "memory_per_connected_session_kib",
        "sessions": sessions,
        "rss_kib": after.rss.saturating_sub(before.rss) / sessions,
        "anon_kib": after.anon.saturating_sub(before.anon) / sessions,
    });
    writeln!(out, "{each}")?;
    Ok(())
}

fn write_config(dir: &Path, simulator: &Simulator) -> Result<PathBuf> {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let config = format!(
        r#"
server = {{ listen = "127.0.0.1:0", admin-secret = "a secret of the benchmark" }}
storage = {{ dir = "data" }}
whatsapp = {{ endpoint = "{endpoint}", version = "2.3000.1023223821" }}
plugins = {{ dir = "{plugins}" }}
[[plugin]]
id = "echo"
source = "echo"
grants = {{ "messages.send" = true }}
[[bind]]
id = "all"
plugin = "echo"
"#,
        endpoint = simulator.url(),
        plugins = plugins.display(),
    );
    let file = dir.join("config.toml");
    std::fs::write(&file, config)?;
    Ok(file)
}

/// The child, as its parent sees it.
struct Host {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
}

/// What the kernel says about a process, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Memory {
    /// Resident in all.
    rss: u64,
    /// Of that, what is not a file's.
    anon: u64,
}

impl Host {
    fn start(config: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(CHILD)
            .arg(config)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let lines = lines(child.stdout.take().context("it is piped")?);
        Ok(Self { child, input, lines })
    }

    fn says(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("it is open until the end")?;
        writeln!(input, "{line}").context("the host ended by itself")
    }

    /// The rest of the next line, which must begin with `start`.
    async fn hears(&mut self, start: &str) -> Result<String> {
        let line = tokio::time::timeout(PATIENCE, self.lines.recv())
            .await
            .with_context(|| format!("no {start:?}"))?;
        let line = line.context("the host ended by itself")?;
        line.strip_prefix(start)
            .map(str::to_owned)
            .with_context(|| format!("expected {start:?}, not {line:?}"))
    }

    /// Its memory, once that has stopped to grow.
    async fn settled(&self) -> Result<Memory> {
        let clock = SystemClock::new();
        let mut most = self.memory()?;
        let mut still = 0;
        for _ in 0..READINGS {
            clock.sleep(PACE).await;
            let memory = self.memory()?;
            still = if memory.rss > most.rss { 0 } else { still + 1 };
            most = if memory.rss > most.rss { memory } else { most };
            if still == STILL {
                break;
            }
        }
        self.memory()
    }

    fn memory(&self) -> Result<Memory> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line
                .and_then(|line| line.trim().strip_suffix(" kB"))
                .with_context(|| format!("no {name}"))?;
            anyhow::Ok(number.trim().parse::<u64>()?)
        };
        Ok(Memory {
            rss: kib("VmRSS:")?,
            anon: kib("RssAnon:")?,
        })
    }

    /// Lets it end, which it does when it has closed its output.
    async fn ends(mut self) -> Result<()> {
        drop(self.input.take());
        let last = tokio::time::timeout(PATIENCE, self.lines.recv())
            .await
            .context("the host did not end")?;
        ensure!(last.is_none(), "the host said {last:?} instead of ending");
        let status: ExitStatus = self.child.wait()?;
        ensure!(status.success(), "the host ended with {status}");
        Ok(())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What comes out of a pipe, line by line.
fn lines(from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(1);
    std::thread::spawn(move || {
        // A pipe that breaks has ended too.
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The host: makes a session for each line it is sent, and ends with its standard input.
async fn child(config: &Path) -> Result<()> {
    let (clock, ids) = (SystemClock::new(), SeededIds::from_entropy());
    let app = App::start(Config::load(Some(config), std::iter::empty())?, Outside::machine()).await?;
    say("up")?;
    let mut orders = lines(std::io::stdin());
    let mut connected = Vec::new();
    while let Some(order) = orders.recv().await {
        let name = order.replace(' ', "-").parse()?;
        connected.push(connect(&app, name, &clock, &ids).await?);
    }
    let lost = connected
        .iter()
        .filter(|status| status.borrow().state != State::Connected)
        .count();
    ensure!(lost == 0, "{lost} sessions are no longer connected");
    let stopped = app.run(futures::stream::iter([Signal::Terminate])).await;
    ensure!(stopped == Stopped::Cleanly, "the host ended with {stopped:?}");
    Ok(())
}

async fn connect(
    app: &App,
    name: waspnest_core::id::SessionName,
    clock: &dyn Clock,
    ids: &dyn Ids,
) -> Result<tokio::sync::watch::Receiver<waspnest_whatsapp::Status>> {
    let record = app
        .sessions
        .shared()
        .register
        .create(name, Desired::Connected, clock, ids)
        .await?;
    let handle = app.sessions.start(&record).await?.handle;
    handle.connect().await?;
    let mut qr = handle.qr();
    let code = {
        let shown = tokio::time::timeout(PATIENCE, qr.wait_for(Option::is_some)).await??;
        shown.as_ref().context("it was waited for")?.code.to_string()
    };
    say(&format!("code {code}"))?;
    let mut status = handle.status();
    tokio::time::timeout(PATIENCE, status.wait_for(|status| status.state == State::Connected)).await??;
    say("connected")?;
    Ok(status)
}

fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

//! A host in a process of its own, which is the program at hand started again: so what is measured of it is its own. Parent and child talk by
//! lines, and the child ends when its standard input does.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::sync::mpsc;
use waspnest_core::clock::{Clock, SystemClock};

/// The longest anything may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Between the readings of the child's memory.
const PACE: Duration = Duration::from_millis(500);
/// Readings without growth after which a process has settled.
const STILL: u32 = 4;
/// Readings after which it is taken as it is.
const READINGS: u32 = 40;
/// First argument of the child; the second is its configuration.
pub(crate) const CHILD: &str = "child";

/// The child, as its parent sees it.
pub(crate) struct Host {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::Receiver<String>,
}

/// What the kernel says about a process, in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident in all.
    pub(crate) rss: u64,
    /// Of that, what is not a file's.
    pub(crate) anon: u64,
}

impl Host {
    pub(crate) fn start(config: &Path) -> Result<Self> {
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

    pub(crate) fn says(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("it is open until the end")?;
        writeln!(input, "{line}").context("the host ended by itself")
    }

    /// The rest of the next line, which must begin with `start`.
    pub(crate) async fn hears(&mut self, start: &str) -> Result<String> {
        let line = tokio::time::timeout(PATIENCE, self.lines.recv())
            .await
            .with_context(|| format!("no {start:?}"))?;
        let line = line.context("the host ended by itself")?;
        line.strip_prefix(start)
            .map(str::to_owned)
            .with_context(|| format!("expected {start:?}, not {line:?}"))
    }

    /// Its memory, once that has stopped to grow.
    pub(crate) async fn settled(&self) -> Result<Memory> {
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
    pub(crate) async fn ends(mut self) -> Result<()> {
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
pub(crate) fn lines(from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
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

/// Tells the parent a line.
pub(crate) fn say(line: &str) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

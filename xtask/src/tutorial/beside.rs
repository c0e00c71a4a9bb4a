//! What runs in the newcomer's other terminal.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};

use super::shown::alike;

/// How long a line may take: what runs there may have to be built first.
const PATIENCE: Duration = Duration::from_secs(600);

/// A script under way.
pub(super) struct Beside {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Beside {
    /// Starts it.
    pub(super) fn start(script: &str, place: &Path, env: &[(String, String)]) -> Result<Self> {
        let mut child = Command::new("bash")
            .args(["-euo", "pipefail", "-c", script])
            .current_dir(place)
            .envs(env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting bash")?;
        let (line, lines) = sync_channel(1024);
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let line = line.clone();
            std::thread::spawn(move || pass_on(stream, &line));
        }
        Ok(Self {
            input: child.stdin.take(),
            child,
            lines,
        })
    }

    /// Waits for a line, and gives it as it was printed.
    pub(super) fn waits_for(&mut self, line: &str) -> Result<String> {
        let mut passed = Vec::new();
        loop {
            let printed = self.lines.recv_timeout(PATIENCE);
            let printed = printed.map_err(|_| anyhow!("{line:?} did not come, but:\n{}", passed.join("\n")))?;
            if alike(line, &printed) {
                return Ok(printed);
            }
            passed.push(printed);
        }
    }

    /// Types a line.
    pub(super) fn types(&mut self, line: &str) -> Result<()> {
        let input = self.input.as_mut().context("it has an input")?;
        writeln!(input, "{line}").context("typing")
    }

    /// Waits for its good end.
    pub(super) fn ends(mut self) -> Result<()> {
        drop(self.input.take());
        let status = self.child.wait().context("waiting for it")?;
        ensure!(status.success(), "what ran beside ended with {status}");
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It has ended, or something went wrong before; then nothing of it is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Passes lines on, and shows them: whoever watches wants to see why it takes so long.
fn pass_on(stream: impl Read, line: &SyncSender<String>) {
    for read in BufReader::new(stream).lines() {
        let Ok(read) = read else { return };
        eprintln!("  | {read}");
        if line.send(read).is_err() {
            return;
        }
    }
}

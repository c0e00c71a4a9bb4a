//! `log`, and everything a guest writes to its standard output: lines and figures for the operator.
//!
//! Written to tracing at once and never part of the draft: what was logged stays logged when the call fails. Bounded in lines,
//! lengths and fields, and in bytes a minute over all calls; what is over the budget is left out, and a flood ends the call. Secrets
//! that the guest was shown are taken out.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use waspnest_core::clock::Clock;
use waspnest_core::id::{EventId, InstallationId, SecretName};
use waspnest_core::secret::SecretText;

use crate::bindings::waspnest::plugin::log::{Host, Level};
use crate::installation::{Line, LogQuota};
use crate::limits::{FLOOD, LOG_FIELD_BYTES, LOG_FIELDS, LOG_LINE_BYTES, LOG_LINES, STDIO_BYTES, cut};
use crate::state::{Budget, CallState, Flood, Room};

/// Which of a guest's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    Stdout,
    Stderr,
}

/// Where the lines of one sandbox go.
#[derive(Debug)]
pub(crate) struct Journal {
    installation: InstallationId,
    quota: Arc<LogQuota>,
    clock: Arc<dyn Clock>,
    page: Mutex<Page>,
    /// What the guest was shown and nobody else shall see. Stays when the sandbox is used again: so may the guest's memory of it.
    hidden: Mutex<Vec<(SecretName, SecretText)>>,
}

/// What is known of the running call.
#[derive(Debug)]
struct Page {
    event: EventId,
    lines: Budget,
    stdio_bytes: usize,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    last_words: String,
    written: Vec<LogLine>,
}

/// A line that a call wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How important it is: `trace`, `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// The line; the name, of a figure.
    pub message: Box<str>,
    /// Its fields as `name=value`.
    pub fields: Box<str>,
}

impl Page {
    const fn of(event: EventId) -> Self {
        Self {
            event,
            lines: Budget::of("log lines", LOG_LINES),
            stdio_bytes: 0,
            stdout: Vec::new(),
            stderr: Vec::new(),
            last_words: String::new(),
            written: Vec::new(),
        }
    }
}

impl Journal {
    pub(crate) fn new(
        installation: InstallationId,
        quota: Arc<LogQuota>,
        event: EventId,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let journal = Self {
            installation,
            quota,
            clock,
            page: Mutex::new(Page::of(event)),
            hidden: Mutex::default(),
        };
        journal.quota.look(&journal.installation, journal.clock.now());
        journal
    }

    /// Begins a new call in the same sandbox.
    pub(crate) fn turn_to(&self, event: EventId) {
        self.quota.look(&self.installation, self.clock.now());
        *self.page() = Page::of(event);
    }

    /// Takes a secret out of whatever the guest says from now on.
    pub(crate) fn hide(&self, name: &SecretName, text: SecretText) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        if hidden.iter().all(|(_, known)| *known != text) {
            hidden.push((name.clone(), text));
        }
    }

    /// What the guest says, without the secrets it was shown.
    pub(crate) fn redacted<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        hidden.iter().fold(Cow::Borrowed(text), |text, (name, secret)| {
            match text.contains(secret.expose()) {
                true => Cow::Owned(text.replace(secret.expose(), &format!("{{{{secret:{name}}}}}"))),
                false => text,
            }
        })
    }

    fn page(&self) -> MutexGuard<'_, Page> {
        // A panic cannot leave a page half-written in a way that matters: it holds lines of text.
        self.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn emit(&self, page: &mut Page, level: Level, message: &str, fields: &str) -> Result<(), Flood> {
        match page.lines.take()? {
            Room::None => return Ok(()),
            Room::Left => {}
        }
        let message = self.redacted(message);
        let (installation, event, message) = (&self.installation, page.event, cut(&message, LOG_LINE_BYTES));
        match self
            .quota
            .take(installation, message.len() + fields.len(), self.clock.now())
        {
            Line::LeftOut => return Ok(()),
            Line::Written => {}
        }
        page.written.push(LogLine {
            level: name(level),
            message: message.into(),
            fields: fields.into(),
        });
        match level {
            Level::Trace => tracing::trace!(target: "waspnest::plugin", %installation, %event, fields, "{message}"),
            Level::Debug => tracing::debug!(target: "waspnest::plugin", %installation, %event, fields, "{message}"),
            Level::Info => tracing::info!(target: "waspnest::plugin", %installation, %event, fields, "{message}"),
            Level::Warn => tracing::warn!(target: "waspnest::plugin", %installation, %event, fields, "{message}"),
            Level::Error => tracing::error!(target: "waspnest::plugin", %installation, %event, fields, "{message}"),
        }
        Ok(())
    }

    /// Takes bytes of an output; whole lines are emitted at `debug`, since anything may be in them.
    pub(crate) fn write(&self, output: Output, bytes: &[u8]) -> Result<(), Flood> {
        let mut page = self.page();
        page.stdio_bytes = page.stdio_bytes.saturating_add(bytes.len());
        if page.stdio_bytes > STDIO_BYTES * FLOOD as usize {
            return Err(Flood {
                what: "bytes of standard output",
                used: page.stdio_bytes as u64,
                limit: STDIO_BYTES as u64,
            });
        }
        if page.stdio_bytes > STDIO_BYTES {
            return Ok(());
        }
        let mut pending = std::mem::take(page.pending(output));
        pending.extend_from_slice(bytes);
        let whole = pending
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        let rest = pending.split_off(whole);
        *page.pending(output) = rest;
        for line in pending.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.line(&mut page, output, line)?;
        }
        Ok(())
    }

    /// Emits what was written without an end of line.
    pub(crate) fn finish(&self) {
        let mut page = self.page();
        for output in [Output::Stdout, Output::Stderr] {
            let rest = std::mem::take(page.pending(output));
            if !rest.is_empty() && self.line(&mut page, output, &rest).is_err() {
                // The call is over; there is nothing left to end.
                return;
            }
        }
    }

    fn line(&self, page: &mut Page, output: Output, line: &[u8]) -> Result<(), Flood> {
        let line = String::from_utf8_lossy(line);
        let name = match output {
            Output::Stdout => "output=stdout",
            Output::Stderr => {
                if page.last_words.len() < LOG_LINE_BYTES {
                    page.last_words.push_str(cut(&line, LOG_LINE_BYTES));
                    page.last_words.push('\n');
                }
                "output=stderr"
            }
        };
        self.emit(page, Level::Debug, &line, name)
    }

    /// The lines that were written in this call.
    pub(crate) fn take_written(&self) -> Vec<LogLine> {
        std::mem::take(&mut self.page().written)
    }

    /// What the guest wrote to its standard error: the words of a panic.
    pub(crate) fn last_words(&self) -> String {
        self.finish();
        let page = self.page();
        self.redacted(page.last_words.trim_end()).into_owned()
    }
}

impl Page {
    fn pending(&mut self, output: Output) -> &mut Vec<u8> {
        match output {
            Output::Stdout => &mut self.stdout,
            Output::Stderr => &mut self.stderr,
        }
    }
}

const fn name(level: Level) -> &'static str {
    match level {
        Level::Trace => "trace",
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}

fn joined(journal: &Journal, fields: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, value) in fields.iter().take(LOG_FIELDS) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(cut(&journal.redacted(name), LOG_FIELD_BYTES));
        text.push('=');
        text.push_str(cut(&journal.redacted(value), LOG_FIELD_BYTES));
    }
    text
}

impl Host for CallState {
    async fn emit(&mut self, level: Level, message: String, fields: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.call.crossing.count(message.len() + weight(&fields))?;
        let mut page = self.journal.page();
        let fields = joined(&self.journal, &fields);
        Ok(self.journal.emit(&mut page, level, &message, &fields)?)
    }

    async fn counter(&mut self, name: String, delta: u64, labels: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.call.crossing.count(name.len() + weight(&labels))?;
        self.figure(&name, &format!("counter={delta} {}", joined(&self.journal, &labels)))
    }

    async fn histogram(&mut self, name: String, value: f64, labels: Vec<(String, String)>) -> wasmtime::Result<()> {
        self.call.crossing.count(name.len() + weight(&labels))?;
        self.figure(&name, &format!("histogram={value} {}", joined(&self.journal, &labels)))
    }
}

fn weight(fields: &[(String, String)]) -> usize {
    fields.iter().map(|(name, value)| name.len() + value.len()).sum()
}

impl CallState {
    fn figure(&self, name: &str, fields: &str) -> wasmtime::Result<()> {
        let mut page = self.journal.page();
        Ok(self.journal.emit(&mut page, Level::Debug, name, fields)?)
    }
}

//! How a call ended, and what it used.

use waspnest_core::clock::UnixMs;
use waspnest_core::draft::Draft;

use super::CallError;
use crate::capability::log::LogLine;
use crate::installation::{Installation, Taken};

/// A call that has ended. Places in the windows of rates are given back unless the draft is committed.
#[derive(Debug)]
#[must_use = "what is neither committed nor dropped on purpose pays no rates"]
pub struct Called {
    result: Result<Draft, CallError>,
    usage: Usage,
    began: UnixMs,
    lines: Vec<LogLine>,
    taken: Taken,
}

/// What a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Instructions, where they are counted.
    pub fuel: Option<u64>,
    /// Bytes of linear memory at most.
    pub memory_bytes: u64,
    /// Bytes that it handed to the host and got from it.
    pub hostcall_bytes: u64,
}

/// Rates that a committed draft has to pay.
#[derive(Debug)]
pub struct Dues(Taken);

impl Dues {
    /// The draft is committed.
    pub fn pay(mut self) {
        self.0.keep();
    }
}

impl Called {
    pub(super) const fn new(
        result: Result<Draft, CallError>,
        usage: Usage,
        began: UnixMs,
        lines: Vec<LogLine>,
        taken: Taken,
    ) -> Self {
        Self {
            result,
            usage,
            began,
            lines,
            taken,
        }
    }

    /// A call that did not come to run.
    pub(super) fn failed(installation: &Installation, error: CallError, at: UnixMs) -> Self {
        let taken = Taken::none(installation.rates.clone());
        Self::new(Err(error), Usage::default(), at, Vec::new(), taken)
    }

    /// What it used.
    #[must_use]
    pub const fn usage(&self) -> Usage {
        self.usage
    }

    /// When it began, by the clock that the guest saw.
    #[must_use]
    pub const fn began(&self) -> UnixMs {
        self.began
    }

    /// What it logged.
    #[must_use]
    pub fn lines(&self) -> &[LogLine] {
        &self.lines
    }

    /// How it ended.
    ///
    /// # Errors
    /// The call's own.
    pub const fn outcome(&self) -> Result<&Draft, &CallError> {
        self.result.as_ref()
    }

    /// The draft, and what is to be paid when it is committed.
    ///
    /// # Errors
    /// How the call failed.
    pub fn draft(self) -> Result<(Draft, Dues), CallError> {
        Ok((self.result?, Dues(self.taken)))
    }

    /// The draft, as if it were committed.
    ///
    /// # Errors
    /// How the call failed.
    pub fn committed(self) -> Result<Draft, CallError> {
        let (draft, dues) = self.draft()?;
        dues.pay();
        Ok(draft)
    }
}

//! What a look came to.

use std::fmt;

use serde_json::{Value, json};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    /// It works, and should be looked at.
    Warning,
    /// It does not work.
    Failed,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// What was found of one thing.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) state: State,
    /// What was looked at.
    of: &'static str,
    says: String,
    /// What to do about it.
    advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(of: &'static str, says: impl Into<String>) -> Self {
        Self::new(State::Ok, of, says)
    }

    pub(super) fn warning(of: &'static str, says: impl Into<String>) -> Self {
        Self::new(State::Warning, of, says)
    }

    pub(super) fn failed(of: &'static str, says: impl Into<String>) -> Self {
        Self::new(State::Failed, of, says)
    }

    fn new(state: State, of: &'static str, says: impl Into<String>) -> Self {
        Self {
            state,
            of,
            says: says.into(),
            advice: None,
        }
    }

    /// The same, with what to do about it.
    pub(super) fn advice(self, advice: impl Into<String>) -> Self {
        Self {
            advice: Some(advice.into()),
            ..self
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({ "check": self.of, "state": self.state.name(), "says": self.says, "advice": self.advice })
    }
}

/// One line, and a second one with what to do.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let says = self.says.trim_end().replace('\n', "\n                        ");
        writeln!(f, "{:<8} {:<14} {says}", self.state.name(), self.of)?;
        match &self.advice {
            Some(advice) => writeln!(f, "{:<23} -> {advice}", ""),
            None => Ok(()),
        }
    }
}

/// An error with everything behind it, on one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        words += &format!(": {error}");
        next = error.source();
    }
    words
}

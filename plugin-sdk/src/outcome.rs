//! How a handler ends: short names for the outcomes and errors of the contract.

use crate::types::{Flow, HandlerError, Outcome, Response};
use core::time::Duration;

impl Outcome {
    /// Done, and the installations after this one should get the event too.
    #[must_use]
    pub fn next() -> Self {
        Self {
            flow: Flow::Next,
            note: None,
        }
    }

    /// Done, and the installations of lower priority shall not get the event; where the operator allows that: see [`Flow`].
    #[must_use]
    pub fn stop() -> Self {
        Self {
            flow: Flow::Stop,
            note: None,
        }
    }

    /// Like [`stop`](Self::stop), and the event should count as not handled.
    #[must_use]
    pub fn drop_event() -> Self {
        Self {
            flow: Flow::Drop,
            note: None,
        }
    }

    /// Adds a few words for the operator's run history.
    #[must_use]
    pub fn with_note(self, note: impl Into<String>) -> Self {
        Self {
            note: Some(note.into()),
            ..self
        }
    }
}

/// An answer to a request from outside, with a `content-type`.
#[must_use]
pub fn response(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
    Response {
        status,
        headers: vec![("content-type".into(), content_type.into())],
        body: body.into(),
    }
}

impl HandlerError {
    /// It may work later; the host chooses when.
    #[must_use]
    pub fn retry(reason: impl Into<String>) -> Self {
        Self::Retry((reason.into(), None))
    }

    /// It may work later, but not before `wait` is over.
    #[must_use]
    pub fn retry_after(reason: impl Into<String>, wait: Duration) -> Self {
        Self::Retry((reason.into(), Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))))
    }

    /// It will never work: the event becomes a dead letter.
    #[must_use]
    pub fn reject(reason: impl Into<String>) -> Self {
        Self::Reject(reason.into())
    }
}

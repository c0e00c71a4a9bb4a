//! How a call can end without a draft, and whether it is worth another try.

use std::time::Duration;

use wasmtime::Trap;
use wasmtime_wasi::I32Exit;
use waspnest_core::clock::UnixMs;

use crate::bindings::waspnest::plugin::types::HandlerError;
use crate::host::HostError;
use crate::limits::{ERROR_BYTES, cut};
use crate::state::{CallState, Flood};

/// A call that ended without a draft. Nothing it asked for happens.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The guest asks to be called again later.
    #[error("the plugin asks for another try: {message}")]
    Retry {
        /// How long it wants to wait at least; none leaves it to the host.
        after: Option<Duration>,
        /// Why, in the guest's words.
        message: String,
    },
    /// The guest says that this event will never work.
    #[error("the plugin rejects the event: {message}")]
    Reject {
        /// Why, in the guest's words.
        message: String,
    },
    /// The guest crashed.
    #[error("the plugin crashed: {message}")]
    Trap {
        /// What the sandbox and the guest's standard error said.
        message: String,
    },
    /// The call took too long.
    #[error("the plugin did not answer within {}", humantime::format_duration(*limit))]
    Deadline {
        /// What it had.
        limit: Duration,
    },
    /// The guest was refused memory and did not survive it.
    #[error("the plugin needed more than its {limit} bytes of memory")]
    Memory {
        /// What it had.
        limit: u64,
    },
    /// The guest used up its instructions.
    #[error("the plugin needed more than its {limit} units of fuel")]
    Fuel {
        /// What it had.
        limit: u64,
    },
    /// The guest flooded the host.
    #[error("the plugin flooded the host: {what}")]
    Quota {
        /// With what.
        what: String,
    },
    /// The host could not be read.
    #[error("the host failed during a plugin call: {message}")]
    Host {
        /// Why.
        message: String,
    },
    /// The plugin has no handler for this kind of event. The router does not let it come to this.
    #[error("the plugin has no handler for {event:?} events")]
    NoHandler {
        /// The kind of event.
        event: &'static str,
    },
}

impl CallError {
    /// Whether calling again may end better. What is not retryable is parked at once.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            // A crash, a timeout or a flood may come from what the guest read, which changes.
            Self::Retry { .. }
            | Self::Trap { .. }
            | Self::Deadline { .. }
            | Self::Memory { .. }
            | Self::Quota { .. }
            | Self::Host { .. } => true,
            // The same instructions would run out once more; an operator who gives more of them, or another version, replays it.
            Self::Reject { .. } | Self::NoHandler { .. } | Self::Fuel { .. } => false,
        }
    }

    /// How long to wait at least before the next try, where the guest says so.
    #[must_use]
    pub const fn after(&self) -> Option<Duration> {
        match self {
            Self::Retry { after, .. } => *after,
            Self::Reject { .. }
            | Self::Trap { .. }
            | Self::Deadline { .. }
            | Self::Memory { .. }
            | Self::Fuel { .. }
            | Self::Quota { .. }
            | Self::Host { .. }
            | Self::NoHandler { .. } => None,
        }
    }

    /// Its stable name in logs, metrics and dead letters.
    #[must_use]
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Retry { .. } => "retry",
            Self::Reject { .. } => "reject",
            Self::Trap { .. } => "trap",
            Self::Deadline { .. } => "deadline",
            Self::Memory { .. } => "memory",
            Self::Fuel { .. } => "fuel",
            Self::Quota { .. } => "quota",
            Self::Host { .. } => "host",
            Self::NoHandler { .. } => "no-handler",
        }
    }

    pub(crate) fn sandbox(message: &str) -> Self {
        Self::Host {
            message: message.to_owned(),
        }
    }

    pub(super) fn from_guest(error: HandlerError, state: &CallState) -> Self {
        let words = |message: &str| cut(&state.journal.redacted(message), ERROR_BYTES).to_owned();
        match error {
            HandlerError::Retry((message, after)) => Self::Retry {
                after: after.map(Duration::from_millis),
                message: words(&message),
            },
            HandlerError::Reject(message) => Self::Reject {
                message: words(&message),
            },
        }
    }
}

/// The guest used up its processor time.
#[derive(Debug, thiserror::Error)]
#[error("out of time")]
pub(super) struct OutOfTime;

/// Finds out why a guest ended.
pub(super) fn classify(error: &wasmtime::Error, state: &CallState) -> CallError {
    if error.downcast_ref::<Trap>() == Some(&Trap::OutOfFuel) {
        return CallError::Fuel {
            limit: state.call.fuel.unwrap_or_default(),
        };
    }
    if error.is::<OutOfTime>() {
        let call = &state.call;
        return CallError::Deadline {
            limit: limit_of(call.deadline, call.now),
        };
    }
    if let Some(flood) = error.downcast_ref::<Flood>() {
        return CallError::Quota {
            what: flood.to_string(),
        };
    }
    if let Some(host) = error.downcast_ref::<HostError>() {
        return CallError::Host {
            message: format!("{host}: {}", host.0),
        };
    }
    let words = state.journal.last_words();
    if state.meter.refused.is_some() {
        return CallError::Memory {
            limit: state.meter.limit() as u64,
        };
    }
    let cause = match (error.downcast_ref::<Trap>(), error.downcast_ref::<I32Exit>()) {
        (Some(trap), _) => trap.to_string(),
        (None, Some(exit)) => format!("it exited with status {}", exit.0),
        (None, None) => format!("{:#}", error),
    };
    let message = if words.is_empty() {
        cause
    } else {
        format!("{cause}; it said: {words}")
    };
    CallError::Trap {
        message: cut(&message, ERROR_BYTES).to_owned(),
    }
}

/// Finds out why a guest could not even start.
pub(super) fn classify_start(error: &wasmtime::Error, state: &CallState) -> CallError {
    if state.meter.refused.is_some() {
        out_of_memory(state)
    } else {
        classify(error, state)
    }
}

fn out_of_memory(state: &CallState) -> CallError {
    CallError::Memory {
        limit: state.meter.limit() as u64,
    }
}

fn limit_of(deadline: UnixMs, start: UnixMs) -> Duration {
    deadline.since(start)
}

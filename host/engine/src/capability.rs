//! What a guest can ask of the host: one file an interface of the contract.
//!
//! Each checks the grant, then the budget, then the arguments, and writes into the call's draft. A refusal is an answer and leaves
//! the draft as it was; only a flood or a fault of the host ends the call. What acts outside the draft, because it must answer at once,
//! goes through [`durable`].

pub(crate) mod bus;
pub(crate) mod chats;
pub(crate) mod config;
pub(crate) mod contacts;
pub(crate) mod dialogue;
pub(crate) mod durable;
pub(crate) mod groups;
pub(crate) mod http;
pub(crate) mod kv;
mod live;
pub(crate) mod log;
pub(crate) mod media;
pub(crate) mod messaging;
pub(crate) mod meta;
pub(crate) mod schedule;
pub(crate) mod secrets;
pub(crate) mod webhooks;

use crate::bindings::waspnest::plugin::types::{Error, Host};
use crate::manifest::Capability;
use crate::state::{Budget, CallState, Room};

impl Host for CallState {}

/// What a host function answers: an error of the outer kind ends the call.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// The answer to a call whose capability is not in force.
fn denied(capability: Capability) -> Error {
    Error::Denied(capability.name().to_owned())
}

/// The answer to a wrong argument: which one, and why.
fn invalid(argument: &str, problem: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("{argument}: {problem}"))
}

/// The answer to what this version cannot do.
fn unsupported(what: &str) -> Error {
    Error::Unsupported(what.to_owned())
}

/// Takes one of a budget.
fn spend(budget: &mut Budget) -> Answer<()> {
    match budget.take()? {
        Room::Left => Ok(Ok(())),
        Room::None => Ok(Err(Error::Quota(budget.spent()))),
    }
}

/// Goes on with what an inner answer holds, or answers its refusal.
macro_rules! granted {
    ($answer:expr) => {
        match $answer {
            Ok(value) => value,
            Err(refusal) => return Ok(Err(refusal)),
        }
    };
}
pub(crate) use granted;

#[cfg(test)]
mod tests;

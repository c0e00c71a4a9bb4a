//! The contract's data: messages, events, addresses, outcomes.
//!
//! Made from `wit/types.wit` and `wit/handlers.wit`, whose comments are the documentation here. Data only, no functions that
//! call the host.

pub use crate::bindings::imports::waspnest::plugin::types::*;
pub use crate::bindings::schedule::exports::waspnest::plugin::schedule_handler::{Cause, Tick};

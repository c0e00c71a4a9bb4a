//! The host, and what is left of this call. Needs no grant.

use crate::host;

pub use crate::bindings::imports::waspnest::plugin::meta::Remaining;

/// Version of the host, such as `0.1.0`.
#[must_use]
pub fn host_version() -> String {
    host::meta::host_version()
}

/// Whether a capability is granted, such as `messages.send`.
#[must_use]
pub fn granted(capability: &str) -> bool {
    host::meta::granted(capability)
}

/// What is left of this call.
#[must_use]
pub fn budget() -> Remaining {
    host::meta::budget()
}

/// Gives way to other work in a long computation. The deadline goes on.
pub fn give_way() {
    host::meta::yield_();
}

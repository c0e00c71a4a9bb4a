//! What was waited for, towards the guest.

use waspnest_core::dialogue::{End, Pending};

use super::text;
use crate::bindings::exports::waspnest::plugin::reply_handler::Pending as WitPending;

/// A wait that ended.
pub(crate) fn pending(pending: &Pending) -> WitPending {
    WitPending {
        name: text(&pending.state.name),
        data: pending.state.data.clone(),
        version: pending.state.version,
        expired: match pending.end {
            End::Answered => false,
            End::Expired => true,
        },
    }
}

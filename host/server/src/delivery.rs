//! Tells webhooks what happens: a consumer of the log, like the router.
//!
//! One `Deliverer` a session reads behind the mark of each webhook of its tenant, asks what the webhook wants, and queues the event in the lane
//! of (webhook, chat). A lane tells one event at a time: again, with growing waits, until the server takes it, refuses it for good, or the
//! last attempt is made; then it is a dead letter. So a server hears of each chat in order, at least once, and each time under the same
//! id. A webhook that is behind or cannot be reached has a reader of its own, and nobody waits for it.
//!
//! [`Endpoints`] holds the webhooks there are, with what is known of their servers ([`Breaker`](crate::breaker::Breaker), counts): it is the
//! only one that writes their records.

mod body;
mod course;
mod deliverer;
mod endpoint;
mod endpoints;
mod format;
mod telling;
#[cfg(test)]
mod tests;

pub use body::Ping;
pub(crate) use deliverer::{Deliverer, DelivererParts};
pub use endpoint::{Counts, Endpoint, Last};
pub use endpoints::{ChangeError, Endpoints};
pub use format::told_types;

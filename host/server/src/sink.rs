//! Carries effects out: takes them from the outbox, in order for each chat, and hands them to WhatsApp, or tells servers (`webhooks`).
//!
//! Two sinks a session, and nobody else takes from its outbox; each effect is one's business alone. An effect leaves only after its commit is durable. It stays pending in
//! the outbox until WhatsApp's server has acknowledged it; after a lost connection or a crash everything still pending leaves again
//! under the same message id, which phones show once.

mod carrier;
mod effect_traces;
mod failures;
mod lanes;
mod policy;
mod session;
mod webhooks;

pub use carrier::{Answer, Carried, Carrier, CarryError};
pub(crate) use effect_traces::EffectTraces;
pub(crate) use failures::Failures;
pub(crate) use policy::PolicyParts;
pub(crate) use session::{CANCELED, SessionSink, SinkParts, SinkPort};
pub(crate) use webhooks::{WebhookSink, WebhookSinkParts};

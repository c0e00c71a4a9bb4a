//! The handlers, one file per resource: parse, ask a service, reply.

pub(super) mod config;
pub(super) mod effects;
pub(super) mod hooks;
pub(super) mod installations;
pub(super) mod messages;
pub(super) mod qr;
pub(super) mod routes;
pub(super) mod runs;
pub(super) mod schedules;
pub(super) mod secrets;
pub(super) mod sessions;
pub(super) mod shadow;
pub(super) mod system;
pub(super) mod versions;

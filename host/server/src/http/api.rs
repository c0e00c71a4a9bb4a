//! The handlers, one file per resource: parse, ask a service, reply.

pub(super) mod api_keys;
pub(super) mod audit;
pub(super) mod auth;
pub(super) mod config;
pub(super) mod effects;
pub(super) mod hooks;
pub(super) mod installations;
pub(super) mod me;
pub(super) mod messages;
pub(super) mod qr;
pub(super) mod routes;
pub(super) mod runs;
pub(super) mod schedules;
pub(super) mod secrets;
pub(super) mod sessions;
pub(super) mod shadow;
pub(super) mod system;
pub(super) mod tenants;
pub(super) mod users;
pub(super) mod versions;

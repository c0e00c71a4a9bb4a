//! Use cases: what callers may ask of the host, in the host's own words.
//!
//! Nothing here knows HTTP, and nothing in HTTP knows more than this. A service is a struct over the parts it needs.

pub mod control;
pub mod deeds;
pub mod error;
pub mod events;

pub mod accounts;
pub mod admin_secret;
pub mod api_keys;
pub mod audit;
pub mod backups;
pub mod caller;
pub mod callers;
pub mod dead_letters;
pub mod health;
pub mod hooks;
pub mod installations;
pub mod mailbox;
pub mod media;
pub mod messages;
pub mod metrics;
pub mod outgoing;
pub mod readiness;
pub mod routes;
pub mod running;
pub mod runs;
pub mod schedules;
pub mod secrets;
pub mod sessions;
pub mod settings;
pub mod stream_tickets;
pub mod tenants;
pub mod users;
pub mod values;
pub mod versions;
pub mod webhooks;

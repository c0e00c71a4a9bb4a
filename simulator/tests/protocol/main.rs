//! The server against real whatsapp-rust clients with their stores in memory, and against clients that misbehave.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod hostile;
mod messages;
mod offline;
mod pairing;
mod prekeys;
mod raw;
mod sessions;

//! The server against real whatsapp-rust clients with their stores in memory, and against clients that misbehave.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "how long linking takes is a result, and real time"
)]
#![expect(clippy::print_stdout, reason = "measurements are read by people")]

mod app_state;
mod backlog;
mod blocklist;
mod business;
mod calls;
mod changes;
mod circle;
mod client;
mod clock;
mod clock_jump;
mod communities;
mod companions;
mod faults;
mod group_joining;
mod group_messages;
mod group_people;
mod groups;
mod history;
mod hostile;
mod identity;
mod kinds;
mod limits;
mod media;
mod media_retry;
mod messages;
mod newsletters;
mod offline;
mod pairing;
mod pairing_code;
mod passkey;
mod person;
mod personas;
mod pictures;
mod prekeys;
mod presence;
mod privacy;
mod profile;
mod raw;
mod receipts;
mod refused;
mod restart;
mod sessions;
mod stanza_log;
mod status;
mod strict;
mod tokens;
mod world_file;

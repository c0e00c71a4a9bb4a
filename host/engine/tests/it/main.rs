//! The engine with real guests: `plugins/echo`, `plugins/reminders` and `tests/guests/hostile`, as `cargo xtask plugins` builds them.

mod containment;
mod kit;
mod loading;
mod sandbox;
mod state;

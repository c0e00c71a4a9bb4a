//! The engine with real guests: `plugins/echo`, `plugins/reminders` and those of `tests/guests`, as `cargo xtask plugins` builds them.

mod account;
mod bus;
mod changes;
mod command;
mod configuration;
mod containment;
mod contract;
mod core_module;
mod dialogue;
mod families;
mod files;
mod hostile;
mod http;
mod kit;
mod lifecycle;
mod limits;
mod loading;
mod past;
mod released;
mod sandbox;
mod secrets;
mod sending;
mod shared;
mod state;
mod webhooks;

//! The host of Waspnest as a library: what the `waspnest` program is made of, so that tests run the same parts.
//!
//! Data moves in one direction: sources append events to the log, the router takes them through plugins, drafts become effects,
//! the sink carries those out. HTTP is a window on that and one more way to ask for an effect.

#![recursion_limit = "256"]

pub mod config;
pub mod shutdown;
pub mod telemetry;

pub mod meters;

mod address;
mod did_you_mean;
mod disk;
mod open_files;

pub mod breaker;
pub mod traces;
mod tracker;

pub mod cron_rule;

pub mod source;

pub mod settings;

pub mod recorder;
pub mod router;

pub mod send_policies;
pub mod sink;

pub mod sessions;

mod past;
mod sweep;

pub mod reload;
pub mod systemd;
pub mod tls;

pub mod install;

pub mod rollout;

mod link_page;
pub mod live;
mod planner;
mod process;
pub mod public_event;
pub mod replies;
mod rfc3339;
pub mod secrets;
pub mod service;
mod standing;
pub mod webhook;
pub mod webhook_meters;

pub mod delivery;

pub mod http;

pub mod app;

mod scenario;
mod stage;

#[cfg(test)]
mod test_server;

pub mod cli;

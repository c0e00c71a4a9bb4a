//! The HTTP API over real connections, with the sessions played by a script and everything else real.

mod support;

mod account_examples;
mod accounts;
mod bodies;
mod callers;
mod command_line;
mod config;
mod credentials;
mod docs;
mod document;
mod events;
#[expect(dead_code, reason = "the tests of the whole host look at more")]
mod exposition;
mod fuzz;
mod hooks;
mod isolation;
mod known;
mod lengths;
mod limits;
mod listening;
mod made;
mod made_examples;
mod mailbox;
mod mailbox_examples;
mod message_commands;
mod messages;
mod metrics;
mod played_account;
mod plugins;
mod qr;
mod requests;
mod routes;
mod runs;
mod schedules;
mod scripted_versions;
mod sending;
mod sending_examples;
mod sessions;
mod streams;
mod versions;
mod webhook_examples;
mod webhooks;
mod websockets;
mod who_commands;
mod wrong_callers;

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
mod hooks;
mod isolation;
mod known;
mod limits;
mod listening;
mod mailbox;
mod mailbox_examples;
mod messages;
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
mod websockets;
mod who_commands;
mod wrong_callers;

//! The HTTP API over real connections, with the sessions played by a script and everything else real.

mod support;

mod bodies;
mod command_line;
mod config;
mod credentials;
mod docs;
mod document;
mod hooks;
mod messages;
mod plugins;
mod qr;
mod requests;
mod routes;
mod runs;
mod schedules;
mod scripted_versions;
mod sessions;
mod versions;

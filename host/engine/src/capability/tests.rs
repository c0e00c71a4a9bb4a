//! The capabilities without a sandbox: what a guest would call, called directly.

mod dialogue;
mod file;
mod fixture;
mod http;
mod kv;
mod live;
mod messaging;
mod pieces;
mod schedule;
mod secrets;

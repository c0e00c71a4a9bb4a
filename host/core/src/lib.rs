//! The vocabulary of the host and its durable state.
//!
//! Everything else is built from these: ids and addresses, what happened ([`event`]), what shall happen ([`effect`], [`draft`]),
//! and the ordered, durable record of both ([`store`], [`log`], [`outbox`]). This crate knows nothing of WhatsApp's wire format,
//! of WebAssembly or of HTTP, and only [`store`] knows which database is underneath.

pub mod clock;
pub mod current;
pub mod measure;

pub mod address;
pub mod given;
pub mod id;

pub mod effect;
pub mod event;
pub mod message;

pub mod draft;

pub mod codec;
pub mod migrate;
pub mod schema;
pub mod store;

pub mod hmac;
pub mod master_key;
pub mod seal;
pub mod secret;

mod long_record;
mod named_records;
mod per_session;

pub mod affairs;
pub mod answered;
pub mod config_layer;
pub mod consumer;
pub mod contact;
pub mod journal;
pub mod live;
pub mod log;
pub mod mailbox;
pub mod progress;

pub mod data_version;
pub mod delivery;
pub mod dialogue;
pub mod files;
pub mod installation_data;
pub mod kv;
pub mod made_installation;
pub mod media_store;
pub mod outbox;
pub mod package;
pub mod packages;
pub mod rekey;
pub mod retention;
pub mod runs;
pub mod schedule_state;
pub mod scheduled_message;
pub mod send_ledger;
pub mod timer;
pub mod trace_context;
pub mod upload;
pub mod uploaded_plugin;
pub mod version;
pub mod webhook;

pub mod audit;
pub mod caller;
pub mod session;

pub mod backup;
pub mod check;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod stored_form;

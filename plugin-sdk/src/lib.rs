//! Plugins for Waspnest, in Rust.
//!
//! A plugin is a WebAssembly component that handles events of WhatsApp sessions: messages, points in time, receipts,
//! changes of groups, calls and more. It has no power
//! of its own: what it may do is what its manifest asks for and the operator grants. This crate is the guest's side of the
//! contract in `wit/`: handlers as traits, and one module for each capability.
//!
//! This is a whole plugin. It answers `ping` with a configurable word and counts how often a chat asked:
//!
//! ```
//! use serde::Deserialize;
//! use waspnest_plugin::types::{EventContext, HandlerError, Message, Outcome};
//! use waspnest_plugin::{MessageHandler, config, info, kv, messaging};
//!
//! struct Ping;
//!
//! #[derive(Deserialize)]
//! struct Settings {
//!     answer: String,
//! }
//!
//! impl MessageHandler for Ping {
//!     fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
//!         if msg.text() != Some("ping") {
//!             return Ok(Outcome::next());
//!         }
//!         let settings: Settings = config()?;
//!         let count = kv::chat()?.increment("pings", 1)?;
//!         messaging::reply(msg, format!("{} {count}", settings.answer))?;
//!         info!("answered", attempt = ctx.attempt);
//!         Ok(Outcome::stop())
//!     }
//! }
//!
//! waspnest_plugin::export!(Ping: MessageHandler);
//!
//! # #[cfg(not(target_arch = "wasm32"))]
//! # fn main() {
//! # use waspnest_plugin::testing::{Host, direct_text};
//! // On the build machine the same functions work on an in-memory host:
//! let mut host = Host::new().with_config(r#"{ "answer": "pong" }"#);
//! host.message::<Ping>(&direct_text("ping")).expect("the handler succeeds");
//! assert_eq!(host.texts(), ["pong 1"]);
//! # }
//! ```
//!
//! `Cargo.toml` needs `crate-type = ["cdylib", "rlib"]`, and the component comes from
//! `cargo build --target wasm32-wasip2`. A `plugin.toml` beside it names the plugin, what it subscribes to and what it asks
//! for; `plugins/echo` is the smallest complete example.
//!
//! # One call, one draft
//!
//! A call runs in a fresh sandbox: `static` variables do not survive it, [`kv`] does. What it wants to change is collected
//! and committed as a whole when the handler answers `Ok`; an error, a trap or a missed deadline drops all of it. Every
//! function of this crate answers an [`Error`], and `?` turns that into the right [`types::HandlerError`]: what may work
//! later is retried, what never will becomes a dead letter.

#![warn(missing_docs)]

/// What the project's front page says in Rust is compiled with the examples of this crate.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}

#[doc(hidden)]
pub mod bindings;
pub mod bus;
pub mod chats;
mod command;
mod config;
pub mod contacts;
pub mod dialogue;
mod error;
pub mod groups;
mod handler;
pub mod http;
pub mod kv;
pub mod log;
pub mod media;
mod message;
pub mod messaging;
pub mod meta;
mod outcome;
pub mod schedule;
pub mod secrets;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod webhooks;

/// The contract's data: messages, events, addresses, outcomes.
///
/// Made from `wit/types.wit` and `wit/handlers.wit`, whose comments are the documentation here. Data only: nothing in here
/// calls the host.
pub mod types {
    pub use crate::bindings::call::exports::waspnest::plugin::call_handler::{Call, State as CallState};
    pub use crate::bindings::chat::exports::waspnest::plugin::chat_handler::{Change as ChatChange, ChatEvent};
    pub use crate::bindings::command::exports::waspnest::plugin::command_handler::{Arg, Command};
    pub use crate::bindings::config_check::exports::waspnest::plugin::config_check::Issue;
    pub use crate::bindings::contact::exports::waspnest::plugin::contact_handler::{
        Change as ContactChange, ContactEvent,
    };
    pub use crate::bindings::group::exports::waspnest::plugin::group_handler::{Change as GroupChange, GroupEvent};
    pub use crate::bindings::imports::waspnest::plugin::types::*;
    pub use crate::bindings::lifecycle::exports::waspnest::plugin::lifecycle::Place;
    pub use crate::bindings::presence::exports::waspnest::plugin::presence_handler::{
        Presence, State as PresenceState,
    };
    pub use crate::bindings::receipt::exports::waspnest::plugin::receipt_handler::{Receipt, Status as ReceiptStatus};
    pub use crate::bindings::reply::exports::waspnest::plugin::reply_handler::Pending;
    pub use crate::bindings::request::exports::waspnest::plugin::request_handler::{Request, Response};
    pub use crate::bindings::schedule::exports::waspnest::plugin::schedule_handler::{Cause, Tick};
    pub use crate::bindings::session::exports::waspnest::plugin::session_handler::{
        SessionEvent, State as SessionState,
    };
}

// So that what the derived code names is found in the tests of this crate too.
extern crate self as waspnest_plugin;

pub use command::{Argument, Commands};
pub use config::{config, config_value};
pub use error::Error;
#[doc(hidden)]
pub use handler::Adapter;
pub use handler::{
    CallHandler, ChatHandler, CommandHandler, ConfigCheck, ContactHandler, GroupHandler, Lifecycle, MessageHandler,
    PresenceHandler, RawHandler, ReceiptHandler, ReplyHandler, RequestHandler, ScheduleHandler, SessionHandler,
    TopicHandler,
};
pub use outcome::response;

/// Whom the capability modules call: the host in a component, an in-memory double elsewhere.
#[cfg(target_arch = "wasm32")]
use bindings::imports::waspnest::plugin as host;
#[cfg(not(target_arch = "wasm32"))]
use testing::double as host;

//! Plugins at work: WebAssembly components with a manifest, run in a sandbox, one call an event.
//!
//! A [`Plugin`] is a component with its manifest, checked and compiled by [`Engine::load`]. An [`Installation`] is a plugin put to
//! work with an operator's [`Grants`] and configuration. [`Engine::call`] hands one event to an installation and answers the
//! [`Draft`](waspnest_core::draft::Draft) of what the plugin wants changed, or a [`CallError`] that says whether to try again.
//!
//! Nothing here writes anything: a call reads through [`Host`] and answers a draft, and a draft of a failed call does not exist.
//! Only this crate names wasmtime.

pub mod command;
pub mod configuration;
pub mod grant;
pub mod limits;
pub mod manifest;
pub mod record;

mod engine;
mod handlers;
mod installation;
mod plugin;
mod secret;

mod call;
mod host;

mod bindings;
mod capability;
mod convert;
mod state;
mod wasi;

pub use call::{CallContext, CallError, Called, Dues, Migration, MigrationError, Occasion, Usage};
pub use capability::log::LogLine;
pub use configuration::{ConfigSchema, Configuration};
pub use convert::json::content as content_json;
pub use engine::{
    AdaptError, CompileLimits, Compiled, Compiler, CompilerProcess, Engine, EngineError, EngineOptions, MANIFEST,
    Metering, Occupancy, compile_within, component_of, pack, repack,
};
pub use grant::{GrantError, Grants};
pub use handlers::Handlers;
pub use host::values::Values;
pub use host::{
    FetchFailure, Host, HostError, HttpAnswer, HttpBody, HttpFailure, HttpIncoming, HttpRequest, InvalidMessage,
    InvalidRule, KeepFailure, KvUsage, Recorded,
};
pub use installation::{InstallError, Installation, InstallationSpec, Mode, Reuse};
pub use limits::{LimitWish, Limits};
pub use manifest::{Manifest, ManifestError};
pub use plugin::{LoadError, Plugin};
pub use secret::{BoundSecret, SecretHost};

//! From sources to a component: what `waspnest plugin new` and `waspnest plugin build` need to know of languages and their tools.
//!
//! A [`Project`] is an author's directory. Into its `.waspnest/` go the contract, the [`World`] of the plugin and the SDK of its
//! [`Language`], all of which this crate carries along; then the [`Toolchain`] of the language calls the ecosystem's own tool and hands
//! back what it made. Whether that may be put to work is judged elsewhere.
//!
//! Knows neither the engine nor WhatsApp nor HTTP, and reads no manifest: it is told interfaces and paths. Installs nothing on the machine; tools from
//! npm and PyPI are fetched into the author's directory, in versions that are known to work.

#![warn(missing_docs)]

mod carried;
mod language;
mod project;
pub mod template;
pub mod toolchain;
pub mod wasm_target;
mod world;

pub use carried::Carried;
pub use language::{Language, UnknownLanguage};
pub use project::{GENERATED, Project, WriteError};
pub use toolchain::{BuildError, Tool, Toolchain};
pub use world::World;

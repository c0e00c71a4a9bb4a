//! Files that are carried along in the program: the contract, the layers of the languages, the templates.
//!
//! The tables are made by `build.rs` from the checkout, so that a built program needs none.

/// A text file, carried along.
#[derive(Debug, Clone, Copy)]
pub struct Carried {
    /// Its path below the directory it was taken from, with slashes.
    pub path: &'static str,
    /// What is in it.
    pub text: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/carried.rs"));

/// The JSON Schema of `plugin.toml`, for editors.
pub(crate) const MANIFEST_SCHEMA: &str = include_str!("../../../plugin-sdk/plugin.schema.json");

/// The manifests of the Rust SDK and of its derive, and the one that they take their versions from.
pub(crate) const RUST_MANIFEST: &str = include_str!("../../../plugin-sdk/Cargo.toml");
pub(crate) const RUST_DERIVE_MANIFEST: &str = include_str!("../../../plugin-sdk/derive/Cargo.toml");
pub(crate) const WORKSPACE_MANIFEST: &str = include_str!("../../../Cargo.toml");

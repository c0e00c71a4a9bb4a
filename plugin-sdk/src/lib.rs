//! The contract between Waspnest and its plugins, as a Rust crate.

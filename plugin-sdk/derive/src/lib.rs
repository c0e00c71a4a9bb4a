//! `#[derive(Commands)]` of the Rust SDK, which documents it: `waspnest_plugin::Commands`.
//!
//! What is written wrongly is told where it stands, and all of it at once.

mod commands;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Reads the commands of a plugin into an enum; see `waspnest_plugin::Commands`.
#[proc_macro_derive(Commands, attributes(command, arg))]
pub fn derive_commands(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    commands::derive(&input)
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

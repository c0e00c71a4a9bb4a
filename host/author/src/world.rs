//! The world of one plugin: exactly the interfaces of the contract that its manifest has to do with.
//!
//! Tools of many languages import everything a world imports, used or not. A world that is made from the manifest keeps their
//! components within what is asked for, in every language.

use std::fmt::Write as _;

use crate::carried::CONTRACT;

/// The package and the world that bindings are generated for.
const PACKAGE: &str = "author:plugin";
const WORLD: &str = "plugin";

/// The package of the contract.
const CONTRACT_PACKAGE: &str = "waspnest:plugin";

/// What a component imports and exports of the contract, by the names of interfaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct World {
    /// Capabilities, and what needs no grant.
    pub imports: Vec<Box<str>>,
    /// Handlers.
    pub exports: Vec<Box<str>>,
}

impl World {
    /// Its name, without that of its package.
    pub const NAME: &'static str = WORLD;

    /// The text of its WIT package, which needs the contract's beside it.
    #[must_use]
    pub fn wit(&self) -> String {
        let version = contract_version();
        let mut text = format!(
            "// Made from plugin.toml by `waspnest plugin build`; changes here are lost.\npackage {PACKAGE};\n\nworld {WORLD} {{\n"
        );
        for (keyword, interfaces) in [("import", &self.imports), ("export", &self.exports)] {
            for interface in interfaces {
                let _ = writeln!(text, "  {keyword} {CONTRACT_PACKAGE}/{interface}@{version};");
            }
        }
        text += "}\n";
        text
    }
}

/// The version of the contract that is carried along.
pub(crate) fn contract_version() -> &'static str {
    let versions = CONTRACT.iter().filter_map(|file| {
        let mut lines = file.text.lines();
        lines.find_map(|line| {
            line.strip_prefix("package ")?
                .strip_prefix(CONTRACT_PACKAGE)?
                .strip_prefix('@')?
                .strip_suffix(';')
        })
    });
    versions.max().expect("the contract names its package and version")
}

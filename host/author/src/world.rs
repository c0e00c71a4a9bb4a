//! The world of one plugin: exactly the interfaces of the contract that its manifest has to do with.
//!
//! Tools of many languages import everything a world imports, used or not. A world that is made from the manifest keeps their
//! components within what is asked for, in every language.

use std::fmt::Write as _;
use std::path::Path;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve, SourceMap, WorldId};

use crate::carried::CONTRACT;
use crate::project::Project;
use crate::toolchain::BuildError;

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

    /// It, with the contract, as tools that make bindings take it.
    ///
    /// # Panics
    /// When it names an interface that the contract does not have.
    pub(crate) fn resolved(&self) -> (Resolve, WorldId) {
        let mut resolve = contract();
        let package = push(&mut resolve, &[("world.wit", &self.wit())]);
        let world = resolve.select_world(&[package], Some(WORLD));
        (resolve, world.expect("it is the one world there is"))
    }
}

/// A core module that a tool made for a project's world, with what says so in it.
pub(crate) fn described(project: &Project, mut module: Vec<u8>) -> Result<Vec<u8>, BuildError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| BuildError::World {
        path: project.wit(),
        problem: format!("{error:#}"),
    };
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(project.wit()).map_err(|error| failed(error.into()))?;
    let world = resolve
        .select_world(&[package], Some(WORLD))
        .map_err(|error| failed(error.into()))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| failed(error.into()))?;
    Ok(module)
}

/// The contract, read.
pub(crate) fn contract() -> Resolve {
    let mut resolve = Resolve::default();
    let files: Vec<_> = CONTRACT.iter().map(|file| (file.path, file.text)).collect();
    push(&mut resolve, &files);
    resolve
}

fn push(resolve: &mut Resolve, files: &[(&str, &str)]) -> PackageId {
    let mut sources = SourceMap::new();
    for (path, text) in files {
        sources.push(Path::new(path), *text);
    }
    let group = sources.parse().map_err(|(_, error)| error);
    let group = group.expect("the contract and its worlds are WIT");
    resolve.push_group(group).expect("worlds name what the contract has")
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

//! Rust, by cargo: the SDK crate as a path dependency, and the target `wasm32-wasip2`, whose linker makes the component.
//!
//! The crates of the SDK are those of the checkout, but for their manifests: what a workspace says there is said in full, so that they
//! stand by themselves below the author's directory.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{BuildError, Stdout, Tool, Toolchain, in_words, made, run};
use crate::carried::{
    CONTRACT, RUST_DERIVE_MANIFEST, RUST_DERIVE_SOURCES, RUST_MANIFEST, RUST_SOURCES, WORKSPACE_MANIFEST,
};
use crate::project::Project;
use crate::wasm_target::{self, Missing, TARGET};
use crate::world::World;

/// Rust's tool.
#[derive(Debug)]
pub(crate) struct Cargo;

impl Toolchain for Cargo {
    fn layer(&self, _: &World) -> Vec<(PathBuf, String)> {
        let manifests = [
            ("Cargo.toml", RUST_MANIFEST),
            ("derive/Cargo.toml", RUST_DERIVE_MANIFEST),
        ];
        let manifests =
            manifests.map(|(path, member)| (PathBuf::from(path), standing_alone(member, WORKSPACE_MANIFEST)));
        let below =
            |dir: &'static str| move |file: &crate::Carried| (Path::new(dir).join(file.path), file.text.to_owned());
        let sources = RUST_SOURCES.iter().map(below("src"));
        let contract = CONTRACT.iter().map(below("wit"));
        let derive = RUST_DERIVE_SOURCES.iter().map(below("derive/src"));
        manifests
            .into_iter()
            .chain(sources)
            .chain(derive)
            .chain(contract)
            .collect()
    }

    fn tools(&self) -> &'static [Tool] {
        &[Tool {
            programs: &["cargo"],
            get: "https://rustup.rs, and then `rustup target add wasm32-wasip2`",
        }]
    }

    fn build(&self, project: &Project, progress: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError> {
        let way = wasm_target::ready(&project.source(), Missing::Tell)?;
        let mut cargo = Command::new("cargo");
        cargo.current_dir(project.source());
        let mut cargo = way.cargo(cargo);
        cargo.args([
            "build",
            "--release",
            "--target",
            TARGET,
            "--message-format=json-render-diagnostics",
        ]);
        cargo.args(way.build_args());
        let messages = run(&mut cargo, Stdout::Taken, progress)?;
        // The last one: what the crate itself depends on is built before it.
        match messages.iter().rev().find_map(|message| component(message)) {
            Some(path) => made(&path),
            None => Err(BuildError::NothingMade {
                command: in_words(&cargo),
                problem: "it made no component; Cargo.toml needs `crate-type = [\"cdylib\", \"rlib\"]` under [lib]"
                    .to_owned(),
            }),
        }
    }
}

/// The component that a message of cargo tells of.
fn component(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let of_a_library = message["target"]["crate_types"]
        .as_array()?
        .iter()
        .any(|kind| kind == "cdylib");
    let mut files = message["filenames"].as_array()?.iter().filter_map(Value::as_str);
    let file = files.find(|file| file.ends_with(".wasm"))?;
    of_a_library.then(|| file.into())
}

/// Where the SDK is in the workspace.
const SDK: &str = "path = \"plugin-sdk/";

/// A member's manifest with what it takes from its workspace written out.
fn standing_alone(member: &str, workspace: &str) -> String {
    let mut section = "";
    let mut text = String::new();
    for line in member.lines() {
        if line.starts_with('[') {
            section = line;
        }
        let from = match section {
            "[package]" => "[workspace.package]",
            "[lints]" => continue,
            _ => "[workspace.dependencies]",
        };
        match line.strip_suffix(".workspace = true") {
            Some(key) => {
                let line = said(workspace, from, key).expect("the workspace says what its members take from it");
                text += &line.replace(SDK, "path = \"");
            }
            None => text += line,
        }
        text.push('\n');
    }
    text
}

/// The line of a key in a section.
fn said<'a>(manifest: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let lines = manifest.lines().skip_while(|line| *line != section).skip(1);
    let mut lines = lines.take_while(|line| !line.starts_with('['));
    lines.find(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(" = ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_of_the_sdk_needs_no_workspace() {
        let nothing = World {
            imports: Vec::new(),
            exports: Vec::new(),
        };
        let layer = Cargo.layer(&nothing);
        let text = |name: &str| {
            let found = layer.iter().find(|(path, _)| path == Path::new(name));
            &found.expect("it is there").1
        };
        let manifest: toml::Table = toml::from_str(text("Cargo.toml")).expect("TOML");
        assert_eq!(manifest["package"]["name"].as_str(), Some("waspnest-plugin"));
        assert!(manifest["dependencies"]["serde"]["version"].is_str(), "{manifest}");
        assert!(
            manifest["dependencies"]["wit-bindgen"]["features"].is_array(),
            "{manifest}"
        );
        assert!(!text("Cargo.toml").contains("workspace"), "{manifest}");
        assert_eq!(
            manifest["dependencies"]["waspnest-plugin-derive"]["path"].as_str(),
            Some("derive")
        );
        let derive: toml::Table = toml::from_str(text("derive/Cargo.toml")).expect("TOML");
        assert!(derive["dependencies"]["syn"].is_str(), "{derive}");
        assert!(!text("src/lib.rs").is_empty() && !text("derive/src/lib.rs").is_empty());
        assert!(!text("wit/worlds.wit").is_empty());
    }

    #[test]
    fn the_component_is_found_in_what_cargo_says() {
        let said = |kind: &str, file: &str| {
            format!(r#"{{"reason":"compiler-artifact","target":{{"crate_types":["{kind}"]}},"filenames":["{file}"]}}"#)
        };
        assert_eq!(component(&said("cdylib", "/t/a.wasm")), Some("/t/a.wasm".into()));
        assert_eq!(component(&said("lib", "/t/liba.rlib")), None);
        assert_eq!(component(r#"{"reason":"build-finished","success":true}"#), None);
    }
}

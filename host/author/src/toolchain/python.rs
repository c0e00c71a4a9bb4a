//! Python: componentize-py puts the plugin, the layer and CPython into a component, with everything imported already.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::fetched::{PYTHON, Packages};
use super::{BuildError, Stdout, Tool, Toolchain, as_they_are, made, run, write};
use crate::carried::PYTHON_LAYER;
use crate::project::Project;
use crate::world::World;

/// The tool.
const TOOL: Packages = Packages {
    place: "componentize-py-0.25.1",
    names: &["componentize-py==0.25.1"],
};

/// The module that the component begins with, written by [`Toolchain::layer`].
const ENTRY: &str = "waspnest_entry";

/// Python's tool.
#[derive(Debug)]
pub(crate) struct Componentize;

impl Toolchain for Componentize {
    fn layer(&self, world: &World) -> Vec<(PathBuf, String)> {
        let entry = (PathBuf::from(ENTRY).with_extension("py"), entry_point(world));
        as_they_are(PYTHON_LAYER).chain([entry]).collect()
    }

    fn tools(&self) -> &'static [Tool] {
        &[Tool {
            programs: &[PYTHON],
            get: "Python 3.10 or newer with pip, https://www.python.org",
        }]
    }

    fn build(&self, project: &Project, progress: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError> {
        let tool = TOOL.of_pypi(project, progress)?;
        let scratch = project.scratch()?;
        let source = project.source();
        // The entry point imports it by one name, whatever its file is called.
        let name = source.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let chosen = scratch.join("chosen");
        std::fs::create_dir_all(&chosen).map_err(|source| BuildError::File {
            path: chosen.clone(),
            source,
        })?;
        write(
            &chosen.join("waspnest_plugin.py"),
            &format!("import {name}  # noqa: F401\n"),
        )?;
        let started = |words: &[&str]| {
            let mut command = Command::new(PYTHON);
            command.arg(tool.join("bin/componentize-py")).env("PYTHONPATH", &tool);
            command.arg("--quiet").arg("--wit-path").arg(project.wit());
            command.args(["--world", World::NAME]).args(words);
            command
        };
        // For editors; the component has bindings of its own.
        let bindings = scratch.join("bindings");
        if !bindings.exists() {
            run(started(&["bindings"]).arg(&bindings), Stdout::Told, progress)?;
        }
        let component = scratch.join("plugin.wasm");
        let mut componentize = started(&["componentize"]);
        let beside = source.parent().unwrap_or(Path::new("."));
        for path in [&project.sdk(), &chosen, beside] {
            componentize.arg("--python-path").arg(path);
        }
        componentize.arg("--output").arg(&component).arg(ENTRY);
        run(&mut componentize, Stdout::Told, progress)?;
        made(&component)
    }
}

/// The module whose classes are the exports.
fn entry_point(world: &World) -> String {
    use heck::ToUpperCamelCase as _;
    let classes: Vec<_> = world
        .exports
        .iter()
        .map(|interface| interface.to_upper_camel_case())
        .collect();
    let interfaces: Vec<_> = world.exports.iter().map(|interface| format!("{interface:?}")).collect();
    format!(
        "# Made from plugin.toml by `waspnest plugin build`; changes here are lost.\nimport waspnest_plugin  # noqa: F401\nfrom waspnest import handlers\nfrom waspnest.exports import {}  # noqa: F401\n\nhandlers.check([{}])\n",
        classes.join(", "),
        interfaces.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_point_has_a_class_for_each_export() {
        let world = World {
            imports: Vec::new(),
            exports: vec!["message-handler".into(), "lifecycle".into()],
        };
        let text = entry_point(&world);
        assert!(text.contains("import MessageHandler, Lifecycle "), "{text}");
        assert!(text.contains("check([\"message-handler\", \"lifecycle\"])"), "{text}");
    }
}

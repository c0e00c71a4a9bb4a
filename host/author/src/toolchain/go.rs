//! Go, by its own compiler: a module for WASI's first preview, with bindings that wit-bindgen makes of the world.
//!
//! The layer is a Go module below the author's directory, which `go.mod` puts in place of `waspnest.org/plugin`; the runtime of the
//! bindings is our own, in it. Go asks nothing of the network.

mod room;

use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_core::Files;
use wit_bindgen_go::{Format, Opts};

use super::{BuildError, Stdout, Tool, Toolchain, as_they_are, in_words, made, run};
use crate::carried::GO_LAYER;
use crate::project::Project;
use crate::world::{World, described};

/// Where the layer's module keeps bindings, and what generated code imports instead.
const BINDINGS: &str = "waspnest.org/plugin/wit";
const FOREIGN_RUNTIME: &str = "go.bytecodealliance.org/pkg/wit";

/// The directory of the layer with two files for each handler: where the host's calls arrive, and where the plugin registers.
const HANDLERS: &str = "exports";

/// Go's compiler.
#[derive(Debug)]
pub(crate) struct Compiler;

impl Toolchain for Compiler {
    fn layer(&self, world: &World) -> Vec<(PathBuf, String)> {
        let handlers = Path::new(HANDLERS);
        let kept = |(path, text): (PathBuf, String)| {
            let Ok(below) = path.strip_prefix(handlers) else {
                return Some((path, text));
            };
            let interface = below.parent()?.to_str()?;
            let exported = world.exports.iter().any(|export| **export == *interface);
            let name = interface.replace('-', "_");
            exported.then(|| match below.ends_with("call.go") {
                true => (format!("wit/export_waspnest_plugin_{name}/call.go").into(), text),
                false => (format!("on_{name}.go").into(), text),
            })
        };
        as_they_are(GO_LAYER).filter_map(kept).chain(bindings(world)).collect()
    }

    fn tools(&self) -> &'static [Tool] {
        &[Tool {
            programs: &["go"],
            get: "Go 1.24 or newer, https://go.dev/dl",
        }]
    }

    fn build(&self, project: &Project, progress: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError> {
        let module = project.scratch()?.join("plugin.wasm");
        let mut go = Command::new("go");
        go.current_dir(project.source())
            .env("GOOS", "wasip1")
            .env("GOARCH", "wasm");
        // A library is started and then called, as components are; names and lines of its functions are for debuggers.
        go.args(["build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o"]);
        go.arg(&module).arg(".");
        run(&mut go, Stdout::Told, progress)?;
        let module = made(&module)?;
        let with_room = room::with_room(&module).map_err(|problem| BuildError::NothingMade {
            command: in_words(&go),
            problem,
        })?;
        described(project, with_room)
    }
}

fn bindings(world: &World) -> Vec<(PathBuf, String)> {
    let (mut resolve, id) = world.resolved();
    let mut files = Files::default();
    let options = Opts {
        format: Format::False,
        pkg_name: Some(BINDINGS.to_owned()),
        ..Opts::default()
    };
    let mut generator = options.build();
    generator
        .generate(&mut resolve, id, &mut files)
        .expect("the contract has nothing that Go has no form for");
    let ours = |(name, text): (&str, &[u8])| {
        (
            Path::new("wit").join(name),
            on_our_runtime(&String::from_utf8_lossy(text)),
        )
    };
    files.iter().map(ours).collect()
}

/// Generated code on the runtime of the layer, which copies what the host hands over: it lies where the next call puts its own.
fn on_our_runtime(generated: &str) -> String {
    let mut text = generated
        .replace(FOREIGN_RUNTIME, BINDINGS)
        .replace("unsafe.String(", "witRuntime.TakeString(")
        .replace("unsafe.Slice((*uint8)(", "witRuntime.TakeBytes((*uint8)(")
        .replace(
            "pinner := &runtime.Pinner{}",
            "pinner := witRuntime.Begin(&runtime.Pinner{})",
        )
        .replace(
            "pinner := &syncExportPinner",
            "pinner := witRuntime.Results(&syncExportPinner)",
        );
    let import = format!("witRuntime \"{BINDINGS}/runtime\"");
    if text.contains("witRuntime.") && !text.contains(&import) {
        text = text.replacen("import (\n", &format!("import (\n{import}\n"), 1);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_has_the_handlers_of_its_world_and_bindings_that_import_nothing_foreign() {
        let world = World {
            imports: ["types", "kv"].map(Into::into).into(),
            exports: ["message-handler"].map(Into::into).into(),
        };
        let layer = Compiler.layer(&world);
        let has = |path: &str| layer.iter().any(|(known, _)| known == Path::new(path));
        assert!(has("go.mod") && has("on_message_handler.go") && has("wit/waspnest_plugin_kv/wit_bindings.go"));
        assert!(has("wit/export_waspnest_plugin_message_handler/call.go"));
        assert!(!has("on_reply_handler.go") && !has("wit/waspnest_plugin_http/wit_bindings.go"));
        for (path, text) in &layer {
            let path = path.display();
            assert!(!text.contains("bytecodealliance.org"), "{path}");
            // All that the host hands over is copied.
            let is_ours = !path.to_string().contains("waspnest_plugin_");
            assert!(
                is_ours || !text.contains("unsafe.String(") && !text.contains("unsafe.Slice("),
                "{path}"
            );
        }
    }
}

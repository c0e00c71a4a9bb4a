//! C, by clang with a C library for WebAssembly. Zig carries both; without it, a clang of the system with wasi-libc does, or that of the WASI
//! SDK; and where there is neither, Zig is fetched.

mod clang;

use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_c::Opts;
use wit_bindgen_core::Files;

use super::fetched::{PYTHON, Packages};
use super::{BuildError, Stdout, Tool, Toolchain, as_they_are, look_for, made, on_path, run};
use crate::carried::C_LAYER;
use crate::project::Project;
use crate::world::{World, described};

/// The tool, as a package.
const ZIG: Packages = Packages {
    place: "zig-0.17.1",
    names: &["ziglang==0.17.1"],
};

/// The tool, as a program.
const PROGRAM: &str = "zig";

/// What is needed where no tool is there and none can be fetched.
const TOOL: Tool = Tool {
    programs: &[PROGRAM, PYTHON],
    get: "Zig, https://ziglang.org/download; or clang with wasi-libc (on Debian: clang, lld, wasi-libc and libclang-rt-dev-wasm32 of the same \
          version; elsewhere the WASI SDK, https://github.com/WebAssembly/wasi-sdk, with WASI_SDK_PATH set to where it is); or Python 3 with \
          pip, by which Zig is fetched",
};

/// C's compiler.
#[derive(Debug)]
pub(crate) struct Clang;

impl Toolchain for Clang {
    fn layer(&self, world: &World) -> Vec<(PathBuf, String)> {
        as_they_are(C_LAYER)
            .chain(bindings(world))
            .chain([("world.h".into(), defines(world))])
            .collect()
    }

    /// Whether one of them is there is found out by [`Toolchain::build`], since a clang alone is not enough.
    fn tools(&self) -> &'static [Tool] {
        &[]
    }

    fn build(&self, project: &Project, progress: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError> {
        let module = project.scratch()?.join("plugin.wasm");
        let mut clang = compiler(project, progress)?;
        clang.current_dir(project.dir());
        // A library is started and then called, as components are. Its stack is memory of every call: Zig's own choice is 16 MiB.
        clang.args([
            "-mexec-model=reactor",
            "-Os",
            "-std=c11",
            "-Wl,--strip-all",
            "-Wl,-z,stack-size=262144",
        ]);
        clang.args(["-Wall", "-Wextra"]).arg("-I").arg(project.sdk());
        clang.arg("-o").arg(&module);
        for file in sources(&project.source())?.iter().chain(&sources(&project.sdk())?) {
            clang.arg(file);
        }
        run(&mut clang, Stdout::Told, progress)?;
        described(project, made(&module)?)
    }
}

/// The compiler that is there, or that was fetched, with its target.
fn compiler(project: &Project, progress: &mut dyn FnMut(&str)) -> Result<Command, BuildError> {
    let of_zig = |mut zig: Command| {
        zig.args(["cc", "-target", "wasm32-wasi"]);
        zig
    };
    if let Some(zig) = on_path(PROGRAM) {
        return Ok(of_zig(Command::new(zig)));
    }
    let surroundings = clang::Surroundings {
        sdk: std::env::var_os("WASI_SDK_PATH"),
        sysroot: std::env::var_os("WASI_SYSROOT"),
        on_path: &on_path,
    };
    if let Some(found) = surroundings.clang() {
        let mut clang = Command::new(found.program);
        clang.arg(format!("--target={}", found.target));
        clang.arg(format!("--sysroot={}", found.sysroot.display()));
        return Ok(clang);
    }
    look_for(&[TOOL])?;
    let place = ZIG.of_pypi(project, progress)?;
    let mut python = Command::new(PYTHON);
    python.env("PYTHONPATH", place).args(["-m", "ziglang"]);
    Ok(of_zig(python))
}

/// The C files of a directory, or the one file.
fn sources(place: &Path) -> Result<Vec<PathBuf>, BuildError> {
    if place.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    let failed = |source| BuildError::File {
        path: place.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(place).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "c") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn bindings(world: &World) -> Vec<(PathBuf, String)> {
    let (mut resolve, id) = world.resolved();
    let mut files = Files::default();
    let options = Opts {
        // What describes the component is put into the module afterwards, for all languages in the same way.
        no_object_file: true,
        ..Opts::default()
    };
    options
        .build()
        .generate(&mut resolve, id, &mut files)
        .expect("the contract has nothing that C has no form for");
    let text = |(name, text): (&str, &[u8])| (PathBuf::from(name), String::from_utf8_lossy(text).into_owned());
    files.iter().map(text).collect()
}

/// What the world has, for the layer's preprocessor.
fn defines(world: &World) -> String {
    let mut text = "// Made from plugin.toml by `waspnest plugin build`; changes here are lost.\n".to_owned();
    for (kind, interfaces) in [("IMPORTS", &world.imports), ("EXPORTS", &world.exports)] {
        for interface in interfaces {
            let name = interface.replace('-', "_").to_uppercase();
            text += &format!("#define WASPNEST_{kind}_{name}\n");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_knows_what_its_world_has() {
        let world = World {
            imports: ["types", "log", "config", "media-store"].map(Into::into).into(),
            exports: ["message-handler"].map(Into::into).into(),
        };
        let layer = Clang.layer(&world);
        let text = |path: &str| {
            &layer
                .iter()
                .find(|(known, _)| known == Path::new(path))
                .expect("it is there")
                .1
        };
        assert!(text("world.h").contains("#define WASPNEST_IMPORTS_MEDIA_STORE\n"));
        assert!(text("world.h").contains("#define WASPNEST_EXPORTS_MESSAGE_HANDLER\n"));
        assert!(text("plugin.h").contains("exports_waspnest_plugin_message_handler_on_message"));
        assert!(!text("plugin.h").contains("waspnest_plugin_http"));
    }
}

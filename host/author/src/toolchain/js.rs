//! JavaScript and TypeScript: esbuild makes one module of the plugin, the layer and what else it imports, and componentize-qjs puts that
//! into a component with the engine QuickJS. TypeScript is checked by its own compiler first, where the project has a `tsconfig.json`.

mod declarations;

use std::path::{Path, PathBuf};
use std::process::Command;

use super::fetched::Packages;
use super::{BuildError, Stdout, Tool, Toolchain, as_they_are, made, run, write};
use crate::carried::JS_LAYER;
use crate::project::Project;
use crate::world::{World, contract};

/// The tools for both. The engine passes numbers of 64 bits as numbers, which the layer and its types rely on.
const TOOLS: Packages = Packages {
    place: "js-qjs-0.4.5-esbuild-0.28.2",
    names: &["componentize-qjs@0.4.5", "esbuild@0.28.2"],
};

/// The compiler of TypeScript, which only checks.
const CHECKER: Packages = Packages {
    place: "ts-7.0.2",
    names: &["typescript@7.0.2"],
};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// JavaScript.
    Plain,
    /// TypeScript.
    Typed,
}

/// The tools of JavaScript.
#[derive(Debug)]
pub(crate) struct Bundle(pub(crate) Flavour);

impl Toolchain for Bundle {
    fn layer(&self, _: &World) -> Vec<(PathBuf, String)> {
        let contract = declarations::declarations(&contract());
        as_they_are(JS_LAYER)
            .chain([(PathBuf::from("contract.d.ts"), contract)])
            .collect()
    }

    fn tools(&self) -> &'static [Tool] {
        &[
            Tool {
                programs: &["node"],
                get: "Node.js 20 or newer, https://nodejs.org",
            },
            Tool {
                programs: &["npm"],
                get: "Node.js 20 or newer, https://nodejs.org, with its npm",
            },
        ]
    }

    fn build(&self, project: &Project, progress: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError> {
        let programs = TOOLS.of_npm(project, progress)?.join("node_modules/.bin");
        if self.0 == Flavour::Typed && project.dir().join("tsconfig.json").exists() {
            let tsc = CHECKER.of_npm(project, progress)?.join("node_modules/.bin/tsc");
            run(
                Command::new(tsc).args(["--noEmit", "--project"]).arg(project.dir()),
                Stdout::Told,
                progress,
            )?;
        }
        let scratch = project.scratch()?;
        let (entry, bundle, component) = (
            scratch.join("entry.js"),
            scratch.join("bundle.js"),
            scratch.join("plugin.wasm"),
        );
        let world = wit_of(project)?;
        write(&entry, &entry_point(project, &world))?;
        let mut esbuild = Command::new(programs.join("esbuild"));
        esbuild.current_dir(project.dir()).arg(&entry);
        esbuild.args([
            "--bundle",
            "--format=esm",
            "--target=es2023",
            "--platform=neutral",
            "--main-fields=module,main",
        ]);
        esbuild.args(["--log-level=warning", "--external:waspnest:*"]);
        esbuild.arg(option("--alias:waspnest=", &project.sdk().join("index.ts")));
        esbuild.arg(option("--outfile=", &bundle));
        run(&mut esbuild, Stdout::Told, progress)?;
        all_asked_for(&made(&bundle)?, &world)?;
        let mut componentize = Command::new(programs.join("componentize-qjs"));
        componentize
            .arg("--wit")
            .arg(project.wit())
            .args(["--world", World::NAME]);
        componentize.arg("--js").arg(&bundle).arg("--output").arg(&component);
        // The host calls without the async ABI of components, which is not finished.
        componentize.arg("--sync");
        run(&mut componentize, Stdout::Taken, progress)?;
        made(&component)
    }
}

fn option(name: &str, path: &Path) -> String {
    format!("{name}{}", path.display())
}

fn wit_of(project: &Project) -> Result<String, BuildError> {
    let path = project.wit().join("world.wit");
    std::fs::read_to_string(&path).map_err(|source| BuildError::File { path, source })
}

/// The interfaces behind a keyword of a world's text.
fn interfaces<'a>(world: &'a str, keyword: &str) -> Vec<&'a str> {
    let named = |line: &'a str| {
        line.trim()
            .strip_prefix(keyword)?
            .trim()
            .strip_prefix("waspnest:plugin/")?
            .split('@')
            .next()
    };
    world.lines().filter_map(named).collect()
}

/// The module that exports what the world exports.
fn entry_point(project: &Project, world: &str) -> String {
    use heck::ToLowerCamelCase as _;
    let quoted = |path: PathBuf| serde_json::Value::from(path.to_string_lossy()).to_string();
    let plugin = quoted(project.source());
    let handlers = quoted(project.sdk().join("handlers.ts"));
    let globals = quoted(project.sdk().join("globals.ts"));
    // What libraries expect of the engine is there before they are read.
    let mut text = format!("import {globals};\nimport plugin from {plugin};\nimport * as handlers from {handlers};\n");
    for interface in interfaces(world, "export") {
        let name = interface.to_lower_camel_case();
        text += &format!("export const {name} = handlers.{name}(plugin);\n");
    }
    text
}

/// Tells of an interface that is used and not asked for, before the engine stumbles over it.
fn all_asked_for(bundle: &[u8], world: &str) -> Result<(), BuildError> {
    let known = interfaces(world, "import");
    let bundle = String::from_utf8_lossy(bundle);
    let used = bundle
        .lines()
        .filter(|line| line.starts_with("import "))
        .filter_map(|line| {
            let (_, from) = line.split_once("\"waspnest:plugin/")?;
            from.split(['"', '@']).next()
        });
    match used.into_iter().find(|interface| !known.contains(interface)) {
        None => Ok(()),
        Some(interface) => Err(BuildError::NotAskedFor {
            interface: interface.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD: &str = "package a:b;\n\nworld plugin {\n  import waspnest:plugin/kv@0.1.0;\n  export waspnest:plugin/message-handler@0.1.0;\n}\n";

    #[test]
    fn what_is_used_and_not_asked_for_is_named() {
        let bundle = |interface: &str| format!("import {{ a }} from \"waspnest:plugin/{interface}\";\nvar b = a;\n");
        assert!(all_asked_for(bundle("kv").as_bytes(), WORLD).is_ok());
        let refused = all_asked_for(bundle("http").as_bytes(), WORLD).expect_err("not asked for");
        assert!(refused.to_string().contains("\"http\""), "{refused}");
        assert_eq!(interfaces(WORLD, "export"), ["message-handler"]);
    }

    #[test]
    fn the_contract_is_declared_whole() {
        let text = declarations::declarations(&contract());
        for expected in [
            "declare module \"waspnest:plugin/messaging\" {",
            "export function send(to: Jid, what: Outgoing, opts: Options | null | undefined): MessageId;",
            "plainText?: string | null | undefined;",
            "| { tag: \"retry\"; val: [string, number | null | undefined] }",
            "static open(s: Scope): Store;",
            "export { _yield as yield };",
        ] {
            assert!(text.contains(expected), "{expected}");
        }
        // What the contract has no form for would be this.
        assert!(!text.contains(": never"), "{text}");
    }
}

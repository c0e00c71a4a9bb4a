//! `cargo xtask plugins`: builds the plugins that ship, the examples in Rust and the guests of the tests, each into
//! `target/plugins/<name>/{plugin.toml,<component>.wasm}`, which is the form the host installs.
//!
//! That is below the checkout even where the build directory is elsewhere: tests and configurations find them by that path.
//! A file is written only when its content changed, so that whoever watches or caches by time is not woken for nothing.

use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use waspnest_author::wasm_target::{self, Missing, TARGET};

/// One directory under `target/plugins`.
struct Guest {
    /// Name of the directory.
    name: Cow<'static, str>,
    /// The crate that makes the component.
    package: Cow<'static, str>,
    /// Its manifest, from the top of the checkout.
    manifest: Cow<'static, str>,
}

/// A guest of the tests.
const fn guest(name: &'static str, package: &'static str, manifest: &'static str) -> Guest {
    Guest {
        name: Cow::Borrowed(name),
        package: Cow::Borrowed(package),
        manifest: Cow::Borrowed(manifest),
    }
}

/// Where each directory with a crate and a manifest is a plugin, and both have its name.
const SHELVES: [&str; 2] = ["plugins", "examples"];

/// What plugins here call the schema of their configuration.
const CONFIG_SCHEMA: &str = "config.schema.json";

const GUESTS: &[Guest] = &[
    // For the engine's tests: the same component under a good manifest, and under one that asks for too little.
    guest("hostile", "hostile", "host/engine/tests/guests/hostile/plugin.toml"),
    guest("unasked", "hostile", "host/engine/tests/guests/hostile/unasked.toml"),
    // For the server's tests: the same component with leave to ask everybody.
    guest("roamer", "hostile", "host/engine/tests/guests/hostile/roamer.toml"),
    // For the tests of the engine and the server: says what happened.
    guest("witness", "witness", "host/engine/tests/guests/witness/plugin.toml"),
    // For the tests of the engine and the server: holds conversations.
    guest("talker", "talker", "host/engine/tests/guests/talker/plugin.toml"),
    // For the tests of the engine and the server: does with groups, people and chats what it is told.
    guest("clerk", "clerk", "host/engine/tests/guests/clerk/plugin.toml"),
    // For the crash tests of the server: does everything that could be lost or doubled.
    guest("worker", "worker", "host/engine/tests/guests/worker/plugin.toml"),
    // For the tests of the engine and the server: brings what it keeps into other forms.
    guest("mover", "mover", "host/engine/tests/guests/mover/plugin.toml"),
    // For the tests of the engine and the server: tells what it is configured to be, and checks it.
    guest("tuner", "tuner", "host/engine/tests/guests/tuner/plugin.toml"),
    // For the engine's tests: traps in every handler.
    guest("saboteur", "saboteur", "host/engine/tests/guests/saboteur/plugin.toml"),
    // For the engine's tests: sends every event on as JSON.
    guest(
        "switchboard",
        "switchboard",
        "host/engine/tests/guests/switchboard/plugin.toml",
    ),
    guest("recorder", "recorder", "host/engine/tests/guests/recorder/plugin.toml"),
];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let way = wasm_target::ready(&workspace.root, Missing::Install(&mut |words| eprintln!("{words}")))?;
    // One invocation for all, apart from the host's: the two never share a profile, and features are not unified.
    let mut build = way.cargo(workspace.cargo([]));
    build.args(["build", "--profile", "plugin", "--target", TARGET]);
    build.args(way.build_args());
    let shipped = shipped(workspace)?;
    let guests = || shipped.iter().chain(GUESTS);
    let packages: BTreeSet<&str> = guests().map(|guest| &*guest.package).collect();
    for package in packages {
        build.args(["-p", package]);
    }
    let status = build.status().with_context(|| format!("starting {build:?}"))?;
    if !status.success() {
        bail!("building the plugins failed: {build:?}");
    }

    let built = workspace.target.join(TARGET).join("plugin");
    for guest in guests() {
        let component = format!("{}.wasm", guest.package);
        let out = workspace.root.join("target/plugins").join(&*guest.name);
        fs::create_dir_all(&out).with_context(|| format!("creating {}", out.display()))?;
        let size = copy_if_changed(&built.join(&component), &out.join(&component))?;
        let manifest = workspace.root.join(&*guest.manifest);
        copy_if_changed(&manifest, &out.join("plugin.toml"))?;
        let schema = manifest.with_file_name(CONFIG_SCHEMA);
        if schema.exists() {
            copy_if_changed(&schema, &out.join(CONFIG_SCHEMA))?;
        }
        println!("{}: {} KiB", out.join(component).display(), size.div_ceil(1024));
    }
    Ok(())
}

/// The plugins that ship and the examples in Rust, in the order of their names.
fn shipped(workspace: &Workspace) -> Result<Vec<Guest>> {
    let mut found = Vec::new();
    for shelf in SHELVES {
        let dir = workspace.root.join(shelf);
        for entry in fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))? {
            let path = entry?.path();
            if path.join("Cargo.toml").exists() && path.join("plugin.toml").exists() {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                found.push(Guest {
                    package: name.clone().into(),
                    manifest: format!("{shelf}/{name}/plugin.toml").into(),
                    name: name.into(),
                });
            }
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

/// Copies a file unless the copy is there already, and gives its size in bytes.
fn copy_if_changed(from: &Path, to: &Path) -> Result<usize> {
    let wanted = fs::read(from).with_context(|| format!("reading {}", from.display()))?;
    if fs::read(to).is_ok_and(|found| found == wanted) {
        return Ok(wanted.len());
    }
    // Written beside and renamed, so that a host that reads it meanwhile sees the old or the new one, never half of it.
    let beside = to.with_extension("new");
    fs::write(&beside, &wanted).with_context(|| format!("writing {}", beside.display()))?;
    fs::rename(&beside, to).with_context(|| format!("writing {}", to.display()))?;
    Ok(wanted.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_only_when_it_changed() -> Result<()> {
        let dir = std::env::temp_dir().join(format!("xtask-copy-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let (from, to) = (dir.join("from"), dir.join("to"));
        fs::write(&from, "one")?;
        assert_eq!(copy_if_changed(&from, &to)?, 3);
        let mut locked = fs::metadata(&to)?.permissions();
        locked.set_readonly(true);
        fs::set_permissions(&to, locked)?;
        let before = fs::metadata(&to)?.modified()?;
        copy_if_changed(&from, &to)?;
        assert_eq!(fs::metadata(&to)?.modified()?, before);
        fs::write(&from, "other")?;
        copy_if_changed(&from, &to)?;
        assert_eq!(fs::read_to_string(&to)?, "other");
        fs::remove_dir_all(&dir)?;
        Ok(())
    }
}

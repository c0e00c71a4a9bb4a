//! `cargo xtask plugins`: builds the plugins that ship and the guests of the tests, each into
//! `target/plugins/<name>/{plugin.toml,<component>.wasm}`, which is the form the host installs.
//!
//! That is below the checkout even where the build directory is elsewhere: tests and configurations find them by that path.
//! A file is written only when its content changed, so that whoever watches or caches by time is not woken for nothing.

use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;
use waspnest_author::wasm_target::{self, Missing, TARGET};

/// One directory under `target/plugins`.
struct Guest {
    /// Name of the directory.
    name: &'static str,
    /// The crate that makes the component.
    package: &'static str,
    /// Its manifest, from the top of the checkout.
    manifest: &'static str,
}

/// What plugins here call the schema of their configuration.
const CONFIG_SCHEMA: &str = "config.schema.json";

const GUESTS: &[Guest] = &[
    Guest {
        name: "away",
        package: "away",
        manifest: "plugins/away/plugin.toml",
    },
    Guest {
        name: "echo",
        package: "echo",
        manifest: "plugins/echo/plugin.toml",
    },
    Guest {
        name: "faq",
        package: "faq",
        manifest: "plugins/faq/plugin.toml",
    },
    Guest {
        name: "reminders",
        package: "reminders",
        manifest: "plugins/reminders/plugin.toml",
    },
    Guest {
        name: "welcome",
        package: "welcome",
        manifest: "plugins/welcome/plugin.toml",
    },
    // For the engine's tests: the same component under a good manifest, and under one that asks for too little.
    Guest {
        name: "hostile",
        package: "hostile",
        manifest: "host/engine/tests/guests/hostile/plugin.toml",
    },
    Guest {
        name: "unasked",
        package: "hostile",
        manifest: "host/engine/tests/guests/hostile/unasked.toml",
    },
    // For the server's tests: the same component with leave to ask everybody.
    Guest {
        name: "roamer",
        package: "hostile",
        manifest: "host/engine/tests/guests/hostile/roamer.toml",
    },
    // For the tests of the engine and the server: says what happened.
    Guest {
        name: "witness",
        package: "witness",
        manifest: "host/engine/tests/guests/witness/plugin.toml",
    },
    // For the tests of the engine and the server: holds conversations.
    Guest {
        name: "talker",
        package: "talker",
        manifest: "host/engine/tests/guests/talker/plugin.toml",
    },
    // For the tests of the engine and the server: does with groups, people and chats what it is told.
    Guest {
        name: "clerk",
        package: "clerk",
        manifest: "host/engine/tests/guests/clerk/plugin.toml",
    },
    // For the crash tests of the server: does everything that could be lost or doubled.
    Guest {
        name: "worker",
        package: "worker",
        manifest: "host/engine/tests/guests/worker/plugin.toml",
    },
    // For the tests of the engine and the server: brings what it keeps into other forms.
    Guest {
        name: "mover",
        package: "mover",
        manifest: "host/engine/tests/guests/mover/plugin.toml",
    },
    // For the tests of the engine and the server: tells what it is configured to be, and checks it.
    Guest {
        name: "tuner",
        package: "tuner",
        manifest: "host/engine/tests/guests/tuner/plugin.toml",
    },
    // For the engine's tests: traps in every handler.
    Guest {
        name: "saboteur",
        package: "saboteur",
        manifest: "host/engine/tests/guests/saboteur/plugin.toml",
    },
    // For the engine's tests: sends every event on as JSON.
    Guest {
        name: "switchboard",
        package: "switchboard",
        manifest: "host/engine/tests/guests/switchboard/plugin.toml",
    },
    Guest {
        name: "recorder",
        package: "recorder",
        manifest: "host/engine/tests/guests/recorder/plugin.toml",
    },
];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let way = wasm_target::ready(&workspace.root, Missing::Install(&mut |words| eprintln!("{words}")))?;
    // One invocation for all, apart from the host's: the two never share a profile, and features are not unified.
    let mut build = way.cargo(workspace.cargo([]));
    build.args(["build", "--profile", "plugin", "--target", TARGET]);
    build.args(way.build_args());
    let mut packages: Vec<&str> = GUESTS.iter().map(|guest| guest.package).collect();
    packages.dedup();
    for package in packages {
        build.args(["-p", package]);
    }
    let status = build.status().with_context(|| format!("starting {build:?}"))?;
    if !status.success() {
        bail!("building the plugins failed: {build:?}");
    }

    let built = workspace.target.join(TARGET).join("plugin");
    for guest in GUESTS {
        let component = format!("{}.wasm", guest.package);
        let out = workspace.root.join("target/plugins").join(guest.name);
        fs::create_dir_all(&out).with_context(|| format!("creating {}", out.display()))?;
        let size = copy_if_changed(&built.join(&component), &out.join(&component))?;
        let manifest = workspace.root.join(guest.manifest);
        copy_if_changed(&manifest, &out.join("plugin.toml"))?;
        let schema = manifest.with_file_name(CONFIG_SCHEMA);
        if schema.exists() {
            copy_if_changed(&schema, &out.join(CONFIG_SCHEMA))?;
        }
        println!("{}: {} KiB", out.join(component).display(), size.div_ceil(1024));
    }
    Ok(())
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

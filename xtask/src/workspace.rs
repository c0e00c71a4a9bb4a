//! Where things are: the checkout, the build directory, the cache; and how to call cargo there.

use anyhow::{Context, Result, bail};
use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The checkout that the current directory belongs to.
pub(crate) struct Workspace {
    /// Its top directory.
    pub(crate) root: PathBuf,
    /// The build directory, wherever configuration or environment put it.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn find() -> Result<Self> {
        let mut metadata = Command::new(cargo_program());
        let text = output(metadata.args(["metadata", "--format-version=1", "--no-deps", "--offline"]))?;
        let json: serde_json::Value = serde_json::from_str(&text).context("reading cargo metadata")?;
        let path = |key: &str| -> Result<PathBuf> {
            let value = json[key]
                .as_str()
                .with_context(|| format!("cargo metadata has no {key}"))?;
            Ok(value.into())
        };
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
        })
    }

    /// A cargo command, run at the top of the checkout.
    pub(crate) fn cargo<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(cargo_program());
        command.current_dir(&self.root).args(args);
        // `cargo run` has told this program about its own package. Build scripts of dependencies watch those variables, so that a
        // cargo which inherits them would build half of the tree anew, and the next plain `cargo build` again.
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(of_own_package) {
                command.env_remove(name);
            }
        }
        command
    }
}

/// Whether cargo sets this variable for the package it runs.
fn of_own_package(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// The cargo that runs us, so that the toolchain stays the same.
fn cargo_program() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// A directory outside the checkout that survives it, for tools that are installed once a machine.
pub(crate) fn cache_dir() -> Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .context("neither XDG_CACHE_HOME nor HOME is set, so there is no place for installed tools")?;
    Ok(cache.join("waspnest"))
}

/// Runs a command and gives what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command
        .output()
        .with_context(|| format!("starting {:?}", command.get_program()))?;
    if !done.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    String::from_utf8(done.stdout).with_context(|| format!("{command:?} wrote something that is no text"))
}

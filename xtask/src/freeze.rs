//! `cargo xtask freeze`: keeps the contract as it is now for good, with components that were built against it.
//!
//! Done once for each version of the contract, when it is released. `host/engine/tests/it/released.rs` reads what this writes, and fails
//! when a later host no longer serves it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::plugins;
use crate::workspace::Workspace;

/// Guests of the tests that together call every interface and export every handler.
const CORPUS: [&str; 8] = [
    "hostile",
    "witness",
    "talker",
    "clerk",
    "reminders",
    "switchboard",
    "tuner",
    "recorder",
];

pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let wit = workspace.root.join("plugin-sdk/wit");
    let version = version(&fs::read_to_string(wit.join("worlds.wit")).context("reading the contract's worlds")?)?;
    let dir = workspace.root.join("plugin-sdk/contracts").join(&version);
    if dir.exists() {
        bail!(
            "{} is there already: what was released stays as it is, so give the package of the contract another version",
            dir.display()
        );
    }
    plugins::run(workspace)?;
    copy(&wit, &dir.join("wit"))?;
    for plugin in CORPUS {
        copy(
            &workspace.root.join("target/plugins").join(plugin),
            &dir.join("corpus").join(plugin),
        )?;
    }
    println!(
        "froze {version}; say in {} what is to be asked of the components, and accept the snapshot of the answers",
        dir.join("asked.txt").display()
    );
    Ok(())
}

/// The version in `package waspnest:plugin@VERSION;`.
fn version(worlds: &str) -> Result<String> {
    let found = worlds.lines().find_map(|line| {
        let named = line.strip_prefix("package waspnest:plugin@")?;
        Some(named.strip_suffix(';')?.to_owned())
    });
    found.context("the contract's worlds do not name their package")
}

/// Copies the files of a directory into a new one, without saying where this machine keeps the sources of dependencies: panics in
/// components name them.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")));
    let sources = home.map(|home| format!("{}/registry/src/", home.display()));
    fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let file = entry?.path();
        if let Some(name) = file.file_name() {
            let mut content = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            if let Some(sources) = &sources {
                blank(&mut content, sources.as_bytes());
            }
            fs::write(to.join(name), content).with_context(|| format!("copying {}", file.display()))?;
        }
    }
    Ok(())
}

/// Overwrites a directory wherever it is named, with the name of what is directly in it. Lengths stay, since others count on them.
fn blank(content: &mut [u8], directory: &[u8]) {
    let mut from = 0;
    while let Some(at) = content[from..]
        .windows(directory.len())
        .position(|part| part == directory)
    {
        let (begin, inside) = (from + at, from + at + directory.len());
        let name = content[inside..]
            .iter()
            .position(|byte| *byte == b'/')
            .unwrap_or_default();
        from = inside + name;
        content[begin..from].fill(b'-');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_sources_lay_is_overwritten() {
        let mut content = b"at /home/me/src/index-1/serde/lib.rs and /home/me/src/index-2/x".to_vec();
        blank(&mut content, b"/home/me/src/");
        assert_eq!(
            content,
            b"at --------------------/serde/lib.rs and --------------------/x"
        );
    }

    #[test]
    fn the_contract_names_its_version() -> Result<()> {
        assert_eq!(
            version("// words\npackage waspnest:plugin@0.1.0;\nworld x {}")?,
            "0.1.0"
        );
        assert!(version("world x {}").is_err());
        Ok(())
    }
}

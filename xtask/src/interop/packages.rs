//! The npm packages of `interop/`, exactly as the lock file names them.
//!
//! npm checks every package against its hash in the lock file when it unpacks it. Afterwards a fingerprint of all files is kept beside
//! them, so that what is used again is what was unpacked: an edited file, a changed lock or half an installation means a new one.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::step;

/// Where the fingerprint is, under `node_modules`.
const FINGERPRINT: &str = ".fingerprint";

/// Makes sure that `node_modules` in `dir` is what the lock file says.
pub(super) fn install(dir: &Path) -> Result<()> {
    let kept = dir.join("node_modules").join(FINGERPRINT);
    if fs::read_to_string(&kept).is_ok_and(|kept| fingerprint(dir).is_ok_and(|now| now == kept)) {
        return Ok(());
    }
    step::command("npm ci", Command::new("npm").current_dir(dir).arg("ci"))?;
    fs::write(&kept, fingerprint(dir)?).with_context(|| format!("writing {}", kept.display()))
}

/// A hash over what decides the packages, and over every file of theirs. It finds accidents; npm's own hashes keep out strangers.
fn fingerprint(dir: &Path) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    for name in ["package.json", "package-lock.json", ".npmrc"] {
        add(&mut hasher, &dir.join(name))?;
    }
    let mut directories = vec![dir.join("node_modules")];
    while let Some(directory) = directories.pop() {
        for path in sorted(&directory)? {
            let kind = fs::symlink_metadata(&path)
                .with_context(|| format!("looking at {}", path.display()))?
                .file_type();
            if kind.is_dir() {
                directories.push(path);
            } else if kind.is_file() && !path.ends_with(FINGERPRINT) {
                add(&mut hasher, &path)?;
            }
        }
    }
    Ok(format!("{:016x}\n", hasher.finish()))
}

fn add(hasher: &mut DefaultHasher, path: &Path) -> Result<()> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    hasher.write(path.as_os_str().as_encoded_bytes());
    hasher.write_usize(bytes.len());
    hasher.write(&bytes);
    Ok(())
}

fn sorted(directory: &Path) -> Result<Vec<PathBuf>> {
    let list =
        || -> std::io::Result<Vec<PathBuf>> { fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = list().with_context(|| format!("reading {}", directory.display()))?;
    paths.sort_unstable();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_changes_the_fingerprint() {
        let dir = std::env::temp_dir().join(format!("waspnest-packages-{}", std::process::id()));
        let package = dir.join("node_modules/a");
        fs::create_dir_all(&package).expect("a directory");
        for name in ["package.json", "package-lock.json", ".npmrc", "node_modules/a/index.js"] {
            fs::write(dir.join(name), name).expect("a file");
        }
        let before = fingerprint(&dir).expect("a fingerprint");
        fs::write(dir.join("node_modules").join(FINGERPRINT), &before).expect("a file");
        assert_eq!(fingerprint(&dir).expect("a fingerprint"), before);
        fs::write(package.join("index.js"), "other").expect("a file");
        assert_ne!(fingerprint(&dir).expect("a fingerprint"), before);
        fs::remove_dir_all(&dir).expect("it is ours");
    }
}

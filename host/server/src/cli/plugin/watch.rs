//! The files of a plugin that somebody works on, and whether they have changed. Looked at now and then, since that works on every file
//! system and takes a fraction of a millisecond for the few files of a plugin.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context;
use waspnest_core::clock::{Clock, SystemClock};

/// How often is looked.
pub(super) const LOOK: Duration = Duration::from_millis(300);

/// Directories whose files are made by tools.
const MADE: [&str; 3] = ["target", "node_modules", "__pycache__"];

/// Which files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Files {
    /// What a host reads: the manifest, the component, the schema of its configuration.
    Built,
    /// What its author writes.
    Sources,
}

/// Files as they were last.
pub(super) struct Watched {
    dir: PathBuf,
    files: Files,
    seen: Vec<(PathBuf, Option<SystemTime>, u64)>,
}

impl Watched {
    /// As they are now.
    pub(super) fn new(dir: &Path, files: Files) -> Self {
        Self {
            dir: dir.to_owned(),
            files,
            seen: now(dir, files),
        }
    }

    /// Whether they are others than they were when this was asked last.
    pub(super) fn is_new(&mut self) -> bool {
        let now = now(&self.dir, self.files);
        let new = now != self.seen;
        self.seen = now;
        new
    }

    /// Waits until they are others.
    pub(super) fn wait(&mut self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the runtime")?;
        let clock = SystemClock::new();
        while !self.is_new() {
            runtime.block_on(clock.sleep(LOOK));
        }
        Ok(())
    }
}

fn now(dir: &Path, files: Files) -> Vec<(PathBuf, Option<SystemTime>, u64)> {
    let mut seen = Vec::new();
    collect(dir, files, &mut seen);
    seen.sort();
    seen
}

/// What cannot be read is not there.
fn collect(dir: &Path, files: Files, seen: &mut Vec<(PathBuf, Option<SystemTime>, u64)>) {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        let Ok(about) = entry.metadata() else { continue };
        let is_of = match files {
            Files::Built => about.is_file() && [".toml", ".wasm", ".json"].iter().any(|end| name.ends_with(end)),
            // What comes of scenarios is written by the test that watches.
            Files::Sources => {
                !name.starts_with('.') && ![".wasm", ".new", ".golden.json"].iter().any(|end| name.ends_with(end))
            }
        };
        if !is_of {
            continue;
        }
        if about.is_dir() {
            if !MADE.contains(&&*name) {
                collect(&path, files, seen);
            }
        } else {
            seen.push((path, about.modified().ok(), about.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_make_is_no_source() {
        let dir = tempfile::tempdir().expect("a directory");
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        write("plugin.toml", "one");
        write("src/lib.rs", "one");
        let mut sources = Watched::new(dir.path(), Files::Sources);
        let mut built = Watched::new(dir.path(), Files::Built);
        assert!(!sources.is_new() && !built.is_new());
        for made in ["a.wasm", "target/x", ".waspnest/wit/a.wit", "tests/a.golden.json"] {
            write(made, "made");
        }
        assert!(!sources.is_new());
        assert!(built.is_new() && !built.is_new());
        write("src/lib.rs", "another");
        assert!(sources.is_new() && !built.is_new());
        write("tests/a.toml", "one");
        assert!(sources.is_new());
    }
}

//! Compiled components on disk.
//!
//! What is read from here runs as native code of the host, so the directory must belong to the host's user and be closed to all
//! others; a directory that is not is refused, not repaired. Files are named by the component's digest and by everything of the
//! engine that compiled code depends on, and appear whole (written aside, then renamed).

use std::fs::{self, DirBuilder, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::Engine;
use wasmtime::component::Component;

use super::EngineError;
use crate::plugin::Digest;

/// A directory that was checked.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    dir: PathBuf,
    engine: u64,
}

impl Cache {
    /// Opens the directory, making it if it is missing.
    pub(crate) fn open(dir: PathBuf, engine: &Engine) -> Result<Self, EngineError> {
        match check(&dir) {
            Ok(None) => {
                let mut hasher = DefaultHasher::new();
                engine.precompile_compatibility_hash().hash(&mut hasher);
                Ok(Self {
                    dir,
                    engine: hasher.finish(),
                })
            }
            Ok(Some(problem)) => Err(EngineError::Cache { dir, problem }),
            Err(error) => Err(EngineError::Cache {
                dir,
                problem: error.to_string(),
            }),
        }
    }

    fn file(&self, digest: Digest) -> PathBuf {
        self.dir.join(format!("{digest}-{:016x}.cwasm", self.engine))
    }

    /// A compiled component, if it is there and whole.
    pub(crate) fn get(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let file = self.file(digest);
        if !file.exists() {
            return None;
        }
        #[expect(
            unsafe_code,
            reason = "the file was written by this host: its directory was checked to be writable by nobody else"
        )]
        // SAFETY: `deserialize_file` runs what it reads. The directory belongs to the host's user with mode 0700, and only `put` writes it.
        let loaded = unsafe { Component::deserialize_file(engine, &file) };
        match loaded {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(file = %file.display(), error = format!("{error:#}"), "compiled plugin cannot be used and is compiled again");
                None
            }
        }
    }

    /// Keeps compiled code. A failure costs time at the next start and nothing else, so it is only told.
    pub(crate) fn put(&self, code: &[u8], digest: Digest) {
        let file = self.file(digest);
        if let Err(error) = write_whole(&file, code) {
            tracing::warn!(file = %file.display(), %error, "compiled plugin cannot be kept");
        }
    }
}

/// What is wrong with the directory; none if it can be used.
fn check(dir: &Path) -> io::Result<Option<String>> {
    if !dir.exists() {
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent)?;
        }
        match DirBuilder::new().mode(0o700).create(dir) {
            // Another engine made it a moment ago; it is looked at like any other.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    let found = fs::symlink_metadata(dir)?;
    if !found.is_dir() {
        return Ok(Some("it is not a directory".to_owned()));
    }
    if found.mode() & 0o077 != 0 {
        return Ok(Some(format!(
            "its mode is {:o}, and others must not reach it; run `chmod 700` on it after looking at what is inside",
            found.mode() & 0o777
        )));
    }
    let probe = dir.join(format!(".probe-{}", unique()));
    let ours = create(&probe)?.metadata()?.uid();
    fs::remove_file(&probe)?;
    if ours != found.uid() {
        return Ok(Some(format!(
            "it belongs to user {}, and the host runs as user {ours}",
            found.uid()
        )));
    }
    Ok(None)
}

/// Tells apart what several engines, in this process and others, write aside at the same time.
fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn create(path: &Path) -> io::Result<File> {
    File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

fn write_whole(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = file.with_extension(format!("{}.tmp", unique()));
    let mut out = create(&aside)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    fs::rename(&aside, file)
}

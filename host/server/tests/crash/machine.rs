//! A machine whose disk refuses and whose clock is set, when a test says so: a library is loaded before the program, and stands between it
//! and the system. The program is the real one, and the system, but for what it is told to refuse, too.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// Where the library finds what it shall do.
const ORDERS: &str = "WASPNEST_TEST_MACHINE";

/// Bytes that the library has in memory.
const LENGTH: u64 = 4096;

/// What the machine answers instead of doing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What is written does not reach the disk: `fsync` and its kin fail.
    Sync,
    /// The file system was mounted anew for reading alone: nothing can be written, created or synced.
    ReadOnly,
}

/// `EIO` and `EROFS` of Linux.
const IO: i64 = 5;
const READ_ONLY: i64 = 30;

/// See the module documentation.
pub(crate) struct Machine {
    orders: File,
    dir: TempDir,
}

impl Machine {
    /// A machine that does what it is told.
    pub(crate) fn new() -> Result<Self> {
        let dir = TempDir::new()?;
        let orders = File::create_new(dir.path().join("orders"))?;
        orders.set_len(LENGTH)?;
        Ok(Self { orders, dir })
    }

    /// Lets a program run on it.
    pub(crate) fn carries(&self, program: &mut Command) -> Result<()> {
        program.env("LD_PRELOAD", library()?);
        program.env(ORDERS, self.dir.path().join("orders"));
        Ok(())
    }

    /// From now on it fails like this.
    pub(crate) fn fails(&self, fault: Fault) -> Result<()> {
        match fault {
            Fault::Sync => self.order(1, IO),
            Fault::ReadOnly => (1..=3).try_for_each(|place| self.order(place, READ_ONLY)),
        }
    }

    /// From now on its disk is well.
    pub(crate) fn is_repaired(&self) -> Result<()> {
        (1..=3).try_for_each(|place| self.order(place, 0))
    }

    /// Sets the clock on the wall ahead of the right time.
    pub(crate) fn clock_ahead(&self, span: Duration) -> Result<()> {
        self.order(0, i64::try_from(span.as_millis())?)
    }

    /// Sets it behind.
    pub(crate) fn clock_behind(&self, span: Duration) -> Result<()> {
        self.order(0, -i64::try_from(span.as_millis())?)
    }

    fn order(&self, place: u64, number: i64) -> Result<()> {
        Ok(self.orders.write_all_at(&number.to_ne_bytes(), place * 8)?)
    }
}

/// The library, built once by each run of the tests.
fn library() -> Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    built
        .as_deref()
        .map_err(|error| anyhow::anyhow!("the library was not built: {error}"))
}

fn build() -> Result<PathBuf> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/crash/machine/preloaded.rs");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("preloaded-{}.so", std::process::id()));
    let built = Command::new("rustc")
        .args([
            "--edition",
            "2024",
            "--crate-name",
            "preloaded",
            "--crate-type",
            "cdylib",
        ])
        .args(["-O", "-C", "panic=abort", "-C", "strip=symbols", "-D", "warnings", "-o"])
        .args([library.as_os_str(), source.as_ref()])
        .output()
        .context("starting rustc")?;
    ensure!(
        built.status.success(),
        "rustc said {}",
        String::from_utf8_lossy(&built.stderr)
    );
    Ok(library)
}

//! Which clang makes modules for WASI, with which C library.
//!
//! Zig's has everything with it. A clang of the system, or that of the WASI SDK, needs wasi-libc beside it: its place is a sysroot, and it
//! counts as one when it holds what a library begins with (`crt1-reactor.o`), which says the target's name too.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where a sysroot may be that nobody has named: of the WASI SDK, and of Linux distributions.
const USUAL: [&str; 5] = [
    "/opt/wasi-sdk/share/wasi-sysroot",
    "/usr/share/wasi-sysroot",
    "/usr/local/share/wasi-sysroot",
    "/opt/homebrew/opt/wasi-libc/share/wasi-sysroot",
    "/usr",
];

/// What the target is called, by age.
const TARGETS: [&str; 2] = ["wasm32-wasip1", "wasm32-wasi"];

/// A clang with a C library for WASI.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clang {
    pub(super) program: PathBuf,
    pub(super) sysroot: PathBuf,
    pub(super) target: &'static str,
}

/// What the surroundings say.
pub(super) struct Surroundings<'a> {
    /// `WASI_SDK_PATH`.
    pub(super) sdk: Option<OsString>,
    /// `WASI_SYSROOT`.
    pub(super) sysroot: Option<OsString>,
    /// Where a program is on the path.
    pub(super) on_path: &'a dyn Fn(&str) -> Option<PathBuf>,
}

impl Surroundings<'_> {
    /// The clang to take; none where there is none, or no C library for it.
    pub(super) fn clang(&self) -> Option<Clang> {
        let sdk = self.sdk.as_ref().map(Path::new);
        let program = sdk
            .map(|sdk| sdk.join("bin/clang"))
            .filter(|program| program.is_file())
            .or_else(|| (self.on_path)("clang"))?;
        let named = self.sysroot.as_ref().map(PathBuf::from);
        let of_sdk = sdk.map(|sdk| sdk.join("share/wasi-sysroot"));
        let usual = USUAL.map(PathBuf::from);
        let mut places = named.into_iter().chain(of_sdk).chain(usual);
        places.find_map(|sysroot| {
            let target = target_of(&sysroot)?;
            Some(Clang {
                program: program.clone(),
                sysroot,
                target,
            })
        })
    }
}

fn target_of(sysroot: &Path) -> Option<&'static str> {
    let begins = |target: &&str| sysroot.join("lib").join(target).join("crt1-reactor.o").is_file();
    TARGETS.into_iter().find(begins)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A directory with these files, which are empty.
    fn with(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a directory");
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().expect("it is in a directory")).expect("made");
            fs::write(path, "").expect("written");
        }
        dir
    }

    #[test]
    fn a_clang_counts_with_a_c_library() {
        let debian = with(&["lib/wasm32-wasi/crt1-reactor.o"]);
        let empty = with(&["lib/wasm32-wasi/libc.a"]);
        let on_path = |program: &str| Some(Path::new("/bin").join(program));
        let found = |sysroot: &Path| {
            let surroundings = Surroundings {
                sdk: None,
                sysroot: Some(sysroot.into()),
                on_path: &on_path,
            };
            surroundings.clang().filter(|clang| clang.sysroot == sysroot)
        };
        let clang = found(debian.path()).expect("it has one");
        assert_eq!(
            (clang.program.as_path(), clang.target),
            (Path::new("/bin/clang"), "wasm32-wasi")
        );
        assert_eq!(found(empty.path()), None);
    }

    #[test]
    fn the_wasi_sdk_brings_both() {
        let sdk = with(&["bin/clang", "share/wasi-sysroot/lib/wasm32-wasip1/crt1-reactor.o"]);
        let found = Surroundings {
            sdk: Some(sdk.path().into()),
            sysroot: None,
            on_path: &|_| None,
        };
        let expected = Clang {
            program: sdk.path().join("bin/clang"),
            sysroot: sdk.path().join("share/wasi-sysroot"),
            target: "wasm32-wasip1",
        };
        assert_eq!(found.clang(), Some(expected));
        let nothing = Surroundings {
            sdk: None,
            sysroot: None,
            on_path: &|_| None,
        };
        assert_eq!(nothing.clang(), None);
    }
}

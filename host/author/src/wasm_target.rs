//! The compiler for plugins: is it there, can it be installed, or must Debian's stand in?
//!
//! The usual way is the target `wasm32-wasip2` of the toolchain in use, which `rustup target add` installs. Where rustup
//! cannot (no rustup, or its server out of reach while a Debian mirror is not), Debian's compiler with its own copy of the
//! standard library's source builds the same components; only the linkers come from the toolchain in use.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What plugins are compiled for.
pub const TARGET: &str = "wasm32-wasip2";

/// Debian's packages that make the second way: compiler, cargo, the standard library's source, and a C library to link.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "wasi-libc"];

/// Where those packages put what we need.
const DEBIAN_FILES: [&str; 4] = [
    "/usr/bin/rustc",
    "/usr/bin/cargo",
    "/usr/lib/rustlib/src/rust/library",
    DEBIAN_WASI_LIBC,
];
const DEBIAN_WASI_LIBC: &str = "/usr/lib/wasm32-wasi";

/// Why plugins cannot be compiled here.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// A program could not be started.
    #[error("cannot start {program}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The compiler does not answer.
    #[error("{command} failed: {words}")]
    Failed {
        /// What was asked.
        command: String,
        /// What it said.
        words: String,
    },
    /// The compiler does not say what it runs on.
    #[error("rustc does not name its host")]
    NoHost,
    /// Debian's compiler is there, but what links is not.
    #[error(
        "Debian's compiler needs the linkers of a rustup toolchain, and {} is missing; rustup target add {TARGET} is the other way",
        linker.display()
    )]
    NoLinker {
        /// What is missing.
        linker: PathBuf,
    },
    /// Nothing is there, and nothing could be installed.
    #[error(
        "plugins cannot be compiled here. Either of these makes it possible:\n  rustup target add {TARGET}\n  \
         apt-get install {} (as root, on Debian 12)",
        DEBIAN_PACKAGES.join(" ")
    )]
    NoWay,
}

/// What to do about a compiler that is missing.
pub enum Missing<'a> {
    /// Install it, and say so.
    Install(&'a mut dyn FnMut(&str)),
    /// Say how it can be installed.
    Tell,
}

impl std::fmt::Debug for Missing<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Install(_) => "Install",
            Self::Tell => "Tell",
        })
    }
}

/// How plugins are compiled on this machine.
#[derive(Debug)]
pub enum Way {
    /// With the target of the toolchain in use.
    Installed,
    /// With Debian's compiler and the linkers found in `tools`.
    Debian {
        /// Directories to put on the path.
        tools: Vec<PathBuf>,
    },
}

impl Way {
    /// A cargo command that compiles plugins, where `cargo` is one that compiles for this machine.
    #[must_use]
    pub fn cargo(&self, cargo: Command) -> Command {
        match self {
            Self::Installed => cargo,
            Self::Debian { tools } => {
                let mut command = Command::new("/usr/bin/cargo");
                if let Some(dir) = cargo.get_current_dir() {
                    command.current_dir(dir);
                }
                let mut path = OsString::from("/usr/bin");
                for dir in tools.iter().map(PathBuf::as_path).chain([Path::new("/bin")]) {
                    path.push(":");
                    path.push(dir);
                }
                command
                    .env("PATH", path)
                    .env("RUSTC", "/usr/bin/rustc")
                    .env_remove("RUSTUP_TOOLCHAIN");
                // The flag below is for nightly compilers; this says that we know.
                command
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("RUSTFLAGS", format!("-L{DEBIAN_WASI_LIBC}"));
                command
            }
        }
    }

    /// What `cargo build` needs besides the target.
    #[must_use]
    pub fn build_args(&self) -> &'static [&'static str] {
        match self {
            Self::Installed => &[],
            Self::Debian { .. } => &["-Zbuild-std=std,panic_abort"],
        }
    }
}

/// What is known about the machine so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    target: Presence,
    rustup: Attempt,
    debian: Presence,
    apt: Attempt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    There,
    Missing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    NotTried,
    Failed,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    UseTarget,
    AskRustup,
    UseDebian,
    AskApt,
    GiveUp,
}

/// The whole decision: the target before Debian, what is there before what must be fetched, and nothing twice.
fn decide(seen: Seen) -> Next {
    match seen {
        Seen {
            target: Presence::There,
            ..
        } => Next::UseTarget,
        Seen {
            rustup: Attempt::NotTried,
            ..
        } => Next::AskRustup,
        Seen {
            debian: Presence::There,
            ..
        } => Next::UseDebian,
        Seen {
            apt: Attempt::NotTried, ..
        } => Next::AskApt,
        Seen {
            apt: Attempt::Failed, ..
        } => Next::GiveUp,
    }
}

/// Finds how plugins are compiled with the toolchain that is in use in a directory.
///
/// # Errors
/// [`TargetError`], which says what would help.
pub fn ready(dir: &Path, mut missing: Missing<'_>) -> Result<Way, TargetError> {
    let sysroot: PathBuf = rustc(dir, &["--print", "sysroot"])?.into();
    let not_asked = match missing {
        Missing::Install(_) => Attempt::NotTried,
        // What must not be tried has as good as failed.
        Missing::Tell => Attempt::Failed,
    };
    let mut say = |words: &str| {
        if let Missing::Install(say) = &mut missing {
            say(words);
        }
    };
    let mut seen = Seen {
        target: target_in(&sysroot),
        rustup: not_asked,
        debian: presence(DEBIAN_FILES.iter().all(|path| Path::new(path).exists())),
        apt: not_asked,
    };
    loop {
        match decide(seen) {
            Next::UseTarget => return Ok(Way::Installed),
            Next::AskRustup => {
                say(&format!(
                    "the compiler target {TARGET} is missing: rustup target add {TARGET}"
                ));
                seen.rustup = Attempt::Failed;
                if succeeds(Command::new("rustup").current_dir(dir).args(["target", "add", TARGET])) {
                    seen.target = target_in(&sysroot);
                }
            }
            Next::UseDebian => {
                return Ok(Way::Debian {
                    tools: linkers(dir, &sysroot)?,
                });
            }
            Next::AskApt => {
                say(&format!(
                    "rustup cannot install it; trying Debian's packages {}",
                    DEBIAN_PACKAGES.join(" ")
                ));
                seen.apt = Attempt::Failed;
                if apt_install() {
                    seen.debian = presence(DEBIAN_FILES.iter().all(|path| Path::new(path).exists()));
                }
            }
            Next::GiveUp => return Err(TargetError::NoWay),
        }
    }
}

/// Whether a toolchain has the standard library for the target.
fn target_in(sysroot: &Path) -> Presence {
    let lib = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    presence(std::fs::read_dir(lib).is_ok_and(|mut files| {
        files.any(|file| file.is_ok_and(|file| file.file_name().to_string_lossy().starts_with("libstd-")))
    }))
}

/// The directories of the linkers that come with a toolchain: `wasm-component-ld` and `rust-lld`, and `wasm-ld` below.
fn linkers(dir: &Path, sysroot: &Path) -> Result<Vec<PathBuf>, TargetError> {
    let version = rustc(dir, &["--version", "--verbose"])?;
    let mut lines = version.lines();
    let host = lines
        .find_map(|line| line.strip_prefix("host: "))
        .ok_or(TargetError::NoHost)?;
    let tools = sysroot.join("lib/rustlib").join(host).join("bin");
    let below = tools.join("gcc-ld");
    let needed = [
        tools.join("wasm-component-ld"),
        tools.join("rust-lld"),
        below.join("wasm-ld"),
    ];
    match needed.into_iter().find(|program| !program.exists()) {
        Some(linker) => Err(TargetError::NoLinker { linker }),
        None => Ok(vec![tools, below]),
    }
}

fn rustc(dir: &Path, args: &[&str]) -> Result<String, TargetError> {
    output(Command::new("rustc").current_dir(dir).args(args))
}

/// What a command says.
fn output(command: &mut Command) -> Result<String, TargetError> {
    let done = command.output().map_err(|source| TargetError::Start {
        program: command.get_program().to_string_lossy().into(),
        source,
    })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match done.status.success() {
        true => Ok(text(&done.stdout)),
        false => Err(TargetError::Failed {
            command: crate::toolchain::in_words(command),
            words: text(&done.stderr),
        }),
    }
}

/// Installs Debian's packages, as root or by a `sudo` that asks for no password.
fn apt_install() -> bool {
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id == "0");
    let mut command = if root {
        Command::new("apt-get")
    } else {
        Command::new("sudo")
    };
    if !root {
        command.args(["-n", "apt-get"]);
    }
    succeeds(
        command
            .args(["install", "--yes", "--no-install-recommends"])
            .args(DEBIAN_PACKAGES),
    )
}

fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn presence(found: bool) -> Presence {
    if found { Presence::There } else { Presence::Missing }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Seen = Seen {
        target: Presence::Missing,
        rustup: Attempt::NotTried,
        debian: Presence::Missing,
        apt: Attempt::NotTried,
    };

    #[test]
    fn an_installed_target_is_used_whatever_else_there_is() {
        let seen = Seen {
            target: Presence::There,
            debian: Presence::There,
            ..NOTHING
        };
        assert_eq!(decide(seen), Next::UseTarget);
    }

    #[test]
    fn rustup_is_asked_before_debian_is_used() {
        assert_eq!(
            decide(Seen {
                debian: Presence::There,
                ..NOTHING
            }),
            Next::AskRustup
        );
        let asked = Seen {
            rustup: Attempt::Failed,
            debian: Presence::There,
            ..NOTHING
        };
        assert_eq!(decide(asked), Next::UseDebian);
    }

    #[test]
    fn apt_is_asked_once_and_then_we_give_up() {
        let asked = Seen {
            rustup: Attempt::Failed,
            ..NOTHING
        };
        assert_eq!(decide(asked), Next::AskApt);
        assert_eq!(
            decide(Seen {
                apt: Attempt::Failed,
                ..asked
            }),
            Next::GiveUp
        );
        let installed = Seen {
            apt: Attempt::Failed,
            debian: Presence::There,
            ..asked
        };
        assert_eq!(decide(installed), Next::UseDebian);
    }

    #[test]
    fn an_empty_sysroot_has_no_target() {
        assert_eq!(target_in(Path::new("/nonexistent")), Presence::Missing);
    }
}

//! How a language's own tool is called: one [`Toolchain`] a language, and what they share.
//!
//! Nothing is installed on the machine: what is missing is named, with the command that gets it. What npm and PyPI have is fetched into
//! the author's directory (see `fetched`). What a tool prints is passed on line by line while it works; what it makes is handed back as
//! bytes and believed by nobody.

pub(crate) mod c;
mod fetched;
pub(crate) mod go;
pub(crate) mod js;
pub(crate) mod python;
pub(crate) mod rust;

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::carried::Carried;
use crate::project::{Project, WriteError};
use crate::wasm_target::TargetError;
use crate::world::World;

/// Builds plugins of one language.
pub trait Toolchain: Sync {
    /// The SDK of the language, with bindings for this world where they are files: by their paths below `.waspnest/sdk/<language>`.
    fn layer(&self, world: &World) -> Vec<(PathBuf, String)>;

    /// The programs it needs, which are looked for before it is called.
    fn tools(&self) -> &'static [Tool];

    /// Builds what is in the project, whose `.waspnest/` has been written, and answers a component or a core module that describes
    /// its component. Lines of the tool go to `progress`.
    ///
    /// # Errors
    /// [`BuildError`], which says what to do.
    fn build(&self, project: &Project, progress: &mut dyn FnMut(&str)) -> Result<Vec<u8>, BuildError>;
}

/// A program that a language needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// What it is called by; one of these must be on the path.
    pub programs: &'static [&'static str],
    /// How to get it, in words: a command, or where to look.
    pub get: &'static str,
}

/// A plugin that could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A program is missing.
    #[error("{} is needed and is not on the path; to get it: {}", .0.programs.join(" or "), .0.get)]
    NoTool(Tool),
    /// The compiler's part for WebAssembly is missing.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// There are no sources.
    #[error("there is no {}, where the sources are looked for; `source` in [build] of plugin.toml says where they begin", path.display())]
    NoSource {
        /// Where they were looked for.
        path: PathBuf,
    },
    /// A program could not be started, or its output not be read.
    #[error("cannot run {command}")]
    Run {
        /// The command.
        command: String,
        /// Why.
        source: io::Error,
    },
    /// A program failed; it has said why.
    #[error("{command} failed ({status})")]
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
    },
    /// A program ended well and made nothing that can be used.
    #[error("{command} ended well, but {problem}")]
    NothingMade {
        /// The command.
        command: String,
        /// What is missing.
        problem: String,
    },
    /// The plugin uses what its manifest does not ask for.
    #[error(
        "the plugin uses {interface:?}, and plugin.toml asks for nothing that opens it; add its capability under [capabilities], with a reason"
    )]
    NotAskedFor {
        /// The interface.
        interface: String,
    },
    /// The plugin's world cannot be read back.
    #[error("cannot use the world in {}: {problem}", path.display())]
    World {
        /// Where it is.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// A file or directory could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file beside the tool cannot be read or written.
    #[error("cannot use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Finds every program, or says which is missing.
pub(crate) fn look_for(tools: &[Tool]) -> Result<(), BuildError> {
    match tools
        .iter()
        .find(|tool| tool.programs.iter().all(|program| on_path(program).is_none()))
    {
        None => Ok(()),
        Some(missing) => Err(BuildError::NoTool(*missing)),
    }
}

/// Where a program is on the path.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let dirs = std::env::var_os("PATH")?;
    let mut candidates = std::env::split_paths(&dirs).map(|dir| dir.join(program));
    candidates.find(|candidate| candidate.is_file())
}

/// What happens to a program's standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stdout {
    /// It is what the program was called for, and is handed back.
    Taken,
    /// It is words like those on standard error.
    Told,
}

/// Runs a program to its end and answers the lines that are taken of its output. Its other lines go to `progress` as they come.
pub(crate) fn run(
    command: &mut Command,
    stdout: Stdout,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<String>, BuildError> {
    let words = in_words(command);
    let failed = |source| BuildError::Run {
        command: words.clone(),
        source,
    };
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (line, lines) = sync_channel(64);
    let mut taken = Vec::new();
    thread::scope(|scope| {
        if let Some(out) = out {
            let line = line.clone();
            scope.spawn(move || read(out, stdout, &line));
        }
        if let Some(err) = err {
            scope.spawn(move || read(err, Stdout::Told, &line));
        }
        for (of, line) in lines {
            match of {
                Stdout::Taken => taken.push(line),
                Stdout::Told => progress(&line),
            }
        }
    });
    let status = child.wait().map_err(failed)?;
    match status.success() {
        true => Ok(taken),
        false => Err(BuildError::Failed { command: words, status }),
    }
}

fn read(stream: impl Read, of: Stdout, line: &SyncSender<(Stdout, String)>) {
    let mut stream = BufReader::new(stream);
    let mut bytes = Vec::new();
    // A stream that breaks ends like one that is over; the status of its process tells which.
    while stream.read_until(b'\n', &mut bytes).is_ok_and(|count| count > 0) {
        let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        if line.send((of, text)).is_err() {
            return;
        }
        bytes.clear();
    }
}

/// A command as a person would type it, without its environment.
pub(crate) fn in_words(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// The bytes of a file that a tool made.
pub(crate) fn made(path: &Path) -> Result<Vec<u8>, BuildError> {
    std::fs::read(path).map_err(|source| BuildError::File {
        path: path.to_owned(),
        source,
    })
}

/// Carried files, as they are.
fn as_they_are(files: &'static [Carried]) -> impl Iterator<Item = (PathBuf, String)> {
    files
        .iter()
        .map(|file| (PathBuf::from(file.path), file.text.to_owned()))
}

/// Writes a file for a tool.
fn write(path: &Path, text: &str) -> Result<(), BuildError> {
    std::fs::write(path, text).map_err(|source| BuildError::File {
        path: path.to_owned(),
        source,
    })
}

//! Compiling, which is the one thing about a plugin that nothing in a sandbox can bound.
//!
//! A small component can take minutes and gigabytes to compile, and a compiler that is at work cannot be interrupted. So a host hands
//! components to a process of its own, this program started again, which limits itself before it reads a byte: processor time, memory,
//! files. What it answers runs as native code, as all compiled code does; what it reads is never trusted for that.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, nice, setrlimit};
use waspnest_core::clock::Clock;

use super::adapt::component_of;
use super::machine::{Metering, configuration};
use crate::plugin::LoadError;

/// Bytes of the largest compiled component that is taken.
const CODE_BYTES: u64 = 512 << 20;
/// Bytes that are kept of what a compiler process complains.
const WORDS: u64 = 4 << 10;

/// Where components are compiled.
#[derive(Debug, Clone, Default)]
pub enum Compiler {
    /// In this process, however long it takes: for tests, and for commands that a person waits for.
    #[default]
    InProcess,
    /// In a process of its own, within limits.
    Process(CompilerProcess),
}

/// A program that calls [`compile_within`], and what it may use.
#[derive(Debug, Clone)]
pub struct CompilerProcess {
    /// The program.
    pub program: PathBuf,
    /// Its arguments; the limits follow them, as [`CompileLimits::from_words`] reads them, and then what [`Metering::from_word`] reads.
    pub arguments: Vec<OsString>,
    /// The limits.
    pub limits: CompileLimits,
}

/// What compiling one component may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Time on the clock, and on each processor.
    pub time: Duration,
    /// Bytes of memory.
    pub memory_bytes: u64,
}

impl Default for CompileLimits {
    /// Enough for the interpreters that Python plugins carry.
    fn default() -> Self {
        Self {
            time: Duration::from_secs(120),
            memory_bytes: 2 << 30,
        }
    }
}

impl CompileLimits {
    fn words(self) -> [OsString; 2] {
        [
            self.time.as_secs().max(1).to_string().into(),
            self.memory_bytes.to_string().into(),
        ]
    }

    /// The limits as a process was told them: seconds and bytes.
    #[must_use]
    pub fn from_words(seconds: &str, bytes: &str) -> Option<Self> {
        Some(Self {
            time: Duration::from_secs(seconds.parse().ok()?),
            memory_bytes: bytes.parse().ok()?,
        })
    }

    /// Takes the limits for this process, for good.
    fn take(self) -> std::io::Result<()> {
        let most = |resource, value| {
            let limit = Rlimit {
                current: Some(value),
                maximum: Some(value),
            };
            setrlimit(resource, limit)
        };
        most(Resource::Cpu, self.time.as_secs().max(1).saturating_mul(PROCESSORS))?;
        most(Resource::Data, self.memory_bytes)?;
        most(Resource::Core, 0)?;
        // It writes to its standard output and to no file.
        most(Resource::Fsize, 0)?;
        nice(10)?;
        Ok(())
    }
}

/// A compiler uses several processors at once; the clock, which the parent watches, bounds it first.
const PROCESSORS: u64 = 4;

impl Compiler {
    /// Compiled code of a component, in wasmtime's form.
    pub(super) async fn compile(
        &self,
        engine: &wasmtime::Engine,
        metering: Metering,
        wasm: Vec<u8>,
        path: &Path,
        clock: &dyn Clock,
    ) -> Result<Vec<u8>, LoadError> {
        match self {
            Self::InProcess => {
                let (engine, owned) = (engine.clone(), path.to_owned());
                super::blocking(path, move || {
                    let invalid = |problem| LoadError::Invalid { path: owned, problem };
                    precompile(&engine, wasm).map_err(invalid)
                })
                .await
            }
            Self::Process(process) => process.compile(metering, wasm, path, clock).await,
        }
    }
}

impl CompilerProcess {
    async fn compile(
        &self,
        metering: Metering,
        wasm: Vec<u8>,
        path: &Path,
        clock: &dyn Clock,
    ) -> Result<Vec<u8>, LoadError> {
        let given_up = |problem: String| LoadError::Compile {
            path: path.to_owned(),
            problem,
        };
        let failed = |error: std::io::Error| given_up(format!("its compiler could not be run: {error}"));
        let mut running = Running(self.start(metering).map_err(failed)?);
        let streams = running.streams().map_err(failed)?;
        let exchange = super::blocking(path, move || Ok(streams.exchange(&wasm)));
        let Answer { code, words } = tokio::select! {
            biased;
            done = exchange => done?.map_err(failed)?,
            // What still runs is killed where it goes out of scope, which ends the exchange too.
            () = clock.sleep(self.limits.time) => {
                let time = humantime::format_duration(self.limits.time);
                return Err(given_up(format!("it took more than {time}")));
            }
        };
        // Its output is at its end, so this waits for no work of its.
        let status = running.0.wait().map_err(failed)?;
        match status.code() {
            Some(0) if code.len() as u64 <= CODE_BYTES => Ok(code),
            Some(0) => Err(given_up(format!("its code has more than {CODE_BYTES} bytes"))),
            Some(INVALID) => Err(LoadError::Invalid {
                path: path.to_owned(),
                problem: words,
            }),
            Some(_) | None => Err(given_up(self.ended(status, &words))),
        }
    }

    fn start(&self, metering: Metering) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(&self.arguments)
            .args(self.limits.words())
            .arg(metering.word())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }

    fn ended(&self, status: ExitStatus, words: &str) -> String {
        let CompileLimits { time, memory_bytes } = self.limits;
        format!(
            "its compiler ended with {status}; it has {} and {memory_bytes} bytes of memory. {words}",
            humantime::format_duration(time)
        )
    }
}

/// A process that does not outlive whoever waits for it.
struct Running(Child);

impl Running {
    fn streams(&mut self) -> std::io::Result<Streams> {
        let Child {
            stdin, stdout, stderr, ..
        } = &mut self.0;
        match (stdin.take(), stdout.take(), stderr.take()) {
            (Some(input), Some(output), Some(errors)) => Ok(Streams { input, output, errors }),
            _ => Err(std::io::Error::other("its standard streams are missing")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both are without effect on a process that has ended and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Streams {
    input: ChildStdin,
    output: ChildStdout,
    errors: ChildStderr,
}

struct Answer {
    code: Vec<u8>,
    words: String,
}

impl Streams {
    /// Hands the component over and takes what comes back, code first and then words: it complains only when it has no code.
    fn exchange(self, wasm: &[u8]) -> std::io::Result<Answer> {
        let Self {
            mut input,
            output,
            errors,
        } = self;
        // A compiler that ends early does not read to the end; its status says why.
        let _ = input.write_all(wasm);
        drop(input);
        let (mut code, mut words) = (Vec::new(), Vec::new());
        output.take(CODE_BYTES + 1).read_to_end(&mut code)?;
        errors.take(WORDS).read_to_end(&mut words)?;
        Ok(Answer {
            code,
            words: String::from_utf8_lossy(&words).trim().to_owned(),
        })
    }
}

impl Metering {
    const ALL: [Self; 2] = [Self::Time, Self::Fuel];

    const fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Fuel => "fuel",
        }
    }

    /// What a process was told that the code is to be measured in.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metering| metering.word() == word)
    }
}

/// Code of a component, or of a core module that is meant to be one; the error says what is wrong with it.
fn precompile(engine: &wasmtime::Engine, wasm: Vec<u8>) -> Result<Vec<u8>, String> {
    let component = component_of(wasm).map_err(|error| error.to_string())?;
    let compiled = engine.precompile_component(&component);
    compiled.map_err(|error| format!("{error:#}"))
}

/// How a compiler process says that the component is at fault.
const INVALID: i32 = 3;

/// How the process of a [`Compiler::Process`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compiled {
    /// The code is on standard output.
    Done,
    /// The component is not valid; why is on standard error.
    Invalid,
}

impl Compiled {
    /// Its exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Invalid => INVALID as u8,
        }
    }
}

/// What the process of a [`Compiler::Process`] does: limits itself, reads a component, writes its code.
///
/// # Errors
/// When it cannot limit itself, or its streams fail.
pub fn compile_within(
    limits: CompileLimits,
    metering: Metering,
    mut component: impl Read,
    code: &mut dyn Write,
    words: &mut dyn Write,
) -> std::io::Result<Compiled> {
    limits.take()?;
    let mut wasm = Vec::new();
    component.read_to_end(&mut wasm)?;
    let engine = wasmtime::Engine::new(&configuration(1, metering)).map_err(std::io::Error::other)?;
    match precompile(&engine, wasm) {
        Ok(compiled) => {
            code.write_all(&compiled)?;
            code.flush()?;
            Ok(Compiled::Done)
        }
        Err(problem) => {
            write!(words, "{problem}")?;
            Ok(Compiled::Invalid)
        }
    }
}

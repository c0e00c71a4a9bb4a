//! What the host takes from outside itself besides its configuration.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use waspnest_core::clock::{Clock, Ids, SeededIds, SystemClock};
use waspnest_engine::{CompileLimits, Compiler, CompilerProcess};

use crate::systemd::Systemd;

/// What the host takes from outside itself besides its configuration.
#[derive(Debug, Clone)]
pub struct Outside {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
    /// The command that compiles a plugin, as a process of its own; none compiles in this process.
    pub compiler: Option<CompilerCommand>,
    /// Who has started the process, and wants to be told.
    pub systemd: Systemd,
}

impl Outside {
    /// The machine's clock and entropy.
    #[must_use]
    pub fn machine() -> Self {
        Self {
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(SeededIds::from_entropy()),
            compiler: None,
            systemd: Systemd::default(),
        }
    }
}

/// A command line that runs [`waspnest_engine::compile_within`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompilerCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments, before the limits.
    pub arguments: Vec<OsString>,
}

impl CompilerCommand {
    pub(super) fn within(self, limits: CompileLimits) -> Compiler {
        Compiler::Process(CompilerProcess {
            program: self.program,
            arguments: self.arguments,
            limits,
        })
    }
}

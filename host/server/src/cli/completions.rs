//! `waspnest completions`: what a shell needs to complete the commands.

use std::io::Write;

use clap::{CommandFactory as _, ValueEnum};
use clap_complete::aot::{self, generate};

use super::{Arguments, Exit};

/// A shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// Bash.
    Bash,
    /// Zsh.
    Zsh,
    /// Fish.
    Fish,
}

/// Prints them.
pub(super) fn run(shell: Shell, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let shell = match shell {
        Shell::Bash => aot::Shell::Bash,
        Shell::Zsh => aot::Shell::Zsh,
        Shell::Fish => aot::Shell::Fish,
    };
    // Made first: whoever stops listening is no fault of ours, and the generator would panic.
    let mut script = Vec::new();
    generate(shell, &mut Arguments::command(), "waspnest", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Success)
}

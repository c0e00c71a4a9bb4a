//! A step of a longer run: says its name, how long it took, and how to repeat it when it fails.

use anyhow::{Result, bail};
use std::process::Command;
use std::time::Instant;

/// Runs a step that is an external command. Its output goes where ours goes.
pub(crate) fn command(name: &str, command: &mut Command) -> Result<()> {
    let repeat = repeat_line(command);
    work(name, &repeat, || {
        let status = command.status()?;
        if !status.success() {
            bail!("ended with {status}");
        }
        Ok(())
    })
}

/// Runs a step of our own code; `repeat` is the command line that runs it alone.
#[expect(
    clippy::disallowed_methods,
    reason = "how long a step took is for the reader, nothing depends on it"
)]
pub(crate) fn work(name: &str, repeat: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    eprintln!("── {name}");
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    match result {
        Ok(()) => {
            eprintln!("── {name}: good, {seconds:.1} s");
            Ok(())
        }
        Err(error) => {
            eprintln!("── {name}: FAILED after {seconds:.1} s");
            Err(error.context(format!("{name} failed; to repeat it: {repeat}")))
        }
    }
}

/// The command as one would type it.
fn repeat_line(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!(
                "{}={}",
                name.to_string_lossy(),
                quoted(&value.to_string_lossy())
            ));
        }
    }
    let program = command.get_program().to_string_lossy();
    words.push(program.rsplit('/').next().unwrap_or(&program).to_owned());
    words.extend(command.get_args().map(|arg| quoted(&arg.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    if word.contains([' ', '"', '*']) {
        format!("'{word}'")
    } else {
        word.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_can_be_repeated_by_copying_the_line() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--no-deps"]);
        assert_eq!(repeat_line(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn a_failing_step_names_itself_and_the_command() {
        let failed = command("nothing", &mut Command::new("false")).expect_err("false fails");
        assert_eq!(failed.to_string(), "nothing failed; to repeat it: false");
    }
}

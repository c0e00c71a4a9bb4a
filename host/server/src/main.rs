//! The program `waspnest`.

use std::process::ExitCode;

use waspnest::cli;

fn main() -> ExitCode {
    // The only place that reads the environment; the configuration takes what is its own.
    let env =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let output = cli::Output {
        out: &mut std::io::stdout(),
        err: &mut std::io::stderr(),
    };
    cli::run(std::env::args_os(), env, output).into()
}

//! The project's own commands: `cargo xtask <command>`. One file a command.
//!
//! Runs anywhere inside the checkout, keeps few dependencies so that it compiles fast, and never changes files that are
//! tracked.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks by printing"
)]

mod bench;
mod ci;
mod demo;
mod docs;
mod features;
mod freeze;
mod fuzz;
mod interop;
mod languages;
mod plugins;
mod policy;
mod simulator_process;
mod soak;
mod step;
mod test;
mod tidy;
mod tutorial;
mod workspace;

use anyhow::Result;
use clap::{Parser, Subcommand};
use languages::Figures;
use std::process::ExitCode;
use workspace::Workspace;

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build the plugins and the test guests into target/plugins, installing the wasm target when it is missing.
    Plugins,
    /// Show the whole product at work, without a phone: simulator, host, plugins and people who chat with them.
    Demo {
        /// End after the scripted conversation, with one JSON line.
        #[arg(long)]
        once: bool,
        /// Let a plugin of yours be the only one at work, from its directory, and chat with it.
        #[arg(long, value_name = "DIR", conflicts_with = "once")]
        plugin: Option<std::path::PathBuf>,
    },
    /// Build the plugins and run every test of the workspace.
    Test {
        /// Passed on to `cargo test`, such as a filter or `-- --nocapture`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Let Baileys and the people of the simulator talk to each other. Needs Node 20 and npm.
    Interop {
        /// Run only the scenarios whose name contains this.
        filter: Option<String>,
    },
    /// Build the conformance plugin and a new one in every language, and play their scenarios. Needs Node 20, npm, Go 1.24, Python 3 and pip.
    Languages {
        /// Only this language: rust, js, ts, python, go, c.
        language: Option<String>,
        /// Measure what each language costs, too: one JSON line each.
        #[arg(long)]
        figures: bool,
    },
    /// Measure: one JSON line a figure on standard output.
    Bench {
        /// Run only the benchmarks whose name contains this: commits, engine, echo, http, memory, sessions, webhooks, streams, simulator.
        filter: Option<String>,
    },
    /// Let the host work for long at half of what it can do while things go wrong: one JSON line a minute, and a judgement.
    Soak {
        /// How long; 30 if nothing is said.
        #[arg(long)]
        minutes: Option<u32>,
        /// Sessions with a person each; 100 if nothing is said.
        #[arg(long)]
        sessions: Option<u32>,
        /// What the host can do, in messages a second, instead of measuring it first.
        #[arg(long)]
        rate: Option<f64>,
    },
    /// Give everything that faces the network more inputs than the tests do: any bytes in requests and on connections.
    Fuzz {
        /// Minutes for each group of parsers.
        #[arg(long, default_value_t = 5)]
        minutes: u32,
    },
    /// Everything a change must pass: formatting, lints, docs, policy, features, tidiness, tests, languages, interop.
    Ci,
    /// Keep the plugin contract as it is now for good, with components built against it. Once for each of its versions.
    Freeze,
    /// Do what docs/tutorial.md tells a newcomer to do, word for word, and want to see what it shows.
    Tutorial,
    /// Write the reference of the plugin contract into docs/, from the contract itself.
    Docs {
        /// Only say whether it is what would be written.
        #[arg(long)]
        check: bool,
    },
    /// Check licences, banned crates, sources and advisories of the dependencies.
    Policy,
    /// Check that the default build of the product has no weakening features.
    Features,
    /// Check file sizes, file names and layers.
    Tidy,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::find()?;
    match command {
        Command::Plugins => plugins::run(&workspace),
        Command::Tutorial => tutorial::run(&workspace),
        Command::Docs { check: true } => docs::run(&workspace, docs::Stale::Complain),
        Command::Docs { check: false } => docs::run(&workspace, docs::Stale::Write),
        Command::Demo { plugin: Some(dir), .. } => demo::own::run(&workspace, &dir),
        Command::Demo { once, plugin: None } => {
            demo::run(&workspace, if once { demo::Ending::Once } else { demo::Ending::Stay })
        }
        Command::Test { args } => test::run(&workspace, &args),
        Command::Interop { filter } => interop::run(&workspace, filter.as_deref()),
        Command::Languages { language, figures } => {
            let figures = if figures { Figures::Measured } else { Figures::LeftOut };
            languages::run(&workspace, language.as_deref(), figures)
        }
        Command::Bench { filter } => bench::run(&workspace, filter.as_deref()),
        Command::Soak {
            minutes,
            sessions,
            rate,
        } => {
            let wanted = soak::Wanted {
                minutes,
                sessions,
                rate,
            };
            soak::run(&workspace, &wanted)
        }
        Command::Ci => ci::run(&workspace),
        Command::Freeze => freeze::run(&workspace),
        Command::Fuzz { minutes } => fuzz::run(&workspace, minutes),
        Command::Policy => policy::run(&workspace),
        Command::Features => features::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
    }
}

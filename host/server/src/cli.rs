//! The command line.
//!
//! Only reads what the caller hands over (arguments, environment, where to print), so that tests run whole commands. Standard output
//! carries what a command is asked for; errors and the log go to standard error.

mod backup;
mod check;
mod completions;
mod doctor;
mod health;
mod key;
mod message;
mod place;
mod plugin;
mod remote;
mod restore;
mod route;
mod secret;
mod serve;
mod session;
mod store;
mod user;
mod webhook;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Parser, Subcommand};
use waspnest_engine::{CompileLimits, Compiled, Metering, compile_within};

use crate::config::Config;

/// The command that compiles a plugin.
const COMPILE: &str = "compile-plugin";

/// A self-hosted host for WhatsApp sessions whose behaviour is sandboxed plugins.
#[derive(Debug, Parser)]
#[command(name = "waspnest", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Say whether the configuration and its plugins can be used, and what each plugin may do
    Check {
        /// The configuration; without it ./config.toml, or defaults where that is missing
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Look for what is wrong: with the configuration, the machine, the way to WhatsApp, and a host that runs
    Doctor(doctor::Asked),
    /// Say whether a host is ready, as health checks of containers ask
    Health(health::Asked),
    /// Run the host until it is told to stop
    Serve {
        /// The configuration; without it ./config.toml, or defaults where that is missing
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Compile a plugin from standard input to standard output; the host calls this itself
    #[command(name = COMPILE, hide = true)]
    Compile {
        /// Seconds it may take
        seconds: String,
        /// Bytes of memory it may take
        bytes: String,
        /// What calls are measured in: time, or fuel too
        metering: String,
    },
    /// What authors of plugins do
    Plugin {
        #[command(subcommand)]
        deed: plugin::Deed,
    },
    /// Say who gets what
    Route {
        #[command(subcommand)]
        question: Question,
    },
    /// Make, link and look after sessions of a running host
    Session {
        #[command(subcommand)]
        deed: session::Deed,
    },
    /// Send messages from a session of a running host, see those there are, and do something to them
    Message {
        #[command(subcommand)]
        deed: message::Deed,
    },
    /// Back up a running host: everything it keeps, in one file
    Backup {
        #[command(subcommand)]
        deed: backup::Deed,
    },
    /// Put a backup into the empty data directory of a host that is not running, or say whether it is whole
    Restore(restore::Restore),
    /// Look over the data directory of a host that is not running
    Store {
        #[command(subcommand)]
        deed: store::Deed,
    },
    /// Keep and forget secrets of plugins while the host is not running
    Secret {
        #[command(subcommand)]
        deed: secret::Deed,
    },
    /// People who log in to a running host
    User {
        #[command(subcommand)]
        deed: user::Deed,
    },
    /// API keys of a running host
    Key {
        #[command(subcommand)]
        deed: key::Deed,
    },
    /// Webhooks of a running host: where tenants are told what happens
    Webhook {
        #[command(subcommand)]
        deed: webhook::Deed,
    },
    /// Print the schema of a file, for editors, or the description of the API, for tools
    Schema {
        #[command(subcommand)]
        of: SchemaOf,
    },
    /// Print what a shell needs to complete these commands
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: completions::Shell,
    },
    /// Say which version this is
    Version,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Say which installations would get a message, and why the others would not
    Explain(route::Described),
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum SchemaOf {
    /// Of plugin.toml: JSON Schema
    Plugin,
    /// Of the API: OpenAPI 3.1
    Api,
    /// Of the API: a collection for Postman
    Postman,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it was asked.
    Success,
    /// It did not; why has been said.
    Failure,
    /// It was asked wrongly.
    Usage,
    /// It compiled a plugin, or did not: see [`Compiled`].
    Compiler(Compiled),
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Failure => Self::FAILURE,
            Exit::Usage => Self::from(2),
            Exit::Compiler(compiled) => Self::from(compiled.code()),
        }
    }
}

/// Where a command prints.
pub struct Output<'a> {
    /// What it was asked for.
    pub out: &'a mut (dyn Write + Send),
    /// What went wrong.
    pub err: &'a mut (dyn Write + Send),
}

/// Runs the command that `arguments` name; the first of them is the program.
pub fn run(
    arguments: impl Iterator<Item = OsString>,
    env: impl Iterator<Item = (String, String)>,
    output: Output<'_>,
) -> Exit {
    let Output { out, err } = output;
    let done = match Arguments::try_parse_from(arguments) {
        Ok(Arguments {
            command: Command::Check { config },
        }) => load(config.as_deref(), env).and_then(|config| check::run(&config, out)),
        Ok(Arguments {
            command: Command::Doctor(asked),
        }) => doctor::run(&asked, &env.collect(), out),
        Ok(Arguments {
            command: Command::Health(asked),
        }) => health::run(&asked, &env.collect(), out),
        Ok(Arguments {
            command: Command::Serve { config },
        }) => serve::run(config.as_deref(), &env.collect(), out),
        Ok(Arguments {
            command:
                Command::Compile {
                    seconds,
                    bytes,
                    metering,
                },
        }) => return compile((&seconds, &bytes), &metering, Output { out, err }),
        Ok(Arguments {
            command: Command::Route {
                question: Question::Explain(described),
            },
        }) => load(described.config.as_deref(), env).and_then(|config| route::explain(&config, described, out)),
        Ok(Arguments {
            command: Command::Plugin { deed },
        }) => plugin::run(&deed, &env.collect(), Output { out, err }),
        Ok(Arguments {
            command: Command::Session { deed },
        }) => session::run(&deed, &env.collect(), out),
        Ok(Arguments {
            command: Command::Message { deed },
        }) => message::run(&deed, &env.collect(), &mut std::io::stdin().lock(), out),
        Ok(Arguments {
            command: Command::Backup { deed },
        }) => backup::run(&deed, &env.collect(), out),
        Ok(Arguments {
            command: Command::Restore(wanted),
        }) => load(wanted.config.as_deref(), env).and_then(|config| restore::run(&config, &wanted, out)),
        Ok(Arguments {
            command: Command::Store { deed },
        }) => load(deed.config().as_deref(), env).and_then(|config| store::run(&config, &deed, out)),
        Ok(Arguments {
            command: Command::Secret { deed },
        }) => load(deed.config().as_deref(), env)
            .and_then(|config| secret::run(&config, &deed, &mut std::io::stdin().lock(), out)),
        Ok(Arguments {
            command: Command::User { deed },
        }) => user::run(&deed, &env.collect(), &mut std::io::stdin().lock(), out),
        Ok(Arguments {
            command: Command::Key { deed },
        }) => key::run(&deed, &env.collect(), out),
        Ok(Arguments {
            command: Command::Webhook { deed },
        }) => webhook::run(&deed, &env.collect(), out),
        Ok(Arguments {
            command: Command::Schema { of },
        }) => schema(of, out),
        Ok(Arguments {
            command: Command::Completions { shell },
        }) => completions::run(shell, out),
        Ok(Arguments {
            command: Command::Version,
        }) => version(out),
        Err(told) if !told.use_stderr() => write!(out, "{}", told.render())
            .map(|()| Exit::Success)
            .map_err(Into::into),
        Err(wrong) => write!(err, "{}", wrong.render())
            .map(|()| Exit::Usage)
            .map_err(Into::into),
    };
    done.unwrap_or_else(|error| {
        // When not even this can be printed, the exit code is all there is.
        let _ = writeln!(err, "waspnest: {error:#}");
        Exit::Failure
    })
}

/// Limits this process and compiles what comes on standard input.
fn compile((seconds, bytes): (&str, &str), metering: &str, output: Output<'_>) -> Exit {
    let limits = CompileLimits::from_words(seconds, bytes);
    let (Some(limits), Some(metering)) = (limits, Metering::from_word(metering)) else {
        return Exit::Usage;
    };
    match compile_within(limits, metering, std::io::stdin().lock(), output.out, output.err) {
        Ok(compiled) => Exit::Compiler(compiled),
        Err(error) => {
            // The exit code says it too.
            let _ = writeln!(output.err, "{error}");
            Exit::Failure
        }
    }
}

fn load(given: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> anyhow::Result<Config> {
    Ok(Config::load(config_file(given), env)?)
}

/// The file that is named, or the usual one where it is.
fn config_file(given: Option<&Path>) -> Option<&Path> {
    let usual = Path::new("config.toml");
    given.or_else(|| usual.exists().then_some(usual))
}

fn schema(of: SchemaOf, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let schema = match of {
        SchemaOf::Plugin => waspnest_engine::manifest::schema(),
        SchemaOf::Api => crate::http::openapi(),
        SchemaOf::Postman => crate::http::postman(),
    };
    writeln!(out, "{schema:#}").context("cannot print")?;
    Ok(Exit::Success)
}

fn version(out: &mut dyn Write) -> anyhow::Result<Exit> {
    writeln!(out, "waspnest {}", env!("CARGO_PKG_VERSION")).context("cannot print")?;
    Ok(Exit::Success)
}

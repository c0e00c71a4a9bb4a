//! `waspnest doctor`: looks at everything that can be wrong, and says what to do about it.
//!
//! It changes nothing: it makes no directory and no key, opens no store, and asks servers only whether they are there.

mod data;
mod finding;
mod host;
mod plugins;
mod tls;
mod whatsapp;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use waspnest_core::store::InUse;

use super::remote::{Address, Environment};
use super::{Exit, config_file};
use crate::config::Config;
use finding::{Finding, State};

/// What is to be looked at.
#[derive(Debug, Args)]
pub(super) struct Asked {
    /// The configuration; without it ./config.toml, or defaults where that is missing
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Do not ask whether WhatsApp can be reached
    #[arg(long)]
    offline: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    address: Address,
}

/// Looks, and prints what was found. Warnings are no failure.
pub(super) fn run(asked: &Asked, env: &Environment, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let findings = look(asked, env);
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (failed, warnings) = (count(State::Failed), count(State::Warning));
    if asked.json {
        let checks: Vec<_> = findings.iter().map(Finding::json).collect();
        let found = json!({ "checks": checks, "failed": failed, "warnings": warnings });
        writeln!(out, "{found:#}")?;
    } else {
        for finding in &findings {
            write!(out, "{finding}")?;
        }
        match (failed, warnings) {
            (0, 0) => writeln!(out, "nothing is wrong")?,
            (0, warnings) => writeln!(out, "nothing has failed; warnings: {warnings}")?,
            (failed, warnings) => writeln!(out, "failed: {failed}; warnings: {warnings}")?,
        }
    }
    Ok(match failed {
        0 => Exit::Success,
        _ => Exit::Failure,
    })
}

fn look(asked: &Asked, env: &Environment) -> Vec<Finding> {
    let file = config_file(asked.config.as_deref());
    let shown = file.map_or("defaults, since there is no config.toml".to_owned(), |file| {
        file.display().to_string()
    });
    let config = match Config::load(file, env.clone().into_iter()) {
        Ok(config) => config,
        // Nothing else is known then.
        Err(error) => {
            let finding = Finding::failed("configuration", error.to_string());
            return vec![finding.advice("correct what is named; config.toml of the project explains every key")];
        }
    };
    let mut findings = vec![Finding::ok("configuration", shown)];
    let (of_data, in_use) = data::look(&config);
    findings.extend(of_data);
    findings.extend(plugins::look(&config));
    findings.extend(tls::look(&config));
    findings.extend(match asked.offline {
        true => vec![Finding::ok("whatsapp", "not asked, because of --offline")],
        false => whatsapp::look(&config),
    });
    findings.extend(match in_use {
        InUse::Yes => host::look(&config, &asked.address, env),
        InUse::No => vec![host::port(config.server.listen)],
    });
    findings
}

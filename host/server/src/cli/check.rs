//! `waspnest check`: everything that would keep the host from starting, and who gets which powers.
//!
//! Loads each plugin as the host would, without starting anything, writing anything or touching the network.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context;
use waspnest_core::clock::SystemClock;
use waspnest_engine::manifest::{Capability, Need};
use waspnest_engine::{Engine, EngineOptions};
use waspnest_whatsapp::Authority;

use super::Exit;
use crate::config::Config;
use crate::config::installation::{self, Activity};
use crate::install;
use crate::router;
use crate::tls::Identity;

/// Prints what each plugin is granted, and every problem.
pub(super) fn run(config: &Config, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let options = EngineOptions {
            caps: config.plugins.caps.limits,
            concurrency: config.plugins.caps.concurrency,
            ..EngineOptions::new(Arc::new(SystemClock::new()))
        };
        let engine = Engine::new(options)?;
        let mut problems = Vec::new();
        if let Some(path) = &config.whatsapp.authority_file
            && let Err(error) = Authority::from_file(path)
        {
            problems.push(format!("whatsapp.authority-file: {error}"));
        }
        if let Some(files) = &config.server.tls
            && let Err(error) = Identity::load(files)
        {
            problems.push(format!("server.tls: {:#}", anyhow::Error::new(error)));
        }
        for installed in &config.installations {
            match plugin(&engine, config, installed).await {
                Ok(lines) => write!(out, "{lines}")?,
                Err(error) => {
                    writeln!(out, "{}: cannot be used", installed.id)?;
                    problems.push(format!("{}: {error:#}", installed.id));
                }
            }
            for bind in config.binds.iter().filter(|bind| bind.plugin == installed.id) {
                writeln!(out, "  gets events by bind {:?}", bind.id)?;
            }
        }
        if problems.is_empty() {
            let installed = install::all(&engine, config).await?;
            for collision in router::collisions(&installed) {
                writeln!(out, "warning: {collision}")?;
            }
            writeln!(
                out,
                "the configuration can be used: {} plugins, {} sessions",
                config.installations.len(),
                config.sessions.len()
            )?;
            return Ok(Exit::Success);
        }
        writeln!(out, "the configuration cannot be used:")?;
        for problem in problems {
            writeln!(out, "  {problem}")?;
        }
        Ok(Exit::Failure)
    })
}

async fn plugin(engine: &Engine, config: &Config, installed: &installation::Installation) -> anyhow::Result<String> {
    let installation = install::one(engine, installed).await?;
    let commands = install::commands(&installation, installed, &install::binds(config, &installed.id))?;
    let schedules = install::schedules_of(config, installed, installation.plugin())?;
    let (_, looks_wrong) = install::settings(engine, &installation, installed, &schedules).await?;
    let manifest = &installation.plugin().manifest;
    let idle = match installed.activity {
        Activity::Enabled => "",
        Activity::Disabled => ", disabled",
    };
    let mut lines = format!(
        "{}: {} {} from {}{idle}\n",
        installed.id, manifest.name, manifest.version, installed.source
    );
    for capability in Capability::ALL {
        let reason = manifest
            .requests
            .reason(capability)
            .map(|reason| format!(" ({reason})"))
            .unwrap_or_default();
        match (manifest.requests.need(capability), installed.grants.has(capability)) {
            (Some(_), true) => lines += &format!("  may use {}{reason}\n", capability.name()),
            (Some(Need::Optional | Need::Required), false) => {
                lines += &format!("  is denied {}{reason}\n", capability.name())
            }
            (None, _) => {}
        }
    }
    let calls = commands.calls();
    if !calls.is_empty() {
        lines += &format!("  hears {}\n", calls.join(", "));
    }
    for schedule in schedules {
        lines += &format!("  is called by schedule {:?}\n", schedule.id.as_str());
    }
    let missing = install::missing(config, &installation);
    for warning in installation.warnings().iter().chain(&looks_wrong).chain(&missing) {
        lines += &format!("  warning: {warning}\n");
    }
    Ok(lines)
}

//! `waspnest plugin check`: loads a built plugin as a host would, and says what it gets, what it asks for, and what an operator should know.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde_json::{Value, json};
use waspnest_core::clock::SystemClock;
use waspnest_core::event::Family;
use waspnest_core::package::Package;
use waspnest_engine::manifest::{Capability, Manifest, Need};
use waspnest_engine::{
    Configuration, Engine, EngineOptions, Grants, Installation, InstallationSpec, LimitWish, Plugin,
};

use super::super::Exit;
use crate::config::scenario::INSTALLATION;

/// Which plugin is looked at.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The directory with plugin.toml and the built component
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// Print one JSON object instead of words
    #[arg(long)]
    json: bool,
}

/// What is found.
pub(super) struct Found {
    pub(super) plugin: Arc<Plugin>,
    /// Bytes of the component.
    pub(super) bytes: u64,
    pub(super) warnings: Vec<String>,
}

/// Looks at it.
pub(super) fn run(asked: &Asked, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let found = judge(waspnest_engine::pack(&asked.dir)?, &asked.dir)?;
    match asked.json {
        true => writeln!(out, "{}", as_json(&found))?,
        false => in_words(&found, out)?,
    }
    Ok(Exit::Success)
}

/// Loads a package, with everything granted, and judges the configuration that it has of itself; `place` is what messages call it.
pub(super) fn judge(package: Package, place: &Path) -> anyhow::Result<Found> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(load(package, place))
}

async fn load(package: Package, place: &Path) -> anyhow::Result<Found> {
    let engine = Engine::new(EngineOptions::new(Arc::new(SystemClock::new())))?;
    let plugin = engine
        .load_package(package.clone(), place, LimitWish::default())
        .await?;
    let component = package.get(&plugin.manifest.component.to_string_lossy());
    let bytes = component.map_or(0, |component| component.len() as u64);
    let spec = InstallationSpec {
        grants: Grants::of_requests(&plugin.manifest.requests),
        ..InstallationSpec::new(INSTALLATION.parse().expect("it has the form of an id"))
    };
    let installation = Installation::new(Arc::clone(&plugin), spec)?;
    let defaults = Configuration::of_layers([&plugin.manifest.defaults]);
    let issues = engine.judge(&installation, &defaults).await;
    let issues = issues.iter().map(|issue| format!("its own defaults: {issue}"));
    let warnings = installation.warnings().iter().cloned().chain(issues).collect();
    Ok(Found {
        plugin,
        bytes,
        warnings,
    })
}

/// The capabilities that are asked for, in the order of the table.
fn requests(manifest: &Manifest) -> impl Iterator<Item = (Capability, Need)> {
    let need = |capability| manifest.requests.need(capability).map(|need| (capability, need));
    Capability::ALL.into_iter().filter_map(need)
}

fn families(plugin: &Plugin) -> Vec<&'static str> {
    plugin.handlers.families().into_iter().map(Family::name).collect()
}

fn in_words(found: &Found, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let Found {
        plugin,
        bytes,
        warnings,
    } = found;
    let manifest = &plugin.manifest;
    writeln!(out, "{} {} ({})", manifest.name, manifest.version, manifest.id)?;
    writeln!(out, "  {}, {} KiB", manifest.component.display(), bytes.div_ceil(1024))?;
    writeln!(out, "  {}", plugin.digest)?;
    writeln!(out, "  gets events of: {}", families(plugin).join(", "))?;
    for command in &manifest.commands {
        writeln!(out, "  hears the command {}", command.name)?;
    }
    for (capability, need) in requests(manifest) {
        let verb = match need {
            Need::Required => "needs",
            Need::Optional => "would like",
        };
        let words = capability.words().trim_end_matches('.');
        write!(out, "  {verb} {:?}: {words}", capability.name())?;
        match manifest.requests.terms(capability) {
            "" => {}
            terms => write!(out, ", on the terms {terms}")?,
        }
        match manifest.requests.reason(capability) {
            Some(reason) => writeln!(out, " ({reason})")?,
            None => writeln!(out, " (it does not say why)")?,
        }
    }
    for warning in warnings {
        writeln!(out, "  warning: {warning}")?;
    }
    writeln!(out, "it can be put to work")?;
    Ok(())
}

fn as_json(found: &Found) -> Value {
    let manifest = &found.plugin.manifest;
    let request = |(capability, need): (Capability, Need)| {
        json!({
            "capability": capability.name(),
            "required": need == Need::Required,
            "terms": manifest.requests.terms(capability),
            "reason": manifest.requests.reason(capability),
        })
    };
    json!({
        "id": manifest.id.to_string(),
        "name": manifest.name,
        "version": manifest.version,
        "digest": found.plugin.digest.to_string(),
        "bytes": found.bytes,
        "events": families(&found.plugin),
        "commands": manifest.commands.iter().map(|command| command.name.to_string()).collect::<Value>(),
        "requests": requests(manifest).map(request).collect::<Value>(),
        "warnings": found.warnings,
    })
}

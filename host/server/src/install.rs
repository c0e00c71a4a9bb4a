//! Puts plugins to work as the configuration says.

mod schedules;

use std::sync::Arc;

use tokio_util::task::TaskTracker;
use waspnest_core::event::Family;
use waspnest_core::id::InstallationId;
use waspnest_engine::command::BookError;
use waspnest_engine::manifest::Capability;
use waspnest_engine::{Engine, InstallError, Installation, InstallationSpec, LoadError, Plugin};

use crate::breaker::Breaker;
use crate::config::Config;
use crate::config::bind::Bind;
use crate::config::installation::{self, Activity, Source};
use crate::config::schedule::Schedule;
use crate::router::{Commands, Installed};
use crate::service::installations::{Described, DescribedPlugin, Origin, Standing};
use crate::settings::{FileLayers, Settings, UnusableConfig};
pub use schedules::{SlotTimetable, of_installation as schedules_of};

/// Why an installation cannot be put to work.
#[derive(Debug, thiserror::Error)]
pub enum InstallationError {
    /// Its plugin cannot be loaded.
    #[error("installation {id}: the plugin cannot be loaded")]
    Load {
        /// The installation.
        id: InstallationId,
        /// Why.
        source: LoadError,
    },
    /// Its plugin was uploaded to a host, and lies there.
    #[error("installation {id}: the plugin was uploaded, and is not at hand here")]
    Uploaded {
        /// The installation.
        id: InstallationId,
    },
    /// The plugin and the configuration do not go together.
    #[error("installation {id} cannot be put to work")]
    Install {
        /// The installation.
        id: InstallationId,
        /// Why.
        source: InstallError,
    },
    /// Its configuration is not what the plugin takes.
    #[error("installation {id}: its configuration cannot be used")]
    Config {
        /// The installation.
        id: InstallationId,
        /// What is wrong with it.
        source: UnusableConfig,
    },
    /// Its schedules cannot be used as the configuration says.
    #[error("installation {id}: {problem}")]
    Schedule {
        /// The installation.
        id: InstallationId,
        /// What is wrong with which.
        problem: String,
    },
    /// Its operator speaks of commands that are not there.
    #[error("installation {id}: its commands cannot be used as the configuration says")]
    Commands {
        /// The installation.
        id: InstallationId,
        /// Why.
        source: BookError,
    },
}

/// Loads one plugin from its source and puts it to work.
///
/// # Errors
/// [`InstallationError`].
pub async fn one(engine: &Engine, wanted: &installation::Installation) -> Result<Installation, InstallationError> {
    let source = match &wanted.source {
        Source::Directory(path) => path,
        Source::Uploaded(_) => return Err(InstallationError::Uploaded { id: wanted.id.clone() }),
    };
    let plugin = engine
        .load_for(source, wanted.limits)
        .await
        .map_err(|source| InstallationError::Load {
            id: wanted.id.clone(),
            source,
        })?;
    fit(plugin, wanted)
}

/// Puts a plugin to work as its operator wants.
///
/// # Errors
/// [`InstallationError::Install`].
pub fn fit(plugin: Arc<Plugin>, wanted: &installation::Installation) -> Result<Installation, InstallationError> {
    let spec = InstallationSpec {
        id: wanted.id.clone(),
        grants: wanted.grants.clone(),
        config: wanted.config.clone().into(),
        limits: wanted.limits,
        reuse: wanted.reuse,
        mode: wanted.mode,
    };
    Installation::new(plugin, spec).map_err(|source| InstallationError::Install {
        id: wanted.id.clone(),
        source,
    })
}

/// What an installation may use and the configuration does not have.
#[must_use]
pub fn missing(config: &Config, installation: &Installation) -> Vec<String> {
    let secrets = installation.secrets();
    let undeclared = secrets.iter().filter(|name| !config.secrets.contains_key(*name));
    let deaf = config
        .installations
        .iter()
        .any(|wanted| wanted.id == *installation.id() && wanted.hook.is_some())
        && !installation.plugin().handlers.has(Family::Request);
    let deaf = deaf.then(|| format!("{} has a hook, but its plugin handles no requests", installation.id()));
    let endpoints = installation.endpoints();
    let unknown = endpoints.iter().filter(|name| !config.webhooks.contains_key(*name));
    let unknown = unknown.map(|name| {
        format!(
            "{} may tell the endpoint {name}, but there is no [webhooks.{name}]",
            installation.id()
        )
    });
    undeclared
        .map(|name| {
            format!(
                "{} may use the secret {name}, but there is no [secrets.{name}]",
                installation.id()
            )
        })
        .chain(unknown)
        .chain(deaf)
        .collect()
}

/// The commands of an installation, as its operator lets them be used.
///
/// # Errors
/// [`InstallationError::Commands`].
pub fn commands(
    installation: &Installation,
    wanted: &installation::Installation,
    binds: &[Bind],
) -> Result<Commands, InstallationError> {
    let manifest = &installation.plugin().manifest;
    Commands::new(manifest, &wanted.commands, binds).map_err(|source| InstallationError::Commands {
        id: wanted.id.clone(),
        source,
    })
}

/// The configuration of an installation, judged as far as the file says, with what looks wrong and can be used. Its schedules may be read in
/// zones that stand there.
///
/// # Errors
/// [`InstallationError::Config`].
pub async fn settings(
    engine: &Engine,
    installation: &Installation,
    wanted: &installation::Installation,
    schedules: &[Schedule],
) -> Result<(Settings, Vec<String>), InstallationError> {
    let file = FileLayers {
        installation: wanted.config.clone(),
        sessions: wanted.session_config.clone(),
        chats: wanted.chat_config.clone(),
    };
    let settings = Settings::new(&installation.plugin().manifest, file).with_zones(schedules::zone_settings(schedules));
    let findings = settings.judge(engine, installation, &[], None).await;
    if findings.are_fatal() {
        return Err(InstallationError::Config {
            id: wanted.id.clone(),
            source: UnusableConfig(findings),
        });
    }
    let warnings = findings.0.iter().map(ToString::to_string).collect();
    Ok((settings, warnings))
}

/// The binds of an installation.
#[must_use]
pub fn binds(config: &Config, id: &InstallationId) -> Vec<Bind> {
    config.binds.iter().filter(|bind| bind.plugin == *id).cloned().collect()
}

/// Installations that are to work, those of higher priority first.
#[must_use]
pub fn enabled(config: &Config) -> Vec<&installation::Installation> {
    let mut wanted: Vec<_> = config
        .installations
        .iter()
        .filter(|wanted| wanted.activity == Activity::Enabled)
        .collect();
    // Stable: equal priorities keep the order of the file.
    wanted.sort_by_key(|wanted| std::cmp::Reverse(wanted.priority));
    wanted
}

/// Puts every enabled installation to work with what is in its source, those of higher priority first.
///
/// # Errors
/// The first that cannot be.
pub async fn all(engine: &Engine, config: &Config) -> Result<Vec<Arc<Installed>>, InstallationError> {
    let mut installed = Vec::new();
    for wanted in enabled(config) {
        let installation = one(engine, wanted).await?;
        let breaker = Arc::new(Breaker::new(config.plugins.breaker));
        installed.push(Arc::new(
            with_rules(engine, installation, wanted, config, breaker).await?,
        ));
    }
    Ok(installed)
}

/// An installation with the operator's rules around it.
///
/// # Errors
/// [`InstallationError::Commands`], [`InstallationError::Config`], [`InstallationError::Schedule`].
pub async fn with_rules(
    engine: &Engine,
    installation: Installation,
    wanted: &installation::Installation,
    config: &Config,
    breaker: Arc<Breaker>,
) -> Result<Installed, InstallationError> {
    let schedules = schedules_of(config, wanted, installation.plugin())?;
    let (settings, looks_wrong) = settings(engine, &installation, wanted, &schedules).await?;
    let missing = missing(config, &installation);
    for warning in installation.warnings().iter().chain(&looks_wrong).chain(&missing) {
        tracing::warn!(plugin.id = %wanted.id, "{warning}");
    }
    let binds = binds(config, &wanted.id);
    Ok(Installed {
        commands: commands(&installation, wanted, &binds)?,
        tenant: wanted.tenant,
        installation,
        settings,
        schedules,
        binds,
        priority: wanted.priority,
        mode: wanted.mode,
        order: wanted.lane,
        retry: config.plugins.retry.clone(),
        breaker,
        calls: TaskTracker::new(),
    })
}

/// An installation that is at work, as an operator sees it.
#[must_use]
pub fn described(installed: &Installed, wanted: &installation::Installation, origin: Origin) -> Described {
    let plugin = installed.installation.plugin();
    let granted = Capability::ALL
        .into_iter()
        .filter(|capability| plugin.manifest.requests.need(*capability).is_some() && wanted.grants.has(*capability));
    Described {
        id: wanted.id.clone(),
        origin,
        tenant: wanted.tenant,
        plugin: Some(described_plugin(plugin)),
        granted: granted.map(|capability| capability.name().into()).collect(),
        binds: installed.binds.iter().map(|bind| bind.id.clone()).collect(),
        standing: Standing::AtWork(Arc::clone(&installed.breaker)),
    }
}

/// A plugin as an operator sees it.
#[must_use]
pub fn described_plugin(plugin: &Plugin) -> DescribedPlugin {
    DescribedPlugin {
        id: plugin.manifest.id.clone(),
        name: plugin.manifest.name.clone(),
        version: plugin.manifest.version.clone(),
        digest: plugin.digest.to_string().into(),
    }
}

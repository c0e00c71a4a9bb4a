//! Puts plugins to work as the configuration says.

use std::sync::Arc;

use waspnest_core::id::InstallationId;
use waspnest_engine::command::BookError;
use waspnest_engine::manifest::Capability;
use waspnest_engine::{Engine, InstallError, Installation, InstallationSpec, LoadError};

use crate::config::Config;
use crate::config::bind::Bind;
use crate::config::installation::{self, Activity};
use crate::router::{self, Breaker, Commands, Installed};
use crate::service::installations::Described;

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
    /// The plugin and the configuration do not go together.
    #[error("installation {id} cannot be put to work")]
    Install {
        /// The installation.
        id: InstallationId,
        /// Why.
        source: InstallError,
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

/// Loads one plugin and puts it to work.
///
/// # Errors
/// [`InstallationError`].
pub async fn one(engine: &Engine, wanted: &installation::Installation) -> Result<Installation, InstallationError> {
    let id = || wanted.id.clone();
    let plugin = engine
        .load(&wanted.source)
        .await
        .map_err(|source| InstallationError::Load { id: id(), source })?;
    let spec = InstallationSpec {
        id: id(),
        grants: wanted.grants.clone(),
        config: wanted.config.clone(),
        session_config: wanted.session_config.clone(),
        limits: wanted.limits,
        reuse: wanted.reuse,
        mode: wanted.mode,
    };
    Installation::new(plugin, spec).map_err(|source| InstallationError::Install { id: id(), source })
}

/// What an installation may use and the configuration does not have.
#[must_use]
pub fn missing(config: &Config, installation: &Installation) -> Vec<String> {
    let secrets = installation.secrets();
    let undeclared = secrets.iter().filter(|name| !config.secrets.contains_key(*name));
    undeclared
        .map(|name| {
            format!(
                "{} may use the secret {name}, but there is no [secrets.{name}]",
                installation.id()
            )
        })
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

/// The binds of an installation.
#[must_use]
pub fn binds(config: &Config, id: &InstallationId) -> Vec<Bind> {
    config.binds.iter().filter(|bind| bind.plugin == *id).cloned().collect()
}

/// Puts every enabled installation to work, those of higher priority first, and says what each is.
///
/// # Errors
/// The first that cannot be.
pub async fn all(engine: &Engine, config: &Config) -> Result<(Vec<Arc<Installed>>, Vec<Described>), InstallationError> {
    let mut wanted: Vec<_> = config
        .installations
        .iter()
        .filter(|wanted| wanted.activity == Activity::Enabled)
        .collect();
    // Stable: equal priorities keep the order of the file.
    wanted.sort_by_key(|wanted| std::cmp::Reverse(wanted.priority));
    let mut installed = Vec::new();
    let mut described = Vec::new();
    for wanted in wanted {
        let installation = one(engine, wanted).await?;
        for warning in installation.warnings().iter().chain(&missing(config, &installation)) {
            tracing::warn!(plugin.id = %wanted.id, "{warning}");
        }
        let binds = binds(config, &wanted.id);
        let commands = commands(&installation, wanted, &binds)?;
        let breaker = Arc::new(Breaker::new(config.plugins.breaker));
        let plugin = installation.plugin();
        let granted = Capability::ALL.into_iter().filter(|capability| {
            plugin.manifest.requests.need(*capability).is_some() && wanted.grants.has(*capability)
        });
        described.push(Described {
            id: wanted.id.clone(),
            plugin: plugin.manifest.id.clone(),
            name: plugin.manifest.name.clone(),
            version: plugin.manifest.version.to_string().into(),
            digest: plugin.digest.to_string().into(),
            granted: granted.map(|capability| capability.name().into()).collect(),
            binds: binds.iter().map(|bind| bind.id.clone()).collect(),
            breaker: Arc::clone(&breaker),
        });
        installed.push(Arc::new(Installed {
            installation,
            binds,
            priority: wanted.priority,
            mode: wanted.mode,
            commands,
            order: wanted.lane,
            retry: config.plugins.retry.clone(),
            breaker,
        }));
    }
    for collision in router::collisions(&installed) {
        tracing::warn!("{collision}");
    }
    Ok((installed, described))
}

//! Which version of each installation is at work when the host starts.
//!
//! An installation follows the source that the configuration names until an operator chooses a version; from then on the choice stays.
//! What is in the source is brought in either way, so that it can be chosen. It is put to work if the installation follows its source, asks
//! for no more than the version before, and works; else the version before goes on, and the log says why.

use std::sync::Arc;

use tokio::sync::Mutex;
use waspnest_core::id::InstallationId;
use waspnest_core::package::PackageDigest;
use waspnest_core::version::{Approval, Choice, Version, Versions};
use waspnest_engine::Plugin;

use super::live::Live;
use super::{Arrived, Backwards, Rollout, RolloutError, RolloutParts, approval};
use crate::breaker::Breaker;
use crate::config::Config;
use crate::config::installation::Installation as Wanted;
use crate::install::{self, InstallationError};
use crate::router::{self, Installed, Slots};

impl Rollout {
    /// Puts every enabled installation to work.
    ///
    /// # Errors
    /// The first of the file's that cannot be.
    pub async fn begin(parts: RolloutParts) -> Result<Self, RolloutError> {
        let config = Arc::clone(&parts.config);
        let mut installed = Vec::new();
        for wanted in install::enabled(&config) {
            installed.push(Arc::new(parts.put_to_work(&config, wanted).await?));
        }
        let rollout = Self {
            live: Arc::new(Live::new(config)),
            parts: Arc::new(parts),
            slots: Slots::new(installed),
            changing: Arc::new(Mutex::new(())),
        };
        rollout.take_up_made().await?;
        let at_work: Vec<_> = rollout.slots.all().iter().map(|slot| slot.active()).collect();
        for collision in router::collisions(&at_work) {
            tracing::warn!("{collision}");
        }
        rollout.resume_canaries().await?;
        rollout.resume_shadows().await?;
        rollout.sweep().await;
        Ok(rollout)
    }
}

impl RolloutParts {
    /// The versions that are tried or in shadow beside the one at work.
    pub(super) async fn beside_work(&self, id: &InstallationId) -> Result<Vec<PackageDigest>, RolloutError> {
        let tried = self.register.canary(id).await?.map(|canary| canary.digest);
        let shadow = self.register.shadow(id).await?.map(|shadow| shadow.digest);
        Ok(tried.into_iter().chain(shadow).collect())
    }

    /// Puts an installation to work with the version that is at work, or with the one in its source.
    pub(super) async fn put_to_work(&self, config: &Config, wanted: &Wanted) -> Result<Installed, RolloutError> {
        let Some(mut versions) = self.register.get(&wanted.id).await? else {
            return self.first(config, wanted).await;
        };
        let at_work = versions.next.unwrap_or(versions.active);
        let Some(before) = self.loaded(wanted, at_work).await? else {
            tracing::warn!(plugin.id = %wanted.id, version = %at_work, "the version that was at work is gone; its source is looked at");
            return self.first(config, wanted).await;
        };
        if let Some(version) = versions.get(at_work) {
            self.trusted(version)?;
        }
        let latest = match self.look_at_source(wanted, &before, &mut versions).await {
            Ok(Some(latest)) if latest.manifest.id != before.manifest.id => {
                tracing::warn!(plugin.id = %wanted.id, from = %before.manifest.id, to = %latest.manifest.id, "the installation is of another plugin now");
                return self.first(config, wanted).await;
            }
            Ok(latest) => latest,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(plugin.id = %wanted.id, error, "the source cannot be used; the version before goes on");
                None
            }
        };
        let chosen = match (latest, versions.choice) {
            (Some(latest), Choice::Source) if latest.digest != at_work => {
                self.follow((config, wanted), &before, latest, &mut versions).await?
            }
            (_, Choice::Source | Choice::Operator) => None,
        };
        let installed = match chosen {
            Some(chosen) => chosen,
            None => {
                let installed = self.with_rules(config, wanted, before).await?;
                // The host may have ended between two sessions.
                let migrated = self.migrate(&installed, Backwards::Forced).await?;
                self.commit(&installed, migrated).await?;
                versions.activate(at_work, versions.choice);
                installed
            }
        };
        let needed = self.beside_work(&wanted.id).await?;
        versions.prune(self.config.plugins.keep_versions, &needed);
        self.register.put(&wanted.id, &versions).await?;
        Ok(installed)
    }

    /// Puts the version in the source to work, whatever there was.
    async fn first(&self, config: &Config, wanted: &Wanted) -> Result<Installed, RolloutError> {
        let load = |source| InstallationError::Load {
            id: wanted.id.clone(),
            source,
        };
        let arrived = self.in_source(wanted).await.map_err(|error| match error {
            RolloutError::Load(source) => load(source).into(),
            other => other,
        })?;
        let signed_by = self.signer(&arrived)?;
        let Arrived { package, origin, .. } = arrived;
        let plugin = self
            .engine
            .load_package(package.clone(), &self.place(&wanted.source), wanted.limits)
            .await;
        let plugin = plugin.map_err(load)?;
        let version = self.version(&plugin, &origin, signed_by);
        let installed = self.with_rules(config, wanted, plugin).await?;
        self.packages.put(package).await?;
        self.register.put(&wanted.id, &Versions::new(version)).await?;
        Ok(installed)
    }

    /// Brings in what is in the source, if it is new; answers what is there.
    async fn look_at_source(
        &self,
        wanted: &Wanted,
        before: &Plugin,
        versions: &mut Versions,
    ) -> Result<Option<Arc<Plugin>>, RolloutError> {
        let arrived = self.in_source(wanted).await?;
        let digest = arrived.package.digest();
        if digest == before.digest {
            return Ok(None);
        }
        let signed_by = self.signer(&arrived)?;
        let Arrived { package, origin, .. } = arrived;
        let plugin = self
            .engine
            .load_package(package.clone(), &self.place(&wanted.source), wanted.limits)
            .await?;
        if plugin.manifest.id == before.manifest.id && versions.get(digest).is_none() {
            self.packages.put(package).await?;
            let version = self.version(&plugin, &origin, signed_by);
            let known = versions.get(before.digest);
            versions.add(Version {
                approval: approval::judge(wanted.pin, (before, known), (&plugin, &version)),
                ..version
            });
        }
        Ok(Some(plugin))
    }

    /// The version in the source, put to work if it may be.
    async fn follow(
        &self,
        (config, wanted): (&Config, &Wanted),
        before: &Plugin,
        latest: Arc<Plugin>,
        versions: &mut Versions,
    ) -> Result<Option<Installed>, RolloutError> {
        let digest = latest.digest;
        if let Some(Approval::Waiting { because }) = versions.get(digest).map(|version| &version.approval) {
            tracing::warn!(
                plugin.id = %wanted.id, version = %digest, "the version in the source waits to be approved; the one before goes on: {}", because.join("; ")
            );
            return Ok(None);
        }
        let (from, to) = (before.manifest.data_version, latest.manifest.data_version);
        if to < from {
            tracing::warn!(plugin.id = %wanted.id, version = %digest, from, to, "the version in the source knows only earlier forms of the data; the one before goes on");
            return Ok(None);
        }
        let fitted = match self.with_rules(config, wanted, latest).await {
            Ok(installed) => {
                let migrated = self.migrate(&installed, Backwards::Refused).await;
                migrated.map(|migrated| (installed, migrated))
            }
            Err(error) => Err(error),
        };
        match fitted {
            Ok((installed, migrated)) => {
                if !migrated.is_empty() {
                    versions.next = Some(digest);
                    self.register.put(&wanted.id, versions).await?;
                    self.commit(&installed, migrated).await?;
                }
                versions.activate(digest, Choice::Source);
                tracing::info!(plugin.id = %wanted.id, version = %digest, "another version of the plugin is at work, as its source has it");
                Ok(Some(installed))
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(plugin.id = %wanted.id, version = %digest, error, "the version in the source cannot be put to work; the one before goes on");
                Ok(None)
            }
        }
    }

    /// A version that is installed; none if it is not there any more.
    async fn loaded(&self, wanted: &Wanted, digest: PackageDigest) -> Result<Option<Arc<Plugin>>, RolloutError> {
        let Some(package) = self.packages.get(digest).await? else {
            return Ok(None);
        };
        let place = self.packages.path(&digest);
        let plugin = self.engine.load_package(package, &place, wanted.limits).await;
        let plugin = plugin.map_err(|source| InstallationError::Load {
            id: wanted.id.clone(),
            source,
        })?;
        Ok(Some(plugin))
    }

    async fn with_rules(
        &self,
        config: &Config,
        wanted: &Wanted,
        plugin: Arc<Plugin>,
    ) -> Result<Installed, RolloutError> {
        let installation = install::fit(plugin, wanted)?;
        let breaker = Arc::new(Breaker::new(self.config.plugins.breaker));
        Ok(install::with_rules(&self.engine, installation, wanted, config, breaker).await?)
    }
}

//! A version that is tried in some chats beside the one at work: same grants, same configuration, same data.
//!
//! Which chats meet it is decided by a hash of the chat, so that a chat never meets one and then the other. It has a breaker of its own: if it
//! keeps failing its chats wait, and nobody else does. Data of another form cannot be shared, so such a version is not tried.

use std::sync::Arc;

use waspnest_core::id::InstallationId;
use waspnest_core::package::PackageDigest;
use waspnest_core::version::{Canary, Versions};

use super::{Rollout, RolloutError};
use crate::breaker::Breaker;
use crate::install;
use crate::router::{Installed, Slot, Tried};

impl Rollout {
    /// Which version an installation tries, if it tries one.
    ///
    /// # Errors
    /// [`RolloutError::UnknownInstallation`].
    pub fn canary(&self, id: &InstallationId) -> Result<Option<Canary>, RolloutError> {
        Ok(self.slot(id)?.tried().map(|tried| tried.canary))
    }

    /// Tries a version in some chats; it takes the place of another one that is tried.
    ///
    /// # Errors
    /// [`RolloutError`]; nothing changes then.
    pub async fn try_in_some(
        &self,
        id: &InstallationId,
        digest: PackageDigest,
        percent: u8,
    ) -> Result<Versions, RolloutError> {
        let slot = self.slot(id)?;
        let _changing = self.change().await;
        let versions = self.record(id).await?;
        let canary = Canary { digest, percent };
        let tried = self.tried(&slot, &versions, canary).await?;
        self.parts.register.set_canary(id, Some(canary)).await?;
        slot.try_in_some(Some(tried));
        tracing::info!(plugin.id = %id, version = %digest, percent, "another version of the plugin is tried");
        Ok(versions)
    }

    /// Tries no version any more: all chats meet the one at work.
    ///
    /// # Errors
    /// [`RolloutError`].
    pub async fn try_none(&self, id: &InstallationId) -> Result<Versions, RolloutError> {
        let slot = self.slot(id)?;
        let _changing = self.change().await;
        self.stop_trying(&slot).await?;
        self.record(id).await
    }

    pub(super) async fn stop_trying(&self, slot: &Slot) -> Result<(), RolloutError> {
        if slot.tried().is_some() {
            self.parts.register.set_canary(slot.id(), None).await?;
            slot.try_in_some(None);
        }
        Ok(())
    }

    /// Takes up what was tried when the host ended. What cannot be tried any more is left, and told.
    pub(super) async fn resume_canaries(&self) -> Result<(), RolloutError> {
        for slot in self.slots.all().iter() {
            let Some(canary) = self.parts.register.canary(slot.id()).await? else {
                continue;
            };
            let versions = self.record(slot.id()).await?;
            match self.tried(slot, &versions, canary).await {
                Ok(tried) => slot.try_in_some(Some(tried)),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(plugin.id = %slot.id(), version = %canary.digest, error, "the version cannot be tried any more");
                    self.parts.register.set_canary(slot.id(), None).await?;
                }
            }
        }
        Ok(())
    }

    async fn tried(&self, slot: &Slot, versions: &Versions, canary: Canary) -> Result<Tried, RolloutError> {
        Ok(Tried {
            installed: self.beside(slot, versions, canary.digest).await?,
            canary,
        })
    }

    /// A version fitted to stand beside the one at work, which keeps its data in the same form.
    pub(super) async fn beside(
        &self,
        slot: &Slot,
        versions: &Versions,
        digest: PackageDigest,
    ) -> Result<Arc<Installed>, RolloutError> {
        let version = self.allowed(versions, digest)?;
        let at_work = slot.active();
        let at_work = at_work.installation.plugin();
        if digest == at_work.digest {
            return Err(RolloutError::AtWork { digest });
        }
        if version.data_version != at_work.manifest.data_version {
            return Err(RolloutError::OtherData {
                at_work: at_work.manifest.data_version,
                tried: version.data_version,
            });
        }
        let plugin = self.installed(slot.id(), digest).await?;
        let wanted = self.wanted(slot.id())?;
        let breaker = Arc::new(Breaker::new(self.parts.config.plugins.breaker));
        let installation = install::fit(plugin, &wanted)?;
        let engine = &self.parts.engine;
        let installed = install::with_rules(engine, installation, &wanted, &self.live.config(), breaker).await?;
        installed
            .settings
            .inherit(engine, &installed.installation, &slot.active().settings)
            .await;
        Ok(Arc::new(installed))
    }
}

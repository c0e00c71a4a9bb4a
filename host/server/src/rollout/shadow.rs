//! A version in shadow beside the one at work: same grants, same configuration, and nothing comes of its calls.
//!
//! Which version that is stays over restarts; what was found of it does not. It is answered with what the version at work was told, so it must
//! keep its data in the same form.

use waspnest_core::id::InstallationId;
use waspnest_core::package::PackageDigest;
use waspnest_core::version::{Shadow, Versions};
use waspnest_engine::record::Bodies;

use super::{Rollout, RolloutError};
use crate::router::{Report, ShadowParts, Shadowing, Slot};

impl Rollout {
    /// What was found of the version that an installation has in shadow, if it has one.
    ///
    /// # Errors
    /// [`RolloutError::UnknownInstallation`].
    pub fn shadow(&self, id: &InstallationId) -> Result<Option<Report>, RolloutError> {
        Ok(self.slot(id)?.shadow().map(|shadow| shadow.report()))
    }

    /// Puts a version in shadow; it takes the place of another one, and what was found begins anew.
    ///
    /// # Errors
    /// [`RolloutError`]; nothing changes then.
    pub async fn put_in_shadow(
        &self,
        id: &InstallationId,
        digest: PackageDigest,
        percent: u8,
    ) -> Result<Versions, RolloutError> {
        let slot = self.slot(id)?;
        let _changing = self.change().await;
        let versions = self.record(id).await?;
        let shadow = Shadow { digest, percent };
        let parts = self.shadow_parts(&slot, &versions, shadow).await?;
        self.parts.register.set_shadow(id, Some(shadow)).await?;
        self.look_on(&slot, parts);
        tracing::info!(plugin.id = %id, version = %digest, percent, "another version of the plugin is in shadow");
        Ok(versions)
    }

    /// Has no version in shadow any more.
    ///
    /// # Errors
    /// [`RolloutError`].
    pub async fn no_shadow(&self, id: &InstallationId) -> Result<Versions, RolloutError> {
        let slot = self.slot(id)?;
        let _changing = self.change().await;
        self.stop_shadow(&slot).await?;
        self.record(id).await
    }

    pub(super) async fn stop_shadow(&self, slot: &Slot) -> Result<(), RolloutError> {
        if slot.shadow().is_some() {
            self.parts.register.set_shadow(slot.id(), None).await?;
            slot.put_in_shadow(None);
        }
        Ok(())
    }

    /// Takes up what was in shadow when the host ended. What cannot be any more is left, and told.
    pub(super) async fn resume_shadows(&self) -> Result<(), RolloutError> {
        for slot in self.slots.all().iter() {
            let Some(shadow) = self.parts.register.shadow(slot.id()).await? else {
                continue;
            };
            let versions = self.record(slot.id()).await?;
            match self.shadow_parts(slot, &versions, shadow).await {
                Ok(parts) => self.look_on(slot, parts),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(plugin.id = %slot.id(), version = %shadow.digest, error, "the version cannot be in shadow any more");
                    self.parts.register.set_shadow(slot.id(), None).await?;
                }
            }
        }
        Ok(())
    }

    async fn shadow_parts(
        &self,
        slot: &Slot,
        versions: &Versions,
        shadow: Shadow,
    ) -> Result<ShadowParts, RolloutError> {
        let parts = &self.parts;
        Ok(ShadowParts {
            installed: self.beside(slot, versions, shadow.digest).await?,
            shadow,
            engine: parts.engine.clone(),
            // Where nothing is recorded nothing is shown either.
            bodies: parts.config.plugins.record.bodies.unwrap_or(Bodies::Redacted),
            hide: parts.hide.clone(),
            clock: parts.clock.clone(),
        })
    }

    fn look_on(&self, slot: &Slot, parts: ShadowParts) {
        let (shadowing, looking) = Shadowing::new(parts);
        slot.put_in_shadow(Some(shadowing));
        let shutdown = &self.parts.shutdown;
        shutdown.spawn_finite(format!("shadow of {}", slot.id()), looking.run(shutdown.soft()));
    }
}

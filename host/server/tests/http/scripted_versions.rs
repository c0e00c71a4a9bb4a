//! Versions of a plugin that are put to work as the rules say, and of which there is nothing but the record.

use std::sync::Mutex;

use async_trait::async_trait;
use waspnest::rollout::{Backwards, BroughtIn, RolloutError};
use waspnest::service::versions::{Arrival, Coming, VersionControl};
use waspnest_core::id::InstallationId;
use waspnest_core::package::PackageDigest;
use waspnest_core::version::{Approval, Canary, Choice, Version, Versions};

use crate::support::START;

/// Versions of `echo`: one at work (`11…`), the one before it (`22…`), one that waits to be approved (`33…`), of which each is put to work
/// as the rules say. What is brought in becomes `44…`.
pub(crate) struct ScriptedVersions {
    versions: Mutex<Versions>,
    canary: Mutex<Option<Canary>>,
    pub(crate) arrived: Mutex<Vec<Coming>>,
}

impl ScriptedVersions {
    pub(crate) fn new() -> Self {
        let mut versions = Versions::new(version(0x11, 1));
        versions.add(version(0x22, 1));
        versions.activate([0x22; 32].into(), Choice::Source);
        versions.activate([0x11; 32].into(), Choice::Source);
        versions.add(Version {
            approval: Approval::Waiting {
                because: vec!["it asks for \"kv\", without further terms, which it did not before".into()],
            },
            signed_by: Some("minisign:RWQ".into()),
            ..version(0x33, 2)
        });
        Self {
            versions: Mutex::new(versions),
            canary: Mutex::default(),
            arrived: Mutex::default(),
        }
    }

    fn locked(&self, id: &InstallationId) -> Result<std::sync::MutexGuard<'_, Versions>, RolloutError> {
        match id.as_str() {
            "echo" => Ok(self.versions.lock().expect("no test panics in here")),
            _ => Err(RolloutError::UnknownInstallation { id: id.clone() }),
        }
    }
}

fn version(number: u8, data_version: u32) -> Version {
    Version {
        digest: [number; 32].into(),
        number: "1.2.3".into(),
        data_version,
        installed_at: START,
        origin: "plugins/echo".into(),
        signed_by: None,
        approval: Approval::NotNeeded,
    }
}

#[async_trait]
impl VersionControl for ScriptedVersions {
    async fn versions(&self, id: &InstallationId) -> Result<Versions, RolloutError> {
        Ok(self.locked(id)?.clone())
    }

    async fn install(&self, id: &InstallationId, coming: Coming) -> Result<BroughtIn, RolloutError> {
        let mut versions = self.locked(id)?;
        if coming.arrival == Arrival::Directory("gone".into()) {
            let problem = "there is nothing".to_owned();
            return Err(RolloutError::Arrival { problem });
        }
        self.arrived.lock().expect("no test panics in here").push(coming);
        versions.add(version(0x44, 1));
        Ok(BroughtIn {
            digest: [0x44; 32].into(),
            versions: versions.clone(),
        })
    }

    async fn activate(
        &self,
        id: &InstallationId,
        digest: PackageDigest,
        backwards: Backwards,
    ) -> Result<Versions, RolloutError> {
        let mut versions = self.locked(id)?;
        let from = versions.get(versions.active).map_or(1, |version| version.data_version);
        let version = versions.get(digest).ok_or(RolloutError::UnknownVersion { digest })?;
        if let Approval::Waiting { because } = &version.approval {
            let because = because.clone();
            return Err(RolloutError::NotApproved { digest, because });
        }
        if version.data_version < from && backwards == Backwards::Refused {
            let to = version.data_version;
            return Err(RolloutError::Backwards { from, to });
        }
        versions.activate(digest, Choice::Operator);
        Ok(versions.clone())
    }

    async fn roll_back(&self, id: &InstallationId, backwards: Backwards) -> Result<Versions, RolloutError> {
        let previous = self.locked(id)?.previous;
        let previous = previous.ok_or_else(|| RolloutError::NothingBefore { id: id.clone() })?;
        self.activate(id, previous, backwards).await
    }

    async fn approve(&self, id: &InstallationId, digest: PackageDigest) -> Result<Versions, RolloutError> {
        match self.locked(id)?.get_mut(digest) {
            Some(version) => version.approval = Approval::Given { at: START },
            None => return Err(RolloutError::UnknownVersion { digest }),
        }
        self.activate(id, digest, Backwards::Refused).await
    }

    async fn canary(&self, id: &InstallationId) -> Result<Option<Canary>, RolloutError> {
        drop(self.locked(id)?);
        Ok(*self.canary.lock().expect("no test panics in here"))
    }

    async fn set_canary(&self, id: &InstallationId, canary: Option<Canary>) -> Result<Versions, RolloutError> {
        let versions = self.locked(id)?;
        if let Some(Canary { digest, .. }) = canary {
            versions.get(digest).ok_or(RolloutError::UnknownVersion { digest })?;
        }
        *self.canary.lock().expect("no test panics in here") = canary;
        Ok(versions.clone())
    }
}

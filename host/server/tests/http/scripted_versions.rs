//! Versions of a plugin that are put to work as the rules say, and of which there is nothing but the record.

use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::json;
use ulid::Ulid;
use waspnest::rollout::{Backwards, BroughtIn, RolloutError};
use waspnest::router::{Apart, Counts, Report};
use waspnest::service::runs::{Difference, Unlike};
use waspnest::service::versions::{Arrival, Coming, VersionControl};
use waspnest_core::id::{EventId, InstallationId};
use waspnest_core::package::PackageDigest;
use waspnest_core::version::{Approval, Canary, Choice, Shadow, Version, Versions};
use waspnest_engine::Usage;
use waspnest_engine::record::Bodies;

use crate::support::START;

/// Versions of `echo`: one at work (`11…`), the one before it (`22…`), one that waits to be approved (`33…`), of which each is put to work
/// as the rules say. What is brought in becomes `44…`.
pub(crate) struct ScriptedVersions {
    versions: Mutex<Versions>,
    canary: Mutex<Option<Canary>>,
    shadow: Mutex<Option<Shadow>>,
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
            shadow: Mutex::default(),
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

fn apart() -> Apart {
    let unlike = Unlike {
        at: "effects/0".into(),
        recorded: json!({ "Send": { "to": "#a5d0:13" } }),
        replayed: json!(null),
    };
    Apart {
        at: START,
        session: "main".parse().expect("a name"),
        event: EventId::new(Ulid(5)),
        kind: "message".into(),
        difference: Difference {
            plugin: ("1.2.3".into(), "sha256:2222".into()),
            outcome: ("drafted".into(), "drafted".into()),
            error: None,
            unlike: vec![unlike],
            not_recorded: Vec::new(),
            not_asked: vec!["kv.get"],
            usage: Usage::default(),
            bodies: Bodies::Redacted,
        },
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

    /// Of ten calls nine came to the same.
    async fn shadow(&self, id: &InstallationId) -> Result<Option<Report>, RolloutError> {
        drop(self.locked(id)?);
        let shadow = *self.shadow.lock().expect("no test panics in here");
        Ok(shadow.map(|shadow| Report {
            shadow,
            version: "1.2.3".into(),
            since: START,
            counts: Counts {
                same: 9,
                different: 1,
                ..Counts::default()
            },
            apart: vec![apart()],
        }))
    }

    async fn set_shadow(&self, id: &InstallationId, shadow: Option<Shadow>) -> Result<Versions, RolloutError> {
        let versions = self.locked(id)?;
        if let Some(Shadow { digest, .. }) = shadow {
            versions.get(digest).ok_or(RolloutError::UnknownVersion { digest })?;
        }
        *self.shadow.lock().expect("no test panics in here") = shadow;
        Ok(versions.clone())
    }
}

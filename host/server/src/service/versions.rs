//! Versions of plugins as an operator sees and changes them.

use async_trait::async_trait;
use bytes::Bytes;
use url::Url;
use waspnest_core::id::InstallationId;
use waspnest_core::package::PackageDigest;
use waspnest_core::version::{Approval, Canary, Shadow, Version, Versions};

use crate::rollout::{Backwards, BroughtIn, Reference, RolloutError};
use crate::router::Report;

/// Where a version comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// The source that the configuration names.
    Source,
    /// A directory of `plugins.dir`, by its name.
    Directory(Box<str>),
    /// A tar archive, compressed or not, that was sent along.
    Archive(Bytes),
    /// Such an archive on a server.
    Url {
        /// Where: `https`.
        url: Url,
        /// SHA-256 of the archive, or the digest of the package in it.
        digest: PackageDigest,
    },
    /// It was uploaded.
    Uploaded(PackageDigest),
    /// In a registry, named by the digest of its manifest.
    Registry(Reference),
}

/// A version that comes, and what comes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// From where.
    pub arrival: Arrival,
    /// A signature, if it does not lie beside the manifest.
    pub signature: Option<Bytes>,
}

/// Who keeps versions and puts them to work: a trait, so that tests of everything above it need no sandbox.
#[async_trait]
pub trait VersionControl: Send + Sync {
    /// The versions of an installation.
    async fn versions(&self, id: &InstallationId) -> Result<Versions, RolloutError>;

    /// Brings a version in, without putting it to work.
    async fn install(&self, id: &InstallationId, coming: Coming) -> Result<BroughtIn, RolloutError>;

    /// Puts a version to work.
    async fn activate(
        &self,
        id: &InstallationId,
        digest: PackageDigest,
        backwards: Backwards,
    ) -> Result<Versions, RolloutError>;

    /// Puts the version to work that was before the one at work.
    async fn roll_back(&self, id: &InstallationId, backwards: Backwards) -> Result<Versions, RolloutError>;

    /// Approves of what a version asks for, and puts it to work.
    async fn approve(&self, id: &InstallationId, digest: PackageDigest) -> Result<Versions, RolloutError>;

    /// The version that is tried in some chats, if there is one.
    async fn canary(&self, id: &InstallationId) -> Result<Option<Canary>, RolloutError>;

    /// Tries a version in so many of a hundred chats; none tries none any more.
    async fn set_canary(&self, id: &InstallationId, canary: Option<Canary>) -> Result<Versions, RolloutError>;

    /// What was found of the version in shadow, if there is one.
    async fn shadow(&self, id: &InstallationId) -> Result<Option<Report>, RolloutError>;

    /// Puts a version in shadow, of so many of a hundred chats; none has none in shadow any more.
    async fn set_shadow(&self, id: &InstallationId, shadow: Option<Shadow>) -> Result<Versions, RolloutError>;
}

/// What a version is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It handles events.
    Active,
    /// It did before the one that does now.
    Previous,
    /// It may not, before an operator has approved of it.
    Waiting(&'a [Box<str>]),
    /// It could.
    Installed,
}

/// What a version of an installation is at the moment.
#[must_use]
pub fn standing<'a>(versions: &Versions, version: &'a Version) -> Standing<'a> {
    if version.digest == versions.active {
        return Standing::Active;
    }
    match &version.approval {
        Approval::Waiting { because } => Standing::Waiting(because),
        Approval::NotNeeded | Approval::Given { .. } if versions.previous == Some(version.digest) => Standing::Previous,
        Approval::NotNeeded | Approval::Given { .. } => Standing::Installed,
    }
}

//! Where a version comes from, and how it gets here.

use std::path::{Component, Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;
use waspnest_core::id::InstallationId;
use waspnest_core::package::{MAX_BYTES, Package, PackageDigest};
use waspnest_core::version::{Canary, Shadow, Versions};

use super::fetch::{Fetch, failed, sha256};
use super::{Arrived, Backwards, BroughtIn, Rollout, RolloutError, Uploaded, archive, packed, registry};
use crate::router::Report;
use crate::service::versions::{Arrival, Coming, VersionControl};

#[async_trait]
impl VersionControl for Rollout {
    async fn versions(&self, id: &InstallationId) -> Result<Versions, RolloutError> {
        self.versions(id).await
    }

    async fn install(&self, id: &InstallationId, coming: Coming) -> Result<BroughtIn, RolloutError> {
        let Coming { arrival, signature } = coming;
        let mut arrived = match arrival {
            Arrival::Source => self.parts.in_source(&self.wanted(id)?).await?,
            arrival => self.arrived(arrival).await?,
        };
        arrived.signature = signature.or(arrived.signature);
        self.install(id, arrived).await
    }

    async fn activate(
        &self,
        id: &InstallationId,
        digest: PackageDigest,
        backwards: Backwards,
    ) -> Result<Versions, RolloutError> {
        self.activate(id, digest, backwards).await
    }

    async fn roll_back(&self, id: &InstallationId, backwards: Backwards) -> Result<Versions, RolloutError> {
        self.roll_back(id, backwards).await
    }

    async fn approve(&self, id: &InstallationId, digest: PackageDigest) -> Result<Versions, RolloutError> {
        self.approve(id, digest).await
    }

    async fn canary(&self, id: &InstallationId) -> Result<Option<Canary>, RolloutError> {
        self.canary(id)
    }

    async fn set_canary(&self, id: &InstallationId, canary: Option<Canary>) -> Result<Versions, RolloutError> {
        match canary {
            Some(Canary { digest, percent }) => self.try_in_some(id, digest, percent).await,
            None => self.try_none(id).await,
        }
    }

    async fn shadow(&self, id: &InstallationId) -> Result<Option<Report>, RolloutError> {
        self.shadow(id)
    }

    async fn set_shadow(&self, id: &InstallationId, shadow: Option<Shadow>) -> Result<Versions, RolloutError> {
        match shadow {
            Some(Shadow { digest, percent }) => self.put_in_shadow(id, digest, percent).await,
            None => self.no_shadow(id).await,
        }
    }
}

impl Rollout {
    /// Keeps a plugin that comes from somewhere, for installations that are made over the API.
    ///
    /// # Errors
    /// [`RolloutError`]; nothing is kept then.
    pub async fn bring(&self, coming: Coming) -> Result<(Uploaded, PackageDigest), RolloutError> {
        let mut arrived = self.arrived(coming.arrival).await?;
        arrived.signature = coming.signature.or(arrived.signature);
        self.upload(arrived).await
    }

    /// A package, with what came with it.
    async fn arrived(&self, arrival: Arrival) -> Result<Arrived, RolloutError> {
        match arrival {
            Arrival::Source => Err(RolloutError::Arrival {
                problem: "no installation says where it is".to_owned(),
            }),
            Arrival::Uploaded(digest) => self.parts.of_library(digest).await,
            Arrival::Directory(name) => {
                let mut parts = Path::new(&*name).components();
                let (Some(Component::Normal(_)), None) = (parts.next(), parts.next()) else {
                    return Err(RolloutError::Arrival {
                        problem: format!("{name:?} is not the name of a directory in plugins.dir"),
                    });
                };
                packed(self.parts.config.plugins.dir.join(&*name)).await
            }
            Arrival::Archive(bytes) => unpacked(bytes, "upload".into()).await,
            Arrival::Url { url, digest } => {
                let archive = self.fetch().body(&url, HeaderMap::new(), MAX_BYTES).await?;
                let is_archive = sha256(&archive) == digest.to_string();
                let arrived = unpacked(archive, url.as_str().into()).await?;
                let found = arrived.package.digest();
                match is_archive || found == digest {
                    true => Ok(arrived),
                    false => Err(failed(format!("{url} holds {found}, and not what was asked for"))),
                }
            }
            Arrival::Registry(reference) => {
                let secrets = &self.parts.config.plugins.install.secrets;
                registry::pull(&self.fetch(), &reference, secrets).await
            }
        }
    }

    fn fetch(&self) -> Fetch {
        Fetch::new(self.parts.egress.clone())
    }
}

/// The package in an archive that is only looked at, never installed.
///
/// # Errors
/// [`RolloutError::Arrival`] when it is no archive or holds no manifest, [`RolloutError::Load`] when a file is missing.
pub(crate) async fn look(archive: Bytes) -> Result<Package, RolloutError> {
    Ok(unpacked(archive, "upload".into()).await?.package)
}

async fn unpacked(archive: Bytes, place: PathBuf) -> Result<Arrived, RolloutError> {
    let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&archive, &place));
    unpacked.await.map_err(|error| RolloutError::Broken(error.into()))?
}

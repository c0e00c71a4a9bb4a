//! Plugins that were uploaded, to be put to work by installations that are made over the API.
//!
//! An upload is judged like any version that comes: its signature, its manifest, its component. What is kept is the package, by its digest, and
//! a line about it. It is not removed while an installation that was made over the API is of it.

use std::sync::Arc;

use waspnest_core::id::{InstallationId, PluginId};
use waspnest_core::package::PackageDigest;
use waspnest_core::uploaded_plugin::{MAX_SIGNATURE, MAX_VERSIONS, UploadedPlugin, UploadedVersion};
use waspnest_engine::{LimitWish, Plugin};

use super::{Arrived, Rollout, RolloutError, RolloutParts};
use crate::config::installation::Source;

/// Most characters that are kept of where an upload came from, and of the name of a plugin.
const MOST_WORDS: usize = 200;

/// An uploaded plugin as an operator sees it.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// The author's name of it.
    pub id: PluginId,
    /// What is kept of it.
    pub plugin: UploadedPlugin,
    /// Whose signature of each version is good today, by digest.
    pub signed_by: Vec<(PackageDigest, Option<Box<str>>)>,
    /// Installations made over the API that are of it.
    pub used_by: Vec<InstallationId>,
}

impl Rollout {
    /// Keeps a plugin, or another version of one.
    ///
    /// # Errors
    /// [`RolloutError`]; nothing is kept then.
    pub async fn upload(&self, arrived: Arrived) -> Result<(Uploaded, PackageDigest), RolloutError> {
        let parts = &self.parts;
        parts.signer(&arrived)?;
        let Arrived {
            package,
            signature,
            origin,
        } = arrived;
        let digest = package.digest();
        if signature
            .as_ref()
            .is_some_and(|signature| signature.len() > MAX_SIGNATURE)
        {
            return Err(RolloutError::Signature {
                digest,
                problem: format!("its signature has more than {MAX_SIGNATURE} bytes"),
            });
        }
        let place = std::path::Path::new(&origin);
        let plugin = parts
            .engine
            .load_package(package.clone(), place, LimitWish::default())
            .await?;
        let id = plugin.manifest.id.clone();
        let _changing = self.change().await;
        let mut uploaded = parts.uploaded.get(&id).await?.unwrap_or(UploadedPlugin {
            name: Box::default(),
            versions: Vec::new(),
        });
        uploaded.add(UploadedVersion {
            digest,
            number: short(&plugin.manifest.version),
            uploaded_at: parts.clock.now(),
            origin: short(&origin),
            signature: signature.map(Vec::from),
        });
        if uploaded.versions.len() > MAX_VERSIONS {
            return Err(RolloutError::TooManyVersions { id });
        }
        uploaded.name = short(&plugin.manifest.name);
        parts.packages.put(package).await?;
        parts.uploaded.set(&id, Some(&uploaded)).await?;
        tracing::info!(plugin = %id, version = %digest, "a plugin was uploaded");
        Ok((self.seen(id, uploaded), digest))
    }

    /// All that were uploaded, by id.
    ///
    /// # Errors
    /// The store's.
    pub async fn uploads(&self) -> Result<Vec<Uploaded>, RolloutError> {
        let all = self.parts.uploaded.list().await?.into_iter();
        Ok(all.map(|(id, plugin)| self.seen(id, plugin)).collect())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`RolloutError::UnknownPlugin`], or the store's.
    pub async fn uploaded(&self, id: &PluginId) -> Result<Uploaded, RolloutError> {
        let plugin = self.parts.uploaded.get(id).await?;
        let plugin = plugin.ok_or_else(|| RolloutError::UnknownPlugin { id: id.clone() })?;
        Ok(self.seen(id.clone(), plugin))
    }

    /// A version of one, loaded, to look into it.
    ///
    /// # Errors
    /// [`RolloutError`].
    pub async fn look_into(&self, digest: PackageDigest) -> Result<Arc<Plugin>, RolloutError> {
        self.parts.compiled(digest, LimitWish::default()).await
    }

    /// Removes a plugin, or one version of it; the plugin goes with its last version.
    ///
    /// # Errors
    /// [`RolloutError::PluginInUse`], [`RolloutError::UnknownPlugin`], [`RolloutError::UnknownVersion`], or the store's.
    pub async fn remove_upload(&self, id: &PluginId, version: Option<PackageDigest>) -> Result<(), RolloutError> {
        let _changing = self.change().await;
        let Uploaded {
            mut plugin, used_by, ..
        } = self.uploaded(id).await?;
        let goes = |known: &UploadedVersion| version.is_none_or(|digest| digest == known.digest);
        let going: Vec<_> = plugin
            .versions
            .iter()
            .filter(|known| goes(known))
            .map(|known| known.digest)
            .collect();
        if let (true, Some(digest)) = (going.is_empty(), version) {
            return Err(RolloutError::UnknownVersion { digest });
        }
        let config = self.live.config();
        let uses = |id: &&InstallationId| {
            let mut all = config.installations.iter();
            // One that cannot be read may be of any version.
            all.find(|wanted| wanted.id == **id)
                .is_none_or(|wanted| matches!(wanted.source, Source::Uploaded(digest) if going.contains(&digest)))
        };
        let by: Vec<_> = used_by.iter().filter(uses).cloned().collect();
        if !by.is_empty() {
            return Err(RolloutError::PluginInUse { id: id.clone(), by });
        }
        plugin.versions.retain(|known| !going.contains(&known.digest));
        let left = Some(&plugin).filter(|plugin| !plugin.versions.is_empty());
        self.parts.uploaded.set(id, left).await?;
        self.sweep().await;
        Ok(())
    }

    fn seen(&self, id: PluginId, plugin: UploadedPlugin) -> Uploaded {
        let held = self.live.all_held().into_iter();
        let is_of = |plugin: &Option<_>| {
            let plugin: Option<&crate::service::installations::DescribedPlugin> = plugin.as_ref();
            plugin.is_some_and(|plugin| plugin.id == id)
        };
        let used_by = held.filter(|(_, held)| is_of(&held.plugin)).map(|(id, _)| id).collect();
        let signed_by = plugin.versions.iter().map(|version| {
            let signer = self.parts.signer_of(version.digest, version.signature.as_deref());
            (version.digest, signer.ok().flatten())
        });
        Uploaded {
            signed_by: signed_by.collect(),
            used_by,
            id,
            plugin,
        }
    }
}

impl RolloutParts {
    /// A package that was uploaded, as it came.
    pub(super) async fn of_library(&self, digest: PackageDigest) -> Result<Arrived, RolloutError> {
        let package = self.packages.get(digest).await?;
        let (_, version) = self
            .in_library(digest)
            .await?
            .ok_or(RolloutError::UnknownVersion { digest })?;
        Ok(Arrived {
            package: package.ok_or(RolloutError::UnknownVersion { digest })?,
            signature: version.signature.map(bytes::Bytes::from),
            origin: version.origin.into(),
        })
    }

    /// Whose version of a plugin a digest names.
    pub(super) async fn in_library(
        &self,
        digest: PackageDigest,
    ) -> Result<Option<(PluginId, UploadedVersion)>, RolloutError> {
        let all = self.uploaded.list().await?.into_iter();
        let mut found = all.filter_map(|(id, plugin)| Some((id, plugin.get(digest)?.clone())));
        Ok(found.next())
    }
}

/// As much as is kept of words of others.
fn short(words: &str) -> Box<str> {
    words.chars().take(MOST_WORDS).collect()
}

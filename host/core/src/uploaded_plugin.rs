//! Plugins that were uploaded, to be put to work by whoever makes an installation.
//!
//! Here it is only written down which there are. Their packages lie in [`crate::packages`], and what the signatures that came with them are
//! worth is asked again each time, because the list of keys that are trusted may be another one by then.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;
use crate::codec::Record;
use crate::id::PluginId;
use crate::named_records::NamedRecords;
use crate::package::PackageDigest;
use crate::schema::system;
use crate::store::{Store, StoreError};

/// Most versions of one plugin that can be there at a time.
pub const MAX_VERSIONS: usize = 24;

/// Most bytes of a signature that is kept.
pub const MAX_SIGNATURE: usize = 2048;

/// One version that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadedVersion {
    /// Names it.
    pub digest: PackageDigest,
    /// What its author calls it.
    pub number: Box<str>,
    /// When it came.
    pub uploaded_at: UnixMs,
    /// Where it came from, in words.
    pub origin: Box<str>,
    /// What came with it as its signature.
    pub signature: Option<Vec<u8>>,
}

/// A plugin that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadedPlugin {
    /// What its author calls it, for people.
    pub name: Box<str>,
    /// Its versions, the latest last. Each is there once, and there is at least one.
    pub versions: Vec<UploadedVersion>,
}

impl Record for UploadedPlugin {
    const VERSION: u8 = 1;
}

impl UploadedPlugin {
    /// One of its versions.
    #[must_use]
    pub fn get(&self, digest: PackageDigest) -> Option<&UploadedVersion> {
        self.versions.iter().find(|version| version.digest == digest)
    }

    /// Adds a version; one that is there already counts as the latest, and as having come when it did first.
    pub fn add(&mut self, mut version: UploadedVersion) {
        if let Some(at) = self.versions.iter().position(|known| known.digest == version.digest) {
            let known = self.versions.remove(at);
            version.uploaded_at = known.uploaded_at;
            version.signature = version.signature.or(known.signature);
        }
        self.versions.push(version);
    }
}

/// All that were uploaded. Clones are the same. Whoever changes them does so one at a time.
#[derive(Debug, Clone)]
pub struct UploadedPlugins {
    records: NamedRecords<PluginId, UploadedPlugin>,
}

impl UploadedPlugins {
    /// Those in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        let records = NamedRecords::new(store, system::UPLOADED_PLUGIN);
        Self { records }
    }

    /// One of them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, plugin: &PluginId) -> Result<Option<UploadedPlugin>, StoreError> {
        self.records.get(plugin).await
    }

    /// All of them, by id.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self) -> Result<Vec<(PluginId, UploadedPlugin)>, StoreError> {
        self.records.list().await
    }

    /// Writes a plugin down, in place of what was there, or takes it away; durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set(&self, plugin: &PluginId, uploaded: Option<&UploadedPlugin>) -> Result<(), StoreError> {
        self.records.set(plugin, uploaded).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::NOON;
    use crate::store::{MAX_VALUE, MemoryStore};

    fn version(number: u8, at: u64) -> UploadedVersion {
        UploadedVersion {
            digest: [number; 32].into(),
            number: format!("{number}.0.0").into(),
            uploaded_at: UnixMs(at),
            origin: "upload".into(),
            signature: None,
        }
    }

    #[test]
    fn a_version_that_comes_again_is_the_latest() {
        let mut plugin = UploadedPlugin {
            name: "Echo".into(),
            versions: vec![version(1, 1), version(2, 2)],
        };
        plugin.add(version(1, 3));
        let times: Vec<_> = plugin.versions.iter().map(|version| version.uploaded_at.0).collect();
        assert_eq!(times, [2, 1]);
    }

    #[tokio::test]
    async fn they_are_listed_by_id_and_gone_when_taken_away() {
        let store: Arc<dyn Store> = MemoryStore::new();
        let plugins = UploadedPlugins::new(store);
        let (one, two): (PluginId, PluginId) = ("org.one".parse().expect("an id"), "org.two".parse().expect("an id"));
        // As large as one can be.
        let versions = (0..u8::try_from(MAX_VERSIONS).expect("few")).map(|number| UploadedVersion {
            signature: Some(vec![b'x'; MAX_SIGNATURE]),
            origin: "u".repeat(512).into(),
            ..version(number, NOON.0)
        });
        let plugin = UploadedPlugin {
            name: "x".repeat(200).into(),
            versions: versions.collect(),
        };
        assert!(crate::codec::encode(&plugin).len() <= MAX_VALUE);
        for id in [&two, &one] {
            plugins.set(id, Some(&plugin)).await.expect("written");
        }
        let listed = plugins.list().await.expect("read");
        assert_eq!(listed.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&one, &two]);
        plugins.set(&one, None).await.expect("written");
        assert_eq!(plugins.get(&one).await.expect("read"), None);
        assert_eq!(plugins.get(&two).await.expect("read"), Some(plugin));
    }
}

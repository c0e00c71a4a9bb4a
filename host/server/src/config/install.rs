//! `[plugins.install]`: where plugins may be fetched from, and what opens registries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use waspnest_egress::Guard;

use super::egress;
use super::section::Section;

/// `[plugins.install]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Install {
    /// What fetching plugins may reach; not what plugins may.
    pub guard: Guard,
    /// Files with the secrets for registries, by the registry as references name it.
    pub secrets: BTreeMap<Box<str>, PathBuf>,
}

impl Install {
    pub(super) fn read(mut section: Section<'_>, base: &Path) -> Self {
        let mut secrets = BTreeMap::new();
        for (registry, value) in section.free("secrets").1 {
            match value {
                toml::Value::String(path) => {
                    secrets.insert(registry.into(), base.join(path));
                }
                other => section.report(
                    "secrets",
                    format!("{registry:?}: expected the path of a file, found {}", other.type_str()),
                ),
            }
        }
        Self {
            guard: egress::read(section),
            secrets,
        }
    }
}

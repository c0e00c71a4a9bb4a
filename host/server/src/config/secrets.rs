//! `[secrets.NAME]`: where each secret comes from, and to which hosts it may be sent. Never the secret itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use waspnest_core::id::SecretName;
use waspnest_core::secret::SecretText;
use waspnest_engine::SecretHost;

use super::form;
use super::section::Section;
use super::tree::Node;

/// `[secrets.NAME]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// Where it comes from.
    pub from: Source,
    /// Hosts it may be sent to; nowhere when there are none.
    pub hosts: Arc<[SecretHost]>,
}

/// Where a secret comes from.
#[derive(Clone, PartialEq)]
pub enum Source {
    /// `env:NAME`: what the variable said when the configuration was read.
    Environment(SecretText),
    /// `file:PATH`: what the file says now.
    File(PathBuf),
    /// `store:NAME`: what the host keeps itself under a name.
    Store(SecretName),
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(_) => f.write_str("Environment(…)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Store(name) => f.debug_tuple("Store").field(name).finish(),
        }
    }
}

/// All of them.
pub(super) fn read(
    root: &mut Section<'_>,
    base: &Path,
    env: &BTreeMap<String, String>,
) -> BTreeMap<SecretName, Declared> {
    let mut secrets = BTreeMap::new();
    for (name, mut section) in root.named("secrets") {
        let from = section.required("from", source(base, env));
        let hosts = section.or("hosts", Vec::new(), form::list(form::parsed::<SecretHost>));
        section.finish();
        match (name.parse(), from) {
            (Ok(name), Some(from)) => {
                let hosts = hosts.into();
                secrets.insert(name, Declared { from, hosts });
            }
            (Ok(_), None) => {}
            (Err(error), _) => root.report("secrets", format!("{error}")),
        }
    }
    secrets
}

fn source<'a>(base: &'a Path, env: &'a BTreeMap<String, String>) -> impl Fn(&Node) -> Result<Source, String> + 'a {
    move |node| {
        let text = form::some_text(node)?;
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => {
                let value = env
                    .get(name)
                    .ok_or_else(|| format!("the environment has no variable {name}"))?;
                let secret = value.parse().map_err(|error| format!("the variable {name}: {error}"))?;
                Ok(Source::Environment(secret))
            }
            Some(("file", path)) if !path.is_empty() => Ok(Source::File(base.join(path))),
            Some(("store", name)) => name.parse().map(Source::Store).map_err(|error| format!("{error}")),
            // What stands there may be the secret itself.
            Some(_) | None => Err(
                "is not a place: expected \"env:\" and a variable, \"file:\" and a path, or \"store:\" and a name"
                    .to_owned(),
            ),
        }
    }
}

//! The secrets of the operator as plugins have them used: found where the configuration says, each time anew.
//!
//! A file or a stored secret that was changed is used from the next time on; the environment is read once, with the configuration.
//! Nothing here shows a secret, in errors neither.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use waspnest_core::id::SecretName;
use waspnest_core::secret::{InvalidSecret, SecretError, SecretText, StoredSecrets};
use waspnest_engine::BoundSecret;

use crate::config::secrets::{Declared, Source};

/// Why a secret that was declared could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretFailure {
    /// Its file cannot be read.
    #[error("the secret {name}: cannot read {}", path.display())]
    File {
        /// Which.
        name: SecretName,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its file does not hold a secret.
    #[error("the secret {name}: the text in {} cannot be used", path.display())]
    Text {
        /// Which.
        name: SecretName,
        /// The file.
        path: PathBuf,
        /// Why.
        source: InvalidSecret,
    },
    /// The host's own store does not give it.
    #[error("the secret {name} cannot be had from the store")]
    Store {
        /// Which.
        name: SecretName,
        /// Why.
        source: SecretError,
    },
}

/// The secrets. Clones are the same.
#[derive(Debug, Clone)]
pub struct Secrets {
    declared: Arc<BTreeMap<SecretName, Declared>>,
    stored: StoredSecrets,
}

impl Secrets {
    /// Those that the configuration declares.
    #[must_use]
    pub fn new(declared: BTreeMap<SecretName, Declared>, stored: StoredSecrets) -> Self {
        Self {
            declared: Arc::new(declared),
            stored,
        }
    }

    /// The secret of a name with its hosts; none where none is declared, or it has no value yet.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub async fn bound(&self, name: &SecretName) -> Result<Option<BoundSecret>, SecretFailure> {
        let Some(declared) = self.declared.get(name) else {
            return Ok(None);
        };
        let hosts = Arc::clone(&declared.hosts);
        Ok(self.text(name).await?.map(|text| BoundSecret { text, hosts }))
    }

    /// The secret of a name alone.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub async fn text(&self, name: &SecretName) -> Result<Option<SecretText>, SecretFailure> {
        match self.declared.get(name).map(|declared| &declared.from) {
            None => Ok(None),
            Some(Source::Environment(text)) => Ok(Some(text.clone())),
            Some(Source::Store(stored)) => self.stored.get(stored).await.map_err(|source| SecretFailure::Store {
                name: name.clone(),
                source,
            }),
            Some(Source::File(path)) => {
                let text = match tokio::fs::read_to_string(path).await {
                    Ok(text) => text,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    Err(source) => {
                        return Err(SecretFailure::File {
                            name: name.clone(),
                            path: path.clone(),
                            source,
                        });
                    }
                };
                let text = text.parse().map_err(|source| SecretFailure::Text {
                    name: name.clone(),
                    path: path.clone(),
                    source,
                })?;
                Ok(Some(text))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use waspnest_core::master_key::MasterKey;
    use waspnest_core::seal::Sealer;
    use waspnest_core::store::MemoryStore;

    use super::*;

    fn name(text: &str) -> SecretName {
        text.parse().expect("a name")
    }

    #[tokio::test]
    async fn a_secret_is_what_its_source_says_now() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("token");
        let stored = StoredSecrets::new(MemoryStore::new(), Sealer::new(&MasterKey::generate()));
        let declare = |from| Declared {
            from,
            hosts: Arc::new(["api.example.com".parse().expect("a host")]),
        };
        let text = |text: &str| text.parse::<SecretText>().expect("a secret");
        let secrets = Secrets::new(
            BTreeMap::from([
                (name("env"), declare(Source::Environment(text("from the environment")))),
                (name("file"), declare(Source::File(file.clone()))),
                (name("store"), declare(Source::Store(name("kept")))),
            ]),
            stored.clone(),
        );
        let found = async |which: &str| {
            let found = secrets.text(&name(which)).await.expect("readable");
            found.map(|text| text.expose().to_owned())
        };
        assert_eq!(found("env").await.as_deref(), Some("from the environment"));
        assert_eq!(found("other").await, None);
        assert_eq!((found("file").await, found("store").await), (None, None));

        std::fs::write(&file, "in the file\n").expect("written");
        stored.set(&name("kept"), &text("in the store")).await.expect("kept");
        assert_eq!(found("file").await.as_deref(), Some("in the file"));
        assert_eq!(found("store").await.as_deref(), Some("in the store"));
        std::fs::write(&file, "changed in the file\n").expect("written");
        assert_eq!(found("file").await.as_deref(), Some("changed in the file"));

        std::fs::write(&file, "short").expect("written");
        let error = secrets.text(&name("file")).await.expect_err("too short");
        assert!(!format!("{error:?} {error}").contains("short\""), "{error:?}");
        let shown = format!("{secrets:?}");
        assert!(!shown.contains("from the environment"), "{shown}");
    }
}

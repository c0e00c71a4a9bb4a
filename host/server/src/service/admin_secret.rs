//! The admin secret: given by the operator, or made at the first start and shown once.
//!
//! Only its SHA-256 is held in memory and stored. A secret of 32 random bytes needs no slow hash, and one the operator chose is
//! compared on every request.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use waspnest_core::store::{Commit, Space, Store, StoreError};

use crate::config::secret::Secret;
use crate::config::server::AdminSecret;

/// Where the hash of a generated secret is in [`Space::System`].
const KEY: &[u8] = &[waspnest_core::schema::system::ADMIN_SECRET];

/// What every generated secret starts with, so that scanners of leaked secrets know it.
const PREFIX: &str = "wn_admin_";

/// Tells the admin secret from any other text.
#[derive(Clone, Copy)]
pub struct AdminHash([u8; 32]);

impl fmt::Debug for AdminHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AdminHash(…)")
    }
}

impl AdminHash {
    /// Of this secret.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether `given` is the secret. Takes the same time for every answer.
    #[must_use]
    pub fn admits(&self, given: &str) -> bool {
        Self::of(given).0.ct_eq(&self.0).into()
    }
}

/// The hash to compare with, and the secret itself when it was made just now and must be shown to the operator.
#[derive(Debug)]
pub struct Established {
    /// What requests are compared with.
    pub hash: AdminHash,
    /// The new secret; never shown again.
    pub fresh: Option<Secret>,
}

/// Why there is no admin secret.
#[derive(Debug, thiserror::Error)]
pub enum AdminSecretError {
    /// The file of the configuration cannot be read.
    #[error("server.admin-secret-file: cannot read {}", path.display())]
    Read {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not hold a secret.
    #[error("server.admin-secret-file: the text in {} {problem}", path.display())]
    Content {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The store failed.
    #[error("the admin secret could not be kept")]
    Store(#[from] StoreError),
}

/// Takes the configured secret, or the one made earlier, or makes one from `random`, 32 bytes nobody else knows.
///
/// # Errors
/// [`AdminSecretError`].
pub async fn establish(
    config: &AdminSecret,
    store: &dyn Store,
    random: [u8; 32],
) -> Result<Established, AdminSecretError> {
    match config {
        AdminSecret::Given(secret) => Ok(Established {
            hash: AdminHash::of(secret.expose()),
            fresh: None,
        }),
        AdminSecret::File(path) => {
            let text = std::fs::read_to_string(path).map_err(|source| AdminSecretError::Read {
                path: path.clone(),
                source,
            })?;
            let secret: Secret =
                text.parse()
                    .map_err(|problem: crate::config::secret::TooShort| AdminSecretError::Content {
                        path: path.clone(),
                        problem: problem.to_string(),
                    })?;
            Ok(Established {
                hash: AdminHash::of(secret.expose()),
                fresh: None,
            })
        }
        AdminSecret::Generated => {
            if let Some(hash) = store
                .get(Space::System, KEY)
                .await?
                .and_then(|stored| <[u8; 32]>::try_from(&*stored).ok())
            {
                return Ok(Established {
                    hash: AdminHash(hash),
                    fresh: None,
                });
            }
            let text = random
                .iter()
                .fold(String::from(PREFIX), |text, byte| format!("{text}{byte:02x}"));
            let hash = AdminHash::of(&text);
            let commit = Commit::durable(Space::System).put(KEY, hash.0.to_vec());
            store.commit(commit).await?.durable().await?;
            Ok(Established {
                hash,
                fresh: text.parse().ok(),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use waspnest_core::store::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn a_secret_is_made_once_and_only_its_hash_is_kept() {
        let store = MemoryStore::new();
        let first = establish(&AdminSecret::Generated, &*store, [7; 32])
            .await
            .expect("made");
        let secret = first.fresh.expect("shown the first time");
        assert!(secret.expose().starts_with(PREFIX));
        assert!(first.hash.admits(secret.expose()));
        assert!(!first.hash.admits("wn_admin_0"));
        let second = establish(&AdminSecret::Generated, &*store, [8; 32])
            .await
            .expect("kept");
        assert!(second.fresh.is_none());
        assert!(second.hash.admits(secret.expose()));
        let stored = store.get(Space::System, KEY).await.expect("readable").expect("there");
        assert!(
            !stored
                .windows(8)
                .any(|part| secret.expose().as_bytes().windows(8).any(|of_secret| part == of_secret))
        );
    }

    #[tokio::test]
    async fn a_given_secret_wins_over_a_made_one() {
        let store = MemoryStore::new();
        establish(&AdminSecret::Generated, &*store, [7; 32])
            .await
            .expect("made");
        let given = AdminSecret::Given("a secret of the operator".parse().expect("long enough"));
        let established = establish(&given, &*store, [9; 32]).await.expect("taken");
        assert!(established.hash.admits("a secret of the operator"));
        assert!(established.fresh.is_none());
    }

    #[tokio::test]
    async fn a_file_that_is_missing_or_short_is_named() {
        let store = MemoryStore::new();
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("secret");
        let config = AdminSecret::File(path.clone());
        let missing = establish(&config, &*store, [0; 32])
            .await
            .expect_err("missing")
            .to_string();
        assert!(
            missing.contains("secret") && missing.contains("admin-secret-file"),
            "{missing}"
        );
        std::fs::write(&path, "short\n").expect("writable");
        let short = establish(&config, &*store, [0; 32])
            .await
            .expect_err("short")
            .to_string();
        assert!(short.contains("at least 16"), "{short}");
        std::fs::write(&path, "long enough to be one\n").expect("writable");
        assert!(
            establish(&config, &*store, [0; 32])
                .await
                .expect("read")
                .hash
                .admits("long enough to be one")
        );
    }
}

//! Secrets of the operator: texts that plugins may have used and must not see, and the store that keeps some of them.
//!
//! A [`SecretText`] shows nothing of itself in `Debug`; whoever needs its bytes says so by [`SecretText::expose`]. What is stored is
//! sealed under the master key (see [`crate::seal`]); nothing here is ever shown back to anybody.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::id::SecretName;
use crate::schema::{Key, system};
use crate::seal::{Sealer, Unopened};
use crate::store::{Commit, KeyRange, MAX_SCAN, Order, Space, Store, StoreError};

/// Fewer bytes are guessed, and would be found in every second text that is searched for them.
const SHORTEST: usize = 8;
/// The most bytes of a secret.
const LONGEST: usize = 8 << 10;

/// A secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Arc<str>);

/// A text that cannot be a secret. The error does not show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a secret has {SHORTEST} to {LONGEST} bytes, this one has {length}")]
pub struct InvalidSecret {
    length: usize,
}

impl SecretText {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretText {
    type Err = InvalidSecret;

    /// Takes a text; the end of a line, which editors and `echo` leave at the end, is not part of it.
    fn from_str(text: &str) -> Result<Self, InvalidSecret> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if (SHORTEST..=LONGEST).contains(&text.len()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidSecret { length: text.len() })
        }
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Why a stored secret could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// What is stored does not open.
    #[error("the stored secret {name} cannot be read")]
    Unreadable {
        /// Which.
        name: SecretName,
        /// Why.
        source: Unopened,
    },
    /// The store failed.
    #[error("the store of secrets cannot be used")]
    Store(#[from] StoreError),
}

/// Whether there was something to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// There was.
    Yes,
    /// There was nothing.
    No,
}

/// The secrets that the host keeps itself. Clones are the same.
#[derive(Debug, Clone)]
pub struct StoredSecrets {
    store: Arc<dyn Store>,
    sealer: Sealer,
}

impl StoredSecrets {
    /// Those in `store`, sealed by `sealer`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, sealer: Sealer) -> Self {
        Self { store, sealer }
    }

    /// Keeps a secret under a name, in place of what was there. Durable when this returns.
    ///
    /// # Errors
    /// [`SecretError::Store`].
    pub async fn set(&self, name: &SecretName, text: &SecretText) -> Result<(), SecretError> {
        let key = key(name);
        let sealed = self.sealer.seal(Space::System, &key, text.expose().as_bytes());
        let commit = Commit::durable(Space::System).put(key, sealed);
        self.store.commit(commit).await?.durable().await?;
        Ok(())
    }

    /// The secret of a name.
    ///
    /// # Errors
    /// [`SecretError`].
    pub async fn get(&self, name: &SecretName) -> Result<Option<SecretText>, SecretError> {
        let key = key(name);
        let Some(sealed) = self.store.get(Space::System, &key).await? else {
            return Ok(None);
        };
        let unreadable = |source| SecretError::Unreadable {
            name: name.clone(),
            source,
        };
        let plain = self.sealer.open(Space::System, &key, &sealed).map_err(unreadable)?;
        let text = String::from_utf8(plain).map_err(|_| unreadable(Unopened))?;
        Ok(Some(SecretText(text.into())))
    }

    /// Forgets the secret of a name. Durable when this returns.
    ///
    /// # Errors
    /// [`SecretError::Store`].
    pub async fn remove(&self, name: &SecretName) -> Result<Removed, SecretError> {
        let key = key(name);
        if self.store.get(Space::System, &key).await?.is_none() {
            return Ok(Removed::No);
        }
        let commit = Commit::durable(Space::System).delete(key);
        self.store.commit(commit).await?.durable().await?;
        Ok(Removed::Yes)
    }

    /// The names there are secrets under, in order.
    ///
    /// # Errors
    /// [`SecretError::Store`].
    pub async fn list(&self) -> Result<Vec<SecretName>, SecretError> {
        let mut names = Vec::new();
        let mut range = KeyRange::prefix(&[system::SECRET]);
        loop {
            let page = self
                .store
                .scan(Space::System, range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else { return Ok(names) };
            range = range.after(last);
            names.extend(page.iter().filter_map(|(key, _)| {
                let name = std::str::from_utf8(key.get(1..)?).ok()?;
                name.parse::<SecretName>().ok()
            }));
        }
    }
}

fn key(name: &SecretName) -> bytes::Bytes {
    Key::table(system::SECRET).bytes(name.as_str().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::master_key::MasterKey;
    use crate::store::MemoryStore;

    fn name(text: &str) -> SecretName {
        text.parse().expect("a name")
    }

    fn text(text: &str) -> SecretText {
        text.parse().expect("a secret")
    }

    #[test]
    fn a_secret_shows_nothing_of_itself() {
        assert_eq!(format!("{:?}", text("swordfish")), "SecretText(…)");
        let short = "fish".parse::<SecretText>().expect_err("too short").to_string();
        assert!(!short.contains("fish"), "{short}");
        assert!("x".repeat(LONGEST + 1).parse::<SecretText>().is_err());
    }

    #[test]
    fn the_end_of_a_line_is_not_part_of_a_secret() {
        assert_eq!(text("swordfish\r\n"), text("swordfish"));
        assert_ne!(text("swordfish\n\n"), text("swordfish"));
        assert_ne!(text(" swordfish"), text("swordfish"));
    }

    #[tokio::test]
    async fn what_is_kept_is_sealed_and_comes_back() {
        let store: Arc<dyn Store> = MemoryStore::new();
        let secrets = StoredSecrets::new(Arc::clone(&store), Sealer::new(&MasterKey::generate()));
        assert_eq!(secrets.get(&name("crm")).await.expect("works"), None);
        secrets.set(&name("crm"), &text("swordfish")).await.expect("kept");
        secrets.set(&name("crm"), &text("swordfish 2")).await.expect("kept");
        secrets.set(&name("bank"), &text("open sesame")).await.expect("kept");
        assert_eq!(
            secrets.get(&name("crm")).await.expect("works"),
            Some(text("swordfish 2"))
        );
        assert_eq!(secrets.list().await.expect("works"), [name("bank"), name("crm")]);

        let rows = store
            .scan(Space::System, KeyRange::prefix(&[system::SECRET]), Order::Ascending, 10)
            .await
            .expect("works");
        assert_eq!(rows.len(), 2);
        for (_, row) in &rows {
            assert!(!row.windows(5).any(|part| part == b"sword" || part == b"sesam"));
        }

        let other = StoredSecrets::new(Arc::clone(&store), Sealer::new(&MasterKey::generate()));
        let error = other.get(&name("crm")).await.expect_err("another key");
        assert_eq!(error.to_string(), "the stored secret crm cannot be read");

        assert_eq!(secrets.remove(&name("crm")).await.expect("works"), Removed::Yes);
        assert_eq!(secrets.remove(&name("crm")).await.expect("works"), Removed::No);
        assert_eq!(secrets.list().await.expect("works"), [name("bank")]);
    }
}

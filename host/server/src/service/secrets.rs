//! The secrets that the host keeps itself: set and removed by the operator, and never shown again.

use waspnest_core::id::SecretName;
use waspnest_core::secret::{Removed, SecretText, StoredSecrets};

use super::error::Error;

/// The use cases of stored secrets. Clones are the same.
#[derive(Debug, Clone)]
pub struct Secrets {
    stored: StoredSecrets,
}

impl Secrets {
    /// Over those that are stored.
    #[must_use]
    pub const fn new(stored: StoredSecrets) -> Self {
        Self { stored }
    }

    /// Keeps a secret, in place of what was there under its name.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn set(&self, name: &SecretName, text: &SecretText) -> Result<(), Error> {
        self.stored.set(name, text).await?;
        tracing::info!(target: "waspnest::audit", secret = %name, "a stored secret was set");
        Ok(())
    }

    /// Forgets a secret.
    ///
    /// # Errors
    /// [`Error::UnknownSecret`], [`Error::Store`].
    pub async fn remove(&self, name: &SecretName) -> Result<(), Error> {
        match self.stored.remove(name).await? {
            Removed::Yes => {
                tracing::info!(target: "waspnest::audit", secret = %name, "a stored secret was removed");
                Ok(())
            }
            Removed::No => Err(Error::UnknownSecret { name: name.clone() }),
        }
    }

    /// The names that something is stored under, in order.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(&self) -> Result<Vec<SecretName>, Error> {
        Ok(self.stored.list().await?)
    }
}

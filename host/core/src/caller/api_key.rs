//! API keys: what programs of a tenant call with.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::credential::{Credential, SecretDigest};
use super::network::Network;
use super::scope::Scopes;
use super::table::Table;
use crate::clock::UnixMs;
use crate::codec::Record;
use crate::id::{ApiKeyId, SessionId, TenantId};
use crate::schema::system;
use crate::store::{Space, Store, StoreError};

/// A key. Its secret was shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id, which stands in its text.
    pub id: ApiKeyId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What people call it.
    pub name: Box<str>,
    /// When it was made.
    pub created_at: UnixMs,
    /// When its secret was made.
    pub secret_at: UnixMs,
    /// What is compared.
    pub secret: SecretDigest,
    /// The secret before, while it still opens.
    pub previous: Option<Overlap>,
    /// What it opens.
    pub scopes: Scopes,
    /// The only sessions it knows of; none for all of the tenant's.
    pub sessions: Option<Vec<SessionId>>,
    /// Where it may be used; anywhere when there are none.
    pub networks: Vec<Network>,
    /// When it ends.
    pub expires_at: Option<UnixMs>,
}

/// A secret that has been replaced and opens a while longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// What is compared.
    pub secret: SecretDigest,
    /// Until when.
    pub until: UnixMs,
}

impl Record for ApiKey {
    const VERSION: u8 = 1;
}

impl ApiKey {
    /// Whether a credential is this key, at a moment. That the key has ended is another question: [`ApiKey::has_ended`].
    #[must_use]
    pub fn admits(&self, shown: &Credential, now: UnixMs) -> bool {
        let current = self.secret.is_of(shown);
        let previous = self
            .previous
            .is_some_and(|overlap| overlap.secret.is_of(shown) & (now < overlap.until));
        current | previous
    }

    /// Whether its time is over.
    #[must_use]
    pub fn has_ended(&self, now: UnixMs) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Gives it another secret; the one before opens until `until`.
    pub fn rotate(&mut self, secret: SecretDigest, now: UnixMs, until: UnixMs) {
        self.previous = (until > now).then_some(Overlap {
            secret: self.secret,
            until,
        });
        (self.secret, self.secret_at) = (secret, now);
    }
}

/// The keys of all tenants. Clones are the same.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    table: Table<ApiKey>,
}

impl ApiKeys {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            table: Table::new(store, Space::System, system::API_KEY),
        }
    }

    /// Adds a key; durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn add(&self, key: &ApiKey) -> Result<(), StoreError> {
        self.table.put(self.table.key(&[key.id.ulid()]), key).await
    }

    /// One key.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.table.get(&self.table.key(&[id.ulid()])).await
    }

    /// All keys of all tenants, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self) -> Result<Vec<ApiKey>, StoreError> {
        let rows = self.table.all(&self.table.key(&[])).await?;
        Ok(rows.into_iter().map(|(_, key)| key).collect())
    }

    /// Changes a key by `change`, which may run more than once; none when there is no such key. Its id and tenant stay.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn update(
        &self,
        id: ApiKeyId,
        mut change: impl FnMut(&mut ApiKey) + Send,
    ) -> Result<Option<ApiKey>, StoreError> {
        let row = self.table.key(&[id.ulid()]);
        let change = |key: &mut ApiKey| {
            let (id, tenant) = (key.id, key.tenant);
            change(key);
            (key.id, key.tenant) = (id, tenant);
        };
        self.table.update(&row, change).await
    }

    /// Forgets a key, which opens nothing from then on. Durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove(&self, id: ApiKeyId) -> Result<(), StoreError> {
        self.table.remove([self.table.key(&[id.ulid()])]).await
    }

    pub(super) fn key(&self, id: ApiKeyId) -> bytes::Bytes {
        self.table.key(&[id.ulid()])
    }
}

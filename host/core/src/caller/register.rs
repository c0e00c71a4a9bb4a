//! All of them together, and what touches more than one kind.

use std::sync::Arc;

use bytes::Bytes;
use ulid::Ulid;

use super::api_key::ApiKeys;
use super::login::Logins;
use super::session_token::SessionTokens;
use super::tenant::Tenants;
use super::user::{User, Users};
use crate::clock::Clock;
use crate::id::TenantId;
use crate::schema::{Key, system};
use crate::store::{Commit, Space, Store, StoreError};

/// Why the register did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallerError {
    /// The name is taken.
    #[error("the name {name} is taken")]
    NameTaken {
        /// The name.
        name: Box<str>,
    },
    /// The store failed.
    #[error("the register of callers could not be used")]
    Store(#[from] StoreError),
}

impl CallerError {
    pub(super) fn taken(name: &str) -> Self {
        Self::NameTaken { name: name.into() }
    }
}

/// The key of a name, among those of its owner.
pub(super) fn named_key(table: u8, owner: &[Ulid], name: &str) -> Bytes {
    let key = owner
        .iter()
        .fold(Key::table(table), |key, owner| key.bytes(&owner.to_bytes()));
    key.bytes(name.as_bytes()).finish()
}

/// The register of callers. Clones are the same.
#[derive(Debug, Clone)]
pub struct Callers {
    store: Arc<dyn Store>,
    /// Tenants.
    pub tenants: Tenants,
    /// Their users.
    pub users: Users,
    /// Their keys.
    pub api_keys: ApiKeys,
    /// What users have logged in.
    pub logins: Logins,
    /// Tokens of sessions.
    pub session_tokens: SessionTokens,
}

impl Callers {
    /// Opens the register in `store`; the default tenant is there from then on.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(store: Arc<dyn Store>, clock: &dyn Clock) -> Result<Self, StoreError> {
        let callers = Self {
            tenants: Tenants::new(Arc::clone(&store)),
            users: Users::new(Arc::clone(&store)),
            api_keys: ApiKeys::new(Arc::clone(&store)),
            logins: Logins::new(Arc::clone(&store)),
            session_tokens: SessionTokens::new(Arc::clone(&store)),
            store,
        };
        callers.tenants.ensure_default(clock).await?;
        Ok(callers)
    }

    /// Removes a user and ends its logins, in one commit. Durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove_user(&self, user: &User) -> Result<(), StoreError> {
        let logins = self.logins.keys(|login| login.user == user.id).await?;
        self.remove(logins.into_iter().chain(self.users.keys(user))).await
    }

    /// Removes a tenant with its users, their logins and its keys, in one commit. Whoever removes one has removed its sessions. Durable
    /// when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove_tenant(&self, id: TenantId) -> Result<(), StoreError> {
        let Some(tenant) = self.tenants.get(id).await? else {
            return Ok(());
        };
        let mut users = self.users.list().await?;
        users.retain(|user| user.tenant == id);
        let is_of = |login: &super::Login| users.iter().any(|user| user.id == login.user);
        let mut gone = self.logins.keys(is_of).await?;
        gone.extend(users.iter().flat_map(|user| self.users.keys(user)));
        let keys = self.api_keys.list().await?;
        let keys = keys.into_iter().filter(|key| key.tenant == id);
        gone.extend(keys.map(|key| self.api_keys.key(key.id)));
        gone.push(named_key(system::TENANT, &[id.ulid()], ""));
        gone.push(named_key(system::TENANT_NAME, &[], tenant.name.as_str()));
        self.remove(gone).await
    }

    async fn remove(&self, keys: impl IntoIterator<Item = Bytes>) -> Result<(), StoreError> {
        let commit = keys.into_iter().fold(Commit::durable(Space::System), Commit::delete);
        self.store.commit(commit).await?.durable().await
    }
}

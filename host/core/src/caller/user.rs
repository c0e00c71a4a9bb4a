//! Users: people of a tenant, who log in with a name and a password.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::register::{CallerError, named_key};
use super::scope::{Scope, Scopes};
use super::table::Table;
use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::id::{TenantId, UserId, UserName};
use crate::schema::system;
use crate::store::{Commit, Expect, Space, Store, StoreError};

/// A person of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Whose it is.
    pub tenant: TenantId,
    /// What is typed at a login; unique in the tenant.
    pub name: UserName,
    /// What it may do.
    pub role: Role,
    /// What a password is compared with.
    pub password: PasswordHash,
    /// When it was created.
    pub created_at: UnixMs,
    /// Whether it may log in.
    pub standing: Standing,
}

impl Record for User {
    const VERSION: u8 = 1;
}

/// What a user may do within its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// Everything, users and keys included.
    Owner,
    /// Everything but what is about who may call.
    Member,
    /// Look at what a member may change.
    Viewer,
}

impl Role {
    /// What it opens.
    #[must_use]
    pub fn scopes(self) -> Scopes {
        let all = Scope::ALL.iter().copied();
        match self {
            Self::Owner => all.collect(),
            Self::Member => all.filter(|scope| !scope.is_of_owners()).collect(),
            Self::Viewer => all
                .filter(|scope| !scope.is_of_owners() && scope.only_reads())
                .collect(),
        }
    }
}

/// Whether a user may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It may.
    Active,
    /// It may not, until somebody says so.
    Suspended,
}

/// A slow hash of a password, in the PHC form that names its own parameters.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordHash(Box<str>);

impl PasswordHash {
    /// Wraps what a hash function wrote.
    #[must_use]
    pub fn new(phc: impl Into<Box<str>>) -> Self {
        Self(phc.into())
    }

    /// What it wrote.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// The users of all tenants. Clones are the same.
#[derive(Debug, Clone)]
pub struct Users {
    table: Table<User>,
}

impl Users {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            table: Table::new(store, Space::System, system::USER),
        }
    }

    /// Adds a user; durable when this returns.
    ///
    /// # Errors
    /// [`CallerError::NameTaken`], or the store's.
    pub async fn add(&self, user: &User) -> Result<(), CallerError> {
        let name = named_key(system::USER_NAME, &[user.tenant.ulid()], user.name.as_str());
        let commit = Commit::durable(Space::System)
            .put(self.table.key(&[user.id.ulid()]), codec::encode(user))
            .put(name.clone(), user.id.ulid().to_bytes().to_vec())
            .expect(Expect::Absent(name));
        match self.table.store().commit(commit).await {
            Ok(applied) => Ok(applied.durable().await?),
            Err(StoreError::Conflict) => Err(CallerError::taken(user.name.as_str())),
            Err(error) => Err(error.into()),
        }
    }

    /// One user.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.table.get(&self.table.key(&[id.ulid()])).await
    }

    /// The user of a name in a tenant.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn by_name(&self, tenant: TenantId, name: &UserName) -> Result<Option<User>, StoreError> {
        let key = named_key(system::USER_NAME, &[tenant.ulid()], name.as_str());
        match self.table.store().get(Space::System, &key).await? {
            Some(id) => match <[u8; 16]>::try_from(&*id) {
                Ok(id) => self.get(UserId::new(Ulid::from_bytes(id))).await,
                Err(_) => Ok(None),
            },
            None => Ok(None),
        }
    }

    /// All users of all tenants, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self) -> Result<Vec<User>, StoreError> {
        let rows = self.table.all(&self.table.key(&[])).await?;
        Ok(rows.into_iter().map(|(_, user)| user).collect())
    }

    /// Changes a user by `change`, which may run more than once; none when there is no such user. Its id, tenant and name stay.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn update(
        &self,
        id: UserId,
        mut change: impl FnMut(&mut User) + Send,
    ) -> Result<Option<User>, StoreError> {
        let key = self.table.key(&[id.ulid()]);
        let change = |user: &mut User| {
            let before = user.clone();
            change(user);
            (user.id, user.tenant, user.name) = (before.id, before.tenant, before.name);
        };
        self.table.update(&key, change).await
    }

    /// The keys of everything that is stored of a user.
    pub(super) fn keys(&self, user: &User) -> [bytes::Bytes; 2] {
        [
            self.table.key(&[user.id.ulid()]),
            named_key(system::USER_NAME, &[user.tenant.ulid()], user.name.as_str()),
        ]
    }
}

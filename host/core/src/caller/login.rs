//! Logins: that a user has shown its password, for a while. What a login gives out opens nothing once its record is gone.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::credential::{Credential, SecretDigest};
use super::table::Table;
use crate::clock::UnixMs;
use crate::codec::Record;
use crate::id::{LoginId, UserId};
use crate::schema::system;
use crate::store::{Space, Store, StoreError};

/// A login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// Its id.
    pub id: LoginId,
    /// Who logged in.
    pub user: UserId,
    /// When.
    pub created_at: UnixMs,
    /// When it ends unless it is refreshed.
    pub expires_at: UnixMs,
    /// What it is refreshed with.
    pub refresh: SecretDigest,
    /// What it was refreshed with last: whoever shows that has read what was not meant for it.
    pub spent: Option<SecretDigest>,
}

impl Record for Login {
    const VERSION: u8 = 1;
}

/// What came of a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// The login goes on, with another secret.
    Done(Login),
    /// A secret was shown that had been used before: somebody has a copy, and the login is ended.
    Stolen(Login),
    /// There is no such login, or it has ended.
    Unknown,
}

/// The logins of all users. Clones are the same.
#[derive(Debug, Clone)]
pub struct Logins {
    table: Table<Login>,
}

impl Logins {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            table: Table::new(store, Space::System, system::LOGIN),
        }
    }

    fn key(&self, id: Ulid) -> bytes::Bytes {
        self.table.key(&[id])
    }

    /// Adds a login. Durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn add(&self, login: &Login) -> Result<(), StoreError> {
        self.table.put(self.key(login.id.ulid()), login).await
    }

    /// One login.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, id: LoginId) -> Result<Option<Login>, StoreError> {
        self.table.get(&self.key(id.ulid())).await
    }

    /// Refreshes the login that `shown` names: from now on `next` refreshes it, and it ends at `expires_at`. Durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn refresh(
        &self,
        shown: &Credential,
        next: SecretDigest,
        now: UnixMs,
        expires_at: UnixMs,
    ) -> Result<Refreshed, StoreError> {
        let key = self.key(shown.id);
        let (mut stolen, mut known) = (false, false);
        let changed = self
            .table
            .update(&key, |login| {
                stolen = login.spent.is_some_and(|spent| spent.is_of(shown));
                known = login.refresh.is_of(shown) & (now < login.expires_at);
                if known {
                    login.spent = Some(login.refresh);
                    (login.refresh, login.expires_at) = (next, expires_at);
                }
            })
            .await?;
        match changed {
            Some(login) if known => Ok(Refreshed::Done(login)),
            Some(login) if stolen => {
                self.end(login.id).await?;
                Ok(Refreshed::Stolen(login))
            }
            Some(_) | None => Ok(Refreshed::Unknown),
        }
    }

    /// Ends a login. Durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn end(&self, id: LoginId) -> Result<(), StoreError> {
        self.table.remove([self.key(id.ulid())]).await
    }

    /// Ends all logins of a user. Durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn end_all(&self, user: UserId) -> Result<(), StoreError> {
        self.table.remove(self.keys(|login| login.user == user).await?).await
    }

    /// Forgets logins that have ended by themselves.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn prune(&self, now: UnixMs) -> Result<(), StoreError> {
        self.table
            .remove(self.keys(|login| login.expires_at <= now).await?)
            .await
    }

    pub(super) async fn keys(&self, which: impl Fn(&Login) -> bool) -> Result<Vec<bytes::Bytes>, StoreError> {
        let rows = self.table.all(&self.table.key(&[])).await?;
        Ok(rows
            .into_iter()
            .filter(|(_, login)| which(login))
            .map(|(key, _)| key)
            .collect())
    }
}

//! The register of sessions: which WhatsApp devices this host keeps, under which names.
//!
//! A session that is removed first becomes a tombstone, durably, then its space is dropped; [`Sessions::open`] finishes what a crash
//! interrupted. Whoever removes a session stops its owner first.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::address::Jid;
use crate::clock::{Clock, Ids, UnixMs};
use crate::codec::{self, Record};
use crate::id::{SessionId, SessionName, TenantId};
use crate::schema::{self, sessions};
use crate::store::{Commit, Expect, KeyRange, MAX_SCAN, Order, Space, Store, StoreError};

/// One linked WhatsApp device, or one that shall become linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Its id.
    pub id: SessionId,
    /// The operator's name for it.
    pub name: SessionName,
    /// When it was created.
    pub created_at: UnixMs,
    /// The account's phone number, once paired.
    pub jid: Option<Jid>,
    /// The account's LID, once known.
    pub lid: Option<Jid>,
    /// The account's display name, once known.
    pub push_name: Option<Box<str>>,
    /// What the operator wants of it.
    pub desired: Desired,
}

impl Record for SessionRecord {
    const VERSION: u8 = 1;
}

/// Whose a session is. Sessions without such a record are the default tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owner {
    tenant: TenantId,
}

impl Record for Owner {
    const VERSION: u8 = 1;
}

/// What the operator wants of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Desired {
    /// Be connected, and come back when the connection is lost.
    Connected,
    /// Stay away.
    Disconnected,
}

/// Why the register did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SessionError {
    /// The name is taken.
    #[error("there is a session named {name} already")]
    NameTaken {
        /// The name.
        name: SessionName,
    },
    /// There is no such session.
    #[error("there is no session {id}")]
    Unknown {
        /// The id asked for.
        id: SessionId,
    },
    /// The store failed.
    #[error("the register of sessions could not be used")]
    Store(#[from] StoreError),
}

/// The register. Clones are the same.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Arc<dyn Store>,
}

impl Sessions {
    /// Opens the register in `store` and finishes removals that were interrupted.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let register = Self { store };
        for (key, _) in register.rows(sessions::TOMBSTONE).await? {
            if let Some(id) = session_in(&key) {
                register.store.drop_space(Space::Session(id)).await?;
            }
            register.store.commit(Commit::lazy(Space::Sessions).delete(key)).await?;
        }
        Ok(register)
    }

    /// Creates a session of the default tenant; durable when this returns.
    ///
    /// # Errors
    /// [`SessionError::NameTaken`], or the store's.
    pub async fn create(
        &self,
        name: SessionName,
        desired: Desired,
        clock: &dyn Clock,
        ids: &dyn Ids,
    ) -> Result<SessionRecord, SessionError> {
        self.create_for(TenantId::DEFAULT, name, desired, clock, ids).await
    }

    /// Creates a session of a tenant; durable when this returns.
    ///
    /// # Errors
    /// [`SessionError::NameTaken`] when the tenant has a session of that name, or the store's.
    pub async fn create_for(
        &self,
        tenant: TenantId,
        name: SessionName,
        desired: Desired,
        clock: &dyn Clock,
        ids: &dyn Ids,
    ) -> Result<SessionRecord, SessionError> {
        let created_at = clock.now();
        let id = SessionId::new(ids.ulid(created_at));
        let record = SessionRecord {
            id,
            name,
            created_at,
            jid: None,
            lid: None,
            push_name: None,
            desired,
        };
        let name_key = schema::session_name_of(&record.name, tenant);
        let mut commit = Commit::durable(Space::Sessions)
            .put(schema::session_record(id), codec::encode(&record))
            .put(name_key.clone(), id.ulid().to_bytes().to_vec())
            .expect(Expect::Absent(name_key));
        if tenant != TenantId::DEFAULT {
            commit = commit.put(schema::session_owner(id), codec::encode(&Owner { tenant }));
        }
        match self.store.commit(commit).await {
            Ok(applied) => applied.durable().await?,
            Err(StoreError::Conflict) => return Err(SessionError::NameTaken { name: record.name }),
            Err(error) => return Err(error.into()),
        }
        Ok(record)
    }

    /// One session.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, id: SessionId) -> Result<Option<SessionRecord>, SessionError> {
        Ok(self.stored(id).await?.map(|(record, _)| record))
    }

    /// The session that the default tenant calls so.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn by_name(&self, name: &SessionName) -> Result<Option<SessionRecord>, SessionError> {
        self.by_name_of(TenantId::DEFAULT, name).await
    }

    /// Whose a session is.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn owner(&self, id: SessionId) -> Result<TenantId, SessionError> {
        let key = schema::session_owner(id);
        match self.store.get(Space::Sessions, &key).await? {
            Some(value) => Ok(codec::decode::<Owner>(&key, &value)?.tenant),
            None => Ok(TenantId::DEFAULT),
        }
    }

    /// All sessions with whose they are, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list_owned(&self) -> Result<Vec<(SessionRecord, TenantId)>, SessionError> {
        let mut owners = BTreeMap::new();
        for (key, value) in self.rows(sessions::OWNER).await? {
            let owner: Owner = codec::decode(&key, &value)?;
            owners.extend(session_in(&key).map(|id| (id, owner.tenant)));
        }
        let owned = |record: SessionRecord| {
            let tenant = owners.get(&record.id).copied().unwrap_or(TenantId::DEFAULT);
            (record, tenant)
        };
        Ok(self.list().await?.into_iter().map(owned).collect())
    }

    /// The session that a tenant calls so.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn by_name_of(
        &self,
        tenant: TenantId,
        name: &SessionName,
    ) -> Result<Option<SessionRecord>, SessionError> {
        let key = schema::session_name_of(name, tenant);
        let Some(value) = self.store.get(Space::Sessions, &key).await? else {
            return Ok(None);
        };
        let id = id_of(&value).ok_or_else(|| StoreError::Damaged {
            key: key.escape_ascii().to_string().into(),
            reason: "it is not a session id".into(),
        })?;
        self.get(id).await
    }

    /// All sessions, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self) -> Result<Vec<SessionRecord>, SessionError> {
        let rows = self.rows(sessions::RECORD).await?;
        rows.into_iter()
            .map(|(key, value)| Ok(codec::decode(&key, &value)?))
            .collect()
    }

    /// Changes a session's record by `change`, which may run more than once; durable when this returns. Name and id stay what they are.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], or the store's.
    pub async fn update(
        &self,
        id: SessionId,
        mut change: impl FnMut(&mut SessionRecord) + Send,
    ) -> Result<SessionRecord, SessionError> {
        loop {
            let (before, stored) = self.stored(id).await?.ok_or(SessionError::Unknown { id })?;
            let mut record = before.clone();
            change(&mut record);
            record.id = before.id;
            record.name = before.name.clone();
            if record == before {
                return Ok(record);
            }
            let key = schema::session_record(id);
            let commit = Commit::durable(Space::Sessions)
                .put(key.clone(), codec::encode(&record))
                .expect(Expect::Equals(key, stored));
            match self.store.commit(commit).await {
                Ok(applied) => {
                    applied.durable().await?;
                    return Ok(record);
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Removes a session and everything of it. Its owner must have stopped. The name is free when this returns.
    ///
    /// # Errors
    /// [`SessionError::Unknown`], or the store's.
    pub async fn remove(&self, id: SessionId) -> Result<(), SessionError> {
        let (record, _) = self.stored(id).await?.ok_or(SessionError::Unknown { id })?;
        let tenant = self.owner(id).await?;
        // The tombstone stays until the next start: then the space is dropped once more, should anything have been written late.
        let commit = Commit::durable(Space::Sessions)
            .put(schema::tombstone(id), vec![1])
            .delete(schema::session_record(id))
            .delete(schema::session_name_of(&record.name, tenant))
            .delete(schema::session_owner(id))
            .delete(schema::session_token(id));
        self.store.commit(commit).await?.durable().await?;
        Ok(self.store.drop_space(Space::Session(id)).await?)
    }

    async fn stored(&self, id: SessionId) -> Result<Option<(SessionRecord, Bytes)>, StoreError> {
        let key = schema::session_record(id);
        let Some(value) = self.store.get(Space::Sessions, &key).await? else {
            return Ok(None);
        };
        Ok(Some((codec::decode(&key, &value)?, value)))
    }

    async fn rows(&self, table: u8) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let mut range = KeyRange::prefix(&[table]);
        let mut rows = Vec::new();
        loop {
            let page = self
                .store
                .scan(Space::Sessions, range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else { return Ok(rows) };
            range = range.after(last);
            rows.extend(page);
        }
    }
}

/// Whose a session is, as a row of the register says; none for one that cannot be read.
pub(crate) fn owner_in(key: &[u8], value: &[u8]) -> Option<(SessionId, TenantId)> {
    let owner: Owner = codec::decode(key, value).ok()?;
    Some((session_in(key)?, owner.tenant))
}

fn session_in(key: &[u8]) -> Option<SessionId> {
    id_of(key.get(1..)?)
}

fn id_of(bytes: &[u8]) -> Option<SessionId> {
    bytes
        .try_into()
        .ok()
        .map(|bytes| SessionId::new(ulid::Ulid::from_bytes(bytes)))
}

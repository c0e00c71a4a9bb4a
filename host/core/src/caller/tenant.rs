//! Tenants: who shares this host without knowing of each other.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::register::{CallerError, named_key};
use super::table::Table;
use crate::clock::{Clock, Ids, UnixMs};
use crate::codec::{self, Record};
use crate::id::{TenantId, TenantName};
use crate::schema::system;
use crate::store::{Commit, Expect, Space, Store, StoreError};

/// Who owns sessions, users and keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The operator's name for it.
    pub name: TenantName,
    /// When it was created.
    pub created_at: UnixMs,
    /// How much it may have.
    pub limits: TenantLimits,
}

/// How much a tenant may have; none for as much as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TenantLimits {
    /// Sessions.
    pub sessions: Option<u32>,
    /// Messages that callers send in an hour, over all its sessions.
    pub messages_per_hour: Option<u32>,
}

impl Record for Tenant {
    const VERSION: u8 = 1;
}

impl TenantId {
    /// Whose everything is that no other tenant has: sessions of before there were tenants, and what the operator makes for itself.
    pub const DEFAULT: Self = Self::new(Ulid(0));
}

/// The tenants. Clones are the same.
#[derive(Debug, Clone)]
pub struct Tenants {
    table: Table<Tenant>,
}

impl Tenants {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            table: Table::new(store, Space::System, system::TENANT),
        }
    }

    /// Makes the tenant [`TenantId::DEFAULT`] where it is missing.
    pub(super) async fn ensure_default(&self, clock: &dyn Clock) -> Result<(), StoreError> {
        if self.get(TenantId::DEFAULT).await?.is_some() {
            return Ok(());
        }
        let tenant = Tenant {
            id: TenantId::DEFAULT,
            name: TenantName::usual(),
            created_at: clock.now(),
            limits: TenantLimits::default(),
        };
        let commit = self.written(&tenant);
        self.table.store().commit(commit).await?.durable().await
    }

    fn written(&self, tenant: &Tenant) -> Commit {
        Commit::durable(Space::System)
            .put(self.table.key(&[tenant.id.ulid()]), codec::encode(tenant))
            .put(
                named_key(system::TENANT_NAME, &[], tenant.name.as_str()),
                tenant.id.ulid().to_bytes().to_vec(),
            )
    }

    /// Creates a tenant; durable when this returns.
    ///
    /// # Errors
    /// [`CallerError::NameTaken`], or the store's.
    pub async fn create(
        &self,
        name: TenantName,
        limits: TenantLimits,
        clock: &dyn Clock,
        ids: &dyn Ids,
    ) -> Result<Tenant, CallerError> {
        let created_at = clock.now();
        let id = TenantId::new(ids.ulid(created_at));
        let tenant = Tenant {
            id,
            name,
            created_at,
            limits,
        };
        let free = Expect::Absent(named_key(system::TENANT_NAME, &[], tenant.name.as_str()));
        match self.table.store().commit(self.written(&tenant).expect(free)).await {
            Ok(applied) => applied.durable().await?,
            Err(StoreError::Conflict) => return Err(CallerError::taken(tenant.name.as_str())),
            Err(error) => return Err(error.into()),
        }
        Ok(tenant)
    }

    /// One tenant.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, id: TenantId) -> Result<Option<Tenant>, StoreError> {
        self.table.get(&self.table.key(&[id.ulid()])).await
    }

    /// The tenant of a name.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn by_name(&self, name: &TenantName) -> Result<Option<Tenant>, StoreError> {
        let key = named_key(system::TENANT_NAME, &[], name.as_str());
        match self.table.store().get(Space::System, &key).await? {
            Some(id) => match <[u8; 16]>::try_from(&*id) {
                Ok(id) => self.get(TenantId::new(Ulid::from_bytes(id))).await,
                Err(_) => Ok(None),
            },
            None => Ok(None),
        }
    }

    /// All tenants, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self) -> Result<Vec<Tenant>, StoreError> {
        let rows = self.table.all(&self.table.key(&[])).await?;
        Ok(rows.into_iter().map(|(_, tenant)| tenant).collect())
    }

    /// Gives a tenant other limits; none when there is no such tenant.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn limit(&self, id: TenantId, limits: TenantLimits) -> Result<Option<Tenant>, StoreError> {
        let key = self.table.key(&[id.ulid()]);
        self.table.update(&key, |tenant| tenant.limits = limits).await
    }
}

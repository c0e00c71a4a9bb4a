//! Tenants, as the operator manages them and as each sees itself.

use std::sync::Arc;

use waspnest_core::caller::{CallerError, Callers, Tenant, TenantLimits};
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::id::{TenantId, TenantName};
use waspnest_core::session::Sessions as Register;

use super::caller::Caller;
use super::error::Error;

/// The use cases of tenants. Clones are the same.
#[derive(Debug, Clone)]
pub struct Tenants {
    callers: Callers,
    register: Register,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Tenants {
    /// Over the register of callers and that of sessions.
    #[must_use]
    pub fn new(callers: Callers, register: Register, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            callers,
            register,
            clock,
            ids,
        }
    }

    /// Creates a tenant.
    ///
    /// # Errors
    /// [`Error::CallerNameTaken`], [`Error::Store`].
    pub async fn create(&self, name: TenantName, limits: TenantLimits) -> Result<Tenant, Error> {
        let created = self
            .callers
            .tenants
            .create(name, limits, &*self.clock, &*self.ids)
            .await;
        created.map_err(Error::from)
    }

    /// Up to `limit` tenants behind `after`, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(&self, after: Option<TenantId>, limit: usize) -> Result<Vec<Tenant>, Error> {
        let all = self.callers.tenants.list().await?.into_iter();
        Ok(all
            .filter(|tenant| after.is_none_or(|after| tenant.id > after))
            .take(limit)
            .collect())
    }

    /// One tenant, by id or name.
    ///
    /// # Errors
    /// [`Error::UnknownTenant`], [`Error::Store`].
    pub async fn get(&self, given: &str) -> Result<Tenant, Error> {
        let found = match (given.parse::<TenantId>(), given.parse::<TenantName>()) {
            (Ok(id), _) => self.callers.tenants.get(id).await?,
            (Err(_), Ok(name)) => self.callers.tenants.by_name(&name).await?,
            (Err(_), Err(_)) => None,
        };
        found.ok_or_else(|| Error::UnknownTenant { given: given.into() })
    }

    /// The tenant that a caller makes something for: the one it names, if that is its own, or its own.
    ///
    /// # Errors
    /// [`Error::UnknownTenant`] when it is another's, [`Error::HeldToSessions`], [`Error::Store`].
    pub async fn of(&self, caller: &Caller, named: Option<&str>) -> Result<Tenant, Error> {
        let own = caller.makes_for();
        if !caller.owns(own) {
            return Err(Error::HeldToSessions);
        }
        let Some(named) = named else {
            return self.get(&own.to_string()).await;
        };
        let tenant = self.get(named).await?;
        if caller.is_admin() || tenant.id == own {
            Ok(tenant)
        } else {
            Err(Error::UnknownTenant { given: named.into() })
        }
    }

    /// Gives a tenant other limits.
    ///
    /// # Errors
    /// [`Error::UnknownTenant`], [`Error::Store`].
    pub async fn limit(&self, given: &str, limits: TenantLimits) -> Result<Tenant, Error> {
        let tenant = self.get(given).await?;
        let changed = self.callers.tenants.limit(tenant.id, limits).await?;
        changed.ok_or_else(|| Error::UnknownTenant { given: given.into() })
    }

    /// Removes a tenant with its users and keys. It has no sessions any more.
    ///
    /// # Errors
    /// [`Error::UnknownTenant`], [`Error::TenantInUse`], [`Error::DefaultTenant`], [`Error::Store`].
    pub async fn remove(&self, given: &str) -> Result<Tenant, Error> {
        let tenant = self.get(given).await?;
        if tenant.id == TenantId::DEFAULT {
            return Err(Error::DefaultTenant);
        }
        let all = self.register.list_owned().await?;
        let sessions = all.iter().filter(|(_, owner)| *owner == tenant.id).count();
        if sessions > 0 {
            return Err(Error::TenantInUse { sessions });
        }
        self.callers.remove_tenant(tenant.id).await?;
        Ok(tenant)
    }
}

impl From<CallerError> for Error {
    fn from(error: CallerError) -> Self {
        match error {
            CallerError::NameTaken { name } => Self::CallerNameTaken { name },
            CallerError::Store(error) => Self::Store(error),
        }
    }
}

//! Who is calling: what they showed, whose they are, what they may do.
//!
//! Everybody but the operator belongs to one tenant and sees nothing of another; a caller may be held to some of its sessions on top.

mod credentials;
mod limits;
mod login;
mod password;
mod tenant_meter;
mod token;

pub(crate) use credentials::block;
pub use credentials::{Admission, Bearer, Credentials, CredentialsParts, Refused};
pub use limits::{Buckets, Busy, Rule};
pub use login::{LoginError, LoginService, LoginServiceParts, Tokens};
pub use password::{Hasher, PasswordError, WeakPassword, judge};
pub use tenant_meter::TenantMeter;
pub use token::{AccessTokens, Claims};

use waspnest_core::audit::Actor;
use waspnest_core::caller::{Scope, Scopes};
use waspnest_core::id::{LoginId, SessionId, TenantId};

/// Who is calling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who, for the audit log.
    pub actor: Actor,
    /// What is theirs.
    pub reach: Reach,
    /// What they may do with it.
    pub scopes: Scopes,
    /// The login they came by, if they are a user.
    pub login: Option<LoginId>,
}

/// What belongs to a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Nothing: nobody knows them.
    Nothing,
    /// Everything: the operator.
    Host,
    /// Everything of a tenant.
    Tenant(TenantId),
    /// Some sessions of a tenant.
    Sessions(TenantId, Vec<SessionId>),
}

impl Caller {
    /// The operator, who may everything.
    #[must_use]
    pub fn admin() -> Self {
        Self {
            actor: Actor::Admin,
            reach: Reach::Host,
            scopes: Scopes::all(),
            login: None,
        }
    }

    /// Somebody who shows nothing and may nothing.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            actor: Actor::Nobody,
            reach: Reach::Nothing,
            scopes: Scopes::default(),
            login: None,
        }
    }

    /// Whether they may do this with what is theirs. Whoever is held to sessions may nothing beyond, whatever was given.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        let held = matches!(self.reach, Reach::Sessions(..));
        self.scopes.has(scope) && (!held || scope.is_of_sessions())
    }

    /// Whether they are the operator.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self.reach, Reach::Host)
    }

    /// Whose they are; none for the operator, and for who is not known.
    #[must_use]
    pub const fn tenant(&self) -> Option<TenantId> {
        match &self.reach {
            Reach::Nothing | Reach::Host => None,
            Reach::Tenant(tenant) | Reach::Sessions(tenant, _) => Some(*tenant),
        }
    }

    /// Whose what they make is: the default tenant's when the operator makes it.
    #[must_use]
    pub fn makes_for(&self) -> TenantId {
        self.tenant().unwrap_or(TenantId::DEFAULT)
    }

    /// Whether something of a tenant as a whole is theirs.
    #[must_use]
    pub fn owns(&self, tenant: TenantId) -> bool {
        match &self.reach {
            Reach::Host => true,
            Reach::Tenant(own) => *own == tenant,
            Reach::Nothing | Reach::Sessions(..) => false,
        }
    }

    /// Whether a session is theirs.
    #[must_use]
    pub fn sees(&self, session: SessionId, owner: TenantId) -> bool {
        match &self.reach {
            Reach::Nothing => false,
            Reach::Host => true,
            Reach::Tenant(own) => *own == owner,
            Reach::Sessions(own, sessions) => *own == owner && sessions.contains(&session),
        }
    }
}

//! Everything about who may call, made together: credentials, logins, tenants, users, keys, the audit log.

use std::sync::Arc;

use waspnest_core::audit::AuditLog;
use waspnest_core::caller::Callers as Register;
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::master_key::MasterKey;
use waspnest_core::session::Sessions;
use waspnest_core::store::{Store, StoreError};

use super::admin_secret::AdminHash;
use super::api_keys::ApiKeys;
use super::audit::Audit;
use super::caller::{
    AccessTokens, Credentials, CredentialsParts, Hasher, LoginService, LoginServiceParts, Rule, TenantMeter,
};
use super::tenants::Tenants;
use super::users::Users;
use crate::config::callers::Callers as Config;
use waspnest_core::current::Current;

/// What it takes.
#[derive(Debug, Clone)]
pub struct CallersParts {
    /// Where it is kept.
    pub store: Arc<dyn Store>,
    /// Whose sessions are.
    pub sessions: Sessions,
    /// What tells the operator.
    pub admin: AdminHash,
    /// What tokens are signed under.
    pub master_key: MasterKey,
    /// `[callers]`.
    pub config: Config,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Arc<dyn Ids>,
}

/// The use cases. Clones are the same.
#[derive(Debug, Clone)]
pub struct Callers {
    /// What requests show.
    pub credentials: Credentials,
    /// Logging in.
    pub logins: LoginService,
    /// Tenants.
    pub tenants: Tenants,
    /// Users.
    pub users: Users,
    /// Keys, and tokens of sessions.
    pub api_keys: ApiKeys,
    /// What was denied and changed.
    pub audit: Audit,
    /// What tenants send.
    pub meter: TenantMeter,
    /// `[callers]`.
    pub config: Current<Config>,
}

impl Callers {
    /// Over a store, in which the default tenant is from then on.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn open(parts: CallersParts) -> Result<Self, StoreError> {
        let CallersParts {
            store,
            sessions,
            admin,
            master_key,
            config,
            clock,
            ids,
        } = parts;
        let register = Register::open(Arc::clone(&store), &*clock).await?;
        let (tokens, hasher) = (AccessTokens::under(&master_key), Hasher::default());
        Ok(Self {
            credentials: Credentials::new(CredentialsParts {
                admin,
                callers: register.clone(),
                register: sessions.clone(),
                tokens: tokens.clone(),
                each: each_minute(config.requests),
                address: each_minute(config.address_requests),
                clock: Arc::clone(&clock),
            }),
            logins: LoginService::new(LoginServiceParts {
                callers: register.clone(),
                hasher: hasher.clone(),
                tokens,
                token_ttl: config.token_ttl,
                login_ttl: config.login_ttl,
                clock: Arc::clone(&clock),
                ids: Arc::clone(&ids),
            }),
            tenants: Tenants::new(register.clone(), sessions.clone(), Arc::clone(&clock), Arc::clone(&ids)),
            users: Users::new(register.clone(), hasher, Arc::clone(&clock), Arc::clone(&ids)),
            api_keys: ApiKeys::new(register.clone(), sessions, Arc::clone(&clock), Arc::clone(&ids)),
            audit: Audit::new(AuditLog::new(store), Arc::clone(&clock), ids),
            meter: TenantMeter::new(register, clock),
            config: config.into(),
        })
    }

    /// Holds callers to another `[callers]` from now on: how often they may call, from which pages, and which proxies are believed. How long
    /// logins and the audit log are kept is decided when the host starts.
    pub fn turn_to(&self, config: Config) {
        self.credentials
            .turn_to(each_minute(config.requests), each_minute(config.address_requests));
        self.config.set(config);
    }
}

const fn each_minute(count: u32) -> Rule {
    Rule {
        burst: count,
        per_minute: count,
    }
}

//! API keys of tenants and tokens of sessions: made with no more than their maker has, shown once.

use std::sync::Arc;
use std::time::Duration;

use waspnest_core::caller::{ApiKey, Callers, Credential, CredentialKind, Network, Scopes, SessionToken};
use waspnest_core::clock::{Clock, Ids, UnixMs};
use waspnest_core::id::{ApiKeyId, SessionId, TenantId};
use waspnest_core::session::Sessions as Register;

use super::caller::Caller;
use super::error::Error;

/// The use cases of keys and tokens. Clones are the same.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    callers: Callers,
    register: Register,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewApiKey {
    /// Whose.
    pub tenant: TenantId,
    /// What people call it.
    pub name: Box<str>,
    /// What it opens.
    pub scopes: Scopes,
    /// The only sessions it knows of.
    pub sessions: Option<Vec<SessionId>>,
    /// Where it may be used.
    pub networks: Vec<Network>,
    /// When it ends.
    pub expires_at: Option<UnixMs>,
}

/// What is to be different about a key; none for what stays.
#[derive(Debug, Clone, Default)]
pub struct ApiKeyChange {
    /// What people call it.
    pub name: Option<Box<str>>,
    /// What it opens.
    pub scopes: Option<Scopes>,
    /// Where it may be used.
    pub networks: Option<Vec<Network>>,
}

impl ApiKeys {
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

    /// Makes a key; its text is shown this once.
    ///
    /// # Errors
    /// [`Error::BeyondCaller`], [`Error::BeyondSessions`], [`Error::UnknownSession`], [`Error::InThePast`], [`Error::Store`].
    pub async fn create(&self, caller: &Caller, new: NewApiKey) -> Result<(ApiKey, Credential), Error> {
        within(caller, &new.scopes)?;
        if new.sessions.is_some() {
            held_to_sessions(&new.scopes)?;
        }
        let now = self.clock.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::InThePast);
        }
        for session in new.sessions.iter().flatten() {
            self.session_of(caller, new.tenant, *session).await?;
        }
        let id = ApiKeyId::new(self.ids.ulid(now));
        let shown = Credential::draw(CredentialKind::ApiKey, id.ulid(), &*self.ids);
        let key = ApiKey {
            id,
            tenant: new.tenant,
            name: new.name,
            created_at: now,
            secret_at: now,
            secret: shown.digest(),
            previous: None,
            scopes: new.scopes,
            sessions: new.sessions,
            networks: new.networks,
            expires_at: new.expires_at,
        };
        self.callers.api_keys.add(&key).await?;
        Ok((key, shown))
    }

    /// A key names sessions of its own tenant, which its maker sees.
    async fn session_of(&self, caller: &Caller, tenant: TenantId, session: SessionId) -> Result<(), Error> {
        let there = self.register.get(session).await?.is_some();
        let owner = self.register.owner(session).await?;
        if there && owner == tenant && caller.sees(session, owner) {
            Ok(())
        } else {
            Err(Error::UnknownSession {
                given: session.to_string().into(),
            })
        }
    }

    /// Up to `limit` keys behind `after` that the caller sees, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(&self, caller: &Caller, after: Option<ApiKeyId>, limit: usize) -> Result<Vec<ApiKey>, Error> {
        let all = self.callers.api_keys.list().await?.into_iter();
        let seen = all.filter(|key| caller.owns(key.tenant));
        Ok(seen
            .filter(|key| after.is_none_or(|after| key.id > after))
            .take(limit)
            .collect())
    }

    /// One key that the caller sees.
    ///
    /// # Errors
    /// [`Error::UnknownApiKey`], [`Error::Store`].
    pub async fn get(&self, caller: &Caller, given: &str) -> Result<ApiKey, Error> {
        let found = match given.parse::<ApiKeyId>() {
            Ok(id) => self.callers.api_keys.get(id).await?,
            Err(_) => None,
        };
        found
            .filter(|key| caller.owns(key.tenant))
            .ok_or_else(|| unknown(given))
    }

    /// Changes a key, but for its secret.
    ///
    /// # Errors
    /// [`Error::UnknownApiKey`], [`Error::BeyondCaller`], [`Error::BeyondSessions`], [`Error::Store`].
    pub async fn change(&self, caller: &Caller, given: &str, change: ApiKeyChange) -> Result<ApiKey, Error> {
        let key = self.get(caller, given).await?;
        within(caller, &key.scopes)?;
        if let Some(scopes) = &change.scopes {
            within(caller, scopes)?;
            if key.sessions.is_some() {
                held_to_sessions(scopes)?;
            }
        }
        let changed = self.callers.api_keys.update(key.id, |key| {
            if let Some(name) = &change.name {
                key.name = name.clone();
            }
            if let Some(scopes) = &change.scopes {
                key.scopes = scopes.clone();
            }
            if let Some(networks) = &change.networks {
                key.networks = networks.clone();
            }
        });
        changed.await?.ok_or_else(|| unknown(given))
    }

    /// Gives a key another secret, which is shown this once; the one before opens for `overlap` longer.
    ///
    /// # Errors
    /// [`Error::UnknownApiKey`], [`Error::BeyondCaller`], [`Error::Store`].
    pub async fn rotate(&self, caller: &Caller, given: &str, overlap: Duration) -> Result<(ApiKey, Credential), Error> {
        let key = self.get(caller, given).await?;
        within(caller, &key.scopes)?;
        let shown = Credential::draw(CredentialKind::ApiKey, key.id.ulid(), &*self.ids);
        let now = self.clock.now();
        let rotated = self
            .callers
            .api_keys
            .update(key.id, |key| key.rotate(shown.digest(), now, now.plus(overlap)))
            .await?;
        Ok((rotated.ok_or_else(|| unknown(given))?, shown))
    }

    /// Removes a key, which opens nothing from then on.
    ///
    /// # Errors
    /// [`Error::UnknownApiKey`], [`Error::Store`].
    pub async fn remove(&self, caller: &Caller, given: &str) -> Result<ApiKey, Error> {
        let key = self.get(caller, given).await?;
        self.callers.api_keys.remove(key.id).await?;
        Ok(key)
    }

    /// Gives a session a token, which is shown this once; the one before opens nothing from then on. The caller sees the session.
    ///
    /// # Errors
    /// [`Error::BeyondCaller`], [`Error::BeyondSessions`], [`Error::InThePast`], [`Error::Store`].
    pub async fn session_token(
        &self,
        caller: &Caller,
        session: SessionId,
        scopes: Scopes,
        expires_at: Option<UnixMs>,
    ) -> Result<(SessionToken, Credential), Error> {
        within(caller, &scopes)?;
        held_to_sessions(&scopes)?;
        let created_at = self.clock.now();
        if expires_at.is_some_and(|end| end <= created_at) {
            return Err(Error::InThePast);
        }
        let shown = Credential::draw(CredentialKind::SessionToken, session.ulid(), &*self.ids);
        let token = SessionToken {
            session,
            created_at,
            secret: shown.digest(),
            scopes,
            expires_at,
        };
        self.callers.session_tokens.set(&token).await?;
        Ok((token, shown))
    }

    /// Takes a session its token, which opens nothing from then on.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove_session_token(&self, session: SessionId) -> Result<(), Error> {
        Ok(self.callers.session_tokens.remove(session).await?)
    }
}

/// Nobody gives what they do not have.
fn within(caller: &Caller, scopes: &Scopes) -> Result<(), Error> {
    match scopes.beyond(&caller.scopes) {
        None => Ok(()),
        Some(scope) => Err(Error::BeyondCaller { scope }),
    }
}

/// What is held to sessions opens nothing beyond them.
fn held_to_sessions(scopes: &Scopes) -> Result<(), Error> {
    match scopes.iter().find(|scope| !scope.is_of_sessions()) {
        None => Ok(()),
        Some(scope) => Err(Error::BeyondSessions { scope }),
    }
}

fn unknown(given: &str) -> Error {
    Error::UnknownApiKey { given: given.into() }
}

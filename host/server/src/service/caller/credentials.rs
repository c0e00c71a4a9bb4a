//! From what a request shows to who is calling. Everything that is shown is one text behind `Authorization: Bearer`.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use waspnest_core::audit::Actor;
use waspnest_core::caller::{Callers, Credential, CredentialKind, Standing};
use waspnest_core::clock::Clock;
use waspnest_core::id::{ApiKeyId, SessionId};
use waspnest_core::session::Sessions as Register;
use waspnest_core::store::StoreError;

use super::{AccessTokens, Buckets, Busy, Caller, Reach, Rule};
use crate::service::admin_secret::AdminHash;

/// What it takes to know a caller.
#[derive(Debug, Clone)]
pub struct CredentialsParts {
    /// The operator's.
    pub admin: AdminHash,
    /// Everybody else's.
    pub callers: Callers,
    /// Whose sessions are.
    pub register: Register,
    /// What logins give out.
    pub tokens: AccessTokens,
    /// How often one credential may be shown.
    pub each: Rule,
    /// How often one address may call.
    pub address: Rule,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Knows callers. Clones are the same.
#[derive(Debug, Clone)]
pub struct Credentials {
    parts: Arc<CredentialsParts>,
    each: Buckets<Actor>,
    addresses: Buckets<IpAddr>,
}

/// What a caller shows. It is kept, to be looked at again, while something lasts that it opened.
#[derive(Clone, PartialEq, Eq)]
pub struct Bearer(Arc<str>);

impl From<&str> for Bearer {
    fn from(shown: &str) -> Self {
        Self(shown.into())
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Refused {
    /// Nothing was shown, or nothing that is known, or its time is over.
    #[error(
        "send the admin secret, an API key, a session's token or the access token of a login as `Authorization: Bearer …`"
    )]
    Unknown,
    /// It is known, and not from here.
    #[error("this key may not be used from this address")]
    Elsewhere {
        /// Whose it is.
        actor: Actor,
    },
    /// Too often.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The store failed.
    #[error("the store is not available")]
    Store(#[from] StoreError),
}

/// Who is calling, and whether what was shown opens the operator's door.
pub type Admission = Result<Caller, Refused>;

impl Credentials {
    /// Over the register.
    #[must_use]
    pub fn new(parts: CredentialsParts) -> Self {
        Self {
            each: Buckets::new(parts.each, Arc::clone(&parts.clock)),
            addresses: Buckets::new(parts.address, Arc::clone(&parts.clock)),
            parts: Arc::new(parts),
        }
    }

    /// Counts by other rules from now on.
    pub fn turn_to(&self, each: Rule, address: Rule) {
        self.each.set(each);
        self.addresses.set(address);
    }

    /// Who shows `bearer`. The operator is not counted; everybody else is, by what they show and by where they call from.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn admit(&self, bearer: Option<&Bearer>, address: Option<IpAddr>) -> Admission {
        let known = match bearer {
            Some(Bearer(text)) => self.know(text, address).await,
            None => Err(Refused::Unknown),
        };
        match &known {
            Ok(caller) if caller.is_admin() => return known,
            Err(Refused::Store(_)) => return known,
            Ok(_) | Err(Refused::Unknown | Refused::Elsewhere { .. } | Refused::Busy(_)) => {}
        }
        self.count(address)?;
        let caller = known?;
        self.each.take(caller.actor)?;
        Ok(caller)
    }

    /// Who it is by now that showed `bearer` before; nobody is counted.
    ///
    /// # Errors
    /// [`Refused`], but for [`Refused::Busy`].
    pub async fn know_again(&self, bearer: &Bearer, address: Option<IpAddr>) -> Admission {
        self.know(&bearer.0, address).await
    }

    /// Counts a call of somebody who shows nothing.
    ///
    /// # Errors
    /// [`Busy`].
    pub fn count(&self, address: Option<IpAddr>) -> Result<(), Busy> {
        match address {
            Some(address) => self.addresses.take(block(address)),
            None => Ok(()),
        }
    }

    async fn know(&self, text: &str, address: Option<IpAddr>) -> Admission {
        // Whatever the text looks like: the operator may have chosen any.
        if self.parts.admin.admits(text) {
            return Ok(Caller::admin());
        }
        match Credential::read(text) {
            Some(shown) => match shown.kind {
                CredentialKind::ApiKey => self.api_key(&shown, address).await,
                CredentialKind::SessionToken => self.session_token(&shown).await,
                // It opens one route, which reads it from the body.
                CredentialKind::Refresh => Err(Refused::Unknown),
            },
            None => self.access_token(text).await,
        }
    }

    async fn api_key(&self, shown: &Credential, address: Option<IpAddr>) -> Admission {
        let now = self.parts.clock.now();
        let found = self.parts.callers.api_keys.get(ApiKeyId::new(shown.id)).await?;
        let Some(key) = found.filter(|key| key.admits(shown, now) && !key.has_ended(now)) else {
            return Err(Refused::Unknown);
        };
        let actor = Actor::ApiKey(key.id);
        let near = |address: IpAddr| key.networks.iter().any(|network| network.has(address));
        if !key.networks.is_empty() && !address.is_some_and(near) {
            return Err(Refused::Elsewhere { actor });
        }
        Ok(Caller {
            actor,
            reach: match key.sessions {
                None => Reach::Tenant(key.tenant),
                Some(sessions) => Reach::Sessions(key.tenant, sessions),
            },
            scopes: key.scopes,
            login: None,
        })
    }

    async fn session_token(&self, shown: &Credential) -> Admission {
        let session = SessionId::new(shown.id);
        let found = self.parts.callers.session_tokens.get(session).await?;
        let now = self.parts.clock.now();
        let Some(token) = found.filter(|token| token.secret.is_of(shown) && !token.has_ended(now)) else {
            return Err(Refused::Unknown);
        };
        let owner = self.parts.register.owner(session).await;
        let owner = owner.map_err(|error| match error {
            waspnest_core::session::SessionError::Store(error) => Refused::Store(error),
            _ => Refused::Unknown,
        })?;
        Ok(Caller {
            actor: Actor::Session(session),
            reach: Reach::Sessions(owner, vec![session]),
            scopes: token.scopes,
            login: None,
        })
    }

    async fn access_token(&self, text: &str) -> Admission {
        let now = self.parts.clock.now();
        let Some(claims) = self.parts.tokens.read(text, now) else {
            return Err(Refused::Unknown);
        };
        let callers = &self.parts.callers;
        let login = callers.logins.get(claims.sid.0).await?;
        if login.is_none_or(|login| login.user != claims.sub.0 || login.expires_at <= now) {
            return Err(Refused::Unknown);
        }
        match callers.users.get(claims.sub.0).await? {
            Some(user) if user.standing == Standing::Active => Ok(Caller {
                actor: Actor::User(user.id),
                reach: Reach::Tenant(user.tenant),
                scopes: user.role.scopes(),
                login: Some(claims.sid.0),
            }),
            Some(_) | None => Err(Refused::Unknown),
        }
    }
}

/// Whom an address stands for: somebody who has one of IPv6 has 2^64 of them.
pub(crate) fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => std::net::Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

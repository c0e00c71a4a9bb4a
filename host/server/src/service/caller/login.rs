//! Logging in: a name and a password for an access token, which is refreshed until the user logs out or somebody ends it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use waspnest_core::caller::{Callers, Credential, CredentialKind, Login, Refreshed, Standing, User};
use waspnest_core::clock::{Clock, Ids, UnixMs};
use waspnest_core::id::{LoginId, TenantId, TenantName, UserId, UserName};
use waspnest_core::store::StoreError;

use super::{AccessTokens, Buckets, Busy, Hasher, PasswordError, Rule};

/// Tries at one name from one address.
const TRIES: Rule = Rule {
    burst: 5,
    per_minute: 1,
};
/// Tries from one address, at any names.
const ADDRESS: Rule = Rule {
    burst: 20,
    per_minute: 4,
};
/// Tries at one name, from anywhere.
const NAME: Rule = Rule {
    burst: 50,
    per_minute: 5,
};

/// What it takes to log in.
#[derive(Debug, Clone)]
pub struct LoginServiceParts {
    /// Users.
    pub callers: Callers,
    /// Compares passwords.
    pub hasher: Hasher,
    /// Makes tokens.
    pub tokens: AccessTokens,
    /// How long an access token opens.
    pub token_ttl: Duration,
    /// How long a login lasts that is not refreshed.
    pub login_ttl: Duration,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub ids: Arc<dyn Ids>,
}

/// Logs users in. Clones are the same.
#[derive(Debug, Clone)]
pub struct LoginService {
    parts: Arc<LoginServiceParts>,
    tries: Buckets<(Who, Option<IpAddr>)>,
    addresses: Buckets<IpAddr>,
    names: Buckets<Who>,
}

/// A name that may be nobody's.
type Who = (TenantName, UserName);

/// What a login gives.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Who logged in.
    pub user: User,
    /// What is shown with every request.
    pub access: String,
    /// Until when.
    pub access_until: UnixMs,
    /// What the login is refreshed with, once.
    pub refresh: Credential,
    /// Until when.
    pub refresh_until: UnixMs,
}

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No such user, or another password, or one that may not.
    #[error("the name or the password is wrong")]
    Wrong,
    /// The login has ended, or was never there.
    #[error("this login has ended; log in again")]
    Ended,
    /// A refresh token was shown for a second time.
    #[error("this refresh token was used before, so somebody may have a copy; the login is ended")]
    Stolen {
        /// Whose login it was.
        user: UserId,
    },
    /// Too many tries.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The password was not compared.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store failed.
    #[error("the store is not available")]
    Store(#[from] StoreError),
}

impl LoginService {
    /// Over the register.
    #[must_use]
    pub fn new(parts: LoginServiceParts) -> Self {
        let clock = || Arc::clone(&parts.clock);
        Self {
            tries: Buckets::new(TRIES, clock()),
            addresses: Buckets::new(ADDRESS, clock()),
            names: Buckets::new(NAME, clock()),
            parts: Arc::new(parts),
        }
    }

    /// Logs a user in. A name that nobody has takes as long as a wrong password, and is answered in the same way.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn log_in(
        &self,
        tenant: TenantName,
        name: UserName,
        password: &str,
        address: Option<IpAddr>,
    ) -> Result<Tokens, LoginError> {
        let who = (tenant, name);
        let tried = (who.clone(), address);
        self.tries.take(tried.clone())?;
        if let Some(address) = address {
            self.addresses.take(address)?;
        }
        self.names.take(who.clone())?;
        let user = self.user(&who).await?;
        let right = match &user {
            Some(user) => self.parts.hasher.verify(password, &user.password).await?,
            None => {
                self.parts.hasher.spend(password).await?;
                false
            }
        };
        let user = user.filter(|user| right && user.standing == Standing::Active);
        let user = user.ok_or(LoginError::Wrong)?;
        self.tries.give_back(&tried);
        self.names.give_back(&who);
        if let Some(address) = address {
            self.addresses.give_back(&address);
        }
        let now = self.parts.clock.now();
        let id = LoginId::new(self.parts.ids.ulid(now));
        let refresh = self.draw(id);
        let login = Login {
            id,
            user: user.id,
            created_at: now,
            expires_at: now.plus(self.parts.login_ttl),
            refresh: refresh.digest(),
            spent: None,
        };
        self.parts.callers.logins.add(&login).await?;
        Ok(self.tokens(user, &login, refresh, now))
    }

    /// Goes on with a login.
    ///
    /// # Errors
    /// [`LoginError`].
    pub async fn refresh(&self, shown: &str, address: Option<IpAddr>) -> Result<Tokens, LoginError> {
        if let Some(address) = address {
            self.addresses.take(address)?;
        }
        let shown = Credential::read(shown).filter(|shown| shown.kind == CredentialKind::Refresh);
        let shown = shown.ok_or(LoginError::Ended)?;
        let now = self.parts.clock.now();
        let next = self.draw(LoginId::new(shown.id));
        let until = now.plus(self.parts.login_ttl);
        let callers = &self.parts.callers;
        let login = match callers.logins.refresh(&shown, next.digest(), now, until).await? {
            Refreshed::Done(login) => login,
            Refreshed::Stolen(login) => return Err(LoginError::Stolen { user: login.user }),
            Refreshed::Unknown => return Err(LoginError::Ended),
        };
        if let Some(address) = address {
            self.addresses.give_back(&address);
        }
        match callers.users.get(login.user).await? {
            Some(user) if user.standing == Standing::Active => Ok(self.tokens(user, &login, next, now)),
            Some(_) | None => Err(LoginError::Ended),
        }
    }

    /// Ends a login: neither its access token nor its refresh token opens anything from then on.
    ///
    /// # Errors
    /// [`LoginError::Store`].
    pub async fn log_out(&self, login: LoginId) -> Result<(), LoginError> {
        Ok(self.parts.callers.logins.end(login).await?)
    }

    async fn user(&self, (tenant, name): &Who) -> Result<Option<User>, StoreError> {
        let callers = &self.parts.callers;
        match callers.tenants.by_name(tenant).await? {
            Some(tenant) => callers.users.by_name(tenant.id, name).await,
            // As much work as with a tenant.
            None => callers.users.by_name(TenantId::DEFAULT, name).await.map(|_| None),
        }
    }

    fn draw(&self, login: LoginId) -> Credential {
        Credential::draw(CredentialKind::Refresh, login.ulid(), &*self.parts.ids)
    }

    fn tokens(&self, user: User, login: &Login, refresh: Credential, now: UnixMs) -> Tokens {
        let access_until = now.plus(self.parts.token_ttl).min(login.expires_at);
        Tokens {
            access: self
                .parts
                .tokens
                .make(user.id, user.tenant, login.id, now, access_until),
            access_until,
            refresh,
            refresh_until: login.expires_at,
            user,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waspnest_core::caller::{PasswordHash, Role};
    use waspnest_core::clock::{ManualClock, SeededIds};
    use waspnest_core::master_key::MasterKey;
    use waspnest_core::store::MemoryStore;

    struct World {
        clock: Arc<ManualClock>,
        callers: Callers,
        logins: LoginService,
        tokens: AccessTokens,
        ada: User,
    }

    async fn world() -> World {
        let clock = Arc::new(ManualClock::at(UnixMs(1_800_000_000_000)));
        let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(1));
        let callers = Callers::open(MemoryStore::new(), &*clock).await.expect("it opens");
        let hasher = Hasher::default();
        let ada = User {
            id: UserId::new(ids.ulid(clock.now())),
            tenant: TenantId::DEFAULT,
            name: name("ada"),
            role: Role::Member,
            password: hasher.hash("correct horse", &*ids).await.expect("it hashes"),
            created_at: clock.now(),
            standing: Standing::Active,
        };
        callers.users.add(&ada).await.expect("it is new");
        let tokens = AccessTokens::under(&MasterKey::from_bytes([7; 32]));
        let logins = LoginService::new(LoginServiceParts {
            callers: callers.clone(),
            hasher,
            tokens: tokens.clone(),
            token_ttl: Duration::from_secs(900),
            login_ttl: Duration::from_secs(86_400),
            clock: clock.clone(),
            ids,
        });
        World {
            clock,
            callers,
            logins,
            tokens,
            ada,
        }
    }

    fn name(text: &str) -> UserName {
        text.parse().expect("a name")
    }

    impl World {
        async fn tries(&self, of: &str, password: &str, from: u8) -> Result<Tokens, LoginError> {
            let address = IpAddr::from([192, 0, 2, from]);
            self.logins
                .log_in(TenantName::usual(), name(of), password, Some(address))
                .await
        }
    }

    #[tokio::test]
    async fn whoever_guesses_waits_and_keeps_nobody_else_out() {
        let world = world().await;
        for _ in 0..5 {
            let wrong = world.tries("ada", "wrong battery", 1).await;
            assert!(matches!(wrong, Err(LoginError::Wrong)), "{wrong:?}");
        }
        let Err(LoginError::Busy(busy)) = world.tries("ada", "correct horse", 1).await else {
            panic!("it was too often")
        };
        assert_eq!(busy.retry_after, Duration::from_secs(60));
        world.tries("ada", "correct horse", 2).await.expect("she is elsewhere");
        for _ in 0..9 {
            world
                .tries("ada", "correct horse", 2)
                .await
                .expect("who knows the password is not counted");
        }
        world.clock.advance(Duration::from_secs(60));
        world
            .tries("ada", "correct horse", 1)
            .await
            .expect("a minute has passed");
    }

    #[tokio::test]
    async fn nobody_learns_which_names_there_are() {
        let world = world().await;
        let unknown = world
            .tries("bob", "correct horse", 1)
            .await
            .expect_err("nobody")
            .to_string();
        let wrong = world
            .tries("ada", "wrong battery", 1)
            .await
            .expect_err("wrong")
            .to_string();
        let other = "acme".parse().expect("a name");
        let tenant = world.logins.log_in(other, name("ada"), "correct horse", None).await;
        let tenant = tenant.expect_err("no tenant").to_string();
        let suspend = |user: &mut User| user.standing = Standing::Suspended;
        world
            .callers
            .users
            .update(world.ada.id, suspend)
            .await
            .expect("it writes");
        let suspended = world
            .tries("ada", "correct horse", 1)
            .await
            .expect_err("suspended")
            .to_string();
        assert_eq!([&unknown, &wrong, &tenant], [&suspended; 3]);
    }

    #[tokio::test]
    async fn a_login_goes_on_until_it_is_ended() {
        let world = world().await;
        let first = world.tries("ada", "correct horse", 1).await.expect("she is let in");
        let end = world.clock.now().plus(Duration::from_secs(900));
        assert_eq!(first.access_until, end);
        world.clock.advance(Duration::from_secs(1000));
        assert_eq!(
            world.tokens.read(&first.access, world.clock.now()),
            None,
            "its time is over"
        );
        let second = world
            .logins
            .refresh(first.refresh.expose(), None)
            .await
            .expect("it goes on");
        assert!(world.tokens.read(&second.access, world.clock.now()).is_some());
        let again = world.logins.refresh(first.refresh.expose(), None).await;
        assert!(
            matches!(again, Err(LoginError::Stolen { user }) if user == world.ada.id),
            "{again:?}"
        );
        let ended = world.logins.refresh(second.refresh.expose(), None).await;
        assert!(matches!(ended, Err(LoginError::Ended)), "{ended:?}");

        let third = world.tries("ada", "correct horse", 1).await.expect("she is let in");
        let claims = world.tokens.read(&third.access, world.clock.now()).expect("it is ours");
        world.logins.log_out(claims.sid.0).await.expect("it ends");
        let ended = world.logins.refresh(third.refresh.expose(), None).await;
        assert!(matches!(ended, Err(LoginError::Ended)), "{ended:?}");
    }

    #[tokio::test]
    async fn a_hash_that_cannot_be_read_opens_nothing() {
        let world = world().await;
        let broken = |user: &mut User| user.password = PasswordHash::new("nonsense");
        world
            .callers
            .users
            .update(world.ada.id, broken)
            .await
            .expect("it writes");
        let tried = world.tries("ada", "correct horse", 1).await;
        assert!(matches!(tried, Err(LoginError::Password(_))), "{tried:?}");
    }
}

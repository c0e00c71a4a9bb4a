//! Users of tenants: made and changed by whoever administrates the tenant, and by themselves where it is about their password.

use std::sync::Arc;

use waspnest_core::caller::{Callers, Role, Standing, User};
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::id::{TenantId, UserId, UserName};

use super::caller::{Buckets, Caller, Hasher, PasswordError, Rule, judge};
use super::error::Error;

/// The use cases of users. Clones are the same.
#[derive(Debug, Clone)]
pub struct Users {
    callers: Callers,
    hasher: Hasher,
    tries: Buckets<UserId>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// Tries at one's own password: whoever has found an access token is not to guess it.
const TRIES: Rule = Rule {
    burst: 5,
    per_minute: 1,
};

/// A user to be made.
#[derive(Clone)]
pub struct NewUser {
    /// Whose.
    pub tenant: TenantId,
    /// What is typed at a login.
    pub name: UserName,
    /// What else is.
    pub password: String,
    /// What it may do.
    pub role: Role,
}

/// What is to be different about a user; none for what stays.
#[derive(Clone, Default)]
pub struct UserChange {
    /// Another password; ends its logins.
    pub password: Option<String>,
    /// Another role, from the next request on.
    pub role: Option<Role>,
    /// Whether it may log in; taking that away ends its logins.
    pub standing: Option<Standing>,
}

impl Users {
    /// Over the register.
    #[must_use]
    pub fn new(callers: Callers, hasher: Hasher, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            callers,
            hasher,
            tries: Buckets::new(TRIES, Arc::clone(&clock)),
            clock,
            ids,
        }
    }

    /// Creates a user.
    ///
    /// # Errors
    /// [`Error::CallerNameTaken`], [`Error::WeakPassword`], [`Error::BeyondCaller`], [`Error::Busy`], [`Error::Store`].
    pub async fn create(&self, caller: &Caller, new: NewUser) -> Result<User, Error> {
        within(caller, new.role)?;
        judge(new.name.as_str(), &new.password)?;
        let created_at = self.clock.now();
        let user = User {
            id: UserId::new(self.ids.ulid(created_at)),
            tenant: new.tenant,
            name: new.name,
            role: new.role,
            password: self.hasher.hash(&new.password, &*self.ids).await?,
            created_at,
            standing: Standing::Active,
        };
        self.callers.users.add(&user).await?;
        Ok(user)
    }

    /// Up to `limit` users behind `after` that the caller sees, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(&self, caller: &Caller, after: Option<UserId>, limit: usize) -> Result<Vec<User>, Error> {
        let all = self.callers.users.list().await?.into_iter();
        let seen = all.filter(|user| caller.owns(user.tenant));
        Ok(seen
            .filter(|user| after.is_none_or(|after| user.id > after))
            .take(limit)
            .collect())
    }

    /// One user that the caller sees.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::Store`].
    pub async fn get(&self, caller: &Caller, given: &str) -> Result<User, Error> {
        let found = match given.parse::<UserId>() {
            Ok(id) => self.callers.users.get(id).await?,
            Err(_) => None,
        };
        found
            .filter(|user| caller.owns(user.tenant))
            .ok_or_else(|| Error::UnknownUser { given: given.into() })
    }

    /// Changes a user.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::WeakPassword`], [`Error::BeyondCaller`], [`Error::Busy`], [`Error::Store`].
    pub async fn change(&self, caller: &Caller, given: &str, change: UserChange) -> Result<User, Error> {
        let user = self.get(caller, given).await?;
        // Neither a role above one's own is given, nor anybody changed who has one.
        within(caller, user.role)?;
        if let Some(role) = change.role {
            within(caller, role)?;
        }
        let password = match &change.password {
            Some(password) => {
                judge(user.name.as_str(), password)?;
                Some(self.hasher.hash(password, &*self.ids).await?)
            }
            None => None,
        };
        let changed = self.callers.users.update(user.id, |user| {
            user.role = change.role.unwrap_or(user.role);
            user.standing = change.standing.unwrap_or(user.standing);
            if let Some(password) = &password {
                user.password = password.clone();
            }
        });
        let changed = changed
            .await?
            .ok_or_else(|| Error::UnknownUser { given: given.into() })?;
        if password.is_some() || changed.standing == Standing::Suspended {
            self.callers.logins.end_all(user.id).await?;
        }
        Ok(changed)
    }

    /// Gives a user who says the old password another one, and ends all its logins.
    ///
    /// # Errors
    /// [`Error::WrongPassword`], [`Error::WeakPassword`], [`Error::TooOften`], [`Error::Busy`], [`Error::Store`].
    pub async fn change_own_password(&self, id: UserId, old: &str, new: &str) -> Result<(), Error> {
        let user = self.callers.users.get(id).await?;
        let user = user.ok_or_else(|| Error::UnknownUser {
            given: id.to_string().into(),
        })?;
        judge(user.name.as_str(), new)?;
        self.tries.take(id)?;
        if !self.hasher.verify(old, &user.password).await? {
            return Err(Error::WrongPassword);
        }
        let password = self.hasher.hash(new, &*self.ids).await?;
        self.callers
            .users
            .update(id, |user| user.password = password.clone())
            .await?;
        Ok(self.callers.logins.end_all(id).await?)
    }

    /// Removes a user and ends its logins.
    ///
    /// # Errors
    /// [`Error::UnknownUser`], [`Error::BeyondCaller`], [`Error::Store`].
    pub async fn remove(&self, caller: &Caller, given: &str) -> Result<User, Error> {
        let user = self.get(caller, given).await?;
        within(caller, user.role)?;
        self.callers.remove_user(&user).await?;
        Ok(user)
    }
}

/// Nobody gives what they do not have.
fn within(caller: &Caller, role: Role) -> Result<(), Error> {
    match role.scopes().beyond(&caller.scopes) {
        None => Ok(()),
        Some(scope) => Err(Error::BeyondCaller { scope }),
    }
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => Self::Busy,
            error @ PasswordError::Broken(_) => Self::Internal(error.into()),
        }
    }
}

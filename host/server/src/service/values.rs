//! What installations keep, as an operator sees it: how much, what, and taking it away.
//!
//! Values are the plugin's own, and mean what it says they mean; here they are only bytes under keys. One that is taken away while a call
//! relies on it has the call made again.

use waspnest_core::draft::{KvEntry, KvKey, KvScope, Pot};
use waspnest_core::event::Position;
use waspnest_core::id::{InstallationId, SessionId, SessionName, TenantId};
use waspnest_core::kv::Usage;
use waspnest_core::outbox::Outbox;
use waspnest_core::progress::Progress;
use waspnest_core::session::Sessions as Register;

use super::error::Error;

/// Dead letters that are counted; there may be more.
pub const MOST_COUNTED: usize = 1000;

/// Values that are taken away in one commit.
const AT_ONCE: usize = 256;

/// What an installation keeps in one session.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The session.
    pub session: SessionId,
    /// Its name.
    pub name: SessionName,
    /// Its values.
    pub values: Usage,
    /// States and waits of its dialogues.
    pub dialogues: Usage,
    /// Timers it has set.
    pub timers: usize,
    /// Events it could not handle, at most [`MOST_COUNTED`].
    pub dead_letters: usize,
    /// Everything in the session's log up to here is done.
    pub done_up_to: Position,
}

/// The use cases of what is kept. Clones are the same.
#[derive(Debug, Clone)]
pub struct Values {
    outbox: Outbox,
    progress: Progress,
    register: Register,
}

/// Where values are: an installation's, in a session.
pub type Place<'a> = (SessionId, &'a InstallationId);

impl Values {
    /// Over what drafts wrote.
    #[must_use]
    pub const fn new(outbox: Outbox, progress: Progress, register: Register) -> Self {
        Self {
            outbox,
            progress,
            register,
        }
    }

    /// What an installation of a tenant's, or of nobody's, keeps in up to `limit` sessions behind one.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn usage(
        &self,
        (id, tenant): (&InstallationId, Option<TenantId>),
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<Kept>, Error> {
        let sessions = self.register.list_owned().await?.into_iter();
        let theirs = sessions.filter(|(_, owner)| tenant.is_none_or(|tenant| tenant == *owner));
        let behind = theirs.filter(|(record, _)| after.is_none_or(|after| record.id > after));
        let mut found = Vec::new();
        for (record, _) in behind.take(limit) {
            let session = record.id;
            let letters = self
                .progress
                .dead_letters(session, id, Position::default(), MOST_COUNTED)
                .await?;
            found.push(Kept {
                session,
                name: record.name,
                values: self.outbox.kv().usage(session, id, &Pot::Own).await?,
                dialogues: self.outbox.dialogues().usage(session, id, &Pot::Own).await?,
                timers: self.outbox.timers().list(session, id).await?.len(),
                dead_letters: letters.len(),
                done_up_to: self.progress.load(session, id).await?.low,
            });
        }
        Ok(found)
    }

    /// The scopes an installation has values in.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn scopes(&self, (session, id): Place<'_>) -> Result<Vec<KvScope>, Error> {
        Ok(self.outbox.kv().scopes(session, id).await?)
    }

    /// Up to `limit` values of a scope whose keys begin with `prefix` and are behind `after`, by key.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(
        &self,
        (session, id): Place<'_>,
        scope: &KvScope,
        (prefix, after): (&str, Option<&str>),
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, Error> {
        let found = self.outbox.kv().scan(session, id, scope, prefix, after, limit).await;
        Ok(found?)
    }

    /// Takes one value away; answers how many that were.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove(&self, (session, id): Place<'_>, key: KvKey) -> Result<u64, Error> {
        if self.outbox.kv().get(session, id, &key).await?.is_none() {
            return Ok(0);
        }
        let removed = self.outbox.remove_values(session, id, vec![key]).await?;
        removed.durable().await?;
        Ok(1)
    }

    /// Takes the values of a scope away whose keys begin with `prefix`; answers how many those were.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove_all(&self, (session, id): Place<'_>, scope: &KvScope, prefix: &str) -> Result<u64, Error> {
        let mut removed = 0;
        loop {
            let page = self.list((session, id), scope, (prefix, None), AT_ONCE).await?;
            if page.is_empty() {
                return Ok(removed);
            }
            removed += page.len() as u64;
            let key = |(key, _)| KvKey {
                scope: scope.clone(),
                key,
            };
            let keys = page.into_iter().map(key).collect();
            self.outbox.remove_values(session, id, keys).await?.durable().await?;
        }
    }
}

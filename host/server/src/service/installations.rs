//! Installations as an operator sees them: what is at work, what it may do, and what it could not handle.

use std::sync::Arc;

use waspnest_core::event::Position;
use waspnest_core::id::{InstallationId, PluginId, SessionId, SessionName, TenantId};
use waspnest_core::progress::Progress;
use waspnest_core::session::Sessions as Register;

use super::dead_letters::{DeadLetters, Letters, Parked, Settlement};
use super::error::Error;
pub use crate::breaker::{Breaker, Condition};

/// An installation, as it is at the moment.
#[derive(Debug, Clone)]
pub struct Described {
    /// The operator's name of it.
    pub id: InstallationId,
    /// Who said that it should be.
    pub origin: Origin,
    /// Whose it is; none for the operator's, which work in everybody's sessions.
    pub tenant: Option<TenantId>,
    /// The plugin it puts to work; none where that is not known any more.
    pub plugin: Option<DescribedPlugin>,
    /// Names of the capabilities that are requested and granted.
    pub granted: Vec<Box<str>>,
    /// Names of the binds that bring it events.
    pub binds: Vec<Box<str>>,
    /// Whether it is at work.
    pub standing: Standing,
}

/// The plugin of an installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedPlugin {
    /// The author's name of it.
    pub id: PluginId,
    /// Name shown to people.
    pub name: Box<str>,
    /// Version of the plugin.
    pub version: Box<str>,
    /// Digest of its package: which version of the plugin this is.
    pub digest: Box<str>,
}

/// Who said that an installation should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The configuration file.
    File,
    /// A caller of the API.
    Api,
}

/// Whether an installation is at work.
#[derive(Debug, Clone)]
pub enum Standing {
    /// It is, and this may hold its calls back for a while.
    AtWork(Arc<Breaker>),
    /// It gets nothing, because that was said.
    Paused,
    /// It should be and cannot.
    Broken {
        /// Why.
        problem: Box<str>,
    },
    /// It is being removed.
    Leaving,
}

/// The use cases of installations. Clones are the same.
#[derive(Clone)]
pub struct Installations {
    look: Arc<dyn Fn() -> Vec<Described> + Send + Sync>,
    letters: DeadLetters,
    register: Register,
}

impl Installations {
    /// Over what `look` finds at work, which changes with the versions that are.
    #[must_use]
    pub fn new(
        look: impl Fn() -> Vec<Described> + Send + Sync + 'static,
        progress: Progress,
        register: Register,
    ) -> Self {
        Self {
            look: Arc::new(look),
            letters: DeadLetters::new(progress),
            register,
        }
    }

    /// All of them.
    #[must_use]
    pub fn list(&self) -> Vec<Described> {
        (self.look)()
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Error::UnknownInstallation`].
    pub fn get(&self, id: &InstallationId) -> Result<Described, Error> {
        self.list()
            .into_iter()
            .find(|described| described.id == *id)
            .ok_or_else(|| Error::UnknownInstallation { id: id.clone() })
    }

    /// Up to `limit` dead letters behind a place, by session and then by position. `only` leaves one session.
    ///
    /// # Errors
    /// [`Error::UnknownInstallation`], [`Error::Store`].
    pub async fn dead_letters(
        &self,
        id: &InstallationId,
        only: Option<SessionId>,
        after: Option<(SessionId, Position)>,
        limit: usize,
    ) -> Result<Vec<Parked>, Error> {
        self.get(id)?;
        let sessions = self.sessions(only).await?;
        self.letters.list(&id.into(), &sessions, after, limit).await
    }

    /// Does something with one dead letter, or with all of a session, or with all there are. Answers with how many.
    ///
    /// # Errors
    /// [`Error::UnknownInstallation`], [`Error::Store`].
    pub async fn settle(&self, id: &InstallationId, which: Letters, how: Settlement) -> Result<u64, Error> {
        self.get(id)?;
        let sessions = self.sessions(which.session()).await?;
        self.letters.settle(&id.into(), &sessions, which, how).await
    }

    async fn sessions(&self, only: Option<SessionId>) -> Result<Vec<SessionId>, Error> {
        let all = self.register.list().await?.into_iter().map(|record| record.id);
        Ok(all.filter(|id| only.is_none_or(|only| only == *id)).collect())
    }

    /// The id of a session that is named in a filter.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Store`].
    pub async fn session(&self, given: &str) -> Result<SessionId, Error> {
        let unknown = || Error::UnknownSession { given: given.into() };
        let record = match (given.parse::<SessionId>(), given.parse::<SessionName>()) {
            (Ok(id), _) => self.register.get(id).await?,
            (Err(_), Ok(name)) => self.register.by_name(&name).await?,
            (Err(_), Err(_)) => None,
        };
        record.map(|record| record.id).ok_or_else(unknown)
    }
}

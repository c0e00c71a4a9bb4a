//! Installations as an operator sees them: what is at work, what it may do, and what it could not handle.

use std::sync::Arc;

use waspnest_core::event::Position;
use waspnest_core::id::{InstallationId, PluginId, SessionId, SessionName};
use waspnest_core::progress::{DeadLetter, Progress};
use waspnest_core::session::Sessions as Register;

use super::error::Error;

/// An installation, described when the host starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// The operator's name of it.
    pub id: InstallationId,
    /// The author's name of the plugin.
    pub plugin: PluginId,
    /// Name shown to people.
    pub name: Box<str>,
    /// Version of the plugin.
    pub version: Box<str>,
    /// SHA-256 of the component, in hex.
    pub digest: Box<str>,
    /// Names of the capabilities that are requested and granted.
    pub granted: Vec<Box<str>>,
    /// Names of the binds that bring it events.
    pub binds: Vec<Box<str>>,
}

/// An event that an installation could not handle, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The session.
    pub session: SessionId,
    /// The event's position in the session's log.
    pub position: Position,
    /// What happened.
    pub letter: DeadLetter,
}

/// The use cases of installations. Clones are the same.
#[derive(Clone)]
pub struct Installations {
    described: Arc<[Described]>,
    progress: Progress,
    register: Register,
}

impl Installations {
    /// Over what was installed at start, in the order of the configuration.
    #[must_use]
    pub fn new(described: Vec<Described>, progress: Progress, register: Register) -> Self {
        Self {
            described: described.into(),
            progress,
            register,
        }
    }

    /// All of them.
    #[must_use]
    pub fn list(&self) -> &[Described] {
        &self.described
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Error::UnknownInstallation`].
    pub fn get(&self, id: &InstallationId) -> Result<&Described, Error> {
        self.described
            .iter()
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
        let mut found = Vec::new();
        for record in self.register.list().await? {
            let session = record.id;
            let from = match after {
                Some((earlier, _)) if session < earlier => continue,
                Some((same, position)) if session == same => position,
                Some(_) | None => Position::default(),
            };
            if only.is_some_and(|only| only != session) {
                continue;
            }
            let letters = self
                .progress
                .dead_letters(session, id, from, limit - found.len())
                .await?;
            found.extend(letters.into_iter().map(|(position, letter)| Parked {
                session,
                position,
                letter,
            }));
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
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

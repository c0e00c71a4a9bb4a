//! The token of a session: what opens that session and nothing else. It stands beside the session's record, and goes with it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::credential::SecretDigest;
use super::scope::Scopes;
use super::table::Table;
use crate::clock::UnixMs;
use crate::codec::Record;
use crate::id::SessionId;
use crate::schema::sessions;
use crate::store::{Space, Store, StoreError};

/// A token. Its secret was shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionToken {
    /// What it opens.
    pub session: SessionId,
    /// When it was made.
    pub created_at: UnixMs,
    /// What is compared.
    pub secret: SecretDigest,
    /// What may be done there.
    pub scopes: Scopes,
    /// When it ends.
    pub expires_at: Option<UnixMs>,
}

impl Record for SessionToken {
    const VERSION: u8 = 1;
}

impl SessionToken {
    /// Whether its time is over.
    #[must_use]
    pub fn has_ended(&self, now: UnixMs) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}

/// The tokens of all sessions, one each. Clones are the same.
#[derive(Debug, Clone)]
pub struct SessionTokens {
    table: Table<SessionToken>,
}

impl SessionTokens {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            table: Table::new(store, Space::Sessions, sessions::TOKEN),
        }
    }

    /// Gives a session this token; the one before opens nothing from then on. Durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set(&self, token: &SessionToken) -> Result<(), StoreError> {
        self.table.put(self.table.key(&[token.session.ulid()]), token).await
    }

    /// The token of a session.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, session: SessionId) -> Result<Option<SessionToken>, StoreError> {
        self.table.get(&self.table.key(&[session.ulid()])).await
    }

    /// Takes a session its token. Durable when this returns.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remove(&self, session: SessionId) -> Result<(), StoreError> {
        self.table.remove([self.table.key(&[session.ulid()])]).await
    }
}

//! What the process remembers of each session, made on first use.
//!
//! Only a cache: everything in it can be read from the store again. It assumes that this process is the only one that writes the
//! session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::id::SessionId;

#[derive(Debug)]
pub(crate) struct PerSession<T>(Mutex<HashMap<SessionId, Arc<T>>>);

impl<T> Default for PerSession<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Default> PerSession<T> {
    pub(crate) fn of(&self, session: SessionId) -> Arc<T> {
        Arc::clone(self.all().entry(session).or_default())
    }

    /// What is remembered of each, in no order.
    pub(crate) fn each(&self) -> Vec<Arc<T>> {
        self.all().values().cloned().collect()
    }

    pub(crate) fn forget(&self, session: SessionId) {
        self.all().remove(&session);
    }

    fn all(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<T>>> {
        // The map is only looked up, inserted into and removed from; none of these leaves it half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

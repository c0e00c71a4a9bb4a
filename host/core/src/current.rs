//! A value that may be another one while the host runs: what a reload of the configuration can change.
//!
//! Whoever uses it asks for it each time; nobody keeps what they got for longer than one piece of work.

use std::sync::{Arc, PoisonError, RwLock};

/// The value as it is now. Clones are the same.
#[derive(Debug)]
pub struct Current<T>(Arc<RwLock<Arc<T>>>);

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<T> for Current<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(value))))
    }
}

impl<T> Current<T> {
    /// What it is now.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        // Only a pointer is put in its place; no panic can leave it half-way.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes it another one, for everybody who asks from now on.
    pub fn set(&self, value: T) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(value);
    }
}

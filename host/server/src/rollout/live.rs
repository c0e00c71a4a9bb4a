//! What is to be at work: what the configuration file says, and beside it what was made over the API.
//!
//! Both together are one configuration, so that nothing that reads it has to know who said what. Only the rollout changes it, one change at a
//! time.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use waspnest_core::id::InstallationId;
use waspnest_core::made_installation::MadeInstallation;

use crate::config::Config;
use crate::config::made::Made;
use crate::service::installations::DescribedPlugin;

/// An installation that was made over the API.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// What is kept of it.
    pub record: MadeInstallation,
    /// Its plugin, as far as that is known where it is not at work.
    pub plugin: Option<DescribedPlugin>,
    /// Why it is not at work although it should be.
    pub problem: Option<Box<str>>,
}

/// What is to be at work at the moment.
#[derive(Debug)]
pub(super) struct Live(RwLock<Now>);

#[derive(Debug)]
struct Now {
    config: Arc<Config>,
    held: BTreeMap<InstallationId, Held>,
}

impl Live {
    /// What the file says.
    pub(super) fn new(file: Arc<Config>) -> Self {
        Self(RwLock::new(Now {
            config: file,
            held: BTreeMap::new(),
        }))
    }

    /// All of it.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.now().config)
    }

    /// One that was made over the API.
    pub(super) fn held(&self, id: &InstallationId) -> Option<Held> {
        self.now().held.get(id).cloned()
    }

    /// All that were, by id.
    pub(super) fn all_held(&self) -> BTreeMap<InstallationId, Held> {
        self.now().held.clone()
    }

    /// Holds one, in place of what was there. Without a definition that can be read the configuration knows nothing of it.
    pub(super) fn hold(&self, id: &InstallationId, held: Held, made: Option<Made>) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        now.held.insert(id.clone(), held);
        let config = Config::clone(&now.config);
        now.config = Arc::new(match made {
            Some(made) => made.beside(config),
            None => without(config, id),
        });
    }

    /// Changes what is known of one.
    pub(super) fn note(&self, id: &InstallationId, note: impl FnOnce(&mut Held)) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = now.held.get_mut(id) {
            note(held);
        }
    }

    /// Lets one go.
    pub(super) fn let_go(&self, id: &InstallationId) {
        let mut now = self.0.write().unwrap_or_else(PoisonError::into_inner);
        now.held.remove(id);
        now.config = Arc::new(without(Config::clone(&now.config), id));
    }

    fn now(&self) -> RwLockReadGuard<'_, Now> {
        // Plain data; nothing panics while it is locked.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn without(mut config: Config, id: &InstallationId) -> Config {
    config.without(id);
    config
}

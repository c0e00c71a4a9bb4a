//! The place of an installation: which version of its plugin handles the next event.
//!
//! Versions change between calls. A call holds on to the version it began with until its draft is committed; whoever has to be sure that
//! no call is under way (data are being migrated) closes the place and waits. What was decided about an event under one version is decided
//! again when another one has taken over before its turn came.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, watch};
use waspnest_core::event::Event;
use waspnest_core::id::InstallationId;
use waspnest_core::version::Canary;

use super::installed::Installed;
use super::shadow::Shadowing;

/// The place of one installation, in all sessions.
#[derive(Debug)]
pub struct Slot {
    id: InstallationId,
    at_work: RwLock<AtWork>,
    gate: Arc<tokio::sync::RwLock<()>>,
    replaced: watch::Sender<()>,
}

/// The versions that handle events.
#[derive(Debug)]
struct AtWork {
    active: Arc<Installed>,
    tried: Option<Tried>,
    shadow: Option<Arc<Shadowing>>,
}

/// A version that is tried in some chats.
#[derive(Debug, Clone)]
pub struct Tried {
    /// It.
    pub installed: Arc<Installed>,
    /// In which.
    pub canary: Canary,
}

/// A call is under way; held until its draft is committed.
#[derive(Debug)]
pub(crate) struct Entered {
    _open: OwnedRwLockReadGuard<()>,
}

/// No call is under way, and none begins until this is dropped.
#[derive(Debug)]
pub struct Closed {
    _shut: OwnedRwLockWriteGuard<()>,
}

impl Slot {
    /// The place of an installation that is at work.
    #[must_use]
    pub fn new(installed: Arc<Installed>) -> Self {
        Self {
            id: installed.installation.id().clone(),
            at_work: RwLock::new(AtWork {
                active: installed,
                tried: None,
                shadow: None,
            }),
            gate: Arc::default(),
            replaced: watch::Sender::new(()),
        }
    }

    /// The installation's id, which no version changes.
    #[must_use]
    pub const fn id(&self) -> &InstallationId {
        &self.id
    }

    /// The version at work.
    #[must_use]
    pub fn active(&self) -> Arc<Installed> {
        Arc::clone(&self.at_work().active)
    }

    /// The version that is tried in some chats, if there is one.
    #[must_use]
    pub fn tried(&self) -> Option<Tried> {
        self.at_work().tried.clone()
    }

    /// The version in shadow, if there is one.
    #[must_use]
    pub fn shadow(&self) -> Option<Arc<Shadowing>> {
        self.at_work().shadow.clone()
    }

    /// The version in shadow, if it looks at what `installed` makes of an event: only at what the version at work does.
    pub(super) fn shadow_of(&self, installed: &Arc<Installed>, event: &Event) -> Option<Arc<Shadowing>> {
        let at_work = self.at_work();
        let shadow = at_work.shadow.as_ref()?;
        let looks = Arc::ptr_eq(installed, &at_work.active)
            && shadow.shadow().takes(&self.id, event.session, event.kind.chat());
        looks.then(|| Arc::clone(shadow))
    }

    /// The version that handles an event.
    pub(super) fn for_event(&self, event: &Event) -> Arc<Installed> {
        let at_work = self.at_work();
        let tried = at_work.tried.as_ref().zip(event.kind.chat());
        let tried = tried.filter(|(tried, chat)| tried.canary.takes(&self.id, event.session, chat));
        Arc::clone(tried.map_or(&at_work.active, |(tried, _)| &tried.installed))
    }

    fn at_work(&self) -> RwLockReadGuard<'_, AtWork> {
        // Nothing panics while it is locked.
        self.at_work.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a call, as soon as the place is not closed.
    pub(crate) async fn enter(&self) -> Entered {
        Entered {
            _open: Arc::clone(&self.gate).read_owned().await,
        }
    }

    /// Waits until no call is under way, and keeps others from beginning.
    pub async fn close(&self) -> Closed {
        Closed {
            _shut: Arc::clone(&self.gate).write_owned().await,
        }
    }

    /// Puts another version to work; answers the one it replaces. Calls under way end with that one, whoever comes next gets the other.
    pub fn replace(&self, installed: Arc<Installed>) -> Arc<Installed> {
        let mut at_work = self.at_work.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut at_work.active, installed);
        drop(at_work);
        self.replaced.send_replace(());
        before
    }

    /// Tells each time that another version has taken over.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.replaced.subscribe()
    }

    /// Puts another version in shadow, or none any more.
    pub fn put_in_shadow(&self, shadow: Option<Arc<Shadowing>>) {
        let mut at_work = self.at_work.write().unwrap_or_else(PoisonError::into_inner);
        at_work.shadow = shadow;
    }

    /// Tries another version in some chats, or none any more.
    pub fn try_in_some(&self, tried: Option<Tried>) {
        let mut at_work = self.at_work.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut at_work.tried, tried);
        drop(at_work);
        if let Some(before) = before {
            // Whoever waits for it to work again looks around once more.
            before.installed.breaker.forget();
        }
    }
}

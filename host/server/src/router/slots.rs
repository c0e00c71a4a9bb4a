//! The places of all installations at work, which come and go while the host runs.
//!
//! Whoever works with them over time follows them: it is told of a change, lets go of the list it worked with, and says so by taking up the
//! new one. So whoever takes an installation away can wait until nobody works with it any more, and only then remove what it kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use waspnest_core::id::{InstallationId, TenantId};

use super::installed::Installed;
use super::slot::Slot;

/// A list of places, and how many there were before it.
#[derive(Debug, Clone)]
struct Listed {
    number: u64,
    all: Arc<[Arc<Slot>]>,
}

/// The places, those of higher priority first. Clones are the same.
#[derive(Debug, Clone)]
pub struct Slots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    listed: watch::Sender<Listed>,
    followers: Mutex<Followers>,
    /// Tells that a follower has taken up a list, or is gone.
    moved: watch::Sender<()>,
}

/// Which list each follower works with.
#[derive(Debug, Default)]
struct Followers {
    next: u64,
    at: BTreeMap<u64, u64>,
}

/// Somebody who works with the places.
#[derive(Debug)]
pub struct Following {
    slots: Arc<Inner>,
    name: u64,
    changes: watch::Receiver<Listed>,
}

impl Slots {
    /// The places of installations that are at work, in their order.
    #[must_use]
    pub fn new(installed: Vec<Arc<Installed>>) -> Self {
        let all = installed.into_iter().map(|installed| Arc::new(Slot::new(installed)));
        Self(Arc::new(Inner {
            listed: watch::Sender::new(Listed {
                number: 0,
                all: all.collect(),
            }),
            followers: Mutex::default(),
            moved: watch::Sender::new(()),
        }))
    }

    /// All there are now.
    #[must_use]
    pub fn all(&self) -> Arc<[Arc<Slot>]> {
        Arc::clone(&self.0.listed.borrow().all)
    }

    /// Those that work in sessions of a tenant.
    #[must_use]
    pub fn of(&self, tenant: TenantId) -> Arc<[Arc<Slot>]> {
        of(&self.all(), tenant)
    }

    /// The place of an installation.
    #[must_use]
    pub fn get(&self, id: &InstallationId) -> Option<Arc<Slot>> {
        self.0.listed.borrow().all.iter().find(|slot| slot.id() == id).cloned()
    }

    /// Adds a place behind those of its priority, in place of one of the same installation. Whoever follows takes it up anew.
    pub fn put(&self, slot: Arc<Slot>) {
        self.change(|all| {
            all.retain(|known| known.id() != slot.id());
            let priority = slot.active().priority;
            let at = all.partition_point(|known| known.active().priority >= priority);
            all.insert(at, slot);
        });
    }

    /// Takes a place away.
    pub fn remove(&self, id: &InstallationId) {
        self.change(|all| all.retain(|known| known.id() != id));
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Slot>>)) {
        self.0.listed.send_modify(|listed| {
            let mut all = listed.all.to_vec();
            change(&mut all);
            *listed = Listed {
                number: listed.number + 1,
                all: all.into(),
            };
        });
    }

    /// Works with the places from now on, beginning with those there are.
    #[must_use]
    pub fn follow(&self) -> Following {
        let changes = self.0.listed.subscribe();
        let mut followers = self.0.followers();
        let name = followers.next;
        followers.next += 1;
        followers.at.insert(name, changes.borrow().number);
        Following {
            slots: Arc::clone(&self.0),
            name,
            changes,
        }
    }

    /// Waits until everybody who follows works with the places there are now.
    pub async fn settled(&self) {
        let wanted = self.0.listed.borrow().number;
        let mut moved = self.0.moved.subscribe();
        while self.0.followers().at.values().any(|at| *at < wanted) {
            if moved.changed().await.is_err() {
                return;
            }
        }
    }
}

impl Following {
    /// Tells that there is another list.
    pub async fn changed(&mut self) {
        // The sender lives in what this holds.
        let _ = self.changes.changed().await;
    }

    /// The list there is now. Nothing is done with the one before from here on.
    pub fn take_up(&mut self) -> Arc<[Arc<Slot>]> {
        let listed = self.changes.borrow_and_update().clone();
        self.slots.followers().at.insert(self.name, listed.number);
        self.slots.moved.send_replace(());
        listed.all
    }

    /// The same, but only those that work in sessions of a tenant.
    pub fn take_up_of(&mut self, tenant: TenantId) -> Arc<[Arc<Slot>]> {
        of(&self.take_up(), tenant)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        self.slots.followers().at.remove(&self.name);
        self.slots.moved.send_replace(());
    }
}

impl Inner {
    fn followers(&self) -> MutexGuard<'_, Followers> {
        // Plain data; nothing panics while it is locked.
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of(all: &[Arc<Slot>], tenant: TenantId) -> Arc<[Arc<Slot>]> {
    let works_for = |slot: &&Arc<Slot>| slot.active().works_for(tenant);
    all.iter().filter(works_for).cloned().collect()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn whoever_waits_waits_for_everybody_who_follows() {
        let slots = Slots::new(Vec::new());
        let mut one = slots.follow();
        let two = slots.follow();
        assert!(slots.settled().now_or_never().is_some(), "nothing has changed");
        slots.remove(&"echo".parse().expect("an id"));
        assert!(slots.settled().now_or_never().is_none());
        assert!(one.changed().now_or_never().is_some());
        drop(one.take_up());
        assert!(slots.settled().now_or_never().is_none(), "the other one has not");
        drop(two);
        assert!(
            slots.settled().now_or_never().is_some(),
            "whoever is gone works with nothing"
        );
        assert!(one.changed().now_or_never().is_none());
        let late = slots.follow();
        assert!(slots.settled().now_or_never().is_some());
        drop(late);
    }
}

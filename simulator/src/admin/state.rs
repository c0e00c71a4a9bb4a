//! What the handlers of the admin interface share: the simulator, and the people made through it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::problem::Problem;
use crate::Simulator;
use crate::human::Human;

/// What handlers work on.
pub(crate) struct State {
    pub(crate) simulator: Simulator,
    people: Mutex<BTreeMap<String, Human>>,
    /// Cancelled when the interface closes or somebody asked the program to end; whoever waits stops waiting.
    pub(crate) shutdown: CancellationToken,
}

impl State {
    pub(crate) fn new(simulator: Simulator) -> Self {
        Self {
            simulator,
            people: Mutex::new(BTreeMap::new()),
            shutdown: CancellationToken::new(),
        }
    }

    /// Everybody, by phone number.
    pub(crate) fn people(&self) -> Vec<Human> {
        self.lock().values().cloned().collect()
    }

    /// The person with this phone number.
    pub(crate) fn person(&self, phone: &str) -> Result<Human, Problem> {
        let people = self.lock();
        people
            .get(phone)
            .cloned()
            .ok_or_else(|| Problem::unknown("person", phone, people.keys()))
    }

    /// Whether nobody has this account yet.
    pub(crate) fn vacant(&self, phone: &str) -> Result<(), Problem> {
        if self.lock().contains_key(phone) {
            return Err(Problem::already_there(phone));
        }
        Ok(())
    }

    /// Takes in a person who has joined. While the interface closes, and when somebody else took the account meanwhile, the person leaves
    /// again.
    pub(crate) async fn welcome(&self, human: &Human) -> Result<(), Problem> {
        let phone = &human.account().phone;
        let taken = match self.lock().entry(phone.clone()) {
            Entry::Occupied(_) => true,
            Entry::Vacant(place) => {
                place.insert(human.clone());
                false
            }
        };
        if taken {
            human.clone().leave().await;
            return Err(Problem::already_there(phone));
        }
        if self.shutdown.is_cancelled() {
            // The round that lets people leave may have passed already.
            human.clone().leave().await;
            return Err(Problem::shutting_down());
        }
        Ok(())
    }

    /// Knows a person no more who is about to leave.
    pub(crate) fn forget(&self, human: &Human) {
        self.lock().remove(&human.account().phone);
    }

    /// Ends what waits, and lets everybody leave.
    pub(crate) async fn close(&self) {
        self.shutdown.cancel();
        let people = std::mem::take(&mut *self.lock());
        join_all(people.into_values().map(Human::leave)).await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Human>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("people", &self.lock().len())
            .finish_non_exhaustive()
    }
}

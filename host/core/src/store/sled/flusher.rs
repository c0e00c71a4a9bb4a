//! The one thread that makes commits durable.
//!
//! `flush()` of sled 0.34 hands its pages to the system without asking for the disk; only the `fdatasync` behind it makes them survive a
//! power loss. Everything that was applied before a flush began is covered by it, so one flush answers everybody who waits. A flush that
//! failed is never tried again: the system may have dropped the pages it could not write.

use std::fs::File;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sled::Db;
use tokio::sync::oneshot;

use super::Poison;
use super::writer::Dirty;
use crate::store::{Class, Meters, StoreError};

/// How long somebody who waits for a lazy commit waits at most, as long as sled itself takes to write what nobody waits for.
const LAZY: Duration = Duration::from_millis(500);

pub(super) struct Flusher {
    meters: Meters,
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// Who waits for a flush.
pub(super) struct Waiter {
    pub(super) flushed: oneshot::Sender<Result<(), StoreError>>,
    /// When a commit was asked for that is to be durable at once.
    pub(super) since: Option<Duration>,
}

#[derive(Default)]
struct Waiting {
    waiters: Vec<Waiter>,
    /// Something is applied that no flush has covered.
    dirty: Dirty,
    urgency: Urgency,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Urgency {
    /// Nobody waits, or only for lazy commits.
    #[default]
    None,
    /// Somebody waits.
    Now,
    /// No more will come.
    Closed,
}

impl Flusher {
    pub(super) fn new(meters: Meters) -> Self {
        Self {
            meters,
            waiting: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Adds those who wait for what was just applied.
    pub(super) fn add(&self, waiters: Vec<Waiter>, class: Class, dirty: Dirty) {
        let mut waiting = self.lock();
        waiting.waiters.extend(waiters);
        if dirty == Dirty::Yes {
            waiting.dirty = Dirty::Yes;
        }
        if class == Class::Durable {
            waiting.urgency = Urgency::Now;
            self.changed.notify_one();
        }
    }

    /// Lets [`Flusher::run`] flush a last time and end.
    pub(super) fn close(&self) {
        self.lock().urgency = Urgency::Closed;
        self.changed.notify_one();
    }

    pub(super) fn run(&self, db: &Db, data: &File, poison: &Poison) {
        loop {
            let Waiting {
                waiters,
                dirty,
                urgency,
            } = self.next();
            let flushed = poison.check().and_then(|()| match dirty {
                Dirty::No => Ok(()),
                Dirty::Yes => {
                    let begun = self.meters.now();
                    let flushed = flush(db, data).inspect_err(|error| poison.set(error.to_string()));
                    self.meters.flushed(begun);
                    flushed
                }
            });
            for Waiter { flushed: told, since } in waiters {
                if let (Some(since), Ok(())) = (since, &flushed) {
                    self.meters.survives(since);
                }
                // Whoever does not wait any more needs no answer.
                let _ = told.send(flushed.clone());
            }
            if urgency == Urgency::Closed {
                return;
            }
        }
    }

    /// Blocks until a flush is called for, and takes those it is for.
    fn next(&self) -> Waiting {
        let mut waiting = self.lock();
        loop {
            match waiting.urgency {
                Urgency::None => {}
                Urgency::Now => return std::mem::take(&mut *waiting),
                Urgency::Closed => {
                    let taken = std::mem::take(&mut *waiting);
                    return Waiting {
                        urgency: Urgency::Closed,
                        ..taken
                    };
                }
            }
            let (again, timeout) = self
                .changed
                .wait_timeout(waiting, LAZY)
                .unwrap_or_else(PoisonError::into_inner);
            waiting = again;
            if timeout.timed_out() && waiting.urgency == Urgency::None {
                waiting.waiters.retain(|waiter| !waiter.flushed.is_closed());
                if !waiting.waiters.is_empty() {
                    return std::mem::take(&mut *waiting);
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Its fields are set one by one, but each value of each is good by itself.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn flush(db: &Db, data: &File) -> Result<(), StoreError> {
    let lost = |step: &str, error: &dyn std::error::Error| StoreError::Lost {
        reason: format!("{step}: {error}").into(),
    };
    db.flush().map_err(|error| lost("sled could not flush", &error))?;
    data.sync_data()
        .map_err(|error| lost("the data file could not be synced", &error))
}

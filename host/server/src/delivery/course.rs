//! One webhook's way through the log of one session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use waspnest_core::delivery::Again;
use waspnest_core::event::{Event, Position};
use waspnest_core::progress::{Attempt, Cursor};

use super::endpoint::Endpoint;
use crate::tracker::Tracker;

/// Events given to lanes and not yet told; reading for the webhook pauses there. Most of them are kept as positions alone.
const MOST_OPEN: usize = 16_384;

/// A webhook, and how far it has come.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) endpoint: Arc<Endpoint>,
    pub(super) tracker: Tracker,
    /// Told in an earlier life of the process, above the mark.
    done: BTreeSet<Position>,
    /// Tried in an earlier life, and not told.
    attempts: BTreeMap<Position, Attempt>,
    /// Dead letters that are being told again.
    pub(super) replaying: BTreeSet<Position>,
    /// What is being told again of a range.
    pub(super) again: Option<Page>,
    /// Whether reading has paused, so that it goes on when there is room.
    pub(super) paused: Paused,
}

/// A part of a range that is being told again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page {
    pub(super) range: Again,
    /// Behind the part.
    pub(super) next: Position,
    /// Events of the part that are not told yet.
    pub(super) open: usize,
}

/// Whether reading has paused for a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paused {
    Yes,
    No,
}

impl Course {
    pub(super) fn new(endpoint: Arc<Endpoint>, cursor: Cursor) -> Self {
        Self {
            endpoint,
            tracker: Tracker::resume(cursor.low),
            done: cursor.done,
            attempts: cursor.attempts,
            replaying: BTreeSet::new(),
            again: None,
            paused: Paused::No,
        }
    }

    /// Whether more may be read for it.
    pub(super) fn has_room(&self) -> bool {
        self.tracker.count_open() < MOST_OPEN
    }

    /// Whether there is enough room again that reading is worth it.
    pub(super) fn has_much_room(&self) -> bool {
        self.tracker.count_open() < MOST_OPEN / 2
    }

    /// Takes the next event of the log, and answers with its earlier attempts when it is to be told.
    pub(super) fn takes(&mut self, event: &Event) -> Option<Attempt> {
        let position = event.position;
        if self.done.remove(&position) || !self.endpoint.wants(event) {
            self.tracker.pass(position);
            return None;
        }
        self.tracker.open(position);
        Some(self.attempts.remove(&position).unwrap_or_default())
    }
}

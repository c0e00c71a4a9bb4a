//! One webhook's way through the log of one session.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use waspnest_core::delivery::Again;
use waspnest_core::event::{Event, Position};
use waspnest_core::progress::{Attempt, Cursor};

use super::endpoint::Endpoint;
use crate::tracker::Tracker;

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
    /// How many events may be in lanes and not yet told; reading pauses there.
    most_open: usize,
    paused: Paused,
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

/// Whether something was not read for want of room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paused {
    Yes,
    No,
}

/// Whether reading goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GoesOn {
    Yes,
    No,
}

impl Course {
    pub(super) fn new(endpoint: Arc<Endpoint>, cursor: Cursor, most_open: usize) -> Self {
        Self {
            endpoint,
            tracker: Tracker::resume(cursor.low),
            done: cursor.done,
            attempts: cursor.attempts,
            replaying: BTreeSet::new(),
            again: None,
            most_open,
            paused: Paused::No,
        }
    }

    /// Whether the next event may be read for it. If not, [`Course::finish`] says when it may again.
    pub(super) fn has_room(&mut self) -> bool {
        let has_room = self.tracker.count_open() < self.most_open;
        if !has_room {
            self.paused = Paused::Yes;
        }
        has_room
    }

    /// Notes that an event is told, or given up. Reading goes on when half of the room is free again.
    pub(super) fn finish(&mut self, position: Position) -> GoesOn {
        self.tracker.finish(position);
        match self.paused {
            Paused::Yes if self.tracker.count_open() <= self.most_open / 2 => {
                self.paused = Paused::No;
                GoesOn::Yes
            }
            Paused::Yes | Paused::No => GoesOn::No,
        }
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

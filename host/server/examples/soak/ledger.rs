//! What people said and what they were answered, and whether anything of it was lost or came twice.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A message: who said it, and which of theirs it is.
pub(crate) type Number = (usize, u64);

/// See the module documentation. Shared by all people.
#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    /// Said and not answered yet, with when it was said.
    open: HashMap<Number, Duration>,
    /// Those of which nobody knows whether WhatsApp took them.
    unsure: HashSet<Number>,
    /// The newest of each person's messages that was answered.
    newest: HashMap<usize, u64>,
    counts: Counts,
    /// How long answers took since somebody asked last.
    latencies: Vec<Duration>,
}

/// What was counted so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Messages that WhatsApp took.
    pub(crate) sent: u64,
    /// Messages that WhatsApp may have taken: whoever said them was cut off and gave up.
    pub(crate) unsure: u64,
    /// First answers.
    pub(crate) answered: u64,
    /// Answers that came again as another message.
    pub(crate) doubled: u64,
    /// Answers that came behind one to a later message of the same person.
    pub(crate) out_of_order: u64,
}

impl Ledger {
    /// Somebody begins to say something.
    pub(crate) fn says(&self, number: Number, now: Duration) {
        self.books().open.insert(number, now);
    }

    /// WhatsApp took it.
    pub(crate) fn said(&self) {
        self.books().counts.sent += 1;
    }

    /// Nobody knows whether WhatsApp took it; it is no loss when no answer comes.
    pub(crate) fn gave_up(&self, number: Number) {
        let mut books = self.books();
        // Where it was answered already, WhatsApp took it.
        if books.open.remove(&number).is_some() {
            books.unsure.insert(number);
            books.counts.unsure += 1;
        } else {
            books.counts.sent += 1;
        }
    }

    /// An answer came.
    pub(crate) fn heard(&self, number: Number, now: Duration) {
        let mut books = self.books();
        let (person, message) = number;
        let newest = books.newest.entry(person).or_default();
        let in_order = message >= *newest;
        *newest = message.max(*newest);
        match books.open.remove(&number) {
            Some(since) => {
                books.counts.answered += 1;
                books.counts.out_of_order += u64::from(!in_order);
                books.latencies.push(now.saturating_sub(since));
            }
            None if books.unsure.remove(&number) => {
                books.counts.unsure -= 1;
                books.counts.sent += 1;
                books.counts.answered += 1;
            }
            None => books.counts.doubled += 1,
        }
    }

    /// What was counted.
    pub(crate) fn counts(&self) -> Counts {
        self.books().counts
    }

    /// How many wait for an answer, and the longest of these waits.
    pub(crate) fn open(&self, now: Duration) -> (usize, Duration) {
        let books = self.books();
        let longest = books.open.values().map(|since| now.saturating_sub(*since)).max();
        (books.open.len(), longest.unwrap_or_default())
    }

    /// Those that have waited for so long for an answer.
    pub(crate) fn waiting_for(&self, long: Duration, now: Duration) -> Vec<Number> {
        let books = self.books();
        let late = books
            .open
            .iter()
            .filter(|(_, since)| now.saturating_sub(**since) > long);
        let mut late: Vec<Number> = late.map(|(number, _)| *number).collect();
        late.sort_unstable();
        late
    }

    /// Those that wait for an answer.
    pub(crate) fn waiting(&self) -> Vec<Number> {
        let mut waiting: Vec<Number> = self.books().open.keys().copied().collect();
        waiting.sort_unstable();
        waiting
    }

    /// How long half of the answers and 99 of a hundred took, since this was asked last.
    pub(crate) fn took(&self) -> Option<(Duration, Duration)> {
        let mut latencies = std::mem::take(&mut self.books().latencies);
        latencies.sort_unstable();
        let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied();
        Some((at(50)?, at(99)?))
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

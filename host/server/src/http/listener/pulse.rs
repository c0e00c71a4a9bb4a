//! What a connection is doing, and until when it may go on like that.
//!
//! hyper measures how long the head of a request takes and nothing else, and that by the machine's clock. Here everything that the other
//! side can drag out has its time: the first request, the next one, a body, an answer that is not taken. What the host itself takes for an
//! answer has none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Version;
use waspnest_core::clock::Clock;

use crate::config::connections::Connections;
use waspnest_core::current::Current;

/// How long the other side may take to end a connection that it was asked to end.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the other side took too long over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// The head of a request.
    Head,
    /// A next request.
    Idle,
    /// A body that it began, or an answer that it does not take.
    Stalled,
    /// The end.
    Parting,
}

/// The pulse of one connection.
#[derive(Debug)]
pub(super) struct Pulse {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Requests whose answers have not ended.
    answering: usize,
    /// Since when there are none.
    quiet_since: Duration,
    /// When something came since then.
    heard: Option<Duration>,
    /// What is spoken, known from the first request on.
    spoken: Option<Version>,
    /// Since when a body is waited for.
    awaited_since: Option<Duration>,
    /// Since when nothing of an answer is taken.
    untaken_since: Option<Duration>,
    /// When the end was announced.
    parting_since: Option<Duration>,
}

/// A request, until its answer has ended.
#[derive(Debug)]
pub(super) struct Answering(Arc<Pulse>);

impl Drop for Answering {
    fn drop(&mut self) {
        let now = self.0.clock.monotonic();
        let mut state = self.0.state();
        state.answering = state.answering.saturating_sub(1);
        if state.answering == 0 {
            state.quiet_since = now;
            state.heard = None;
            state.untaken_since = None;
        }
    }
}

impl Pulse {
    /// Of a connection that begins now.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let state = State {
            answering: 0,
            quiet_since: clock.monotonic(),
            heard: None,
            spoken: None,
            awaited_since: None,
            untaken_since: None,
            parting_since: None,
        };
        Self {
            clock,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Numbers; no panic can leave them half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has come.
    pub(super) fn begins(self: &Arc<Self>, version: Version) -> Answering {
        let mut state = self.state();
        state.answering += 1;
        state.spoken = Some(version);
        Answering(Arc::clone(self))
    }

    /// Something has come.
    pub(super) fn heard(&self) {
        let now = self.clock.monotonic();
        self.state().heard.get_or_insert(now);
    }

    /// A body is waited for.
    pub(super) fn awaits(&self) {
        let now = self.clock.monotonic();
        self.state().awaited_since.get_or_insert(now);
    }

    /// It is not, any more.
    pub(super) fn has_come(&self) {
        self.state().awaited_since = None;
    }

    /// Something is sent and not taken.
    pub(super) fn untaken(&self) {
        let now = self.clock.monotonic();
        self.state().untaken_since.get_or_insert(now);
    }

    /// It was taken.
    pub(super) fn taken(&self) {
        self.state().untaken_since = None;
    }

    /// The end has been announced: what is being answered is answered, and then the other side has a moment.
    pub(super) fn parts(&self) {
        let now = self.clock.monotonic();
        self.state().parting_since.get_or_insert(now);
    }

    /// Resolves when the other side has taken too long.
    pub(super) async fn late(&self, rules: &Current<Connections>) -> Late {
        loop {
            let rules = rules.get();
            let now = self.clock.monotonic();
            let shortest = rules.shortest().min(FAREWELL);
            let wait = match self.state().due(&rules) {
                Some((at, late)) if at <= now => return late,
                Some((at, _)) => shortest.min(at.saturating_sub(now)),
                // Nothing that begins meanwhile is due before.
                None => shortest,
            };
            self.clock.sleep(wait).await;
        }
    }
}

impl State {
    /// What is due first, and when.
    fn due(&self, rules: &Connections) -> Option<(Duration, Late)> {
        let quiet = (self.answering == 0).then(|| self.quiet_due(rules));
        let stalled = self.awaited_since.into_iter().chain(self.untaken_since);
        let stalled = stalled.map(|since| (since + rules.stall_timeout, Late::Stalled));
        quiet.into_iter().chain(stalled).min_by_key(|(at, _)| *at)
    }

    fn quiet_due(&self, rules: &Connections) -> (Duration, Late) {
        if let Some(parting) = self.parting_since {
            return (parting.max(self.quiet_since) + FAREWELL, Late::Parting);
        }
        match (self.spoken, self.heard) {
            // Whatever came until now was no request.
            (None, _) => (self.quiet_since + rules.head_timeout, Late::Head),
            // What comes between requests may be anything, so that only requests count.
            (Some(Version::HTTP_2), _) | (Some(_), None) => (self.quiet_since + rules.idle_timeout, Late::Idle),
            (Some(_), Some(heard)) => (heard + rules.head_timeout, Late::Head),
        }
    }
}

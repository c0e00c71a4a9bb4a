//! A version in shadow: called for what the version at work has handled, to see what it would have made of it.
//!
//! Nothing comes of its calls. It is answered with what the version at work was told a moment before, its draft is compared and dropped, what
//! it logs is told to nobody. It must never hold the version at work back: a lane hands over what it knows and goes on, one task makes the
//! calls one after the other, only while there is much room in the pool and its breaker is closed, and what does not fit is left out and
//! counted. What is found is in memory: it begins anew with the host.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use waspnest_core::address::Party;
use waspnest_core::clock::{Clock, ManualClock, UnixMs};
use waspnest_core::event::Event;
use waspnest_core::id::{EventId, SessionName};
use waspnest_core::runs::Run;
use waspnest_core::version::Shadow;
use waspnest_engine::record::{Bodies, Hide, Replay, Was, drafted};
use waspnest_engine::{CallContext, Engine, Occasion};

use super::command::command_in;
use super::installed::Installed;
use super::plugin_host::RULES;
use super::serve::{seed, verdict};
use crate::breaker::Verdict;
use crate::recorder::{Difference, Then, Whole};

/// Calls that may wait to be looked at.
const QUEUE: usize = 32;
/// Differences that are kept, the latest.
const MOST_KEPT: usize = 50;

/// A version in shadow, and what was found.
#[derive(Debug)]
pub struct Shadowing {
    installed: Arc<Installed>,
    shadow: Shadow,
    since: UnixMs,
    queue: mpsc::Sender<Seen>,
    found: Arc<Mutex<Found>>,
}

/// The task that makes its calls.
#[derive(Debug)]
pub struct Looking {
    installed: Arc<Installed>,
    queue: mpsc::Receiver<Seen>,
    found: Arc<Mutex<Found>>,
    engine: Arc<Engine>,
    bodies: Bodies,
    hide: Hide,
    clock: Arc<dyn Clock>,
}

/// What a version is put in shadow with.
#[derive(Debug)]
pub struct ShadowParts {
    /// It.
    pub installed: Arc<Installed>,
    /// Which it is, and of how much it hears.
    pub shadow: Shadow,
    /// The sandbox.
    pub engine: Arc<Engine>,
    /// What is shown of what people wrote.
    pub bodies: Bodies,
    /// How that is hidden.
    pub hide: Hide,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// What the version at work made of an event.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) event: Arc<Event>,
    pub(super) session: SessionName,
    pub(super) me: Option<Party>,
    pub(super) run: Run,
    pub(super) story: Arc<Whole>,
}

#[derive(Debug, Default)]
struct Found {
    counts: Counts,
    apart: VecDeque<Apart>,
}

/// How many calls came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// The same as those of the version at work.
    pub same: u64,
    /// Something else.
    pub different: u64,
    /// Nobody can tell: it asked what the version at work had not asked, so nobody knew the answer.
    pub undecided: u64,
    /// Not made: there was no room for them.
    pub left_out: u64,
}

/// A call that came to something else, or was undecided.
#[derive(Debug, Clone, PartialEq)]
pub struct Apart {
    /// When the version at work was called.
    pub at: UnixMs,
    /// In which session.
    pub session: SessionName,
    /// For what.
    pub event: EventId,
    /// What kind of event that is.
    pub kind: Box<str>,
    /// What is different.
    pub difference: Difference,
}

/// What was found of a version in shadow.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Which, and of how much it hears.
    pub shadow: Shadow,
    /// What its author calls it.
    pub version: Box<str>,
    /// Since when it is counted.
    pub since: UnixMs,
    /// All its calls.
    pub counts: Counts,
    /// The latest differences, the latest first.
    pub apart: Vec<Apart>,
}

impl Shadowing {
    /// A version in shadow, and the task that makes its calls.
    #[must_use]
    pub fn new(parts: ShadowParts) -> (Arc<Self>, Looking) {
        let ShadowParts {
            installed,
            shadow,
            engine,
            bodies,
            hide,
            clock,
        } = parts;
        let (sender, queue) = mpsc::channel(QUEUE);
        let found = Arc::default();
        let shadowing = Self {
            installed: Arc::clone(&installed),
            shadow,
            since: clock.now(),
            queue: sender,
            found: Arc::clone(&found),
        };
        let looking = Looking {
            installed,
            queue,
            found,
            engine,
            bodies,
            hide,
            clock,
        };
        (Arc::new(shadowing), looking)
    }

    /// Which version, and of how much it hears.
    #[must_use]
    pub const fn shadow(&self) -> Shadow {
        self.shadow
    }

    /// Its plugin with the rules of the installation.
    #[must_use]
    pub const fn installed(&self) -> &Arc<Installed> {
        &self.installed
    }

    /// Takes over what the version at work made of an event, if there is room.
    pub(super) fn offer(&self, seen: Seen) {
        // Of a call that asked for more than is taken down the answers are not known.
        if seen.story.steps.left_out > 0 || self.queue.try_send(seen).is_err() {
            locked(&self.found).counts.left_out += 1;
        }
    }

    /// What was found until now.
    #[must_use]
    pub fn report(&self) -> Report {
        let found = locked(&self.found);
        Report {
            shadow: self.shadow,
            version: self.installed.installation.plugin().manifest.version.to_string().into(),
            since: self.since,
            counts: found.counts,
            apart: found.apart.iter().rev().cloned().collect(),
        }
    }
}

impl Looking {
    /// Makes calls until `stop`, or until nobody can have any more made.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let seen = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                seen = self.queue.recv() => seen,
            };
            let Some(seen) = seen else { return };
            let breaker = Arc::clone(&self.installed.breaker);
            if !self.engine.is_roomy() || !breaker.lets_through(self.clock.now()) {
                locked(&self.found).counts.left_out += 1;
                continue;
            }
            let (apart, verdict) = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                ended = self.look(seen) => ended,
            };
            breaker.note(verdict, self.clock.now());
            let mut found = locked(&self.found);
            let Found { counts, apart: kept } = &mut *found;
            if apart.difference.is_none() {
                counts.same += 1;
                continue;
            }
            match apart.difference.not_recorded.is_empty() {
                true => counts.different += 1,
                false => counts.undecided += 1,
            }
            if kept.len() >= MOST_KEPT {
                kept.pop_front();
            }
            kept.push_back(apart);
        }
    }

    async fn look(&self, seen: Seen) -> (Apart, Verdict) {
        let Seen {
            event,
            session,
            me,
            run,
            story,
        } = seen;
        let installed = &self.installed;
        let command = match story.was {
            Was::Reply(_) => None,
            Was::Event | Was::Command => command_in(installed, &session, &event),
        };
        let occasion = match (&story.was, &command) {
            (Was::Reply(pending), _) => Occasion::Reply(pending),
            (Was::Event | Was::Command, Some(command)) => Occasion::Command(command),
            (Was::Event | Was::Command, None) => Occasion::Event,
        };
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(run.started));
        let config = installed.settings.of_event(&session, &event);
        let context = CallContext {
            me: me.as_ref(),
            attempt: run.attempt,
            seed: seed(&event, installed),
            binding: &story.binding,
            traceparent: story.traceparent.as_deref(),
            occasion,
            config: Some(&config),
            clock: Some(&clock),
            ..CallContext::new(&event, &session)
        };
        let host = Arc::new(Replay::beside(&story.steps, RULES));
        let called = self.engine.handle(&installed.installation, context, host.clone());
        let called = called.with_subscriber(NoSubscriber::default()).await;
        let shown = |draft| drafted(draft, &story.steps, self.bodies, &self.hide);
        let draft = story.draft.as_ref().map(shown).unwrap_or_default();
        let then = Then {
            outcome: run.outcome,
            draft: &draft,
            bodies: self.bodies,
        };
        let by = (&called, &installed.installation);
        let difference = Difference::between(then, by, &host, (&story.steps, &self.hide));
        let verdict = called.outcome().err().map_or(Verdict::Good, verdict);
        // What the version at work has paid, this one has too, so that both are told to wait at the same time.
        if let (Some(_), Ok((_, dues))) = (&story.draft, called.draft()) {
            dues.pay();
        }
        let apart = Apart {
            at: run.started,
            session,
            event: event.id,
            kind: run.kind,
            difference,
        };
        (apart, verdict)
    }
}

fn locked(found: &Mutex<Found>) -> MutexGuard<'_, Found> {
    // Nothing can panic while it is locked, so a poisoned lock is still good.
    found.lock().unwrap_or_else(PoisonError::into_inner)
}

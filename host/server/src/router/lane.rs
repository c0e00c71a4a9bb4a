//! One installation's events of one chat, one call at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use waspnest_core::address::{Jid, Party};
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::id::ScheduleId;
use waspnest_core::progress::{Attempt, Round};

use super::installed::{Installed, Way};
use super::precedence::Turn;
use crate::config::installation::Lane as Order;

/// What an event is ordered with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum LaneKey {
    /// Other events of the same chat.
    Chat(Jid),
    /// Other events of the same person.
    Sender(Jid),
    /// Earlier ticks of the same schedule.
    Schedule(ScheduleId),
    /// Other events that belong to no chat.
    Session,
    /// Nothing.
    Alone(Position),
    /// Everything the installation gets in this session.
    All,
}

impl LaneKey {
    /// The lane an event belongs to, for an installation that keeps order within `order`.
    pub(super) fn of(event: &Event, order: Order) -> Self {
        let chat = || event.kind.chat().cloned().map(Self::Chat);
        let schedule = || match &event.kind {
            EventKind::Tick(tick) => Some(Self::Schedule(tick.schedule.clone())),
            EventKind::Message(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_)
            | EventKind::Request(_) => None,
        };
        let apart = || match &event.kind {
            // Who asks from outside waits for nobody but the answer.
            EventKind::Request(_) => Self::Alone(event.position),
            EventKind::Message(_)
            | EventKind::Tick(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_) => Self::Session,
        };
        match order {
            Order::Message => Self::Alone(event.position),
            Order::All => Self::All,
            Order::Chat => chat().or_else(schedule).unwrap_or_else(apart),
            Order::Sender => sender(&event.kind)
                .cloned()
                .map(Self::Sender)
                .or_else(schedule)
                .or_else(chat)
                .unwrap_or_else(apart),
        }
    }
}

/// Who made an event, by the address they are filed under.
fn sender(event: &EventKind) -> Option<&Jid> {
    match event {
        EventKind::Tick(tick) => tick.origin.as_ref().and_then(|origin| origin.sender.as_ref()),
        EventKind::Topic(topic) => topic.origin.as_ref().and_then(|origin| origin.sender.as_ref()),
        EventKind::Message(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Request(_) => event.person().map(Party::canonical),
    }
}

/// An event that waits in a lane. Long lanes keep only the position and read the event again when its turn comes.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub position: Position,
    pub event: Option<Arc<Event>>,
    /// What earlier calls came to.
    pub attempt: Attempt,
    /// The bind that let it through.
    pub bind: Arc<str>,
    /// As what it goes to the installation.
    pub way: Way,
    /// The version that both were decided for.
    pub decided_for: Weak<Installed>,
    /// Which time it is handled.
    pub round: Round,
    /// Whom it waits for, and who waits for it.
    pub turn: Turn,
}

/// Events of a lane beyond this many are kept as positions only.
const KEPT_WHOLE: usize = 64;

/// The queue of one lane, shared between the router, which fills it, and the task that empties it.
#[derive(Debug, Clone, Default)]
pub(super) struct Lane(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    running: bool,
}

/// Whether the one who filled a lane has to start a task for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// It was idle.
    Needed,
    /// A task is at work.
    Running,
}

impl Lane {
    /// Adds an event at the end.
    pub(super) fn push(&self, mut waiting: Waiting) -> Start {
        let mut queue = self.queue();
        if queue.waiting.len() >= KEPT_WHOLE {
            waiting.event = None;
        }
        queue.waiting.push_back(waiting);
        if std::mem::replace(&mut queue.running, true) {
            Start::Running
        } else {
            Start::Needed
        }
    }

    /// The next event, or none, after which the lane is idle.
    pub(super) fn pop(&self) -> Option<Waiting> {
        let mut queue = self.queue();
        let next = queue.waiting.pop_front();
        queue.running = next.is_some();
        next
    }

    /// Whether nothing waits and nobody works.
    pub(super) fn is_idle(&self) -> bool {
        !self.queue().running
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        // Nothing in here panics between two writes.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

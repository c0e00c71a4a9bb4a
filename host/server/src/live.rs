//! Tells those who listen what happens, while it happens.
//!
//! One [`Follower`] a session reads its log once for everybody, when somebody listens at all, and makes the text of each event once; whoever
//! listens has a bounded queue of such texts, and no task, timer or read of the store of its own for it. Whose queue is full loses its
//! place: what is in the log it finds there, from where it stood. Nothing is told that a crash could take back, so that a position
//! which somebody was told never names another event later.
//!
//! What is not in the log (codes to scan, calls of plugins) is told to those who are there, and to nobody else.

mod cursor;
mod feed;
mod follower;
mod told;

pub use cursor::{Cursor, InvalidCursor};
pub use feed::{Feed, FeedParts, Pass};
pub use follower::{FollowError, Follower};
pub use told::{Ended, Missed, Opening, Told};

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use waspnest_core::address::Jid;
use waspnest_core::event::{Event, Position};
use waspnest_core::id::{SessionId, TenantId};
use waspnest_core::log::{Log, LogError};
use waspnest_core::session::Sessions as Register;

use crate::public_event::{EventSession, EventType, Filter, PublicEvent, chat_of};
use crate::service::caller::Caller;

/// What may wait for one listener.
const QUEUE: usize = 256;

/// An event, ready to be told.
pub struct Tellable {
    session: SessionId,
    owner: TenantId,
    kind: EventType,
    chat: Option<Jid>,
    /// The other address of its chat, where one is known.
    other: Option<Jid>,
    /// A [`PublicEvent`] as JSON, on one line.
    json: Bytes,
}

impl Tellable {
    fn of(session: SessionId, owner: TenantId, event: &PublicEvent, chat: Option<Jid>, other: Option<Jid>) -> Self {
        Self {
            session,
            owner,
            kind: event.event_type(),
            chat,
            other,
            // Nothing of an event has keys that are not texts, or numbers that are none.
            json: serde_json::to_vec(event).unwrap_or_default().into(),
        }
    }

    fn is_wanted(&self, filter: &Filter) -> bool {
        filter.wants(self.session, self.kind, self.chat.as_ref(), self.other.as_ref())
    }
}

/// Says what it is, never what anybody wrote.
impl fmt::Debug for Tellable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tellable")
            .field("session", &self.session)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What a listener hears.
#[derive(Debug, Clone)]
enum News {
    /// An event of a log. Everything behind `since` has been told to those who want it.
    Recorded {
        since: Position,
        position: Position,
        told: Arc<Tellable>,
    },
    /// A session's log is followed from here on.
    Followed { session: SessionId, since: Position },
    /// Something that is in no log.
    Passing(Arc<Tellable>),
}

/// Where everybody listens. Clones are the same.
#[derive(Debug, Clone)]
pub struct Live {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    log: Log,
    register: Register,
    room: Mutex<Room>,
    /// Whether anybody listens.
    listening: watch::Sender<bool>,
}

/// Everybody who listens, and what is told at the moment.
#[derive(Debug, Default)]
struct Room {
    seats: HashMap<u64, Seat>,
    /// The number of the next seat.
    next: u64,
    /// How far each session's log has been told, and from where on nothing was left out.
    told: HashMap<SessionId, Following>,
    /// The codes that can be scanned now.
    codes: HashMap<SessionId, Arc<Tellable>>,
}

#[derive(Debug, Clone, Copy)]
struct Following {
    since: Position,
    position: Position,
}

#[derive(Debug)]
struct Seat {
    caller: Caller,
    filter: Filter,
    queue: mpsc::Sender<News>,
}

impl Live {
    /// Nobody listens yet.
    #[must_use]
    pub fn new(log: Log, register: Register) -> Self {
        Self {
            inner: Arc::new(Inner {
                log,
                register,
                room: Mutex::default(),
                listening: watch::Sender::new(false),
            }),
        }
    }

    /// Whether anybody listens for events of a type of a session; nothing need be made for nobody.
    #[must_use]
    pub fn is_wanted(&self, session: SessionId, owner: TenantId, kind: EventType) -> bool {
        self.room()
            .seats
            .values()
            .any(|seat| seat.caller.sees(session, owner) && seat.filter.types.is_none_or(|types| types.has(kind)))
    }

    /// How far the logs that are followed have been told.
    #[must_use]
    pub fn told(&self) -> Vec<(SessionId, Position)> {
        let room = self.room();
        let told = room.told.iter();
        told.map(|(session, following)| (*session, following.position))
            .collect()
    }

    /// Tells of something that is in no log.
    pub fn pass_on(&self, session: SessionId, owner: TenantId, event: &PublicEvent) {
        let told = Arc::new(Tellable::of(session, owner, event, None, None));
        self.tell(&mut self.room(), &told, || News::Passing(Arc::clone(&told)));
    }

    /// Takes a seat: hears everything from now on, and first the codes that can be scanned now.
    fn sit(&self, caller: Caller, filter: Filter) -> (Listener, Vec<Arc<Tellable>>) {
        let (queue, heard) = mpsc::channel(QUEUE);
        let mut room = self.room();
        let codes = room.codes.values();
        let codes = codes.filter(|code| caller.sees(code.session, code.owner) && code.is_wanted(&filter));
        let codes = codes.cloned().collect();
        let number = room.next;
        room.next += 1;
        room.seats.insert(number, Seat { caller, filter, queue });
        self.count(&room);
        let listener = Listener {
            live: self.clone(),
            number,
            heard,
        };
        (listener, codes)
    }

    /// Hands news of a session to those who want it. Whose queue is full gets up.
    fn tell(&self, room: &mut Room, told: &Tellable, news: impl Fn() -> News) {
        room.seats.retain(|_, seat| {
            let wants = seat.caller.sees(told.session, told.owner) && told.is_wanted(&seat.filter);
            !wants || seat.queue.try_send(news()).is_ok()
        });
        self.count(room);
    }

    /// A session's log is followed from `since` on.
    fn follow(&self, session: SessionId, owner: TenantId, since: Position) {
        let mut room = self.room();
        room.told.insert(session, Following { since, position: since });
        room.seats.retain(|_, seat| {
            !seat.caller.sees(session, owner) || seat.queue.try_send(News::Followed { session, since }).is_ok()
        });
        self.count(&room);
    }

    /// A session's log is followed no more.
    fn leave(&self, session: SessionId) {
        self.room().told.remove(&session);
    }

    /// Tells of events of a log that is followed, in its order.
    fn recorded(&self, session: SessionId, events: Vec<(Position, Tellable)>, until: Position) {
        let mut room = self.room();
        let Some(Following { since, .. }) = room.told.get(&session).copied() else {
            return;
        };
        for (position, told) in events {
            let told = Arc::new(told);
            self.tell(&mut room, &told, || News::Recorded {
                since,
                position,
                told: Arc::clone(&told),
            });
        }
        let position = until;
        room.told.insert(session, Following { since, position });
    }

    /// A code can be scanned, or none can any more.
    fn code(&self, session: SessionId, owner: TenantId, code: Option<&PublicEvent>) {
        let mut room = self.room();
        match code {
            None => drop(room.codes.remove(&session)),
            Some(code) => {
                let told = Arc::new(Tellable::of(session, owner, code, None, None));
                room.codes.insert(session, Arc::clone(&told));
                self.tell(&mut room, &told, || News::Passing(Arc::clone(&told)));
            }
        }
    }

    /// An event of a log as it is told.
    async fn tellable(&self, event: &Event, owner: TenantId, session: &EventSession) -> Result<Tellable, LogError> {
        let (chat, other) = chat_of(&event.kind);
        let (chat, mut other) = (chat.cloned(), other.cloned());
        if let (Some(chat), None) = (&chat, &other) {
            other = self
                .inner
                .log
                .contacts()
                .resolve(event.session, chat, None)
                .await?
                .other;
        }
        Ok(Tellable::of(
            event.session,
            owner,
            &PublicEvent::recorded(event, session),
            chat,
            other,
        ))
    }

    /// Says whether anybody listens, to those who read for them.
    fn count(&self, room: &Room) {
        let anybody = !room.seats.is_empty();
        self.inner.listening.send_if_modified(|listening| {
            let changed = *listening != anybody;
            *listening = anybody;
            changed
        });
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        // Seats and positions are plain data, changed one by one; no panic can leave them half-way.
        self.inner.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody's seat. Whoever is gone has left it.
#[derive(Debug)]
struct Listener {
    live: Live,
    number: u64,
    heard: mpsc::Receiver<News>,
}

impl Listener {
    /// The next news; none when the queue was full once, and what was in it was heard.
    async fn next(&mut self) -> Option<News> {
        self.heard.recv().await
    }

    /// How far logs have been told, if everything that was told was heard.
    fn heard_up_to(&self) -> Option<HashMap<SessionId, Following>> {
        let room = self.live.room();
        (self.heard.is_empty() && room.seats.contains_key(&self.number)).then(|| room.told.clone())
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let mut room = self.live.room();
        room.seats.remove(&self.number);
        self.live.count(&room);
    }
}

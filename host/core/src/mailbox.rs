//! What a phone shows: messages, chats, people and groups of a session, as they are now.
//!
//! A projection of the session's log and of its outbox, and of the past that phones tell. It keeps its own marks: what a crash takes is
//! made again from what it was made of, and a data directory that has none yet gets one. One writer per session at a time
//! ([`Mailbox::catch_up`] and whatever else changes something wait for each other); reading takes no lock. Everything is written lazily
//! and many at a time, so that the way of a message to a plugin and back does not wait for it.
//!
//! A phone number and its LID are one person and one chat here, also when that is learned later.

mod about;
mod batch;
mod chats;
mod consistency;
mod history;
mod messages;
mod postings;
mod read;
mod record;
mod retention;
mod search;
mod sent;
#[cfg(test)]
mod tests;
mod told;
mod view;
mod words;
mod words_index;
mod writing;

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use crate::address::{Jid, Party};
use crate::clock::{Clock, UnixMs};
use crate::codec;
use crate::effect::Effect;
use crate::event::{Event, EventKind, Position};
use crate::id::{MessageId, SessionId};
use crate::log::{Log, LogError};
use crate::outbox::Outbox;
use crate::per_session::PerSession;
use crate::session::{SessionError, Sessions};
use crate::store::{Space, Store, StoreError};

pub(crate) use consistency::{Consistency, readable};
pub use history::{Conversation, Imported, Past, PastReaction, Progress, Round};
pub use record::{Author, Come, Contact, Edit, Group, Muted, Number, Pinned, Receipt, Revoked, Role, Usage};
pub use retention::Keep;
pub use search::{Filter, Found, Has};
pub use view::{Chat, Mail, Member, Person, Reaction, State, Vote};

use record::{Marks, key};
use writing::Writing;

/// Events and effects taken at a time.
const BATCH: usize = 128;

/// Messages with files that are remembered for whoever fetches them.
const FRESH: usize = 256;

/// The mailboxes of all sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct Mailbox {
    store: Arc<dyn Store>,
    log: Log,
    outbox: Outbox,
    register: Sessions,
    clock: Arc<dyn Clock>,
    sessions: Arc<PerSession<Desk>>,
}

/// What is in memory of one session.
#[derive(Debug)]
struct Desk {
    /// Held by whoever writes.
    turn: Mutex<()>,
    changed: watch::Sender<u64>,
    /// Messages with files that came a moment ago, the newest ones.
    fresh: std::sync::Mutex<Vec<Number>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            turn: Mutex::default(),
            changed: watch::Sender::new(0),
            fresh: std::sync::Mutex::default(),
        }
    }
}

impl Desk {
    fn remember(&self, numbers: Vec<Number>) {
        let mut fresh = self.fresh();
        fresh.extend(numbers);
        let many = fresh.len().saturating_sub(FRESH);
        fresh.drain(..many);
    }

    fn fresh(&self) -> std::sync::MutexGuard<'_, Vec<Number>> {
        // A list of numbers is good at any time.
        self.fresh.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether there is more to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// It may be.
    Yes,
    /// Everything was taken.
    No,
}

/// Something to take, by when it was recorded.
enum News {
    Event(Box<Event>),
    Effect(Box<Effect>),
}

impl News {
    const fn at(&self) -> UnixMs {
        match self {
            Self::Event(event) => event.received_at,
            Self::Effect(effect) => effect.created_at,
        }
    }
}

impl Mailbox {
    /// The mailboxes in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, log: Log, outbox: Outbox, register: Sessions, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            log,
            outbox,
            register,
            clock,
            sessions: Arc::default(),
        }
    }

    /// Takes everything that has happened in a session, up to a limited number of things.
    ///
    /// # Errors
    /// Those of the store; what was taken before stays taken.
    pub async fn catch_up(&self, session: SessionId) -> Result<Behind, StoreError> {
        let desk = self.sessions.of(session);
        let _turn = desk.turn.lock().await;
        let mut writing = self.writing(session).await?;
        writing.take_pairs().await?;
        writing.take_settled(&self.outbox).await?;
        let mut marks: Marks = writing.record(&key::marks()).await?.unwrap_or_default();
        let before = marks;
        let (news, behind) = self.news(session, marks).await?;
        for news in news {
            match news {
                News::Event(event) => {
                    marks.log = event.position;
                    writing.take_event(event.kind).await?;
                }
                News::Effect(effect) => {
                    marks.outbox = effect.sequence;
                    writing.take_effect(*effect).await?;
                }
            }
        }
        if marks != before {
            writing.put(&key::marks(), &marks);
        }
        let fresh = writing.take_fresh();
        if writing.finish().await? {
            desk.remember(fresh);
            desk.changed.send_modify(|changed| *changed = changed.wrapping_add(1));
        }
        Ok(behind)
    }

    /// What has happened behind the marks, in the order in which it was recorded.
    async fn news(&self, session: SessionId, marks: Marks) -> Result<(Vec<News>, Behind), StoreError> {
        let events = self.log.read(session, marks.log, BATCH).await.map_err(of_log)?;
        let effects = self.outbox.all(session, marks.outbox, BATCH).await?;
        let behind = if events.len() == BATCH || effects.len() == BATCH {
            Behind::Yes
        } else {
            Behind::No
        };
        // Of a full page, what comes behind its end is not known yet.
        let end_of = |full: bool, last: Option<UnixMs>| last.filter(|_| full).unwrap_or(UnixMs(u64::MAX));
        let end = end_of(events.len() == BATCH, events.last().map(|event| event.received_at)).min(end_of(
            effects.len() == BATCH,
            effects.last().map(|effect| effect.created_at),
        ));
        let mut events = events.into_iter().map(|event| News::Event(Box::new(event))).peekable();
        let mut effects = effects
            .into_iter()
            .map(|effect| News::Effect(Box::new(effect)))
            .peekable();
        let mut news = Vec::new();
        loop {
            let next = match (events.peek(), effects.peek()) {
                (None, None) => break,
                (Some(_), None) => events.next(),
                (None, Some(_)) => effects.next(),
                (Some(event), Some(effect)) if event.at() <= effect.at() => events.next(),
                (Some(_), Some(_)) => effects.next(),
            };
            match next {
                Some(next) if next.at() <= end => news.push(next),
                Some(_) | None => break,
            }
        }
        Ok((news, behind))
    }

    /// Takes what there is before something is read, so that whoever has sent or received something finds it. After a long absence that is
    /// only a part.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn settle(&self, session: SessionId) -> Result<(), StoreError> {
        self.catch_up(session).await.map(drop)
    }

    /// Messages that the account has read on another of its devices; those before them in the chat are read too.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read_elsewhere(&self, session: SessionId, chat: &Jid, ids: &[MessageId]) -> Result<(), StoreError> {
        let desk = self.sessions.of(session);
        // They may have been recorded just now.
        self.settle(session).await?;
        let _turn = desk.turn.lock().await;
        let writing = self.writing(session).await?;
        for id in ids {
            writing.read_up_to_named(chat, id).await?;
        }
        writing.finish().await.map(drop)
    }

    /// Takes how chats and people stand by what the account's devices have agreed on: nothing has happened.
    ///
    /// # Errors
    /// Those of the store; what was taken before stays taken.
    pub async fn take_standing(&self, session: SessionId, standing: Vec<EventKind>) -> Result<(), StoreError> {
        let desk = self.sessions.of(session);
        self.settle(session).await?;
        let _turn = desk.turn.lock().await;
        let mut writing = self.writing(session).await?;
        for kind in standing {
            writing.take_standing(kind).await?;
            writing.breathe().await?;
        }
        writing.finish().await.map(drop)
    }

    /// Events of a session's log that the mailbox has not taken yet.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn lag(&self, session: SessionId) -> Result<u64, StoreError> {
        let (taken, _) = self.taken(session).await?;
        let head = self.log.head(session).await.map_err(of_log)?;
        Ok(head.0.saturating_sub(taken.0))
    }

    /// How far the log and the outbox of a session were taken.
    pub(crate) async fn taken(&self, session: SessionId) -> Result<(Position, Position), StoreError> {
        let key = key::marks();
        let stored = self.store.get(Self::space(session), &key).await?;
        let marks: Option<Marks> = stored.map(|stored| codec::decode(&key, &stored)).transpose()?;
        let Marks { log, outbox } = marks.unwrap_or_default();
        Ok((log, outbox))
    }

    /// Messages with files that came since this was last asked, as far as they are remembered.
    #[must_use]
    pub fn take_fresh(&self, session: SessionId) -> Vec<Number> {
        std::mem::take(&mut *self.sessions.of(session).fresh())
    }

    /// Changes whenever something in a session's mailbox may have changed.
    #[must_use]
    pub fn changed(&self, session: SessionId) -> watch::Receiver<u64> {
        self.sessions.of(session).changed.subscribe()
    }

    /// What wakes whoever keeps a session's mailbox: events, effects, and what became of these.
    #[must_use]
    pub fn wake(&self, session: SessionId) -> Wake {
        Wake {
            events: self.log.wake(session),
            effects: self.outbox.wake(session),
            news: self.outbox.news(session),
        }
    }

    /// Forgets what is in memory of a session that is gone.
    pub fn forget(&self, session: SessionId) {
        self.sessions.forget(session);
    }

    async fn writing(&self, session: SessionId) -> Result<Writing<'_>, StoreError> {
        let me = self.me(session).await?;
        Writing::begin(
            Arc::clone(&self.store),
            self.log.contacts(),
            session,
            me,
            self.clock.now(),
        )
        .await
    }

    /// The account of a session, where it is known.
    async fn me(&self, session: SessionId) -> Result<Option<Party>, StoreError> {
        let record = self.register.get(session).await.map_err(of_register)?;
        Ok(record.and_then(|record| {
            Some(Party {
                jid: record.jid?,
                alt: record.lid,
                push_name: record.push_name,
            })
        }))
    }

    const fn space(session: SessionId) -> Space {
        Space::Session(session)
    }
}

/// See [`Mailbox::wake`].
#[derive(Debug)]
pub struct Wake {
    events: watch::Receiver<Position>,
    effects: watch::Receiver<Position>,
    news: watch::Receiver<u64>,
}

impl Wake {
    /// Resolves when there is something to take. Several things wake once.
    pub async fn woken(&mut self) {
        // The senders live as long as the log and the outbox, which whoever waits holds.
        tokio::select! {
            _ = self.events.changed() => {}
            _ = self.effects.changed() => {}
            _ = self.news.changed() => {}
        }
    }
}

fn of_log(error: LogError) -> StoreError {
    match error {
        LogError::Conflict => StoreError::Conflict,
        LogError::Store(error) => error,
    }
}

fn of_register(error: SessionError) -> StoreError {
    match error {
        SessionError::Store(error) => error,
        // Only changes answer these.
        SessionError::NameTaken { .. } | SessionError::Unknown { .. } => StoreError::Conflict,
    }
}

//! The durable, ordered record of what happened, one per session.
//!
//! Positions are dense from 1. A message is recorded once, however often and under whichever address of its sender it is delivered.
//! Only sources append; consumers read by position and are woken by [`Log::wake`], which carries no event. Whoever acknowledges an
//! event to the outside waits for [`Applied::durable`] first. What is old goes from the beginning ([`crate::retention`]).

mod filing;
mod history;
mod letting_go;
mod meters;
mod naming;
mod publish;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};

use crate::clock::{Clock, Ids, UnixMs};
use crate::codec::{self, Record};
use crate::contact::Contacts;
use crate::event::{Event, EventKind, Position};
use crate::id::{EventId, SessionId};
use crate::long_record;
use crate::message::{Message, MessageKey};
use crate::per_session::PerSession;
use crate::schema;
use crate::store::{Applied, Commit, Expect, KeyRange, Op, Order, Space, Store, StoreError};
use filing::{Filing, pair_in};
pub use history::Place;
pub(crate) use history::row as history_row;
pub use meters::Meters;

/// Something that happened, not yet in the log.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// What.
    pub kind: EventKind,
    /// Writes that happen if and only if the event is recorded, such as the state of the schedule that fired.
    pub also: Vec<Op>,
    /// What must hold for it to be recorded. If one does not, nothing of the whole call is.
    pub expect: Vec<Expect>,
}

impl From<EventKind> for Incoming {
    fn from(kind: EventKind) -> Self {
        Self {
            kind,
            also: Vec::new(),
            expect: Vec::new(),
        }
    }
}

/// What became of an append.
#[derive(Debug)]
pub struct Appended {
    /// What is new, in log order.
    pub events: Vec<Event>,
    /// How many were in the log already.
    pub duplicates: usize,
    /// Durable when everything that was asked for is, the first delivery of duplicates included.
    pub applied: Applied,
}

/// Why the log did not do it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// An [`Incoming::expect`] did not hold; nothing was recorded.
    #[error("what the event depends on has changed meanwhile")]
    Conflict,
    /// The store failed.
    #[error("the event log could not be used")]
    Store(#[source] StoreError),
}

impl From<StoreError> for LogError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict => Self::Conflict,
            error @ (StoreError::TooLarge { .. }
            | StoreError::Read { .. }
            | StoreError::Lost { .. }
            | StoreError::Damaged { .. }) => Self::Store(error),
        }
    }
}

/// The stored form of an event; its session and position are in its key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EventRecord {
    id: EventId,
    received_at: UnixMs,
    pub(crate) kind: EventKind,
}

impl Record for EventRecord {
    const VERSION: u8 = 1;
}

/// The logs of all sessions. Clones are the same log.
#[derive(Debug, Clone)]
pub struct Log {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    contacts: Contacts,
    meters: Meters,
    sessions: Arc<PerSession<SessionLog>>,
}

#[derive(Debug)]
struct SessionLog {
    /// The last position given; none until it was read from the store. Held while an append is applied: this is what makes positions
    /// dense and in commit order.
    head: Mutex<Option<Position>>,
    wake: watch::Sender<Position>,
}

impl Default for SessionLog {
    fn default() -> Self {
        Self {
            head: Mutex::new(None),
            wake: watch::Sender::new(Position::default()),
        }
    }
}

impl Log {
    /// The logs in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        let contacts = Contacts::new(Arc::clone(&store));
        Self {
            store,
            clock,
            ids,
            contacts,
            meters: Meters::default(),
            sessions: Arc::default(),
        }
    }

    /// The same logs, measured by `meters`.
    #[must_use]
    pub fn measured(self, meters: Meters) -> Self {
        Self { meters, ..self }
    }

    /// The people the log files messages under.
    #[must_use]
    pub const fn contacts(&self) -> &Contacts {
        &self.contacts
    }

    /// Records what happened, in the given order and in one commit. Messages that are in the log already are passed over, with their
    /// [`Incoming::also`]. The chat of a recorded message is the canonical address of its person, and the sender's other address is
    /// filled in where it is known.
    ///
    /// # Errors
    /// [`LogError::Conflict`] when an expectation does not hold, else the store's. Nothing is recorded then.
    pub async fn append(&self, session: SessionId, incoming: Vec<Incoming>) -> Result<Appended, LogError> {
        self.append_by(Commit::durable(Space::Session(session)), session, incoming)
            .await
    }

    /// Like [`Log::append`], for what nobody outside waits for: it is durable when something later needs it, or soon.
    ///
    /// # Errors
    /// Those of [`Log::append`].
    pub async fn append_lazily(&self, session: SessionId, incoming: Vec<Incoming>) -> Result<Appended, LogError> {
        self.append_by(Commit::lazy(Space::Session(session)), session, incoming)
            .await
    }

    async fn append_by(
        &self,
        mut commit: Commit,
        session: SessionId,
        incoming: Vec<Incoming>,
    ) -> Result<Appended, LogError> {
        let log = self.sessions.of(session);
        let mut head = log.head.lock().await;
        let mut position = self.recover(session, &log, &mut head).await?;
        let space = Space::Session(session);
        let mut events = Vec::with_capacity(incoming.len());
        let mut duplicates = 0;
        let mut pairs = Vec::new();
        let mut filed = Vec::new();
        let mut coming = HashSet::new();
        for Incoming { mut kind, also, expect } in incoming {
            let mut row = None;
            if let EventKind::Message(message) = &mut kind {
                if let Some((phone, lid)) = pair_in(&message.sender) {
                    commit.ops.extend(self.contacts.pair(session, phone, lid).await?);
                    pairs.push((phone.clone(), lid.clone()));
                }
                let filing = Filing::of(&self.contacts, session, &message.key, Some(&message.sender)).await?;
                if filing.rows_coming().any(|row| coming.contains(&row))
                    || self.recorded(space, &filing).await?.is_some()
                {
                    duplicates += 1;
                    continue;
                }
                for lid in filing.under_lids() {
                    if let Some(op) = self.contacts.file(session, lid).await? {
                        commit.ops.push(op);
                        filed.push(lid.clone());
                    }
                }
                coming.insert(filing.row());
                row = Some(filing.row());
                self.complete(session, message, filing).await?;
            } else {
                for (phone, lid) in naming::pairs_in(&kind) {
                    commit.ops.extend(self.contacts.pair(session, &phone, &lid).await?);
                    pairs.push((phone, lid));
                }
                naming::complete(&self.contacts, session, &mut kind).await?;
            }
            position = position.next();
            if let EventKind::Message(message) = &kind {
                commit.ops.push(history::row(message, position));
            }
            let received_at = self.clock.now();
            let record = EventRecord {
                id: EventId::new(self.ids.ulid(received_at)),
                received_at,
                kind,
            };
            long_record::put(
                &mut commit.ops,
                schema::at(schema::session::EVENT, position),
                codec::encode(&record),
            )?;
            if let Some(row) = row {
                commit.ops.push(Op::Put(row, position.0.to_be_bytes().to_vec().into()));
            }
            commit.ops.extend(also);
            commit.expect.extend(expect);
            events.push(record.at(session, position));
        }
        // Whoever drops this call while it waits does not take the commit back: until its end is known, neither are head and people.
        let before = head.take();
        self.contacts.doubt(session, &filed);
        let applied = match self.store.commit(commit).await {
            Ok(applied) => applied,
            Err(error) => {
                *head = before;
                return Err(error.into());
            }
        };
        self.contacts.remember(session, &pairs);
        self.contacts.remember_filed(session, filed);
        *head = Some(position);
        if !events.is_empty() {
            log.wake.send_replace(position);
        }
        self.meters.appended(&events, duplicates);
        Ok(Appended {
            events,
            duplicates,
            applied,
        })
    }

    /// The row that finds a message by its chat, its sender and its id, as they are filed now.
    pub(crate) async fn filed_under(&self, session: SessionId, message: &Message) -> Result<bytes::Bytes, StoreError> {
        let filing = Filing::of(&self.contacts, session, &message.key, Some(&message.sender)).await?;
        Ok(filing.row())
    }

    /// Up to `limit` (at most 1000) events behind `after`, in order.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn read(&self, session: SessionId, after: Position, limit: usize) -> Result<Vec<Event>, LogError> {
        let space = Space::Session(session);
        let range = KeyRange::prefix(&[schema::session::EVENT]).after(&schema::at(schema::session::EVENT, after));
        let rows = self.store.scan(space, range, Order::Ascending, limit).await?;
        let mut events = Vec::with_capacity(rows.len());
        for (key, value) in rows {
            events.push(self.event(session, &key, value).await?);
        }
        Ok(events)
    }

    /// One event.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, session: SessionId, position: Position) -> Result<Option<Event>, LogError> {
        let key = schema::at(schema::session::EVENT, position);
        match self.store.get(Space::Session(session), &key).await? {
            None => Ok(None),
            Some(value) => self.event(session, &key, value).await.map(Some),
        }
    }

    /// The event that recorded a message.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn find_message(&self, session: SessionId, key: &MessageKey) -> Result<Option<Event>, LogError> {
        let filing = Filing::of(&self.contacts, session, key, None).await?;
        match self.recorded(Space::Session(session), &filing).await? {
            None => Ok(None),
            Some(position) => self.get(session, position).await,
        }
    }

    /// Tells of every new head position. Missed ones are not made up for: read from your own position until there is nothing more.
    #[must_use]
    pub fn wake(&self, session: SessionId) -> watch::Receiver<Position> {
        self.sessions.of(session).wake.subscribe()
    }

    /// The position of the newest event; 0 when there is none.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn head(&self, session: SessionId) -> Result<Position, LogError> {
        let log = self.sessions.of(session);
        let mut head = log.head.lock().await;
        self.recover(session, &log, &mut head).await
    }

    /// Resolves when everything that can be read of the logs by now survives a crash.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn settled(&self) -> Result<(), LogError> {
        Ok(self.store.flush().await?)
    }

    /// Forgets what is in memory of a session that is gone.
    pub fn forget(&self, session: SessionId) {
        self.sessions.forget(session);
        self.contacts.forget(session);
    }

    async fn recover(
        &self,
        session: SessionId,
        log: &SessionLog,
        head: &mut Option<Position>,
    ) -> Result<Position, LogError> {
        if let Some(position) = *head {
            return Ok(position);
        }
        // A commit whose caller has gone may still be on its way; this one is behind it.
        self.store.commit(Commit::lazy(Space::Session(session))).await?;
        let range = KeyRange::prefix(&[schema::session::EVENT]);
        let last = self
            .store
            .scan(Space::Session(session), range, Order::Descending, 1)
            .await?;
        let position = Position(
            last.first()
                .and_then(|(key, _)| schema::trailing_number(key))
                .unwrap_or_default(),
        );
        *head = Some(position);
        if position > Position::default() {
            log.wake.send_replace(position);
        }
        Ok(position)
    }

    /// Where a message is in the log.
    async fn recorded(&self, space: Space, filing: &Filing) -> Result<Option<Position>, StoreError> {
        for row in filing.rows() {
            if let Some(value) = self.store.get(space, &row).await? {
                let position = schema::trailing_number(&value).ok_or_else(|| StoreError::Damaged {
                    key: row.escape_ascii().to_string().into(),
                    reason: "it is not a position".into(),
                })?;
                return Ok(Some(Position(position)));
            }
        }
        Ok(None)
    }

    /// Puts what is known of its people into a message.
    async fn complete(&self, session: SessionId, message: &mut Message, filing: Filing) -> Result<(), StoreError> {
        if message.sender.alt.is_none() {
            message.sender.alt = self.contacts.resolve(session, &message.sender.jid, None).await?.other;
        }
        message.key.chat = filing.chat();
        Ok(())
    }

    async fn event(&self, session: SessionId, key: &[u8], value: bytes::Bytes) -> Result<Event, LogError> {
        let value = long_record::get(&*self.store, Space::Session(session), key, value).await?;
        let record: EventRecord = codec::decode(key, &value)?;
        Ok(record.at(session, Position(schema::trailing_number(key).unwrap_or_default())))
    }
}

impl EventRecord {
    fn at(self, session: SessionId, position: Position) -> Event {
        Event {
            id: self.id,
            session,
            position,
            received_at: self.received_at,
            kind: self.kind,
        }
    }
}

//! Events that are recorded by a commit of somebody else's, whole with it or not at all.

use super::{EventRecord, Log, LogError};
use crate::codec;
use crate::event::{Event, EventKind};
use crate::id::{EventId, SessionId};
use crate::long_record;
use crate::schema;
use crate::store::Op;

impl Log {
    /// Gives events of the host's own their positions, and hands their rows to `commit`, which makes the commit they are part of.
    /// Nobody appends meanwhile. Answers what `commit` does, and the events.
    ///
    /// # Errors
    /// Those of the store, and of `commit`; nothing is recorded then.
    pub async fn publish<T, E: From<LogError>>(
        &self,
        session: SessionId,
        kinds: Vec<EventKind>,
        commit: impl AsyncFnOnce(Vec<Op>) -> Result<T, E>,
    ) -> Result<(T, Vec<Event>), E> {
        let log = self.sessions.of(session);
        let mut head = log.head.lock().await;
        let mut position = self.recover(session, &log, &mut head).await?;
        let mut ops = Vec::new();
        let mut events = Vec::with_capacity(kinds.len());
        for kind in kinds {
            position = position.next();
            let received_at = self.clock.now();
            let record = EventRecord {
                id: EventId::new(self.ids.ulid(received_at)),
                received_at,
                kind,
            };
            let put = long_record::put(
                &mut ops,
                schema::at(schema::session::EVENT, position),
                codec::encode(&record),
            );
            put.map_err(LogError::from)?;
            events.push(record.at(session, position));
        }
        // As for an append: until the end of the commit is known, neither is the head.
        let before = head.take();
        match commit(ops).await {
            Ok(committed) => {
                *head = Some(position);
                log.wake.send_replace(position);
                self.meters.appended(&events, 0);
                Ok((committed, events))
            }
            Err(error) => {
                *head = before;
                Err(error)
            }
        }
    }
}

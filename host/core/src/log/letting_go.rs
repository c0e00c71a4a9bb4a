//! The beginning of a log, with everything that finds its events.

use super::filing::Filing;
use super::{EventRecord, Log, LogError, history};
use crate::clock::UnixMs;
use crate::codec;
use crate::event::{EventKind, Position};
use crate::id::SessionId;
use crate::long_record;
use crate::message::Message;
use crate::retention::Trimmed;
use crate::schema::{self, session};
use crate::store::{KeyRange, Op, Order, Space};

/// Events that go at a time.
const PAGE: usize = 200;

impl Log {
    /// Whether a message is recorded, or was sent before the oldest event that is kept, so that its own may have gone.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn is_done_with(&self, session: SessionId, message: &Message) -> Result<bool, LogError> {
        let filing = Filing::of(&self.contacts, session, &message.key, Some(&message.sender)).await?;
        if self.recorded(Space::Session(session), &filing).await?.is_some() {
            return Ok(true);
        }
        let gone = self.gone(session).await?;
        if gone == Position::default() {
            return Ok(false);
        }
        let oldest = self.read(session, gone, 1).await?;
        Ok(oldest
            .first()
            .is_none_or(|oldest| message.timestamp < oldest.received_at))
    }

    /// The position of the last event that was let go, and all before it with it; 0 when none was.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn gone(&self, session: SessionId) -> Result<Position, LogError> {
        let Trimmed(gone) = Trimmed::of(&*self.store, session).await?;
        Ok(gone)
    }

    /// Adds the writes that remove events behind the first position, up to the second and from before `since`, some at a time. Answers the last
    /// that goes with them; none when none does.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn let_go(
        &self,
        session: SessionId,
        (after, free): (Position, Position),
        since: UnixMs,
        ops: &mut Vec<Op>,
    ) -> Result<Option<Position>, LogError> {
        let space = Space::Session(session);
        let range = KeyRange::prefix(&[session::EVENT]).after(&schema::at(session::EVENT, after));
        let mut last = None;
        for (key, value) in self.store.scan(space, range, Order::Ascending, PAGE).await? {
            let position = Position(schema::trailing_number(&key).unwrap_or_default());
            if position > free {
                break;
            }
            let whole = long_record::get(&*self.store, space, &key, value.clone()).await?;
            let record: EventRecord = codec::decode(&key, &whole)?;
            if record.received_at >= since {
                break;
            }
            if let EventKind::Message(message) = &record.kind {
                let filing = Filing::of(&self.contacts, session, &message.key, Some(&message.sender)).await?;
                let own = position.0.to_be_bytes();
                for row in filing.rows() {
                    if self.store.get(space, &row).await?.is_some_and(|value| *value == own) {
                        ops.push(Op::Delete(row));
                    }
                }
                ops.push(Op::Delete(history::row_key(message, position)));
            }
            long_record::delete(ops, key, &value);
            last = Some(position);
        }
        Ok(last)
    }
}

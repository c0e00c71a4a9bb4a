//! What is let go: messages that are old, too many, or that disappear by themselves; words, marks and files go with them.

use super::record::{Number, key};
use super::{Mailbox, UnixMs};
use crate::files::FileName;
use crate::id::SessionId;
use crate::schema::{session, trailing_number};
use crate::store::{KeyRange, Order, Store, StoreError};

/// Messages removed at a time.
const PAGE: usize = 100;

/// How much is kept of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keep {
    /// Nothing from before this moment; none for no such limit.
    pub since: Option<UnixMs>,
    /// At most so many bytes of messages, the newest ones; none for no such limit.
    pub bytes: Option<u64>,
}

impl Mailbox {
    /// Lets go of some of what is not to be kept; answers how many messages that were and the files that no message has any more. To be called
    /// until it answers 0. Starred messages go too.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn prune(&self, session: SessionId, keep: Keep) -> Result<(usize, Vec<FileName>), StoreError> {
        let desk = self.sessions.of(session);
        let _turn = desk.turn.lock().await;
        let mut writing = self.writing(session).await?;
        let space = Self::space(session);
        let mut files = Vec::new();
        let mut removed = 0;
        let due = KeyRange {
            end: Some(key::expiring(UnixMs(self.clock.now().0.saturating_add(1)), Number(0))),
            ..KeyRange::prefix(&[session::MAILBOX_EXPIRING])
        };
        for (row, _) in writing.batch.scan(space, due, Order::Ascending, PAGE).await? {
            let number = Number(trailing_number(&row).unwrap_or_default());
            files.extend(writing.remove(number).await?);
            writing.batch.delete(row);
            removed += 1;
        }
        let oldest = KeyRange::prefix(&[session::MAILBOX_MESSAGE]);
        let since = keep.since.map_or(Number(0), Number::at);
        for (row, _) in writing.batch.scan(space, oldest, Order::Ascending, PAGE).await? {
            let number = Number(trailing_number(&row).unwrap_or_default());
            let many = keep.bytes.is_some_and(|bytes| writing.usage().bytes > bytes);
            if number >= since && !many {
                break;
            }
            files.extend(writing.remove(number).await?);
            removed += 1;
        }
        writing.finish().await?;
        Ok((removed, files))
    }

    /// Whether any message has a file.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn has_media(&self, session: SessionId, name: &FileName) -> Result<bool, StoreError> {
        self.reading(session).has_media(name).await
    }
}

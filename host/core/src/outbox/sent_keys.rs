//! Messages that plugins named, so that the same name within a day sends nothing more.
//!
//! A key is written with the draft that sends under it. Two calls that run at the same time and choose the same key are a conflict: the one
//! that commits second is made again, and finds the message of the first. Keys that are free again are removed by later commits, a few
//! at a time.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{CommitError, Outbox};
use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::draft::SentKey;
use crate::id::{InstallationId, MessageId, SessionId};
use crate::schema::{self, Key, session};
use crate::store::{KeyRange, Op, Order, Space, StoreError};

/// For how long a key stands for its message.
pub const KEY_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Keys that one commit removes.
const REMOVED: usize = 16;

/// The stored form of what was sent under a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sent {
    message: MessageId,
    until: UnixMs,
}

impl Record for Sent {
    const VERSION: u8 = 1;
}

impl Outbox {
    /// The message that an installation sent under a key of its own within [`KEY_LIFE`].
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sent_under(
        &self,
        session: SessionId,
        installation: &InstallationId,
        key: &str,
    ) -> Result<Option<MessageId>, StoreError> {
        let sent = self.sent(session, installation, key).await?;
        let now = self.clock.now();
        Ok(sent.filter(|sent| sent.until > now).map(|sent| sent.message))
    }

    async fn sent(
        &self,
        session: SessionId,
        installation: &InstallationId,
        key: &str,
    ) -> Result<Option<Sent>, StoreError> {
        let row = row(installation, key);
        let value = self.store.get(Space::Session(session), &row).await?;
        value.map(|value| codec::decode(&row, &value)).transpose()
    }

    /// Adds the writes of a draft's keys, and the removal of some that are free again. For use while the queue is locked.
    pub(super) async fn name_sent(
        &self,
        session: SessionId,
        installation: &InstallationId,
        keys: &[SentKey],
        ops: &mut Vec<Op>,
    ) -> Result<(), CommitError> {
        if keys.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        self.remove_free(session, now, ops).await?;
        for SentKey { key, message } in keys {
            if let Some(before) = self.sent(session, installation, key).await? {
                if before.until > now {
                    return Err(CommitError::Conflict);
                }
                ops.push(Op::Delete(free(before.until, installation, key)));
            }
            let sent = Sent {
                message: message.clone(),
                until: now.plus(KEY_LIFE),
            };
            ops.push(Op::Put(free(sent.until, installation, key), Bytes::new()));
            ops.push(Op::Put(row(installation, key), codec::encode(&sent)));
        }
        Ok(())
    }

    async fn remove_free(&self, session: SessionId, now: UnixMs, ops: &mut Vec<Op>) -> Result<(), StoreError> {
        let range = KeyRange {
            end: Some(
                Key::table(session::SENT_KEY_FREE)
                    .number(now.0.saturating_add(1))
                    .finish(),
            ),
            ..KeyRange::prefix(&[session::SENT_KEY_FREE])
        };
        let rows = self
            .store
            .scan(Space::Session(session), range, Order::Ascending, REMOVED)
            .await?;
        for (free, _) in rows {
            // Behind the table and the moment stands what the other row is named by.
            let named = free.get(1 + size_of::<u64>()..).unwrap_or_default();
            ops.push(Op::Delete(Key::table(session::SENT_KEY).bytes(named).finish()));
            ops.push(Op::Delete(free));
        }
        Ok(())
    }
}

fn row(installation: &InstallationId, key: &str) -> Bytes {
    schema::of(session::SENT_KEY, installation)
        .bytes(key.as_bytes())
        .finish()
}

fn free(until: UnixMs, installation: &InstallationId, key: &str) -> Bytes {
    Key::table(session::SENT_KEY_FREE)
        .number(until.0)
        .text(installation.as_str())
        .bytes(key.as_bytes())
        .finish()
}

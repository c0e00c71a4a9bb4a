//! What requests under an idempotency key were answered, so that the same request again is answered the same and does nothing more.
//!
//! Answers may hold what is shown once, so they are sealed like secrets. A key stands for its answer for [`KEY_LIFE`]; keys that are free again
//! are removed by later ones, a few at a time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::{Clock, UnixMs};
use crate::codec::{self, Record};
use crate::schema::{Key, system};
use crate::seal::Sealer;
use crate::store::{Commit, KeyRange, Op, Order, Space, Store, StoreError};

/// For how long a key stands for its answer.
pub const KEY_LIFE: Duration = Duration::from_secs(24 * 3600);

/// Bytes of one row, with room for the seal.
const PART: usize = 60 * 1024;
/// Rows of one answer.
const PARTS: usize = 64;
/// Keys that one commit removes.
const REMOVED: usize = 16;

/// Whose key it is, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AnswerKey([u8; 32]);

impl AnswerKey {
    /// The key of a caller. Two callers may use the same one and do not meet.
    #[must_use]
    pub fn of(caller: &str, key: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"waspnest.answered.1\0");
        hash.update(caller.as_bytes());
        hash.update([0]);
        hash.update(key.as_bytes());
        Self(hash.finalize().into())
    }
}

/// An answer that was given.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// A digest of what was asked: another question under the same key is another request.
    pub asked: [u8; 32],
    /// HTTP status.
    pub status: u16,
    /// Names and values of headers.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// Body.
    pub body: Vec<u8>,
    /// When the key is free again.
    pub until: UnixMs,
}

impl Record for Answered {
    const VERSION: u8 = 1;
}

/// Shows nothing that was answered.
impl fmt::Debug for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answered")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The answers of all callers. Clones are the same.
#[derive(Debug, Clone)]
pub struct Answers {
    store: Arc<dyn Store>,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
}

impl Answers {
    /// Those in `store`, sealed by `sealer`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, sealer: Sealer, clock: Arc<dyn Clock>) -> Self {
        Self { store, sealer, clock }
    }

    /// What was answered under a key within its life.
    ///
    /// # Errors
    /// Those of the store; [`StoreError::Damaged`] when it does not open.
    pub async fn get(&self, key: &AnswerKey) -> Result<Option<Answered>, StoreError> {
        let mut whole = Vec::new();
        let range = KeyRange::prefix(rows(key).as_slice());
        let parts = self.store.scan(Space::System, range, Order::Ascending, PARTS).await?;
        let Some((first, _)) = parts.first().cloned() else {
            return Ok(None);
        };
        for (row, sealed) in parts {
            let plain = self.sealer.open(Space::System, &row, &sealed);
            whole.extend(plain.map_err(|error| StoreError::Damaged {
                key: row.escape_ascii().to_string().into(),
                reason: error.to_string().into(),
            })?);
        }
        let answered: Answered = codec::decode(&first, &Bytes::from(whole))?;
        Ok((answered.until > self.clock.now()).then_some(answered))
    }

    /// Keeps an answer under a key; durable when this returns. Says whether it was kept: an answer may be too large for that.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn keep(&self, key: &AnswerKey, answered: &Answered) -> Result<bool, StoreError> {
        let whole = codec::encode(answered);
        if whole.len() > PART * PARTS {
            return Ok(false);
        }
        let mut commit = Commit::durable(Space::System);
        self.remove_free(&mut commit.ops).await?;
        // What was there before may have had more rows.
        self.remove(key, &mut commit.ops).await?;
        for (number, part) in (0..=u8::MAX).zip(whole.chunks(PART)) {
            let row = rows(key).bytes(&[number]).finish();
            let sealed = self.sealer.seal(Space::System, &row, part);
            commit.ops.push(Op::Put(row, sealed.into()));
        }
        commit.ops.push(Op::Put(
            Key::table(system::ANSWERED_FREE)
                .number(answered.until.0)
                .bytes(&key.0)
                .finish(),
            Bytes::new(),
        ));
        self.store.commit(commit).await?.durable().await?;
        Ok(true)
    }

    async fn remove(&self, key: &AnswerKey, ops: &mut Vec<Op>) -> Result<(), StoreError> {
        let range = KeyRange::prefix(rows(key).as_slice());
        let parts = self.store.scan(Space::System, range, Order::Ascending, PARTS).await?;
        ops.extend(parts.into_iter().map(|(row, _)| Op::Delete(row)));
        Ok(())
    }

    async fn remove_free(&self, ops: &mut Vec<Op>) -> Result<(), StoreError> {
        let now = self.clock.now();
        let range = KeyRange {
            end: Some(
                Key::table(system::ANSWERED_FREE)
                    .number(now.0.saturating_add(1))
                    .finish(),
            ),
            ..KeyRange::prefix(&[system::ANSWERED_FREE])
        };
        for (free, _) in self.store.scan(Space::System, range, Order::Ascending, REMOVED).await? {
            if let Some(key) = free.last_chunk::<32>() {
                let key = AnswerKey(*key);
                // The key may have been used again since.
                if self.get(&key).await?.is_none() {
                    self.remove(&key, ops).await?;
                }
            }
            ops.push(Op::Delete(free));
        }
        Ok(())
    }
}

fn rows(key: &AnswerKey) -> Key {
    Key::table(system::ANSWERED).bytes(&key.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{NOON, World, on_every_engine};
    use crate::master_key::MasterKey;

    fn answered(body: &[u8], until: UnixMs) -> Answered {
        Answered {
            asked: [7; 32],
            status: 201,
            headers: vec![("location".into(), "/x".into())],
            body: body.to_vec(),
            until,
        }
    }

    fn answers(world: &World) -> Answers {
        let sealer = Sealer::new(&MasterKey::from_bytes([7; 32]));
        Answers::new(world.store.clone(), sealer, world.clock.clone())
    }

    on_every_engine! {
        async fn an_answer_is_kept_for_its_time_and_not_in_plain_words(world: &mut World) {
            let (answers, until) = (answers(world), NOON.plus(KEY_LIFE));
            let key = AnswerKey::of("admin", "k1");
            assert_eq!(answers.get(&key).await.expect("it reads"), None);
            let secret = b"a secret that is shown once".repeat(5000);
            let large = answered(&secret, until);
            assert!(answers.keep(&key, &large).await.expect("it is kept"));
            // Whoever holds the store keeps it open.
            drop(answers);
            world.restart();
            let answers = super::tests::answers(world);
            assert_eq!(answers.get(&key).await.expect("it reads"), Some(large));
            assert_eq!(answers.get(&AnswerKey::of("ada", "k1")).await.expect("it reads"), None);
            let all = world.store.scan(Space::System, KeyRange::prefix(&[system::ANSWERED]), Order::Ascending, 100).await.expect("it scans");
            assert_eq!(all.len(), 3);
            assert!(all.iter().all(|(_, value)| !value.windows(8).any(|window| window == b"a secret")));
            world.clock.advance(KEY_LIFE);
            assert_eq!(answers.get(&key).await.expect("it reads"), None);
            let other = AnswerKey::of("admin", "k2");
            answers.keep(&other, &answered(b"short", world.clock.now().plus(KEY_LIFE))).await.expect("it is kept");
            let all = world.store.scan(Space::System, KeyRange::prefix(&[system::ANSWERED]), Order::Ascending, 100).await.expect("it scans");
            assert_eq!(all.len(), 1);
        }

        async fn what_is_too_large_is_not_kept(world: &mut World) {
            let (answers, key) = (answers(world), AnswerKey::of("admin", "k1"));
            let kept = answers.keep(&key, &answered(&vec![0; PART * PARTS], NOON.plus(KEY_LIFE))).await;
            assert!(!kept.expect("it looks"));
            assert_eq!(answers.get(&key).await.expect("it reads"), None);
        }
    }
}

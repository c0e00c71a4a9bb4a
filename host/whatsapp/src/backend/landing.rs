//! Ratchets that are on their way to the disk: what is applied but not yet durable is seen by reads.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

/// The records of one session's ratchets that are being written. Only those who ask for one of them wait: a message must not be held up by
/// the ratchets of other chats.
#[derive(Default)]
pub(super) struct Landing {
    turn: tokio::sync::Mutex<()>,
    aloft: Mutex<HashSet<Bytes>>,
    landed: Notify,
}

/// The right to write; one has it at a time. What it writes has come to an end when it is dropped.
pub(super) struct Turn<'a> {
    landing: &'a Landing,
    _turn: tokio::sync::MutexGuard<'a, ()>,
}

impl Landing {
    /// Waits for the right to write.
    pub(super) async fn turn(&self) -> Turn<'_> {
        Turn {
            _turn: self.turn.lock().await,
            landing: self,
        }
    }

    /// Resolves when a record is not being written. Who reads it then asks [`Landing::is_aloft`] once more: a write that began meanwhile may be
    /// what was read.
    pub(super) async fn landed(&self, key: &Bytes) {
        loop {
            let landed = self.landed.notified();
            if !self.is_aloft(key) {
                return;
            }
            landed.await;
        }
    }

    /// Whether a record is being written.
    pub(super) fn is_aloft(&self, key: &Bytes) -> bool {
        self.aloft().contains(key)
    }

    fn aloft(&self) -> MutexGuard<'_, HashSet<Bytes>> {
        // Replaced and cleared as a whole.
        self.aloft.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Says which records will be written, before they are.
    pub(super) fn takes_off(&self, keys: HashSet<Bytes>) {
        *self.landing.aloft() = keys;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.landing.aloft().clear();
        self.landing.landed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;

    use super::*;

    static MINE: Bytes = Bytes::from_static(b"mine");
    static OTHER: Bytes = Bytes::from_static(b"other");

    #[tokio::test]
    async fn only_who_asks_for_what_is_on_its_way_waits_until_it_has_landed() {
        let landing = Landing::default();
        let turn = landing.turn().await;
        landing.landed(&MINE).await;
        turn.takes_off(HashSet::from([MINE.clone()]));
        let mut waits = std::pin::pin!(landing.landed(&MINE));
        assert!(poll!(&mut waits).is_pending());
        landing.landed(&OTHER).await;
        assert!(landing.is_aloft(&MINE) && !landing.is_aloft(&OTHER));
        drop(turn);
        waits.await;
        assert!(!landing.is_aloft(&MINE));
    }

    #[tokio::test]
    async fn one_writes_at_a_time() {
        let landing = Landing::default();
        let first = landing.turn().await;
        let mut second = std::pin::pin!(landing.turn());
        assert!(poll!(&mut second).is_pending());
        drop(first);
        second.await.takes_off(HashSet::from([OTHER.clone()]));
        assert!(!landing.is_aloft(&OTHER), "a write that is given up holds nobody");
    }
}

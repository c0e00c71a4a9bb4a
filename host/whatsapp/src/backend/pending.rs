//! Messages that were decrypted and whose event is not durable yet.
//!
//! WhatsApp sends a message that was not acknowledged again, but once the ratchet has moved on durably it can no longer be decrypted:
//! the decrypted copy must survive whenever the ratchet does. It must not survive any longer than that. So copies are kept in memory
//! and join the first durable write of signal state, in the same batch (see [`super::signal`]). Most are delivered before that write
//! and never touch the store. A crash before it takes ratchet and copy back together, and the message sent again decrypts again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::table::{Kind, Row};
use super::vault::Batch;

/// How many times other tasks may run before ratchets are written; about 0.1 ms on an idle machine.
const YIELDS: usize = 32;

/// See the module documentation.
#[derive(Default)]
pub(super) struct Pending(Mutex<HashMap<Bytes, Held>>);

struct Held {
    record: Vec<u8>,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In memory only.
    Memory,
    /// In the store as well, or on its way there.
    Store,
}

/// Where to remove a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Removed {
    /// It never left memory.
    Entirely,
    /// The store may have it.
    FromMemory,
}

pub(super) fn key(chat: &str, sender: &str, id: &str) -> Bytes {
    Row::of(Kind::PendingInbound)
        .then(chat)
        .then(sender)
        .last(id.as_bytes())
        .finish()
}

/// A copy with when it was made, in seconds since 1970.
pub(super) fn record(made: i64, message: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(8 + message.len());
    record.extend_from_slice(&made.to_be_bytes());
    record.extend_from_slice(message);
    record
}

/// When a copy was made, and the copy.
pub(super) fn parse(record: &[u8]) -> Option<(i64, &[u8])> {
    let (made, message) = record.split_first_chunk::<8>()?;
    Some((i64::from_be_bytes(*made), message))
}

impl Pending {
    pub(super) fn put(&self, key: Bytes, record: Vec<u8>) {
        self.lock().insert(
            key,
            Held {
                record,
                place: Place::Memory,
            },
        );
    }

    pub(super) fn get(&self, key: &Bytes) -> Option<Vec<u8>> {
        self.lock().get(key).map(|copy| copy.record.clone())
    }

    pub(super) fn remove(&self, key: &Bytes) -> Removed {
        match self.lock().remove(key) {
            Some(Held {
                place: Place::Memory, ..
            }) => Removed::Entirely,
            Some(Held {
                place: Place::Store, ..
            })
            | None => Removed::FromMemory,
        }
    }

    /// Lets messages that are being decrypted get here before the ratchets they have moved are written.
    ///
    /// whatsapp-rust writes all ratchets at once, whichever message asked for it, so those of a message that was decrypted a moment ago
    /// and whose copy is still to come may be among them. Between the two it waits for nothing, so letting other tasks run is enough;
    /// a process that is suspended right there and then killed can still lose that one message.
    pub(super) async fn let_arrive(&self) {
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
    }

    /// Adds every copy that is only in memory to a durable batch. A copy that is removed before the batch is applied may be left in the
    /// store; it is then one of a message that was acknowledged, is never asked for, and expires.
    pub(super) fn write_into(&self, batch: &mut Batch<'_>) {
        for (key, copy) in self.lock().iter_mut() {
            if copy.place == Place::Memory {
                batch.put(key.clone(), &copy.record);
                copy.place = Place::Store;
            }
        }
    }

    /// Removes copies made before `cutoff`, and names them.
    pub(super) fn expire(&self, cutoff: i64) -> Vec<Bytes> {
        let mut copies = self.lock();
        let old: Vec<Bytes> = copies
            .iter()
            .filter(|(_, copy)| parse(&copy.record).is_some_and(|(made, _)| made < cutoff))
            .map(|(key, _)| key.clone())
            .collect();
        for key in &old {
            copies.remove(key);
        }
        old
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Bytes, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! A queue in a file. Its cursor is a connection's and not saved: all of it is due again.

use crate::queue::{Class, DeviceQueue, Entry};
use crate::saved::{Blob, Unsound, account_id};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedQueue(Vec<SavedEntry>);

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedEntry {
    class: Class,
    id: String,
    from: Option<usize>,
    at_ms: u64,
    sent: bool,
    stanza: Blob,
}

impl SavedQueue {
    pub(crate) fn of(queue: &DeviceQueue) -> Result<Self, Unsound> {
        let entries = queue.entries.iter().map(|entry| {
            Ok(SavedEntry {
                class: entry.class,
                id: entry.id.to_string(),
                from: entry.from.map(|account| account.0),
                at_ms: entry.at_ms,
                sent: entry.sent,
                stanza: Blob::of_node(&entry.node)?,
            })
        });
        Ok(Self(entries.collect::<Result<_, _>>()?))
    }

    /// The queue again, in a world of `count` accounts.
    pub(crate) fn restore(self, count: usize) -> Result<DeviceQueue, Unsound> {
        let mut queue = DeviceQueue::default();
        for saved in self.0 {
            let from = saved.from.map(|number| account_id(number, count)).transpose()?;
            let mut entry = Entry::new(saved.stanza.node()?, saved.class, saved.id, from);
            entry.sent = saved.sent;
            queue.push(entry, saved.at_ms);
        }
        Ok(queue)
    }
}

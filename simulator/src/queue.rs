//! What one device still has to acknowledge, in the order it was accepted.
//!
//! An entry leaves only when the device settles it. A connection walks the queue with a cursor; a new connection starts at the front
//! again, so whatever was sent but not settled is sent again, in the same order.

pub(crate) mod saved;

use std::collections::VecDeque;
use std::sync::Arc;

use whatsapp_rust::CompactString;
use whatsapp_rust::wacore_binary::Node;

use crate::address::AccountId;
use crate::xml;

/// Kind of a queued stanza: an acknowledgement names it as its `class`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    Message,
    Receipt,
    Notification,
    Call,
}

impl Class {
    /// The class an `<ack class=…>` names; `None` for classes that are never queued.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "message" => Some(Self::Message),
            "receipt" => Some(Self::Receipt),
            "notification" => Some(Self::Notification),
            "call" => Some(Self::Call),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Receipt => "receipt",
            Self::Notification => "notification",
            Self::Call => "call",
        }
    }
}

/// How long a stanza waits for its device; then it is gone. The service tells its users 30 days for messages; for the rest it is modelled.
const LIFETIME_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// One stanza that waits for its device.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) node: Arc<Node>,
    pub(crate) class: Class,
    pub(crate) id: CompactString,
    /// Whom it is from; `None` for the server's own notifications.
    pub(crate) from: Option<AccountId>,
    /// When it was queued.
    at_ms: u64,
    sent: bool,
}

impl Entry {
    pub(crate) fn new(node: Node, class: Class, id: impl Into<CompactString>, from: Option<AccountId>) -> Self {
        Self {
            node: Arc::new(node),
            class,
            id: id.into(),
            from,
            at_ms: 0,
            sent: false,
        }
    }

    /// The message it is, and whose.
    pub(crate) fn message(&self) -> Option<(CompactString, AccountId)> {
        match self.class {
            Class::Message => Some((self.id.clone(), self.from?)),
            Class::Receipt | Class::Notification | Class::Call => None,
        }
    }

    fn is_status(&self) -> bool {
        self.class == Class::Message
            && self
                .node
                .attrs
                .get("from")
                .is_some_and(|from| *from == "status@broadcast")
    }
}

/// A stanza a device has not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct QueuedStanza {
    /// `message`, `receipt`, `notification` and so on: the class its acknowledgement names.
    pub class: &'static str,
    /// Its `id` attribute.
    pub id: String,
    /// When it was queued, in milliseconds since the Unix epoch, by the server's clock.
    pub at_ms: u64,
    /// Whether some connection of the device has been given it.
    pub sent: bool,
    /// The stanza as XML. Binary content is shown as its length.
    pub xml: String,
}

impl QueuedStanza {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self {
            class: entry.class.name(),
            id: entry.id.to_string(),
            at_ms: entry.at_ms,
            sent: entry.sent,
            xml: xml::render(&entry.node.as_node_ref()),
        }
    }
}

/// The next stanza for a connection.
pub(crate) struct Due {
    pub(crate) node: Arc<Node>,
    /// The message it is, and whose; `None` for everything that is not one.
    pub(crate) message: Option<(CompactString, AccountId)>,
    /// It was waiting before this connection became active: goes out with the `offline` attribute.
    pub(crate) backlog: bool,
    /// An earlier connection had it already.
    pub(crate) again: bool,
}

/// The queue of one device.
#[derive(Debug, Default)]
pub(crate) struct DeviceQueue {
    entries: VecDeque<Entry>,
    /// How many entries from the front the current connection has been given.
    cursor: usize,
    /// How many entries from the front the current connection has been given before one that it has settled.
    overtaken: usize,
    /// How many entries from the cursor on were waiting when the connection became active.
    backlog: usize,
}

impl DeviceQueue {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn push(&mut self, entry: Entry, now_ms: u64) {
        self.entries.push_back(Entry { at_ms: now_ms, ..entry });
    }

    /// Everything unsettled, oldest first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How much of what the current connection has been given it may yet settle. Where it has settled something that it was given later,
    /// it either never got the rest or is not going to say so.
    pub(crate) fn in_flight(&self) -> usize {
        self.cursor - self.overtaken
    }

    /// Drops what has waited for too long, and answers how much that was. Only before [`Self::rewind`]: the cursor is lost.
    pub(crate) fn expire(&mut self, now_ms: u64) -> usize {
        let before = self.entries.len();
        self.cursor = 0;
        self.overtaken = 0;
        self.entries
            .retain(|entry| now_ms.saturating_sub(entry.at_ms) < LIFETIME_MS);
        before - self.entries.len()
    }

    /// A connection takes over: everything unsettled is due again. Answers how much that is, by class.
    pub(crate) fn rewind(&mut self) -> Backlog {
        self.cursor = 0;
        self.overtaken = 0;
        self.backlog = self.entries.len();
        let mut backlog = Backlog::default();
        for entry in &self.entries {
            match entry.class {
                Class::Message if entry.is_status() => backlog.statuses += 1,
                Class::Message => backlog.messages += 1,
                Class::Receipt => backlog.receipts += 1,
                Class::Notification => backlog.notifications += 1,
                Class::Call => backlog.calls += 1,
            }
        }
        backlog
    }

    /// Whether backlog is still due.
    pub(crate) fn has_backlog(&self) -> bool {
        self.backlog > 0
    }

    /// Hands the next entry to the connection, leaving it in the queue.
    pub(crate) fn next(&mut self) -> Option<Due> {
        let entry = self.entries.get_mut(self.cursor)?;
        self.cursor += 1;
        let due = Due {
            node: Arc::clone(&entry.node),
            message: entry.message(),
            backlog: self.backlog > 0,
            again: entry.sent,
        };
        entry.sent = true;
        self.backlog = self.backlog.saturating_sub(1);
        Some(due)
    }

    /// Removes the oldest entry with this class and id. `from` narrows it to a sender when the acknowledgement names one.
    ///
    /// Only entries that some connection has been given can be settled: nobody acknowledges what it has not seen.
    pub(crate) fn settle(&mut self, class: Class, id: &str, from: Option<AccountId>) -> bool {
        let found = self.entries.iter().position(|entry| {
            entry.sent
                && entry.class == class
                && entry.id == id
                && (from.is_none() || entry.from.is_none() || entry.from == from)
        });
        let Some(index) = found else {
            return false;
        };
        self.entries.remove(index);
        if index < self.cursor {
            self.cursor -= 1;
            self.overtaken = if index < self.overtaken {
                self.overtaken - 1
            } else {
                index
            };
        } else if index - self.cursor < self.backlog {
            self.backlog -= 1;
        }
        true
    }

    /// Takes everything out at once; for the phone, which reads inside the server.
    pub(crate) fn drain(&mut self, limit: usize) -> Vec<Entry> {
        let count = limit.min(self.entries.len());
        self.cursor = 0;
        self.overtaken = 0;
        self.backlog = 0;
        self.entries.drain(..count).collect()
    }
}

/// How much waits for a device that comes back.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Backlog {
    pub(crate) messages: usize,
    pub(crate) statuses: usize,
    pub(crate) receipts: usize,
    pub(crate) notifications: usize,
    pub(crate) calls: usize,
}

impl Backlog {
    pub(crate) fn total(self) -> usize {
        self.messages + self.statuses + self.receipts + self.notifications + self.calls
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whatsapp_rust::NodeBuilder;

    fn message(id: &str) -> Entry {
        Entry::new(
            NodeBuilder::new("message").attr("id", id).build(),
            Class::Message,
            id,
            Some(AccountId(1)),
        )
    }

    fn ids(queue: &mut DeviceQueue) -> Vec<String> {
        std::iter::from_fn(|| queue.next())
            .map(|due| {
                due.node
                    .attrs
                    .get("id")
                    .map(|id| id.as_str().into_owned())
                    .unwrap_or_default()
            })
            .collect()
    }

    #[test]
    fn unsettled_entries_are_due_again_in_order() {
        let mut queue = DeviceQueue::default();
        for id in ["a", "b", "c"] {
            queue.push(message(id), 0);
        }
        assert_eq!(ids(&mut queue), ["a", "b", "c"]);
        assert!(queue.settle(Class::Message, "b", Some(AccountId(1))));
        assert_eq!(queue.rewind().messages, 2);
        assert_eq!(ids(&mut queue), ["a", "c"]);
    }

    #[test]
    fn a_late_acknowledgement_on_a_new_connection_keeps_the_cursor_right() {
        let mut queue = DeviceQueue::default();
        for id in ["a", "b", "c"] {
            queue.push(message(id), 0);
        }
        assert_eq!(ids(&mut queue).len(), 3);
        queue.rewind();
        assert!(queue.next().is_some());
        // "c" was seen on the old connection and is settled before the new one gets it.
        assert!(queue.settle(Class::Message, "c", None));
        assert!(queue.has_backlog());
        assert_eq!(ids(&mut queue), ["b"]);
        assert!(!queue.has_backlog());
    }

    #[test]
    fn what_was_given_before_something_settled_is_not_waited_for() {
        let mut queue = DeviceQueue::default();
        for id in ["a", "b", "c", "d"] {
            queue.push(message(id), 0);
        }
        assert_eq!(ids(&mut queue).len(), 4);
        assert_eq!(queue.in_flight(), 4);
        assert!(queue.settle(Class::Message, "c", None));
        assert_eq!(queue.in_flight(), 1);
        // Late is not too late.
        assert!(queue.settle(Class::Message, "a", None));
        assert_eq!(queue.in_flight(), 1);
        assert!(queue.settle(Class::Message, "d", None));
        assert_eq!((queue.in_flight(), queue.len()), (0, 1));
        queue.rewind();
        assert_eq!(ids(&mut queue), ["b"]);
        assert_eq!(queue.in_flight(), 1);
    }

    #[test]
    fn nothing_is_settled_by_the_wrong_class_sender_or_before_it_was_sent() {
        let mut queue = DeviceQueue::default();
        queue.push(message("a"), 0);
        assert!(!queue.settle(Class::Message, "a", None));
        assert!(queue.next().is_some());
        assert!(!queue.settle(Class::Receipt, "a", None));
        assert!(!queue.settle(Class::Message, "a", Some(AccountId(9))));
        assert!(queue.settle(Class::Message, "a", Some(AccountId(1))));
        assert_eq!(queue.len(), 0);
    }
}

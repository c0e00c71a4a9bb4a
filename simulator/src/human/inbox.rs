//! What a human has received so far, in order.
//!
//! A phone shows one row per (chat, sender, message id); the inbox keeps exactly those rows and counts the copies behind
//! each. It is bounded: past [`CAPACITY`] rows the oldest are forgotten, and counted. It never waits and never does I/O,
//! because the client's receive path writes into it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use whatsapp_rust::wacore::time::now_millis;
use whatsapp_rust::wacore::types::message::{MessageCategory, MessageInfo};
use whatsapp_rust::waproto::whatsapp as wa;

use super::address;
use super::calls::CallSeen;
use super::group_notice::GroupNotice;
use super::heard::{Heard, WireAddress, quoted_of, text_of};
use super::moment;
use super::seen::{AboutSeen, PresenceSeen, ReceiptSeen, TypingSeen};

/// Rows kept per human, and separately the receipts and typing notices kept.
pub const CAPACITY: usize = 20_000;

/// (chat, sender, message id).
type Key = (String, String, String);

/// Everything one human has seen.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    rows: BTreeMap<u64, Heard>,
    by_key: HashMap<Key, u64>,
    /// Row of every arrival, copies included, so that a waiter looks only at what is new.
    arrivals: VecDeque<u64>,
    arrivals_total: u64,
    last_seq: u64,
    receipts: VecDeque<ReceiptSeen>,
    typing: VecDeque<TypingSeen>,
    group_notices: VecDeque<GroupNotice>,
    presences: VecDeque<PresenceSeen>,
    abouts: VecDeque<AboutSeen>,
    calls: VecDeque<CallSeen>,
    undecryptable: u64,
    placeholders: HashSet<Key>,
}

impl Inbox {
    /// Takes in one decrypted message. What an account's own devices tell each other (keys, history) is never shown.
    pub(crate) fn take(&mut self, message: &Arc<wa::Message>, info: &MessageInfo) {
        if info.category == MessageCategory::Peer {
            return;
        }
        let key = key_of(info);
        self.placeholders.remove(&key);
        let known = self.by_key.get(&key).copied();
        let seq = match known.and_then(|seq| self.rows.get_mut(&seq)) {
            Some(row) => {
                row.copies += 1;
                row.seq
            }
            None => self.add(key, message, info),
        };
        push_bounded(&mut self.arrivals, seq);
        self.arrivals_total += 1;
    }

    fn add(&mut self, key: Key, message: &Arc<wa::Message>, info: &MessageInfo) -> u64 {
        self.last_seq += 1;
        let seq = self.last_seq;
        let row = Heard {
            seq,
            chat: key.0.clone(),
            sender: key.1.clone(),
            id: key.2.clone(),
            text: text_of(message),
            at_ms: now_millis(),
            arrived: moment::now(),
            quoted: quoted_of(message),
            message: Arc::clone(message),
            copies: 1,
            from_me: info.source.is_from_me,
            push_name: info.push_name.clone(),
            wire: WireAddress {
                chat: info.source.chat.clone(),
                sender: info.source.sender.clone(),
            },
        };
        self.rows.insert(seq, row);
        self.by_key.insert(key, seq);
        if self.rows.len() > CAPACITY
            && let Some((_, old)) = self.rows.pop_first()
        {
            self.by_key.remove(&(old.chat, old.sender, old.id));
        }
        seq
    }

    /// A message arrived that the client could not decrypt; a phone shows "waiting for this message".
    pub(crate) fn take_undecryptable(&mut self, info: &MessageInfo) {
        let key = key_of(info);
        self.undecryptable += 1;
        if !self.by_key.contains_key(&key) && self.placeholders.len() < CAPACITY {
            self.placeholders.insert(key);
        }
    }

    pub(crate) fn take_receipt(&mut self, receipt: ReceiptSeen) {
        push_bounded(&mut self.receipts, receipt);
    }

    pub(crate) fn take_group_notice(&mut self, notice: GroupNotice) {
        push_bounded(&mut self.group_notices, notice);
    }

    pub(crate) fn take_typing(&mut self, typing: TypingSeen) {
        push_bounded(&mut self.typing, typing);
    }

    pub(crate) fn take_presence(&mut self, presence: PresenceSeen) {
        push_bounded(&mut self.presences, presence);
    }

    pub(crate) fn take_about(&mut self, about: AboutSeen) {
        push_bounded(&mut self.abouts, about);
    }

    pub(crate) fn take_call(&mut self, call: CallSeen) {
        push_bounded(&mut self.calls, call);
    }

    /// What was heard of calls, oldest first.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &CallSeen> {
        self.calls.iter()
    }

    /// All rows in order of first arrival.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Heard> {
        self.rows.values()
    }

    /// Rows after position `seq`.
    pub(crate) fn rows_after(&self, seq: u64) -> impl Iterator<Item = &Heard> {
        self.rows.range(seq.saturating_add(1)..).map(|(_, row)| row)
    }

    /// Position of the latest row; 0 before the first.
    pub(crate) fn position(&self) -> u64 {
        self.last_seq
    }

    /// How many copies have arrived in all; the cursor of [`Inbox::arrived_since`].
    pub(crate) fn arrivals(&self) -> u64 {
        self.arrivals_total
    }

    /// The rows touched by arrivals after cursor `since`, oldest first.
    pub(crate) fn arrived_since(&self, since: u64) -> impl Iterator<Item = &Heard> {
        let new = usize::try_from(self.arrivals_total.saturating_sub(since)).unwrap_or(usize::MAX);
        let skipped = self.arrivals.len().saturating_sub(new);
        self.arrivals.iter().skip(skipped).filter_map(|seq| self.rows.get(seq))
    }

    /// The row with this message id; the latest when several senders used the same id.
    pub(crate) fn find(&self, id: &str) -> Option<&Heard> {
        self.rows.values().rev().find(|row| row.id == id)
    }

    pub(crate) fn receipts(&self) -> impl Iterator<Item = &ReceiptSeen> {
        self.receipts.iter()
    }

    pub(crate) fn group_notices(&self) -> impl Iterator<Item = &GroupNotice> {
        self.group_notices.iter()
    }

    pub(crate) fn typing(&self) -> impl Iterator<Item = &TypingSeen> {
        self.typing.iter()
    }

    pub(crate) fn presences(&self) -> impl Iterator<Item = &PresenceSeen> {
        self.presences.iter()
    }

    pub(crate) fn abouts(&self) -> impl Iterator<Item = &AboutSeen> {
        self.abouts.iter()
    }

    /// Messages that once arrived undecryptable, whether or not a readable copy followed.
    pub(crate) fn undecryptable(&self) -> u64 {
        self.undecryptable
    }

    /// Messages still without a readable copy.
    pub(crate) fn placeholders(&self) -> usize {
        self.placeholders.len()
    }

    /// Rows forgotten because the inbox was full.
    pub(crate) fn forgotten(&self) -> u64 {
        self.last_seq - self.rows.len() as u64
    }
}

fn key_of(info: &MessageInfo) -> Key {
    (
        address::chat_of(&info.source).to_string(),
        address::sender_of(&info.source).to_string(),
        info.id.to_string(),
    )
}

fn push_bounded<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == CAPACITY {
        list.pop_front();
    }
    list.push_back(item);
}

#[cfg(test)]
mod tests {
    use whatsapp_rust::proto_helpers::MessageBuilderExt;
    use whatsapp_rust::wacore::types::message::MessageSource;

    use super::*;

    fn info(from: &str, id: &str) -> MessageInfo {
        MessageInfo {
            source: MessageSource {
                chat: from.parse().expect("a JID"),
                sender: from.parse().expect("a JID"),
                ..MessageSource::default()
            },
            id: id.into(),
            ..MessageInfo::default()
        }
    }

    fn text(body: &str) -> Arc<wa::Message> {
        Arc::new(wa::Message::text(body))
    }

    #[test]
    fn a_repeat_is_one_row_with_two_copies() {
        let mut inbox = Inbox::default();
        inbox.take(&text("hello"), &info("491511111111@s.whatsapp.net", "A"));
        inbox.take(&text("other"), &info("491511111111@s.whatsapp.net", "B"));
        let cursor = inbox.arrivals();
        inbox.take(&text("hello"), &info("491511111111@s.whatsapp.net", "A"));

        let shown: Vec<_> = inbox.rows().map(|r| (r.id.as_str(), r.copies, r.seq)).collect();
        assert_eq!(shown, [("A", 2, 1), ("B", 1, 2)]);
        let touched: Vec<_> = inbox.arrived_since(cursor).map(|r| r.id.as_str()).collect();
        assert_eq!(touched, ["A"], "a waiter sees the repeat");
    }

    #[test]
    fn talk_between_own_devices_is_not_shown() {
        let mut inbox = Inbox::default();
        let peer = MessageInfo {
            category: MessageCategory::Peer,
            ..info("491511111111@s.whatsapp.net", "A")
        };
        inbox.take(&text("a key"), &peer);
        assert_eq!(inbox.rows().count(), 0);
    }

    #[test]
    fn the_same_id_from_another_sender_is_another_row() {
        let mut inbox = Inbox::default();
        inbox.take(&text("one"), &info("491511111111@s.whatsapp.net", "A"));
        inbox.take(&text("two"), &info("491522222222@s.whatsapp.net", "A"));
        assert_eq!(inbox.rows().count(), 2);
        assert_eq!(inbox.find("A").and_then(|r| r.text.as_deref()), Some("two"));
    }

    #[test]
    fn a_placeholder_goes_when_a_readable_copy_comes() {
        let mut inbox = Inbox::default();
        let message = info("491511111111@s.whatsapp.net", "A");
        inbox.take_undecryptable(&message);
        assert_eq!((inbox.undecryptable(), inbox.placeholders()), (1, 1));
        inbox.take(&text("readable now"), &message);
        assert_eq!((inbox.undecryptable(), inbox.placeholders()), (1, 0));
    }

    #[test]
    fn the_inbox_is_bounded_and_says_what_it_forgot() {
        let mut inbox = Inbox::default();
        for n in 0..CAPACITY + 3 {
            inbox.take(&text("x"), &info("491511111111@s.whatsapp.net", &format!("M{n}")));
        }
        assert_eq!(inbox.rows().count(), CAPACITY);
        assert_eq!(inbox.forgotten(), 3);
        assert_eq!(inbox.rows().next().map(|r| r.seq), Some(4));
        assert_eq!(inbox.rows_after(inbox.arrivals() - 2).count(), 2);
        assert_eq!(inbox.arrived_since(0).count(), CAPACITY);
    }
}

//! Bots that answer bots, and accounts that answer themselves, would never end.
//!
//! Messages that no other person wrote (the account's own, and those of WhatsApp's bots) get so many replies of plugins in each chat and
//! span of time; more of them are passed over. Whether an ordinary number is a machine cannot be told, so those are not counted. In
//! memory: after a restart the count begins again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::Draft;
use waspnest_core::effect::Action;
use waspnest_core::event::{Event, EventKind};
use waspnest_core::message::{Content, Message, Origin};

use crate::config::plugins::LoopGuard as Limit;

/// Chats that are watched; when there are more, those that are quiet are forgotten.
const MOST_CHATS: usize = 10_000;

/// Counts the replies of one session.
#[derive(Debug)]
pub(crate) struct LoopGuard {
    limit: Limit,
    replies: Mutex<HashMap<Jid, VecDeque<UnixMs>>>,
}

impl LoopGuard {
    pub(crate) fn new(limit: Limit) -> Self {
        Self {
            limit,
            replies: Mutex::default(),
        }
    }

    /// Whether an event had its share of replies: it would be the next turn of a loop.
    pub(super) fn is_loop(&self, event: &Event, now: UnixMs) -> bool {
        let Some(chat) = machine(event) else { return false };
        if self.limit.replies == 0 {
            return false;
        }
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(times) = replies.get_mut(chat) else {
            return false;
        };
        self.forget_old(times, now);
        times.len() >= self.limit.replies as usize
    }

    /// How many messages a call wants sent to the chat of its event, if that is one to be watched.
    pub(super) fn count(&self, event: &Event, draft: &Draft) -> usize {
        let Some(chat) = machine(event) else { return 0 };
        let sends = draft
            .effects
            .iter()
            .filter(|action| matches!(action, Action::Send(send) if send.to == *chat));
        sends.count()
    }

    /// Notes so many replies.
    pub(super) fn said(&self, event: &Event, count: usize, now: UnixMs) {
        let Some(chat) = machine(event).filter(|_| count > 0) else {
            return;
        };
        let mut replies = self.replies.lock().unwrap_or_else(PoisonError::into_inner);
        if replies.len() >= MOST_CHATS {
            replies.retain(|_, times| {
                self.forget_old(times, now);
                !times.is_empty()
            });
        }
        let times = replies.entry(chat.clone()).or_default();
        times.extend(std::iter::repeat_n(now, count));
    }

    fn forget_old(&self, times: &mut VecDeque<UnixMs>, now: UnixMs) {
        while times.front().is_some_and(|at| now.since(*at) >= self.limit.per) {
            times.pop_front();
        }
    }
}

/// The chat of a message that no other person wrote.
fn machine(event: &Event) -> Option<&Jid> {
    match &event.kind {
        EventKind::Message(message) if !is_of_person(message) => Some(&message.key.chat),
        EventKind::Message(_)
        | EventKind::Tick(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => None,
    }
}

fn is_of_person(message: &Message) -> bool {
    let other = match message.key.from {
        Origin::Them => true,
        Origin::Me => false,
    };
    other && message.sender.jid.is_person() && !matches!(message.content, Content::BotOutput(_))
}

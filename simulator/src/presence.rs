//! Whether somebody is there, when they were last, and to whom they are typing.
//!
//! Nothing here is kept for a device that is away, but for typing that is recent enough to be true still.

use std::collections::{BTreeMap, BTreeSet};

use whatsapp_rust::wacore_binary::Node;

use crate::address::AccountId;
use crate::device::Presence;

/// How long a typing notice is worth telling to a device that comes back (modelled: clients let one go after about as long).
pub(crate) const TYPING_TTL_MS: u64 = 25_000;

/// What the server knows of an account's comings and goings.
#[derive(Debug)]
pub(crate) struct Whereabouts {
    /// What the account's watchers were last told.
    pub(crate) shown: Presence,
    /// When it was last there, in seconds; `None` if it never was.
    pub(crate) last_seen: Option<u64>,
    /// Accounts with a companion that asked to be told. Which of their companions, their sessions know.
    pub(crate) watched_by: BTreeSet<AccountId>,
    /// Accounts it may be typing to.
    pub(crate) typing_to: BTreeSet<AccountId>,
    typing: Typing,
}

impl Default for Whereabouts {
    fn default() -> Self {
        Self {
            shown: Presence::Unavailable,
            last_seen: None,
            watched_by: BTreeSet::new(),
            typing_to: BTreeSet::new(),
            typing: Typing::default(),
        }
    }
}

impl Whereabouts {
    pub(crate) fn typing(&mut self) -> &mut Typing {
        &mut self.typing
    }
}

/// Who is typing to an account. One notice for each chat and person: the newest.
#[derive(Debug, Default)]
pub(crate) struct Typing {
    notices: BTreeMap<(String, AccountId), Notice>,
}

/// Somebody types or records.
#[derive(Debug)]
struct Notice {
    node: Node,
    at_ms: u64,
}

impl Typing {
    /// Somebody has begun, or goes on.
    pub(crate) fn begin(&mut self, chat: &str, who: AccountId, node: Node, at_ms: u64) {
        self.expire(at_ms);
        self.notices.insert((chat.to_owned(), who), Notice { node, at_ms });
    }

    /// Somebody has stopped, or sent it. Answers whether they were typing.
    pub(crate) fn end(&mut self, chat: &str, who: AccountId, now_ms: u64) -> bool {
        self.expire(now_ms);
        self.notices.remove(&(chat.to_owned(), who)).is_some()
    }

    /// What is still true, oldest first.
    pub(crate) fn current(&mut self, now_ms: u64) -> Vec<Node> {
        self.expire(now_ms);
        let mut notices: Vec<&Notice> = self.notices.values().collect();
        notices.sort_by_key(|notice| notice.at_ms);
        notices.into_iter().map(|notice| notice.node.clone()).collect()
    }

    fn expire(&mut self, now_ms: u64) {
        self.notices
            .retain(|_, notice| now_ms.saturating_sub(notice.at_ms) < TYPING_TTL_MS);
    }
}

#[cfg(test)]
mod tests {
    use whatsapp_rust::NodeBuilder;

    use super::*;

    #[test]
    fn typing_is_true_for_a_while_unless_it_goes_on() {
        let ben = AccountId(1);
        let node = || NodeBuilder::new("chatstate").build();
        let mut typing = Typing::default();
        typing.begin("ben", ben, node(), 1_000);
        assert_eq!(typing.current(1_000 + TYPING_TTL_MS - 1).len(), 1);
        assert_eq!(typing.current(1_000 + TYPING_TTL_MS).len(), 0);
        typing.begin("ben", ben, node(), 50_000);
        typing.begin("ben", ben, node(), 60_000);
        assert_eq!(typing.current(60_000 + TYPING_TTL_MS - 1).len(), 1);
        assert!(typing.end("ben", ben, 61_000));
        assert!(!typing.end("ben", ben, 61_000));
    }
}

//! The messages a device sent lately, by id: an id that comes again is the same message again, never another one.
//!
//! Encrypting anew changes every byte of a copy, so what is compared is the chat the message is for. Bounded: an id that was forgotten
//! counts as new.

use std::collections::{HashMap, VecDeque};

use whatsapp_rust::CompactString;

use crate::address::AccountId;

/// Ids remembered per device.
const CAPACITY: usize = 4_096;

/// Which conversation a message belongs to, under whichever of its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chat {
    /// With one account.
    With(AccountId),
    /// A group, a broadcast list, a newsletter.
    Named(CompactString),
}

/// One device's memory.
#[derive(Debug, Default)]
pub(crate) struct Authored {
    chats: HashMap<CompactString, Chat>,
    order: VecDeque<CompactString>,
}

impl Authored {
    /// The device sends message `id` into `chat`. Answers whether it may: the id is new, or was used in this chat.
    pub(crate) fn admits(&mut self, id: &str, chat: Chat) -> bool {
        if let Some(before) = self.chats.get(id) {
            return *before == chat;
        }
        let id = CompactString::from(id);
        self.order.push_back(id.clone());
        self.chats.insert(id, chat);
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.chats.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_belongs_to_the_chat_it_was_first_used_in() {
        let mut authored = Authored::default();
        assert!(authored.admits("A", Chat::With(AccountId(1))));
        assert!(authored.admits("A", Chat::With(AccountId(1))));
        assert!(!authored.admits("A", Chat::With(AccountId(2))));
        assert!(!authored.admits("A", Chat::Named("1@g.us".into())));
        for n in 0..CAPACITY {
            assert!(authored.admits(&n.to_string(), Chat::With(AccountId(1))));
        }
        assert!(authored.admits("A", Chat::With(AccountId(2))));
    }
}

//! What a device was sent lately: whoever confirms a message, or asks for it again, must have got it.
//!
//! Bounded. Once something was forgotten, an unknown message is given the benefit of the doubt: no true receipt is ever refused.

use std::collections::{HashSet, VecDeque};

use whatsapp_rust::CompactString;

use crate::address::{AccountId, DeviceAddress};
use crate::world::World;

/// Messages remembered per device.
const CAPACITY: usize = 32_768;

/// One device's memory.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    known: HashSet<(CompactString, AccountId)>,
    order: VecDeque<(CompactString, AccountId)>,
    forgot: bool,
}

impl Delivered {
    /// The memory of a device that was sent things nobody remembers.
    pub(crate) fn forgetful() -> Self {
        Self {
            forgot: true,
            ..Self::default()
        }
    }

    /// The device is being sent message `id` of `from`.
    pub(crate) fn record(&mut self, id: &CompactString, from: AccountId) {
        if !self.known.insert((id.clone(), from)) {
            return;
        }
        self.order.push_back((id.clone(), from));
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            self.forgot = true;
        }
    }

    /// Whether it may have been sent.
    fn admits(&self, id: &str, from: AccountId) -> bool {
        self.forgot || self.known.contains(&(CompactString::from(id), from))
    }
}

impl World {
    /// Whether message `id` of account `from` was ever sent to this device. In a group, `from` is the participant.
    pub(crate) fn was_sent(&self, at: DeviceAddress, id: &str, from: AccountId) -> bool {
        self.device(at).is_some_and(|device| device.delivered.admits(id, from))
    }

    /// Whether it was sent to any device of the account: a companion reads what came before it was linked, too.
    pub(crate) fn was_sent_to_any(&self, account: AccountId, id: &str, from: AccountId) -> bool {
        self.account(account)
            .devices
            .values()
            .any(|device| device.delivered.admits(id, from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_under_its_sender_and_nothing_is_denied_once_something_was_forgotten() {
        let mut delivered = Delivered::default();
        delivered.record(&"A".into(), AccountId(1));
        assert!(delivered.admits("A", AccountId(1)));
        assert!(!delivered.admits("A", AccountId(2)));
        assert!(!delivered.admits("B", AccountId(1)));
        for n in 0..CAPACITY {
            delivered.record(&format!("{n}").into(), AccountId(1));
        }
        assert_eq!(delivered.known.len(), CAPACITY);
        assert!(delivered.admits("B", AccountId(1)));
    }
}

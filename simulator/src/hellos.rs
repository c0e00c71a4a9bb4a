//! Handshakes that were begun, so that none is begun twice with the same bytes.
//!
//! The first message of an IK handshake proves nothing about when it was made: who has recorded one could play it back, and the server
//! would take the device off its real connection. A client makes a fresh key for every handshake, so a key seen before is a recording.

use std::collections::{HashSet, VecDeque};

/// Keys remembered; the oldest are forgotten first (modelled: how long the real service remembers is unknown).
const CAPACITY: usize = 65_536;

/// The clients' keys of the last handshakes.
#[derive(Debug, Default)]
pub(crate) struct Hellos {
    seen: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

impl Hellos {
    /// Remembers a key. Answers whether it is new.
    pub(crate) fn is_new(&mut self, key: [u8; 32]) -> bool {
        if !self.seen.insert(key) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_new_once_and_memory_is_bounded() {
        let mut hellos = Hellos::default();
        let key = |n: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_le_bytes());
            key
        };
        for n in 0..CAPACITY + 10 {
            assert!(hellos.is_new(key(n)));
            assert!(!hellos.is_new(key(n)));
        }
        assert_eq!(hellos.seen.len(), CAPACITY);
        assert!(hellos.is_new(key(0)));
    }
}

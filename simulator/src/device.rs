//! One device of an account: its keys, what it has not acknowledged, and the connection it is on.

pub(crate) mod saved;

use std::collections::BTreeMap;

use crate::address::{AccountId, Namespace};
use crate::authored::Authored;
use crate::delivered::Delivered;
use crate::keys::KeyBundle;
use crate::outgoing::Outgoing;
use crate::queue::DeviceQueue;

/// How far a logged-in connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Logged in, passive: answers only, nothing from the queue.
    Authed,
    /// Active, the backlog is going out.
    Draining {
        /// Stanzas of it in all.
        total: usize,
        /// How many more may be sent before the client asks or has acknowledged everything.
        credit: usize,
        /// How many follow by themselves then.
        batch: usize,
        /// When the client was last given something, or acknowledged something.
        moved_ms: u64,
    },
    /// Active and up to date.
    Live,
}

/// Whether a device told its contacts that its user is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    Available,
    Unavailable,
}

/// The connection a device is logged in on.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) outgoing: Outgoing,
    pub(crate) phase: Phase,
    pub(crate) presence: Presence,
    /// Whose presence it asked for, and by which of their addresses.
    pub(crate) watching: BTreeMap<AccountId, Namespace>,
}

/// What makes a device a companion. The phone has none of it.
#[derive(Debug, Clone)]
pub(crate) struct Companion {
    /// The Noise static key it must log in with.
    pub(crate) noise: [u8; 32],
    /// The signed identity served to contacts.
    pub(crate) signed_identity: Vec<u8>,
    pub(crate) key_index: u32,
}

/// Whether a device was told that its one-time prekeys run low.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrekeyWarning {
    Due,
    Given,
}

/// A registered device.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) keys: KeyBundle,
    pub(crate) companion: Option<Companion>,
    pub(crate) queue: DeviceQueue,
    pub(crate) delivered: Delivered,
    pub(crate) authored: Authored,
    pub(crate) session: Option<Session>,
    pub(crate) prekey_warning: PrekeyWarning,
}

impl Device {
    pub(crate) fn new(keys: KeyBundle, companion: Option<Companion>) -> Self {
        Self {
            keys,
            companion,
            queue: DeviceQueue::default(),
            delivered: Delivered::default(),
            authored: Authored::default(),
            session: None,
            prekey_warning: PrekeyWarning::Due,
        }
    }
}

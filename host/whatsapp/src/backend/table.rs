//! The keys of whatsapp-rust's state within a session's space.
//!
//! The first byte is a table of [`waspnest_core::schema::session`], the second the kind. Texts that something follows carry their length,
//! as ids from the network may hold any byte; a text at the end is bare, so that a prefix of it is a prefix of the key.

use bytes::Bytes;
use waspnest_core::schema::session::{APP_STATE, DEVICE, PROTOCOL, SIGNAL};

/// Which records a key belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Device,
    Identity,
    Session,
    Prekey,
    SignedPrekey,
    SenderKey,
    SyncKey,
    LatestSyncKey,
    Version,
    MutationMac,
    SenderKeyDevice,
    LidMapping,
    PhoneMapping,
    BaseKey,
    DeviceList,
    Group,
    Token,
    SentMessage,
    PendingInbound,
    MessageSecret,
    /// Further parts of a record that does not fit one value.
    Part,
}

impl Kind {
    const fn prefix(self) -> [u8; 2] {
        match self {
            Self::Device => [DEVICE, 0x01],
            Self::Identity => [SIGNAL, 0x01],
            Self::Session => [SIGNAL, 0x02],
            Self::Prekey => [SIGNAL, 0x03],
            Self::SignedPrekey => [SIGNAL, 0x04],
            Self::SenderKey => [SIGNAL, 0x05],
            Self::SyncKey => [APP_STATE, 0x01],
            Self::LatestSyncKey => [APP_STATE, 0x02],
            Self::Version => [APP_STATE, 0x03],
            Self::MutationMac => [APP_STATE, 0x04],
            Self::SenderKeyDevice => [PROTOCOL, 0x01],
            Self::LidMapping => [PROTOCOL, 0x02],
            Self::PhoneMapping => [PROTOCOL, 0x03],
            Self::BaseKey => [PROTOCOL, 0x04],
            Self::DeviceList => [PROTOCOL, 0x05],
            Self::Group => [PROTOCOL, 0x06],
            Self::Token => [PROTOCOL, 0x07],
            Self::SentMessage => [PROTOCOL, 0x08],
            Self::PendingInbound => [PROTOCOL, 0x09],
            Self::MessageSecret => [PROTOCOL, 0x0A],
            Self::Part => [PROTOCOL, 0x7F],
        }
    }
}

/// The tables that make up a session's keys and protocol memory.
pub(super) const TABLES: [u8; 4] = [DEVICE, SIGNAL, APP_STATE, PROTOCOL];

/// A key in the making.
#[derive(Debug, Clone)]
pub(super) struct Row(Vec<u8>);

impl Row {
    pub(super) fn of(kind: Kind) -> Self {
        Self(kind.prefix().to_vec())
    }

    /// Adds a text that something follows.
    pub(super) fn then(mut self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    pub(super) fn number(self, number: u32) -> Self {
        self.last(&number.to_be_bytes())
    }

    /// Adds the last part.
    pub(super) fn last(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn finish(self) -> Bytes {
        self.0.into()
    }
}

/// What follows the two bytes of the kind.
pub(super) fn body(key: &[u8]) -> &[u8] {
    key.get(2..).unwrap_or_default()
}

/// Takes a text with its length off the front.
pub(super) fn take_text(key: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = key.split_first_chunk::<4>()?;
    let (text, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

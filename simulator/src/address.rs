//! Who a JID means here. Every account answers to two of them, by phone number and by LID; inside the server it is one [`AccountId`].

use whatsapp_rust::wacore_binary::{Jid, Server};

/// The phone's device number; companions count from 1.
pub(crate) const PHONE: u16 = 0;

/// An account, as its place in the world's list. Accounts are never removed, so it stays valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct AccountId(pub(crate) usize);

/// One device of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DeviceAddress {
    pub(crate) account: AccountId,
    pub(crate) device: u16,
}

/// The two families of addresses. What is addressed in one is answered in the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    Phone,
    Lid,
}

impl Namespace {
    /// The namespace of a user's JID; `None` for groups, broadcasts, newsletters and the server itself.
    pub(crate) fn of(jid: &Jid) -> Option<Self> {
        if jid.user.is_empty() {
            return None;
        }
        match jid.server {
            Server::Pn => Some(Self::Phone),
            Server::Lid => Some(Self::Lid),
            Server::Group
            | Server::Broadcast
            | Server::Newsletter
            | Server::Hosted
            | Server::HostedLid
            | Server::Messenger
            | Server::Interop
            | Server::Bot
            | Server::Legacy
            | Server::Call => None,
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Phone => Self::Lid,
            Self::Lid => Self::Phone,
        }
    }
}

/// A JID that names one of our accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) account: AccountId,
    pub(crate) device: u16,
    pub(crate) namespace: Namespace,
}

//! What a session is doing, as plugins are told.

use serde::{Deserialize, Serialize};

use crate::clock::UnixMs;

/// The session is in another state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEvent {
    /// Which.
    pub state: SessionState,
    /// Why, in words for people.
    pub reason: Option<Box<str>>,
}

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionState {
    /// No device is linked, and nobody is being asked to link one.
    Unlinked,
    /// QR codes are being shown.
    Pairing,
    /// A device is linked and a connection is being made.
    Connecting,
    /// Messages come and go.
    Connected,
    /// A device is linked and the session is to be offline, or WhatsApp refused it for the moment.
    Disconnected,
    /// The device was removed from the account.
    LoggedOut,
    /// Another client took the connection over.
    Replaced,
    /// WhatsApp banned the account.
    Banned {
        /// When the ban ends, where WhatsApp said so.
        until: Option<UnixMs>,
    },
    /// WhatsApp no longer accepts this version of the client.
    Outdated,
}

impl SessionState {
    /// The names.
    pub const NAMES: [&'static str; 9] = [
        "unlinked",
        "pairing",
        "connecting",
        "connected",
        "disconnected",
        "logged-out",
        "replaced",
        "banned",
        "outdated",
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unlinked => "unlinked",
            Self::Pairing => "pairing",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::LoggedOut => "logged-out",
            Self::Replaced => "replaced",
            Self::Banned { .. } => "banned",
            Self::Outdated => "outdated",
        }
    }
}

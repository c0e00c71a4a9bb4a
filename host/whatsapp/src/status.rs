//! What a session is doing, for operators.
//!
//! Written by the session's owner alone, from what WhatsApp said; nothing here is remembered across restarts.

use std::fmt;

use waspnest_core::address::Party;
use waspnest_core::clock::UnixMs;

/// What a session is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No device is linked, and nobody is being asked to link one.
    New,
    /// QR codes are being shown.
    Pairing,
    /// A device is linked and a connection is being made, or made again.
    Connecting,
    /// Logged in: messages come and go.
    Connected,
    /// A device is linked and the operator does not want it connected, or WhatsApp refused for the reason given.
    Disconnected,
    /// WhatsApp removed the device, or it was logged out here. Its keys are gone; connecting pairs anew.
    LoggedOut,
    /// WhatsApp banned the account. Never tried again by itself.
    Banned {
        /// When the ban ends, where WhatsApp said so.
        until: Option<UnixMs>,
    },
    /// Another client took over this device's connection. Never tried again by itself.
    Replaced,
    /// WhatsApp no longer accepts this version of the client. Never tried again by itself.
    Outdated,
}

impl State {
    /// The names of all of them.
    pub const NAMES: [&str; 9] = [
        Self::New.name(),
        Self::Pairing.name(),
        Self::Connecting.name(),
        Self::Connected.name(),
        Self::Disconnected.name(),
        Self::LoggedOut.name(),
        Self::Banned { until: None }.name(),
        Self::Replaced.name(),
        Self::Outdated.name(),
    ];

    /// Its stable name in answers, logs and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Pairing => "pairing",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::LoggedOut => "logged_out",
            Self::Banned { .. } => "banned",
            Self::Replaced => "replaced",
            Self::Outdated => "outdated",
        }
    }

    /// Whether the session stays like this until somebody asks for something else.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::LoggedOut | Self::Banned { .. } | Self::Replaced | Self::Outdated => true,
            Self::New | Self::Pairing | Self::Connecting | Self::Connected | Self::Disconnected => false,
        }
    }
}

/// A session's state with what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// What it is doing.
    pub state: State,
    /// Since when.
    pub since: UnixMs,
    /// Why, in words for the operator.
    pub reason: Option<Box<str>>,
    /// The account, once a device is linked.
    pub me: Option<Party>,
    /// When WhatsApp's server last sent something that is an answer or a message. Watchers are not woken when only this changes.
    pub last_round_trip: Option<UnixMs>,
}

/// A code to be scanned with the phone ("linked devices").
#[derive(Clone, PartialEq, Eq)]
pub struct Qr {
    /// What the QR code says. Whoever scans it links this session to their account.
    pub code: Box<str>,
    /// When it stops to work.
    pub valid_until: UnixMs,
}

impl fmt::Debug for Qr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Qr")
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}

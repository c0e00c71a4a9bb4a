//! The small signs a phone shows besides messages: ticks and "typing…".

use whatsapp_rust::wacore::types::events::{ChatPresenceUpdate, PresenceUpdate, Receipt, UserAboutUpdate};
use whatsapp_rust::wacore::types::presence::{ChatPresence, ChatPresenceMedia, ReceiptType};

use super::address;

/// A receipt for messages this human sent (or, from an own device, read elsewhere).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptSeen {
    /// JID of the chat without a device.
    pub chat: String,
    /// JID of who sent the receipt, without a device.
    pub sender: String,
    /// The messages it is for.
    pub ids: Vec<String>,
    /// What it says about them.
    pub kind: ReceiptKind,
    /// When it was sent, in Unix milliseconds (the wire carries whole seconds).
    pub at_ms: i64,
}

/// What a receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptKind {
    /// Two grey ticks.
    Delivered,
    /// Two blue ticks.
    Read,
    /// A voice message was listened to.
    Played,
    /// The other side could not decrypt it and asks for it again.
    Retry,
    /// Any other kind, by its name on the wire.
    Other(String),
}

impl ReceiptKind {
    /// One word of the admin API.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Retry => "retry",
            Self::Other(name) => name,
        }
    }
}

impl ReceiptSeen {
    pub(crate) fn of(receipt: &Receipt) -> Self {
        let kind = match &receipt.r#type {
            // A companion nobody is looking at says "inactive"; a phone shows both as delivered.
            ReceiptType::Delivered | ReceiptType::Inactive => ReceiptKind::Delivered,
            ReceiptType::Read => ReceiptKind::Read,
            ReceiptType::Played => ReceiptKind::Played,
            ReceiptType::Retry => ReceiptKind::Retry,
            // The library's enum is open; what a phone does not show keeps its wire name.
            other => ReceiptKind::Other(other.as_wire_str().to_owned()),
        };
        Self {
            chat: address::chat_of(&receipt.source).to_string(),
            sender: address::sender_of(&receipt.source).to_string(),
            ids: receipt.message_ids.iter().map(ToString::to_string).collect(),
            kind,
            at_ms: receipt.timestamp.timestamp_millis(),
        }
    }
}

/// Somebody is typing, recording or has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypingSeen {
    /// JID of the chat without a device.
    pub chat: String,
    /// JID of who is typing, without a device.
    pub sender: String,
    /// What they do.
    pub state: Typing,
}

/// What a human does with the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    /// "typing…"
    Composing,
    /// "recording audio…"
    Recording,
    /// Stopped without sending.
    Paused,
}

impl TypingSeen {
    pub(crate) fn of(update: &ChatPresenceUpdate) -> Self {
        let state = match (&update.state, &update.media) {
            (ChatPresence::Composing, ChatPresenceMedia::Text) => Typing::Composing,
            (ChatPresence::Composing, ChatPresenceMedia::Audio) => Typing::Recording,
            (ChatPresence::Paused, ChatPresenceMedia::Text | ChatPresenceMedia::Audio) => Typing::Paused,
        };
        Self {
            chat: address::chat_of(&update.source).to_string(),
            sender: address::sender_of(&update.source).to_string(),
            state,
        }
    }
}

/// Somebody came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceSeen {
    /// Their JID without a device, as the server named them.
    pub who: String,
    /// What they did.
    pub state: PresenceState,
    /// When they were last there, in seconds since the Unix epoch; `None` while they are there, and when they hide it.
    pub last_seen_s: Option<i64>,
}

/// Whether somebody is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresenceState {
    /// They are.
    There,
    /// They are not, or hide it.
    Gone,
}

impl PresenceSeen {
    pub(crate) fn of(update: &PresenceUpdate) -> Self {
        Self {
            who: update.from.to_non_ad().to_string(),
            state: if update.unavailable {
                PresenceState::Gone
            } else {
                PresenceState::There
            },
            last_seen_s: update.last_seen.map(|at| at.timestamp()),
        }
    }
}

/// Somebody wrote a new about text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "HeardAbout")]
pub struct AboutSeen {
    /// Their JID without a device.
    pub who: String,
    /// What it says.
    pub text: String,
}

impl AboutSeen {
    pub(crate) fn of(update: &UserAboutUpdate) -> Self {
        Self {
            who: update.jid.to_non_ad().to_string(),
            text: update.status.clone(),
        }
    }
}

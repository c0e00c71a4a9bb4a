//! How far messages of the account have come.

use serde::{Deserialize, Serialize};

use crate::address::{Jid, Party};
use crate::clock::UnixMs;
use crate::id::MessageId;

/// News of messages the account sent, from this device or another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The chat the messages are in.
    pub chat: Jid,
    /// Which messages.
    pub messages: Vec<MessageId>,
    /// What became of them.
    pub status: ReceiptStatus,
    /// Who received or read them; none when the server or the host says it.
    pub by: Option<Party>,
    /// When, as WhatsApp says.
    pub at: UnixMs,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReceiptStatus {
    /// WhatsApp's server has it.
    ServerAck,
    /// It is on a device of the recipient.
    Delivered,
    /// The recipient has seen it.
    Read,
    /// The recipient has listened to it, or opened a view-once message.
    Played,
    /// It was given up.
    Failed {
        /// Why, in words.
        reason: Box<str>,
        /// WhatsApp's code, where it gave one.
        code: Option<u32>,
    },
}

impl ReceiptStatus {
    /// The names, in the order things usually happen.
    pub const NAMES: [&'static str; 5] = ["server-ack", "delivered", "read", "played", "failed"];

    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::ServerAck => "server-ack",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed { .. } => "failed",
        }
    }
}

//! A reminder, as the payload of its job keeps it. Changing these fields changes what is stored: add with a default only.

use serde::{Deserialize, Serialize};
use waspnest_plugin::types::MessageKey;

/// Everything that is needed to remind somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Reminder {
    /// Its number in the chat.
    pub(crate) number: i64,
    /// Of what.
    pub(crate) text: String,
    /// Whether it ends with the first time.
    pub(crate) recurs: Recurs,
    /// When, in words: "every day at 08:00".
    pub(crate) when: String,
    /// The message that asked for it; the reminder quotes it, in its chat.
    pub(crate) asked_in: AskedIn,
}

/// Whether a reminder comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Recurs {
    /// It does not.
    No,
    /// At the same time of each day.
    Daily,
}

/// A message's key in the form that is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AskedIn {
    pub(crate) session: String,
    pub(crate) chat: String,
    pub(crate) id: String,
    pub(crate) participant: Option<String>,
}

impl From<&MessageKey> for AskedIn {
    fn from(key: &MessageKey) -> Self {
        Self {
            session: key.session.clone(),
            chat: key.chat.clone(),
            id: key.id.clone(),
            participant: key.participant.clone(),
        }
    }
}

impl From<AskedIn> for MessageKey {
    /// The account's own messages are not answered, so the key is one of somebody else's.
    fn from(asked: AskedIn) -> Self {
        Self {
            session: asked.session,
            chat: asked.chat,
            id: asked.id,
            from_me: false,
            participant: asked.participant,
        }
    }
}

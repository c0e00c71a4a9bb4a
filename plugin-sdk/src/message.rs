//! Questions one asks of a message.

use crate::types::{ChatKind, Message};

impl Message {
    /// Text, caption or chosen title, without blanks around it; none when there is none or it is blank.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.plain_text
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty())
    }

    /// Address of the chat, where an answer goes.
    #[must_use]
    pub fn chat(&self) -> &str {
        &self.key.chat
    }

    /// Whether only two talk in the chat, so that it is clear what an answer refers to.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        match self.chat_kind {
            ChatKind::Direct | ChatKind::Bot => true,
            ChatKind::Group
            | ChatKind::Community
            | ChatKind::Broadcast
            | ChatKind::Status
            | ChatKind::Newsletter
            | ChatKind::Other => false,
        }
    }
}

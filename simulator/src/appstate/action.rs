//! What an account's owner can do on the phone that companions learn of through app state.

/// Something done on the phone. Chats are named by phone digits or JID.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum PhoneAction {
    /// Moves a chat into the archive.
    Archive {
        /// The chat.
        chat: String,
    },
    /// Takes a chat out of the archive.
    Unarchive {
        /// The chat.
        chat: String,
    },
    /// Pins a chat to the top.
    Pin {
        /// The chat.
        chat: String,
    },
    /// Lets a chat go from the top.
    Unpin {
        /// The chat.
        chat: String,
    },
    /// Silences a chat.
    Mute {
        /// The chat.
        chat: String,
        /// Until when, in milliseconds since 1970; for ever when absent.
        #[serde(default)]
        until_ms: Option<i64>,
    },
    /// Ends a silence.
    Unmute {
        /// The chat.
        chat: String,
    },
    /// Marks a chat as read.
    MarkRead {
        /// The chat.
        chat: String,
    },
    /// Marks a chat as unread.
    MarkUnread {
        /// The chat.
        chat: String,
    },
    /// Puts a star on a message.
    Star {
        /// The chat the message is in.
        chat: String,
        /// The message id.
        id: String,
        /// Who wrote it.
        author: MessageAuthor,
    },
    /// Takes the star off a message.
    Unstar {
        /// The chat the message is in.
        chat: String,
        /// The message id.
        id: String,
        /// Who wrote it.
        author: MessageAuthor,
    },
    /// Deletes a message on the account's own devices only.
    DeleteForMe {
        /// The chat the message is in.
        chat: String,
        /// The message id.
        id: String,
        /// Who wrote it.
        author: MessageAuthor,
    },
    /// Empties a chat, media included, and keeps starred messages.
    ClearChat {
        /// The chat.
        chat: String,
    },
    /// Deletes a chat, media included.
    DeleteChat {
        /// The chat.
        chat: String,
    },
    /// Saves a contact in the address book, or renames it.
    SaveContact {
        /// Phone digits or JID.
        contact: String,
        /// The name in the address book.
        full_name: String,
        /// The first name alone.
        #[serde(default)]
        first_name: Option<String>,
    },
    /// Removes a contact from the address book.
    RemoveContact {
        /// Phone digits or JID.
        contact: String,
    },
    /// Changes the name that contacts see.
    SetPushName {
        /// The new name.
        name: String,
    },
    /// Makes a label, or renames it.
    EditLabel {
        /// The label's id.
        label: String,
        /// What it is called.
        name: String,
        /// Index of its colour.
        color: i32,
    },
    /// Deletes a label.
    DeleteLabel {
        /// The label's id.
        label: String,
    },
    /// Puts a label on a chat.
    LabelChat {
        /// The label's id.
        label: String,
        /// The chat.
        chat: String,
    },
    /// Takes a label off a chat.
    UnlabelChat {
        /// The label's id.
        label: String,
        /// The chat.
        chat: String,
    },
}

/// Who wrote a message that an action is about.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageAuthor {
    /// The account itself.
    Me,
    /// The other side of a chat between two.
    Them,
    /// Somebody in a group: phone digits or JID.
    Member(String),
}

/// An action that could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// Nobody has this number.
    #[error("there is no account with the number {0}")]
    UnknownAccount(String),
    /// Not phone digits and not a JID.
    #[error("{0:?} is neither a phone number nor a JID")]
    BadAddress(String),
    /// The collection takes no more.
    #[error("the phone's own patch was refused: {0}")]
    Refused(String),
}

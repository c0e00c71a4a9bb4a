//! Why a message is refused: the codes in an acknowledgement's `error`.
//!
//! Clients know 463 and 479 and treat every other code as a failure of that message. What the rest mean is modelled.

/// A reason to refuse a message, as its sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nack {
    /// The stanza is not a message: no address, no id, no content. 400.
    Malformed,
    /// The sender may not write there. 403.
    Forbidden,
    /// There is no such account, device or group. 404.
    NoSuchRecipient,
    /// The sender has used the id for another chat. 409.
    Taken,
    /// The sender names members in a way the group does not. 421.
    StaleAddressing,
    /// The sender is not trusted with strangers and shows no token of this one. 463.
    StrangerWithoutToken,
    /// The stanza is well-formed and not acceptable; clients blame a stale session. 479.
    Invalid,
    /// The server failed. 500.
    Internal,
    /// The server does not serve that kind of address. 501.
    NotSupported,
    /// The recipient's queue is full, or the server is busy: to be tried again later. 503.
    NoRoom,
}

impl Nack {
    /// The number on the wire.
    pub fn code(self) -> u16 {
        match self {
            Self::Malformed => 400,
            Self::Forbidden => 403,
            Self::NoSuchRecipient => 404,
            Self::Taken => 409,
            Self::StaleAddressing => 421,
            Self::StrangerWithoutToken => 463,
            Self::Invalid => 479,
            Self::Internal => 500,
            Self::NotSupported => 501,
            Self::NoRoom => 503,
        }
    }
}

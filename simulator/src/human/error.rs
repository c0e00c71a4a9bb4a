//! What can go wrong for a human.

use std::time::Duration;

use crate::{AccountError, CodeError, ScanError};

/// Why something a human wanted did not happen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HumanError {
    /// The account could not be created.
    #[error("creating the account failed")]
    Account(#[from] AccountError),
    /// The simulated phone refused the pairing code.
    #[error("scanning the pairing code failed")]
    Scan(#[from] ScanError),
    /// The simulated phone could not link with the code typed into it.
    #[error("typing the code into the phone failed")]
    Code(#[from] CodeError),
    /// The client could not be built.
    #[error("building the client failed")]
    Build {
        /// The library's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The client showed no pairing code.
    #[error("the client showed no pairing code in time")]
    NoPairingCode,
    /// The client did not get connected.
    #[error("the client was not connected in time")]
    NotConnected,
    /// The human is offline because it went offline.
    #[error("this human is offline; let it come online first")]
    Away,
    /// The server ended the session for good.
    #[error("the server ended this session: {reason}")]
    Ended {
        /// What the server said.
        reason: String,
    },
    /// Not an address.
    #[error("{given:?} is neither a phone number (5 to 20 digits) nor a JID such as 4915112345678@s.whatsapp.net")]
    Address {
        /// What was given.
        given: String,
    },
    /// The client could not send.
    #[error("sending failed")]
    Send {
        /// The library's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server refused the message.
    #[error("the server refused message {id} with error {code}")]
    Refused {
        /// The message.
        id: String,
        /// The server's error code, for example 479.
        code: String,
    },
    /// The server did not acknowledge the message.
    #[error("the server did not acknowledge message {id} in time")]
    NotAcknowledged {
        /// The message.
        id: String,
    },
    /// No such message in this human's inbox or among what it said lately.
    #[error("this human neither heard nor lately said a message with id {id:?}")]
    UnknownMessage {
        /// The id asked for.
        id: String,
    },
    /// What was waited for did not come.
    #[error("no such {what} within {timeout:?} ({heard} messages heard so far)")]
    NotSeen {
        /// What was waited for.
        what: &'static str,
        /// How long.
        timeout: Duration,
        /// Messages in the inbox when the wait ended.
        heard: usize,
    },
}

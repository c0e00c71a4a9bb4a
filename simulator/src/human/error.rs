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
    /// The client could not upload or fetch a medium.
    #[error("{doing} failed")]
    Media {
        /// What was being done.
        doing: &'static str,
        /// The library's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The message carries nothing that could be fetched.
    #[error("message {id} carries no media")]
    NoMedia {
        /// The message.
        id: String,
    },
    /// Something that was heard could not be read.
    #[error("what was heard could not be read")]
    Unreadable {
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
    /// The server refused what was asked of it.
    #[error("the server refused to {doing}: {code} {text}")]
    RequestRefused {
        /// What was asked.
        doing: &'static str,
        /// The server's error code, for example 403.
        code: u16,
        /// What the server said with it.
        text: String,
    },
    /// The client could not ask, or did not understand the answer.
    #[error("it was not possible to {doing}")]
    Request {
        /// What was to be asked.
        doing: &'static str,
        /// The library's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
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

impl HumanError {
    /// What a failed request comes to: the server's refusal with its code, or the library's reason.
    pub(crate) fn of_request<E>(doing: &'static str, error: E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        // In scope of the whole file, the trait would get in the way of the derive above.
        match whatsapp_rust::ErrorChainExt::server_rejection(&error) {
            Some(rejection) => Self::RequestRefused {
                doing,
                code: rejection.code,
                text: rejection.text.to_owned(),
            },
            None => Self::Request {
                doing,
                source: Box::new(error),
            },
        }
    }
}

//! What the handle's callers can be told went wrong. Faults of a single connection never reach them: those are log lines.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::stanza_log::Direction;

/// The server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is reachable from elsewhere and the configuration does not allow that.
    #[error("{0} is not a loopback address, and this server must not be reachable from other machines")]
    NotLoopback(SocketAddr),
    /// The operating system refused the address.
    #[error("listening on {address} failed")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The media server could not be secured.
    #[error("setting up the media server's TLS failed")]
    Tls(#[source] crate::media::TlsError),
    /// The server's own certificate chain could not be made.
    #[error("signing the server's certificates failed")]
    Certificate(#[source] whatsapp_rust::wacore::libsignal::protocol::CurveError),
    /// The world to begin with could not be had.
    #[error("restoring the world failed")]
    Restore(#[source] WorldFileError),
}

/// Something about media that the caller asked for cannot be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// Nothing was ever at this path.
    #[error("the media server never had anything at {0:?}")]
    Unknown(String),
}

/// A picture could not be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There is no such account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Nothing, or more than a picture may have.
    #[error("a picture has 1 byte to 1 MiB, and this one has {0} bytes")]
    Size(usize),
}

/// Nothing can be done about a call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No call has this id, or it was long ago.
    #[error("there is no call {0:?}")]
    Unknown(String),
    /// It is over, or a companion made it and has to end it.
    #[error("call {0:?} is over, or was not made by a phone")]
    NotUnderWay(String),
}

/// An account could not be made or found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Not 7 to 15 digits.
    #[error("{0:?} is not a phone number: 7 to 15 digits, without plus or spaces")]
    BadPhone(String),
    /// Somebody has this number.
    #[error("an account with the number {0} exists already")]
    Taken(String),
    /// Nobody has this number.
    #[error("there is no account with the number {0}")]
    Unknown(String),
    /// The simulated phone could not make its keys.
    #[error("making the phone's keys failed")]
    Keys(#[source] whatsapp_rust::wacore::libsignal::protocol::SignalProtocolError),
}

/// A fault was not put in force.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// One of the accounts is not there.
    #[error("a fault's account is unknown")]
    Account(#[source] AccountError),
    /// Not a share.
    #[error("{0} is not a probability: above 0 and up to 1")]
    Probability(f64),
    /// A number is too small or too large.
    #[error("{what} is {value}, and must be from {least} to {most}")]
    OutOfBounds {
        /// Which number.
        what: &'static str,
        /// What was given.
        value: u64,
        /// Least that is allowed.
        least: u64,
        /// Most that is allowed.
        most: u64,
    },
    /// The action makes sense one way only, and the rule does not say that it is about that one.
    #[error("{action} needs a rule whose direction is {wanted:?}")]
    Direction {
        /// Its name.
        action: &'static str,
        /// The way it works.
        wanted: Direction,
    },
    /// Enough is enough.
    #[error("there are {0} faults already")]
    TooMany(usize),
    /// No such fault is in force.
    #[error("there is no fault {0}")]
    Unknown(u64),
}

/// The server could not listen again. It is down; another restart may bring it up.
#[derive(Debug, thiserror::Error)]
#[error("listening on {address} again failed")]
pub struct RestartError {
    /// Where it listened before.
    pub address: SocketAddr,
    /// The system's reason.
    #[source]
    pub source: std::io::Error,
}

/// A world could not be saved or restored. The world that runs is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorldFileError {
    /// The file could not be read.
    #[error("reading {} failed", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("writing {} failed", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// The file ends too early.
    #[error("{} is cut short", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// The file is JSON of something else.
    #[error("{} is not a saved world", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The file is of another version.
    #[error("{} is a world of version {found}, and this server reads version {supported}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that is read.
        supported: u32,
    },
    /// A part of the file is not what it should be.
    #[error("{} is damaged", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What and where.
        #[source]
        source: serde_json::Error,
    },
    /// The parts do not fit together.
    #[error("the world of {} does not fit together: {what}", path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// The world was restored, but the server could not listen again.
    #[error("the world was restored, and the server is down")]
    Restart(#[source] RestartError),
}

/// Removing a companion failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnlinkError {
    /// Nobody has this number.
    #[error("there is no account with the number {0}")]
    UnknownAccount(String),
    /// The account has no such companion (device 0, the phone, cannot be removed either).
    #[error("the account has no companion device {0}")]
    UnknownDevice(u16),
}

/// The simulated phone refused to link, or linking did not finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// Nobody has this number.
    #[error("there is no account with the number {0}")]
    UnknownAccount(String),
    /// The text is not a pairing code.
    #[error("not a pairing code: {0}")]
    BadCode(&'static str),
    /// The code names a pairing the server does not hold: expired, used, or from another server.
    #[error("the code is not of a pairing that is waiting here")]
    UnknownRef,
    /// The code has left the client's screen: the next one is shown.
    #[error("the code has expired; the client shows another one by now")]
    Expired,
    /// The code shows another key than the connection that waits under it has.
    #[error("the code's {0} key is not the waiting client's")]
    KeyMismatch(&'static str),
    /// Four companions are linked.
    #[error("the account has its {0} companions already")]
    TooManyDevices(usize),
    /// The phone could not sign.
    #[error("signing the new device failed")]
    Signing(#[source] whatsapp_rust::wacore::libsignal::protocol::CurveError),
    /// The client answered with an error instead of its signature.
    #[error("the client refused the phone's identity: {0}")]
    RefusedByClient(String),
    /// The client's signature of the link does not verify.
    #[error("the client's signature of the link is invalid: {0}")]
    BadDeviceSignature(&'static str),
    /// The account wants a passkey, and what the client showed is not one of its.
    #[error("the passkey was not accepted: {0}")]
    Passkey(&'static str),
    /// The client hung up before it answered.
    #[error("the client went away while it was being linked")]
    ClientGone,
    /// The client did not answer in time.
    #[error("the client did not answer the pairing in time")]
    Timeout,
}

/// The simulated phone could not link with a code that was typed into it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// Nobody has this number.
    #[error("there is no account with the number {0}")]
    UnknownAccount(String),
    /// Not eight letters and digits.
    #[error("not a code: eight letters and digits, with or without a dash")]
    BadCode,
    /// No client asks to be linked to this account.
    #[error("no client waits for a code to be typed into this phone")]
    NobodyWaits,
    /// The client asked too long ago.
    #[error("the code has expired")]
    Expired,
    /// It is not the code the client shows.
    #[error("this is not the code the client shows; {entries_left} more tries")]
    WrongCode {
        /// Tries left before the client has to ask for another code.
        entries_left: u32,
    },
    /// The client's answer was made for somebody else.
    #[error("the client's answer to the code is not acceptable: {0}")]
    BadBundle(&'static str),
    /// The client did not answer, or went away.
    #[error("the client did not answer the code")]
    Unanswered,
    /// The code was right, and linking failed after it.
    #[error("linking failed after the code")]
    Linking(#[from] ScanError),
}

/// A group could not be made, found or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// There is no such group.
    #[error("there is no group {0}")]
    Unknown(String),
    /// Nobody has this number.
    #[error("there is no account with the number {0}")]
    UnknownAccount(String),
    /// Empty or too long.
    #[error("a group's subject has 1 to 100 characters")]
    Subject,
}

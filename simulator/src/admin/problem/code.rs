//! The stable names of what can go wrong. A name is never changed and never given a second meaning.

use schemars::JsonSchema;
use serde::Serialize;

/// What kind of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::enum_variant_names,
    reason = "a pairing code is another kind of code, and its name is on the wire"
)]
pub(crate) enum Code {
    /// The call carries no token, or a wrong one.
    Unauthorized,
    /// There is nothing at this path.
    NoSuchPath,
    /// The path takes other methods.
    MethodNotAllowed,
    /// The body broke off.
    UnreadableBody,
    /// The body is larger than this call takes.
    BodyTooLarge,
    /// The body is not what this call takes.
    BadBody,
    /// The query is not what this call takes.
    BadQuery,
    /// Nobody and nothing of that name.
    Unknown,
    /// The simulator is ending.
    ShuttingDown,
    /// Not a phone number an account can have.
    BadPhone,
    /// An account has this number already.
    PhoneTaken,
    /// A person has this account already.
    AlreadyThere,
    /// Keys could not be made.
    KeysFailed,
    /// Not a pairing code.
    BadPairingCode,
    /// A pairing code that no client shows any more.
    StalePairingCode,
    /// Not the code the client shows.
    WrongPairingCode,
    /// The account has as many companions as it may.
    TooManyDevices,
    /// The phone could not sign.
    SigningFailed,
    /// The client refused to be linked.
    ClientRefused,
    /// The client did not answer in time.
    ClientSilent,
    /// A persona makes no sense.
    BadPersona,
    /// A cast makes no sense.
    BadCast,
    /// A person's client could not be built.
    ClientFailed,
    /// A person's client did not connect in time.
    NotConnected,
    /// The person is offline because it was told to be.
    Offline,
    /// The server ended this person's session for good.
    SessionEnded,
    /// Neither a phone number nor a JID.
    BadAddress,
    /// A person's client could not send.
    SendFailed,
    /// The server refused the message or the request.
    RefusedByServer,
    /// A person's client could not ask, or did not understand the answer.
    RequestFailed,
    /// A medium could not be uploaded or fetched.
    MediaFailed,
    /// The message carries no medium.
    NoMedia,
    /// Not the bytes of a message.
    BadMessage,
    /// Not a picture an account can show.
    BadPicture,
    /// The call is over, or nobody here can end it.
    CallOver,
    /// More of a past than a phone remembers.
    TooMuchHistory,
    /// Not a passkey an account can have.
    BadPasskey,
    /// A fault makes no sense.
    BadFault,
    /// As many faults are in force as may be.
    TooManyFaults,
    /// The server could not listen again; it is down.
    RestartFailed,
    /// A file could not be read or written.
    FileFailed,
    /// A file is not a world this server can begin with.
    BadWorldFile,
    /// Not the name a group can have.
    BadSubject,
    /// Not a value this privacy setting can have.
    BadPrivacy,
    /// Something that was heard could not be read.
    Unreadable,
    /// The server did not acknowledge the message in time.
    NotAcknowledged,
    /// The person neither heard nor said such a message lately.
    UnknownMessage,
    /// What was waited for did not come.
    NothingHeard,
}

//! What a call may read of the host, and what it may have done while it runs.
//!
//! The server implements it over the store and the network, tests in memory. Everything is scoped already: an implementation answers for
//! one event and one installation and cannot be asked about another.

pub(crate) mod values;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::{Deserialize, Serialize};
use url::Url;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Pot, Timer};
use waspnest_core::effect::Action;
use waspnest_core::event::Position;
use waspnest_core::files::FileName;
use waspnest_core::id::{EffectId, EventId, MessageId, SecretName};
use waspnest_core::journal::Question;
use waspnest_core::live;
use waspnest_core::log::Place;
use waspnest_core::message::{Content, Message, MessageKey};

use crate::secret::BoundSecret;

/// What a call may read and ask: the state of one installation in one session, and answers for one event.
#[async_trait]
pub trait Host: Send + Sync {
    /// One value; none when it is missing or expired.
    async fn kv_get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError>;

    /// Values of one store whose keys start with `prefix` and come after `after`, in byte order, at most `limit`. Expired ones are
    /// left out. Fewer than `limit` mean that there are no more.
    async fn kv_scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError>;

    /// What is used of this in the session: the installation's own values over all stores, or those of one that it shares. Expired ones may
    /// count.
    async fn kv_usage(&self, pot: &Pot) -> Result<KvUsage, HostError>;

    /// The same without what has expired, which may take longer to find out.
    async fn kv_present(&self, pot: &Pot) -> Result<KvUsage, HostError>;

    /// One value of the installation's dialogues; none when it is missing or expired.
    async fn dialogue(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError>;

    /// What the installation's dialogues use in this session.
    async fn dialogue_usage(&self) -> Result<KvUsage, HostError>;

    /// The installation's timers in this session.
    async fn timers(&self) -> Result<Vec<Timer>, HostError>;

    /// A message of this session, if the host still has it.
    async fn message(&self, key: &MessageKey) -> Result<Option<Recorded>, HostError>;

    /// The message at a position of the session's log, if there is one.
    async fn message_at(&self, position: Position) -> Result<Option<Recorded>, HostError>;

    /// Messages of a chat that come before a place, newest first, at most `limit`. Fewer than `limit` mean that there are no more.
    async fn history(&self, chat: &Jid, before: Place, limit: usize) -> Result<Vec<Recorded>, HostError>;

    /// The first moment after `after` that a cron expression names in an IANA time zone. Also the judge of what a valid expression
    /// and a valid zone are.
    fn next_cron(&self, expression: &str, zone: &str, after: UnixMs) -> Result<UnixMs, InvalidRule>;

    /// Lets an effect leave at once, whatever becomes of the call. One that an earlier attempt at this event let leave under the same id
    /// is left as it is.
    async fn leave(&self, id: EffectId, action: Action) -> Result<(), HostError>;

    /// The message that the installation sent under a key of its own within a day.
    async fn sent_under(&self, key: &str) -> Result<Option<MessageId>, HostError>;

    /// The file of a message, from WhatsApp's servers, at most `limit` bytes of it.
    async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchFailure>;

    /// Keeps a file that the installation made, if it keeps no more than `limit` bytes then. Durable when this returns.
    async fn keep_file(&self, bytes: Bytes, limit: u64) -> Result<FileName, KeepFailure>;

    /// A file that the installation made.
    async fn file(&self, name: &FileName) -> Result<Option<Bytes>, HostError>;

    /// Keeps a file that the installation made for longer, and answers its size; none when there is no such file.
    async fn touch_file(&self, name: &FileName) -> Result<Option<u64>, HostError>;

    /// Whether bytes are an encoded message that can be sent.
    fn judge_raw(&self, message: &[u8]) -> Result<(), InvalidMessage>;

    /// The answer that an earlier attempt at this event got, if it was kept.
    async fn kept(&self, question: &Question) -> Result<Option<Bytes>, HostError>;

    /// Keeps an answer for later attempts at this event.
    async fn keep(&self, question: &Question, answer: &[u8]) -> Result<(), HostError>;

    /// Keeps an answer for later attempts and returns when it is kept for good, whatever happens to the process.
    async fn keep_for_good(&self, question: &Question, answer: &[u8]) -> Result<(), HostError>;

    /// Has the session's account do one thing.
    async fn ask_account(&self, request: live::Request) -> Result<live::Answer, live::Refusal>;

    /// People the session knows by phone number and LID, in the order of their numbers after `after`, at most `limit`. Fewer than `limit`
    /// mean that there are no more.
    async fn people(&self, after: Option<&Jid>, limit: usize) -> Result<Vec<Party>, HostError>;

    /// A secret of the operator's, as it is now; none where there is none of that name, or it has no value.
    async fn secret(&self, name: &SecretName) -> Result<Option<BoundSecret>, HostError>;

    /// Sends one request through the operator's guard. A redirect is an answer.
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFailure>;

    /// The same, answered as soon as the answer begins; `timeout` is how long that may take.
    async fn open(&self, request: HttpRequest) -> Result<HttpIncoming, HttpFailure>;
}

/// An answer over HTTP whose body is still to come.
pub struct HttpIncoming {
    /// Status, such as 200.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body; dropping it ends the connection.
    pub body: Box<dyn HttpBody>,
}

/// A body that comes in pieces.
#[async_trait]
pub trait HttpBody: Send {
    /// Waits for more for at most `wait`, then gathers what comes within `gather`, or up to about 64 KiB; none at the end. A failure behind
    /// what was gathered is answered the next time.
    async fn next(&mut self, wait: Duration, gather: Duration) -> Result<Option<Bytes>, HttpFailure>;
}

/// A message of the session's log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The event that recorded it.
    pub event: EventId,
    /// Where that is in the log.
    pub position: Position,
    /// The message.
    pub message: Message,
}

/// A request over HTTP.
#[derive(Clone)]
pub struct HttpRequest {
    /// What to do.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// Headers, as they are sent.
    pub headers: HeaderMap,
    /// Body; empty for none.
    pub body: Bytes,
    /// How long it may take.
    pub timeout: Duration,
    /// Bytes of the answer's body that are taken.
    pub max_bytes: usize,
}

/// Shows what is done where, and neither query nor headers nor body: secrets may be in them.
impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("origin", &self.url.origin().ascii_serialization())
            .field("path", &self.url.path())
            .finish_non_exhaustive()
    }
}

/// An answer over HTTP.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// Status, such as 200.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, as far as it was taken.
    pub body: Bytes,
    /// Whether there was more body than was taken.
    pub truncated: bool,
}

/// No answer over HTTP. The words are shown to the plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum HttpFailure {
    /// The guard does not let it out.
    #[error("{0}")]
    Forbidden(String),
    /// It took too long.
    #[error("it took too long")]
    TimedOut,
    /// The other side could not be reached, or did not speak HTTP.
    #[error("{0}")]
    Unreachable(String),
}

/// No file of a message. The words are shown to the plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FetchFailure {
    /// The session is not connected.
    #[error("the session is not connected")]
    Offline,
    /// The message does not say where its file is.
    #[error("the message has no file that could be fetched")]
    Gone,
    /// There is more of it than was asked for.
    #[error("the file is too large")]
    TooLarge,
    /// WhatsApp's servers did not give it.
    #[error("{0}")]
    Failed(String),
}

/// A file that was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepFailure {
    /// The installation would keep more than it may.
    #[error("the installation keeps as much as it may")]
    Full,
    /// The host failed.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// What an installation's values use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KvUsage {
    /// Values.
    pub keys: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

/// The host could not be read. The call ends and may be made again.
#[derive(Debug, thiserror::Error)]
#[error("reading the host's state for a plugin failed")]
pub struct HostError(#[from] pub Box<dyn std::error::Error + Send + Sync>);

/// A cron expression or a time zone that cannot be used, in words for the plugin's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidRule(pub String);

/// Bytes that are no message, in words for the plugin's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidMessage(pub String);

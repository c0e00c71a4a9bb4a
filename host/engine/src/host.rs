//! What a call may read of the host, and what it may have done while it runs.
//!
//! The server implements it over the store and the network, tests in memory. Everything is scoped already: an implementation answers for
//! one event and one installation and cannot be asked about another.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Timer};
use waspnest_core::journal::Question;
use waspnest_core::message::{Message, MessageKey};

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

    /// What the installation's values use in this session, over all stores.
    async fn kv_usage(&self) -> Result<KvUsage, HostError>;

    /// One value of the installation's dialogues; none when it is missing or expired.
    async fn dialogue(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError>;

    /// What the installation's dialogues use in this session.
    async fn dialogue_usage(&self) -> Result<KvUsage, HostError>;

    /// The installation's timers in this session.
    async fn timers(&self) -> Result<Vec<Timer>, HostError>;

    /// A message of this session, if the host still has it.
    async fn message(&self, key: &MessageKey) -> Result<Option<Message>, HostError>;

    /// The first moment after `after` that a cron expression names in an IANA time zone. Also the judge of what a valid expression
    /// and a valid zone are.
    fn next_cron(&self, expression: &str, zone: &str, after: UnixMs) -> Result<UnixMs, InvalidRule>;

    /// Whether bytes are an encoded message that can be sent.
    fn judge_raw(&self, message: &[u8]) -> Result<(), InvalidMessage>;

    /// The answer that an earlier attempt at this event got, if it was kept.
    async fn kept(&self, question: &Question) -> Result<Option<Bytes>, HostError>;

    /// Keeps an answer for later attempts at this event.
    async fn keep(&self, question: &Question, answer: &[u8]) -> Result<(), HostError>;

    /// Sends one request through the operator's guard. A redirect is an answer.
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFailure>;
}

/// A request over HTTP.
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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

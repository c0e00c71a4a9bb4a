//! What can be asked of the host, with the forms of questions and answers.
//!
//! Both are kept in postcard: as small as what they say, and read back as the types they were. A recorded form may be read by a later
//! version; what that cannot read it treats as not recorded.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::codec::{self, Record};
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Pot, Timer};
use waspnest_core::effect::Action;
use waspnest_core::event::Position;
use waspnest_core::id::{EffectId, EventId, MessageId, SecretName};
use waspnest_core::live;
use waspnest_core::message::{Content, Message, MessageKey};

use super::Step;
use crate::host::{FetchFailure, HttpAnswer, HttpFailure, HttpIncoming, HttpRequest, Recorded};

macro_rules! functions {
    ($($(#[$doc:meta])* $case:ident = $name:literal: $question:ty => $answer:ty;)+) => {
        /// Something that can be asked of the host.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Function {
            $($(#[$doc])* $case,)+
        }

        impl Function {
            const ALL: [Self; [$($name),+].len()] = [$(Self::$case),+];

            /// Its name in records.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$case => $name,)+
                }
            }
        }

        impl Step {
            /// Question and answer as JSON; null for what this version cannot read.
            pub(super) fn shown(&self) -> (Value, Value) {
                match self.function {
                    $(Function::$case => (shown::<$question>(&self.question), shown::<$answer>(&self.answer)),)+
                }
            }
        }
    };
}

functions! {
    /// One value.
    KvGet = "kv.get": KvKey => Option<KvEntry>;
    /// Some values.
    KvScan = "kv.scan": (KvScope, String, Option<String>, u64) => Vec<(Box<str>, KvEntry)>;
    /// What all values use.
    KvUsage = "kv.usage": Pot => (u64, u64);
    /// The same without expired ones.
    KvPresent = "kv.present": Pot => (u64, u64);
    /// A state or a wait.
    Dialogue = "dialogue.get": KvKey => Option<KvEntry>;
    /// How many there are.
    DialogueUsage = "dialogue.usage": () => (u64, u64);
    /// The plugin's timers.
    Timers = "schedule.list": () => Vec<Timer>;
    /// A message by its key.
    Message = "messaging.get-message": MessageKey => Option<Seen>;
    /// A message by its place.
    MessageAt = "messaging.message-at": Position => Option<Seen>;
    /// Messages of a chat.
    History = "messaging.history": (Jid, UnixMs, Position, u64) => Vec<Seen>;
    /// A message leaves at once.
    Leave = "messaging.send-now": (EffectId, Action) => ();
    /// The message sent under a key.
    SentUnder = "messaging.sent-under": String => Option<MessageId>;
    /// The file of a message.
    Fetch = "media-store.fetch": (Content, u64) => Result<Vec<u8>, FetchFailure>;
    /// Whether there is room for a file.
    KeepFile = "media-store.keep": ([u8; 32], u64) => bool;
    /// A file of the plugin's own.
    File = "media-store.file": [u8; 32] => Option<Vec<u8>>;
    /// Its size.
    TouchFile = "media-store.touch": [u8; 32] => Option<u64>;
    /// An answer that an earlier attempt got.
    Kept = "journal.kept": [u8; 16] => Option<Vec<u8>>;
    /// Something of the account.
    AskAccount = "account.ask": live::Operation => Result<live::Answer, live::Refusal>;
    /// People the session knows.
    People = "contacts.list": (Option<Jid>, u64) => Vec<Party>;
    /// The hosts that a secret may go to.
    Secret = "secrets.use": SecretName => Option<Vec<String>>;
    /// A request to a server.
    Exchange = "http.exchange": HttpAsked => Result<HttpTold, HttpFailure>;
    /// A request to a server, and the beginning of its answer.
    Open = "http.open": HttpAsked => Result<HttpBegun, HttpFailure>;
    /// A piece of an answer.
    Piece = "http.piece": PieceOf => Result<Option<Vec<u8>>, HttpFailure>;
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }
}

/// A type that is written down as it is.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Plain<T>(T);

const VERSION: u8 = 1;

impl<T: Serialize + DeserializeOwned> Record for Plain<T> {
    const VERSION: u8 = VERSION;
}

pub(super) fn plain<T: Serialize>(value: &T) -> Vec<u8> {
    codec::encode_as(VERSION, value).into()
}

pub(super) fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    codec::decode::<Plain<T>>(b"a record of a call", bytes)
        .ok()
        .map(|Plain(value)| value)
}

fn shown<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Value {
    read::<T>(bytes)
        .and_then(|value| serde_json::to_value(value).ok())
        .unwrap_or_default()
}

/// A message with where it is.
#[derive(Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) event: EventId,
    pub(super) position: Position,
    pub(super) message: Message,
}

impl From<Seen> for Recorded {
    fn from(seen: Seen) -> Self {
        Self {
            event: seen.event,
            position: seen.position,
            message: seen.message,
        }
    }
}

/// A request, but for how long it may take.
#[derive(Serialize, Deserialize)]
pub(super) struct HttpAsked {
    method: String,
    url: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    max_bytes: u64,
}

impl HttpAsked {
    pub(super) fn of(request: &HttpRequest) -> Self {
        Self {
            method: request.method.to_string(),
            url: request.url.to_string(),
            headers: pairs(&request.headers),
            body: request.body.to_vec(),
            max_bytes: request.max_bytes as u64,
        }
    }

    /// Puts another text in the place of a secret.
    pub(super) fn replace(&mut self, secret: &str, stands_for: &str) {
        self.url = self.url.replace(secret, stands_for);
        replace_in(&mut self.headers, &mut self.body, secret, stands_for);
    }
}

/// Which piece of which answer.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct PieceOf {
    /// The how-many-th answer of the call that was opened.
    pub(super) stream: u32,
    /// The how-many-th of its pieces.
    pub(super) piece: u32,
}

/// The beginning of a server's answer.
#[derive(Serialize, Deserialize)]
pub(super) struct HttpBegun {
    /// The how-many-th answer of the call that was opened.
    pub(super) stream: u32,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, Vec<u8>)>,
}

impl HttpBegun {
    pub(super) fn of(answer: &HttpIncoming, stream: u32) -> Self {
        Self {
            stream,
            status: answer.status,
            headers: pairs(&answer.headers),
        }
    }

    /// Puts another text in the place of a secret.
    pub(super) fn replace(&mut self, secret: &str, stands_for: &str) {
        replace_in(&mut self.headers, &mut Vec::new(), secret, stands_for);
    }
}

fn replace_in(headers: &mut [(String, Vec<u8>)], body: &mut Vec<u8>, secret: &str, stands_for: &str) {
    let texts = headers.iter_mut().map(|(_, value)| value).chain(std::iter::once(body));
    for bytes in texts {
        if let Ok(text) = std::str::from_utf8(bytes)
            && text.contains(secret)
        {
            *bytes = text.replace(secret, stands_for).into_bytes();
        }
    }
}

/// An answer of a server.
#[derive(Serialize, Deserialize)]
pub(super) struct HttpTold {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    truncated: bool,
}

impl HttpTold {
    pub(super) fn of(answer: &HttpAnswer) -> Self {
        Self {
            status: answer.status,
            headers: pairs(&answer.headers),
            body: answer.body.to_vec(),
            truncated: answer.truncated,
        }
    }

    /// Puts another text in the place of a secret.
    pub(super) fn replace(&mut self, secret: &str, stands_for: &str) {
        replace_in(&mut self.headers, &mut self.body, secret, stands_for);
    }
}

impl From<HttpTold> for HttpAnswer {
    fn from(told: HttpTold) -> Self {
        Self {
            status: told.status,
            headers: headers(told.headers),
            body: told.body.into(),
            truncated: told.truncated,
        }
    }
}

/// What [`pairs`] was made of.
pub(super) fn headers(pairs: Vec<(String, Vec<u8>)>) -> http::HeaderMap {
    let header = |(name, value): (String, Vec<u8>)| {
        let name = http::HeaderName::try_from(name).ok()?;
        Some((name, http::HeaderValue::try_from(value).ok()?))
    };
    pairs.into_iter().filter_map(header).collect()
}

fn pairs(headers: &http::HeaderMap) -> Vec<(String, Vec<u8>)> {
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
    headers.iter().map(pair).collect()
}

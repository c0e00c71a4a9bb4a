//! What the in-memory host knows: the plugin's data, and what its calls asked for.

use super::account::Account;
use crate::bindings::imports::waspnest::plugin::{kv::Entry, schedule::Job};
use crate::dialogue::State as Stage;
use crate::log::Level;
use crate::messaging::{Options, Outgoing};
use crate::types::{Address, Content, Jid, MediaRef, Message, MessageId, MessageKey, UnixMs};
use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// 2026-01-01T00:00:00Z.
const START: UnixMs = 1_767_225_600_000;

/// One thing a handler wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a message.
    Sent {
        /// To which chat.
        to: Jid,
        /// What.
        what: Outgoing,
        /// How.
        options: Options,
        /// The id it has.
        id: MessageId,
    },
    /// React to a message.
    Reacted {
        /// Which one.
        target: MessageKey,
        /// With what; none takes the reaction back.
        emoji: Option<String>,
    },
    /// Give a message of the account other words.
    Edited {
        /// Which one.
        target: MessageKey,
        /// What it says from now on.
        what: Outgoing,
    },
    /// Take a message back.
    Revoked {
        /// Which one.
        target: MessageKey,
    },
    /// Choose in a poll.
    Voted {
        /// Which one.
        poll: MessageKey,
        /// What; none takes the vote back.
        options: Vec<String>,
    },
    /// Pin a message in its chat.
    Pinned {
        /// Which one.
        target: MessageKey,
        /// For how long; none takes the pin away.
        seconds: Option<u32>,
    },
    /// Put a star on a message.
    Starred {
        /// Which one.
        target: MessageKey,
        /// On, rather than off.
        on: bool,
    },
    /// Mark messages as read.
    Read {
        /// Which ones.
        targets: Vec<MessageKey>,
    },
    /// Show or end "typing".
    Typing {
        /// In which chat.
        chat: Jid,
        /// Show, rather than end.
        on: bool,
        /// "recording" instead.
        voice: bool,
    },
    /// Tell other plugins.
    Published {
        /// Under which name.
        topic: String,
        /// What.
        body: Vec<u8>,
    },
    /// Tell a server of the operator's.
    Told {
        /// Which.
        endpoint: String,
        /// What happened.
        event: String,
        /// More about it.
        data: serde_json::Value,
        /// The id it has.
        id: String,
    },
}

impl Effect {
    /// The text that is sent; none for other effects and messages.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Sent {
                what: Outgoing::Text(text),
                ..
            } => Some(&text.body),
            Self::Sent { .. }
            | Self::Reacted { .. }
            | Self::Edited { .. }
            | Self::Revoked { .. }
            | Self::Voted { .. }
            | Self::Pinned { .. }
            | Self::Starred { .. }
            | Self::Read { .. }
            | Self::Typing { .. }
            | Self::Told { .. }
            | Self::Published { .. } => None,
        }
    }
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How important.
    pub level: Level,
    /// The text.
    pub message: String,
    /// The fields, in order.
    pub fields: Vec<(String, String)>,
}

/// A job, and what the host adds to it.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) job: Job,
    pub(super) due: UnixMs,
    /// Chat of the event it was put from: the tick runs in its scope.
    pub(super) chat: Option<Jid>,
}

/// A wait for a message.
#[derive(Debug, Clone)]
pub(super) struct Awaited {
    pub(super) stage: Stage,
    pub(super) until: UnixMs,
}

/// A request over HTTP that a handler sent.
#[derive(Debug, Clone, PartialEq)]
pub struct SentRequest {
    /// Such as `GET`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body; empty for none.
    pub body: Vec<u8>,
}

/// A body in pieces; it breaks off where there is none.
pub(super) type Pieces = Vec<Option<String>>;

/// Status and body of an answer; none when nobody answers.
pub(super) type Answer = Option<(u16, Pieces)>;

/// What servers answer to a request.
type Servers = dyn Fn(&SentRequest) -> Answer;

/// The servers of a test.
#[derive(Clone, Default)]
pub(super) struct Web(Option<Arc<Servers>>);

impl Web {
    pub(super) fn of(servers: impl Fn(&SentRequest) -> Answer + 'static) -> Self {
        Self(Some(Arc::new(servers)))
    }

    pub(super) fn answer(&self, request: &SentRequest) -> Answer {
        self.0.as_ref().and_then(|servers| servers(request))
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Web")
    }
}

/// Everything, in one value, so that a call can run on a copy.
/// Stands among what is denied for all there is.
pub(super) const EVERYTHING: &str = "*";

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) now: UnixMs,
    pub(super) chat: Option<Jid>,
    pub(super) sender: Option<Jid>,
    /// What the message that is handled says: its file can be sent again.
    pub(super) content: Option<Content>,
    /// Messages the host has, the handled ones included.
    pub(super) messages: Vec<Message>,
    /// Files by their handles.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Secrets by their names.
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) config: String,
    pub(super) denied: BTreeSet<String>,
    pub(super) cron_due_at: Option<UnixMs>,
    /// By scope and key.
    pub(super) values: BTreeMap<(String, String), Entry>,
    pub(super) jobs: BTreeMap<String, Planned>,
    /// By chat and person: where dialogues stand, and until when that is known.
    pub(super) stages: BTreeMap<(String, Option<String>), (Stage, Option<UnixMs>)>,
    /// By chat and person.
    pub(super) awaited: BTreeMap<(String, Option<String>), Awaited>,
    pub(super) effects: Vec<Effect>,
    /// What left at once while the present event was handled.
    pub(super) left: Vec<Effect>,
    /// Messages by the keys they were sent under.
    pub(super) sent_keys: BTreeMap<String, MessageId>,
    pub(super) log: Vec<LogLine>,
    pub(super) web: Web,
    pub(super) requests: Vec<SentRequest>,
    pub(super) account: Account,
    pub(super) revision: u64,
    pub(super) sent: u64,
}

impl State {
    /// Whether a test took a grant away, or all of them.
    pub(super) fn denies(&self, capability: &str) -> bool {
        self.denied.contains(capability) || self.denied.contains(EVERYTHING)
    }

    pub(super) fn new() -> Self {
        Self {
            now: START,
            config: "{}".into(),
            ..Self::default()
        }
    }

    /// Keeps a file that the plugin made; the same bytes have the same handle.
    pub(super) fn keep_file(&mut self, mime: &str, bytes: Vec<u8>) -> MediaRef {
        let known = self
            .files
            .iter()
            .find(|(handle, known)| handle.ends_with(mime) && **known == bytes);
        if let Some((handle, _)) = known {
            return handle.clone();
        }
        let handle = format!("file_{}_{mime}", self.files.len() + 1);
        self.files.insert(handle.clone(), bytes);
        handle
    }

    /// Keeps a message, in place of the one of the same name.
    pub(super) fn remember(&mut self, msg: &Message) {
        self.messages.retain(|known| known.key != msg.key);
        self.messages.push(msg.clone());
    }

    /// The next call is about a message.
    pub(super) fn turn_to_message(&mut self, msg: &Message) {
        self.chat = Some(msg.key.chat.clone());
        self.sender = Some(msg.sender.jid.clone());
        self.content = Some(msg.content.clone());
        self.remember(msg);
    }

    /// The next call is about an event that is no message.
    pub(super) fn turn_to(&mut self, chat: Option<&Jid>, person: Option<&Address>) {
        self.chat = chat.cloned();
        self.sender = person.map(|person| person.jid.clone());
        self.content = None;
    }
}

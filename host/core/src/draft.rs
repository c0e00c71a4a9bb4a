//! Everything one plugin call wants to change, committed whole or dropped.

use serde::{Deserialize, Serialize};

use crate::address::Jid;
use crate::clock::UnixMs;
use crate::effect::Action;
use crate::id::{MessageId, ScheduleId, SharedName, TopicName};

/// What one successful plugin call asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// To be done outside, in this order; the n-th has effect index n.
    pub effects: Vec<Action>,
    /// Writes to the installation's state, in this order.
    pub kv: Vec<KvWrite>,
    /// What the call saw of its state and relies on. A commit whose reads have changed meanwhile is refused as a conflict, and the
    /// call is made again.
    pub kv_reads: Vec<KvRead>,
    /// Writes to the installation's dialogues, in this order.
    pub dialogues: Vec<KvWrite>,
    /// What the call saw of its dialogues and relies on, as for `kv_reads`.
    pub dialogue_reads: Vec<KvRead>,
    /// Timers to set or cancel, in this order.
    pub timers: Vec<TimerChange>,
    /// Keys under which messages of this draft will be known, so that none is sent a second time for another event.
    pub sent_keys: Vec<SentKey>,
    /// What other installations are told, in this order. Recorded in the session's log by the commit.
    pub topics: Vec<Publication>,
    /// What whoever called the hook is answered, where the event is such a call. Not stored.
    pub response: Option<Response>,
    /// How many questions were answered while the call ran. Nobody will ask for the answers after the commit.
    pub questions: u32,
    /// What the plugin says about going on.
    pub flow: Flow,
    /// A note for the run's record.
    pub note: Option<Box<str>>,
}

/// Something an installation tells others.
#[derive(Clone, PartialEq, Eq)]
pub struct Publication {
    /// Under which name.
    pub topic: TopicName,
    /// What.
    pub body: Vec<u8>,
    /// How many topics led to it, itself included.
    pub hops: u8,
}

/// Shows the name and the size, never what is told.
impl std::fmt::Debug for Publication {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Publication")
            .field("topic", &self.topic)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What a plugin answers to a request from outside. In form: a status of 200 to 599, and headers that can be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// Headers, with names in lower case.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Shows the status and the size, never what is answered.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The name a plugin gives one of its sends across events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentKey {
    /// The name, 1 to 128 bytes.
    pub key: Box<str>,
    /// The message that is sent under it.
    pub message: MessageId,
}

/// Whether plugins of lower priority still get the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Flow {
    /// Yes.
    #[default]
    Next,
    /// No.
    Stop,
    /// No, and the event does not count as handled.
    Drop,
}

/// Which of the key-value stores an installation may use. All of them live in the session of the event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum KvScope {
    /// One for the whole session.
    Session,
    /// One a chat.
    Chat(Jid),
    /// One for each person in each chat.
    Sender {
        /// The chat.
        chat: Jid,
        /// The person.
        sender: Jid,
    },
    /// One for all installations of the session that may use it.
    Shared(SharedName),
}

/// Values that are counted together.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Pot {
    /// Everything the installation keeps for itself.
    Own,
    /// A store that it shares.
    Shared(SharedName),
}

impl KvScope {
    /// What its values are counted with.
    #[must_use]
    pub fn pot(&self) -> Pot {
        match self {
            Self::Session | Self::Chat(_) | Self::Sender { .. } => Pot::Own,
            Self::Shared(name) => Pot::Shared(name.clone()),
        }
    }
}

/// Names one value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KvKey {
    /// The store.
    pub scope: KvScope,
    /// The key, 1 to 512 bytes.
    pub key: Box<str>,
}

/// A value with what the store knows about it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KvEntry {
    /// The bytes, at most 60 KiB.
    pub value: Vec<u8>,
    /// Grows by one with every write of this key; starts at 1.
    pub revision: u64,
    /// When it stops to exist.
    pub expires_at: Option<UnixMs>,
}

impl std::fmt::Debug for KvEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KvEntry")
            .field("bytes", &self.value.len())
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// One write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvWrite {
    /// What.
    pub key: KvKey,
    /// The new entry, or none to delete. Its revision is the one the call was told.
    pub entry: Option<KvEntry>,
}

/// One read the call relies on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KvRead {
    /// What.
    pub key: KvKey,
    /// The revision it saw; none if there was nothing.
    pub revision: Option<u64>,
}

/// Sets or cancels one timer of the installation in the event's session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimerChange {
    /// Set; the same id replaces.
    Set(Timer),
    /// Cancel; unknown ids are fine.
    Cancel(ScheduleId),
}

/// A point in time, or a rule for many, that a plugin set for itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// Its name within the installation and session.
    pub id: ScheduleId,
    /// When.
    pub rule: TimerRule,
    /// IANA time zone that cron rules are read in.
    pub zone: Box<str>,
    /// What happens to moments at which the host was down.
    pub missed: Missed,
    /// Handed back to the plugin.
    pub payload: Vec<u8>,
    /// The chat it was set from; comes back in the tick.
    pub origin: Option<TimerOrigin>,
    /// The next moment.
    pub next: UnixMs,
    /// When it fired last.
    pub previous: Option<UnixMs>,
}

/// The chat that was being served when a timer was set. Its ticks run in the scope of that chat: grants that allow answers only, and
/// key-value stores of the chat or the sender, mean what they meant then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerOrigin {
    /// The chat.
    pub chat: Jid,
    /// Who wrote there.
    pub sender: Option<Jid>,
}

/// When a timer fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimerRule {
    /// Once.
    At(UnixMs),
    /// Again and again, this many milliseconds apart.
    Every(u64),
    /// By a cron expression in the timer's zone.
    Cron(Box<str>),
    /// Once, when nobody has answered until then (see [`crate::dialogue`]). The host sets these; plugins do not see them.
    Wait(UnixMs),
}

/// What happens to moments at which the host was down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// They are gone.
    Skip,
    /// One tick makes up for all of them.
    Once,
    /// Each is made up for, oldest first.
    All,
}

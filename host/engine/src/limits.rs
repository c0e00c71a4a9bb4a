//! What one call may use: how much memory, how long, how many of each thing.
//!
//! [`Limits`] are wished for by the manifest and capped by the operator. The constants are the same for every plugin of this
//! version; a guest that goes a little over is told `quota`, one that floods is ended (past ten times its budget).

use std::time::Duration;

/// The limits that differ between plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory, over all memories of the sandbox.
    pub memory_bytes: u64,
    /// Time from the start of the call to its end.
    pub call_timeout: Duration,
    /// Instructions of one call, about; none does not count them, which is a little faster.
    pub fuel: Option<u64>,
    /// Bytes of values, files, bodies, earlier messages, configuration and log lines that one call hands to the host and gets from it. What
    /// else crosses is bounded by how often it may.
    pub hostcall_bytes: u64,
    /// Calls of the installation at the same time; none is up to the engine, which leaves others some room.
    pub concurrency: Option<u32>,
    /// Messages in a minute, over all sessions; none does not count them.
    pub sends_per_minute: Option<u32>,
    /// Messages in a minute to one chat; none does not count them.
    pub sends_per_chat_per_minute: Option<u32>,
    /// Bytes of log lines in a minute.
    pub log_bytes_per_minute: u64,
}

impl Limits {
    /// What a plugin gets that wishes for nothing.
    pub const DEFAULT: Self = Self {
        memory_bytes: 64 << 20,
        call_timeout: Duration::from_secs(5),
        hostcall_bytes: 64 << 20,
        log_bytes_per_minute: 1 << 20,
        ..Self::CEILING
    };

    /// The most an operator can allow: the pool's memory slots are this large.
    pub const CEILING: Self = Self {
        memory_bytes: 256 << 20,
        call_timeout: Duration::from_secs(60),
        fuel: None,
        hostcall_bytes: 256 << 20,
        concurrency: None,
        sends_per_minute: None,
        sends_per_chat_per_minute: None,
        log_bytes_per_minute: 1 << 30,
    };

    /// The lower of both, limit by limit.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            memory_bytes: self.memory_bytes.min(other.memory_bytes),
            call_timeout: self.call_timeout.min(other.call_timeout),
            fuel: lower(self.fuel, other.fuel),
            hostcall_bytes: self.hostcall_bytes.min(other.hostcall_bytes),
            concurrency: lower(self.concurrency, other.concurrency),
            sends_per_minute: lower(self.sends_per_minute, other.sends_per_minute),
            sends_per_chat_per_minute: lower(self.sends_per_chat_per_minute, other.sends_per_chat_per_minute),
            log_bytes_per_minute: self.log_bytes_per_minute.min(other.log_bytes_per_minute),
        }
    }
}

/// The lower of two limits; none is no limit.
fn lower<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A manifest's or an operator's wish; none takes what is above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LimitWish {
    /// Bytes of linear memory.
    pub memory_bytes: Option<u64>,
    /// Time of a call.
    pub call_timeout: Option<Duration>,
    /// Instructions of a call.
    pub fuel: Option<u64>,
    /// Bytes that cross the boundary in a call.
    pub hostcall_bytes: Option<u64>,
    /// Calls at the same time.
    pub concurrency: Option<u32>,
    /// Messages in a minute.
    pub sends_per_minute: Option<u32>,
    /// Messages in a minute to one chat.
    pub sends_per_chat_per_minute: Option<u32>,
    /// Bytes of log lines in a minute.
    pub log_bytes_per_minute: Option<u64>,
}

impl LimitWish {
    /// This wish, with `base` where it says nothing.
    #[must_use]
    pub fn or(self, base: Limits) -> Limits {
        Limits {
            memory_bytes: self.memory_bytes.unwrap_or(base.memory_bytes),
            call_timeout: self.call_timeout.unwrap_or(base.call_timeout),
            fuel: self.fuel.or(base.fuel),
            hostcall_bytes: self.hostcall_bytes.unwrap_or(base.hostcall_bytes),
            concurrency: self.concurrency.or(base.concurrency),
            sends_per_minute: self.sends_per_minute.or(base.sends_per_minute),
            sends_per_chat_per_minute: self.sends_per_chat_per_minute.or(base.sends_per_chat_per_minute),
            log_bytes_per_minute: self.log_bytes_per_minute.unwrap_or(base.log_bytes_per_minute),
        }
    }
}

/// Past this many times its budget, a guest is not told `quota` any more: the call ends.
pub(crate) const FLOOD: u32 = 10;
/// Effects of one call.
pub(crate) const EFFECTS: u32 = 20;
/// Key-value operations of one call.
pub(crate) const KV_OPERATIONS: u32 = 100;
/// Schedule operations of one call.
pub(crate) const SCHEDULE_OPERATIONS: u32 = 100;
/// Dialogue operations of one call.
pub(crate) const DIALOGUE_OPERATIONS: u32 = 100;
/// Bytes of the name of a dialogue's state.
pub(crate) const DIALOGUE_NAME_BYTES: usize = 128;
/// Bytes of a dialogue's data.
pub(crate) const DIALOGUE_BYTES: usize = 16 << 10;
/// The shortest wait for a message.
pub(crate) const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait for a message.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// HTTP requests of one call.
pub(crate) const HTTP_REQUESTS: u32 = 10;
/// Pieces of answers of one call.
pub(crate) const HTTP_PIECES: u32 = 500;
/// The longest time for which what comes of an answer is gathered into one piece.
pub(crate) const HTTP_GATHER: Duration = Duration::from_secs(10);
/// Bytes of the name of what a webhook tells.
pub(crate) const WEBHOOK_EVENT_BYTES: usize = 128;
/// Bytes of what a webhook tells.
pub(crate) const WEBHOOK_BYTES: usize = 256 << 10;
/// Things told to other plugins in one call.
pub(crate) const PUBLICATIONS: u32 = 20;
/// Bytes of what other plugins are told at a time.
pub(crate) const TOPIC_BYTES: usize = 256 << 10;
/// Bytes of the body of an answer to a request from outside.
pub(crate) const RESPONSE_BYTES: usize = 1 << 20;
/// Headers of such an answer.
pub(crate) const RESPONSE_HEADERS: usize = 32;
/// Bytes of all of them, names and values.
pub(crate) const RESPONSE_HEADER_BYTES: usize = 8 << 10;
/// Operations with secrets in one call.
pub(crate) const SECRET_OPERATIONS: u32 = 100;
/// Bytes that are signed at a time.
pub(crate) const SIGNED_BYTES: usize = 1 << 20;
/// Operations on the account in one call that are answered inside it.
pub(crate) const LIVE_OPERATIONS: u32 = 10;
/// How long such an operation may take.
pub(crate) const LIVE_TIMEOUT: Duration = Duration::from_secs(30);
/// People of one operation on a group.
pub(crate) const GROUP_PEOPLE: usize = 256;
/// Characters of a group's subject.
pub(crate) const SUBJECT_CHARACTERS: usize = 100;
/// Characters of a group's description.
pub(crate) const DESCRIPTION_CHARACTERS: usize = 2048;
/// Bytes of an invite link or its code.
pub(crate) const LINK_BYTES: usize = 256;
/// Entries of one page of groups or people.
pub(crate) const LIVE_PAGE: usize = 1000;
/// Phone numbers of one `resolve`.
pub(crate) const RESOLVED: usize = 50;
/// Bytes of a label's id.
pub(crate) const LABEL_BYTES: usize = 64;
/// Bytes of a URL.
pub(crate) const URL_BYTES: usize = 8 << 10;
/// Headers of a request.
pub(crate) const HTTP_HEADERS: usize = 64;
/// Bytes of all headers of a request, names and values.
pub(crate) const HTTP_HEADER_BYTES: usize = 16 << 10;
/// Bytes of a request's body.
pub(crate) const HTTP_BODY_BYTES: usize = 1 << 20;
/// Bytes that are taken of an answer's body when the plugin does not say.
pub(crate) const HTTP_ANSWER_BYTES: usize = 1 << 20;
/// The most bytes that are taken of an answer's body.
pub(crate) const HTTP_MOST_ANSWER_BYTES: usize = 4 << 20;
/// Redirects that are followed.
pub(crate) const HTTP_REDIRECTS: u32 = 5;
/// How long a request may take, redirects included.
pub(crate) const HTTP_TIMEOUT: Duration = Duration::from_secs(30);
/// Log lines and figures of one call, standard output included.
pub(crate) const LOG_LINES: u32 = 100;
/// Bytes of standard output and standard error of one call.
pub(crate) const STDIO_BYTES: usize = 64 << 10;
/// Bytes of one log line.
pub(crate) const LOG_LINE_BYTES: usize = 4 << 10;
/// Fields of one log line.
pub(crate) const LOG_FIELDS: usize = 32;
/// Bytes of one field's name or value.
pub(crate) const LOG_FIELD_BYTES: usize = 256;
/// Bytes of a text.
pub(crate) const TEXT_BYTES: usize = 65_536;
/// Bytes of a key.
pub(crate) const KV_KEY_BYTES: usize = 512;
/// Bytes of a value: what one record of the store holds.
pub(crate) const KV_VALUE_BYTES: usize = 60 << 10;
/// Entries of one page of a scan.
pub(crate) const KV_PAGE: u32 = 1000;
/// Bytes of one page of a scan; a page ends early when it is full.
pub(crate) const KV_PAGE_BYTES: usize = 1 << 20;
/// Bytes of a job's payload.
pub(crate) const PAYLOAD_BYTES: usize = 16 << 10;
/// Bytes of an emoji.
pub(crate) const EMOJI_BYTES: usize = 64;
/// Bytes of the name of a document.
pub(crate) const FILE_NAME_BYTES: usize = 1024;
/// Bytes of the name that a guest gives a message.
pub(crate) const SENT_KEY_BYTES: usize = 128;
/// Keys of one `mark-read`.
pub(crate) const READ_KEYS: usize = 256;
/// Addresses mentioned in one message.
pub(crate) const MENTIONS: usize = 1024;
/// Milliseconds of "typing" before a message.
pub(crate) const TYPING_MS: u32 = 60_000;
/// Files opened and made in one call.
pub(crate) const FILES: u32 = 20;
/// Bytes of a file that are read or written at a time.
pub(crate) const BLOB_PART_BYTES: usize = 1 << 20;
/// Bytes of the name of a type.
pub(crate) const MIME_BYTES: usize = 128;
/// Looks at earlier messages of one call.
pub(crate) const LOOKS: u32 = 50;
/// Messages of one page of a chat's history.
pub(crate) const HISTORY_PAGE: u32 = 100;
/// Bytes of one page of a chat's history, about; a page ends early when it is full.
pub(crate) const HISTORY_PAGE_BYTES: usize = 1 << 20;
/// Bytes of a message that a guest encoded itself.
pub(crate) const RAW_BYTES: usize = 60 << 10;
/// Seconds for which a message can be pinned, as WhatsApp's own apps offer them: a day, a week, 30 days.
pub(crate) const PIN_SECONDS: [u32; 3] = [86_400, 604_800, 2_592_000];
/// Bytes of an outcome's note.
pub(crate) const NOTE_BYTES: usize = 1 << 10;
/// Bytes of an error text of a guest that are kept.
pub(crate) const ERROR_BYTES: usize = 4 << 10;
/// Bytes a guest may hand over in one host call or return.
pub(crate) const HOSTCALL_BYTES: usize = 4 << 20;
/// Host resources a guest may hold at a time.
pub(crate) const RESOURCES: usize = 1000;
/// Elements over all tables of a sandbox.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// The first `limit` bytes of `text`, cut at a character.
#[must_use]
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

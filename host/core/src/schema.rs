//! The one table of keys: what is stored where, in every space.
//!
//! The first byte of a key names its table. Numbers are big-endian, so that byte order is number order; a text that is followed by
//! something else ends with a zero byte, which no id and no address contains. A table number is never used again for something else.

use bytes::Bytes;

use crate::address::Jid;
use crate::consumer::Consumer;
use crate::draft::{KvKey, KvScope, Pot};
use crate::event::Position;
use crate::id::{InstallationId, ScheduleId, SessionId, SessionName, TenantId, WebhookId};

/// The schema this program writes. A store of an older one is brought up step by step (see [`crate::migrate`]), a newer one is refused.
pub const SCHEMA: u32 = 1;

/// Tables of [`crate::store::Space::System`].
pub mod system {
    /// The schema version of the store.
    pub const SCHEMA: u8 = 0x01;
    /// How far a migration has come: its number.
    pub const MIGRATION: u8 = 0x02;
    /// A known text encrypted under the master key, to tell a wrong key from damage.
    pub const MASTER_KEY_CHECK: u8 = 0x03;
    /// SHA-256 of the admin secret that was made at the first start.
    pub const ADMIN_SECRET: u8 = 0x04;
    /// A secret of the operator, encrypted under the master key: its name.
    pub const SECRET: u8 = 0x05;
    /// What secrets of messages are derived from, sealed: there once the store was brought under another master key.
    pub const DERIVING_KEY: u8 = 0x07;
    /// Written to see whether the store takes writes; holds nothing.
    pub const PROBE: u8 = 0x06;
    /// A tenant: its id.
    pub const TENANT: u8 = 0x10;
    /// Which tenant has a name: the name.
    pub const TENANT_NAME: u8 = 0x11;
    /// A user: its id.
    pub const USER: u8 = 0x12;
    /// Which user has a name: tenant, the name.
    pub const USER_NAME: u8 = 0x13;
    /// An API key, without its secret: its id.
    pub const API_KEY: u8 = 0x14;
    /// A login of a user: its id.
    pub const LOGIN: u8 = 0x15;
    /// An entry of the audit log: 0 for a denied call and 1 for a change, its id.
    pub const AUDIT: u8 = 0x16;
    /// The versions of an installation's plugin: installation.
    pub const VERSIONS: u8 = 0x44;
    /// The version an installation tries in some chats: installation.
    pub const CANARY: u8 = 0x45;
    /// The version an installation has in shadow: installation.
    pub const SHADOW: u8 = 0x46;
    /// A plugin that was uploaded, with its versions: the plugin.
    pub const UPLOADED_PLUGIN: u8 = 0x47;
    /// An installation that was made over the API: installation.
    pub const MADE_INSTALLATION: u8 = 0x48;
    /// A webhook: its id.
    pub const WEBHOOK: u8 = 0x49;
    /// A layer of a configuration that holds everywhere: installation.
    pub const CONFIG_LAYER: u8 = 0x3D;
    /// What a request under an idempotency key was answered, sealed: a digest of the caller and the key, part number.
    pub const ANSWERED: u8 = 0xD0;
    /// When such a key is free again: that moment, the digest.
    pub const ANSWERED_FREE: u8 = 0xD1;
    /// The key that hides what records of calls hold of what people wrote.
    pub const RUNS_KEY: u8 = 0x40;
}

/// Tables of [`crate::store::Space::Sessions`].
pub mod sessions {
    /// A session's record: its id.
    pub const RECORD: u8 = 0x01;
    /// Who has a name, among the sessions of the default tenant: the name.
    pub const NAME: u8 = 0x02;
    /// A session that is to be gone: its id.
    pub const TOMBSTONE: u8 = 0x03;
    /// Whose a session is, where that is not the default tenant: its id.
    pub const OWNER: u8 = 0x04;
    /// Which session has a name within a tenant that is not the default one: the name, tenant.
    pub const NAME_OF: u8 = 0x05;
    /// The token that opens a session, without its secret: its id.
    pub const TOKEN: u8 = 0x06;
}

/// Tables of [`crate::store::Space::Session`].
pub mod session {
    /// The device's keys and registration; encrypted. Owned by the WhatsApp crate, as are all up to [`PROTOCOL`].
    pub const DEVICE: u8 = 0x01;
    /// Signal sessions, identities, prekeys, sender keys; encrypted.
    pub const SIGNAL: u8 = 0x02;
    /// App-state versions, keys and MACs.
    pub const APP_STATE: u8 = 0x03;
    /// What else the protocol remembers: device lists, tokens, base keys.
    pub const PROTOCOL: u8 = 0x04;
    /// The proxy the session goes through; encrypted. Stays when the device is logged out.
    pub const PROXY: u8 = 0x05;

    /// The other address of a person: address.
    pub const CONTACT: u8 = 0x10;
    /// LIDs something was filed under before their phone number was known: LID.
    pub const CONTACT_FILED: u8 = 0x11;

    /// An event: position.
    pub const EVENT: u8 = 0x30;
    /// Where a message is in the log: 16 bytes of a digest of (chat, sender, message id).
    pub const MESSAGE: u8 = 0x31;
    /// All before it is done: installation or webhook.
    pub const LOW: u8 = 0x32;
    /// An event that one of them is done with: installation or webhook, position.
    pub const DONE: u8 = 0x33;
    /// Failed attempts at an event: installation or webhook, position.
    pub const ATTEMPT: u8 = 0x34;
    /// An event that was given up: installation or webhook, position.
    pub const DEAD_LETTER: u8 = 0x35;
    /// An answer given inside a call, for its repetition: installation, position, what was asked, part number.
    pub const JOURNAL: u8 = 0x36;
    /// A message in its chat: 16 bytes of a digest of the chat, when WhatsApp took it, position. Nothing in it; written since the first
    /// program that answers [`crate::log::Log::history`].
    pub const CHAT_MESSAGE: u8 = 0x37;
    /// A dead letter that is to be handled again: installation or webhook, position.
    pub const REPLAY: u8 = 0x38;
    /// What became of telling a webhook an event: webhook, position.
    pub const DELIVERY: u8 = 0x39;
    /// Events that a webhook is told once more: webhook.
    pub const DELIVERED_AGAIN: u8 = 0x3A;
    /// How far the log was let go.
    pub const TRIMMED: u8 = 0x3B;
    /// A layer of a configuration in the session: installation, chat; no chat for all of them.
    pub const CONFIG_LAYER: u8 = 0x3D;
    /// Further parts of a record that is larger than one value: its key, part number.
    pub const PART: u8 = 0x3F;

    /// An effect as it was asked for: sequence.
    pub const EFFECT: u8 = 0x40;
    /// How far an effect has come, once that is more than asked for: sequence.
    pub const EFFECT_STATE: u8 = 0x41;
    /// Where an effect is in the outbox: its id.
    pub const EFFECT_ID: u8 = 0x42;
    /// No effect up to this sequence is pending.
    pub const SETTLED: u8 = 0x43;
    /// The message an installation sent under a key of its own: installation, key.
    pub const SENT_KEY: u8 = 0x44;
    /// When such a key is free again: that moment, installation, key.
    pub const SENT_KEY_FREE: u8 = 0x45;
    /// The form of an installation's values: installation.
    pub const DATA_VERSION: u8 = 0x46;

    /// A plugin's value: installation, scope, key.
    pub const KV: u8 = 0x50;
    /// How much an installation stores: installation.
    pub const KV_USAGE: u8 = 0x51;
    /// A value that several installations share: store, key.
    pub const KV_SHARED: u8 = 0x52;
    /// How much is in such a store: store.
    pub const KV_SHARED_USAGE: u8 = 0x53;

    /// A timer a plugin set: installation, schedule.
    pub const TIMER: u8 = 0x60;
    /// State of a schedule of a manifest or of the configuration: installation, schedule.
    pub const SCHEDULE: u8 = 0x61;

    /// A state or a wait of a dialogue: installation, scope, which of both.
    pub const DIALOGUE: u8 = 0x70;
    /// How much an installation's dialogues store: installation.
    pub const DIALOGUE_USAGE: u8 = 0x71;

    /// A call in short: installation, its name.
    pub const RUN: u8 = 0x80;
    /// The rest of it: its name.
    pub const RUN_DETAIL: u8 = 0x81;

    /// A message that was let go under the send policy: when, effect.
    pub const DEPARTURE: u8 = 0xD0;
    /// A person the session has written to under the send policy: address.
    pub const WRITTEN_TO: u8 = 0xD1;
    /// Which account is linked, and since when.
    pub const LINKED: u8 = 0xD2;
    /// What was set of the session's send policy.
    pub const SEND_POLICY: u8 = 0xD3;
    /// A message that is to be sent later: its id.
    pub const SCHEDULED_MESSAGE: u8 = 0xD4;
    /// When it is due: that moment, its id.
    pub const SCHEDULED_MESSAGE_DUE: u8 = 0xD5;

    /// What is known of media that were put here to be sent: SHA-256.
    pub const UPLOAD: u8 = 0xD6;

    /// A tick of a schedule: installation, schedule, position.
    pub const SCHEDULE_RUN: u8 = 0x90;
    /// A schedule that is paused: installation, schedule.
    pub const SCHEDULE_PAUSE: u8 = 0x91;
    /// The rule that the state of a schedule is of: installation, schedule.
    pub const SCHEDULE_RULE: u8 = 0x92;

    /// How far the mailbox has come, and how much is in it: which of both.
    pub const MAILBOX: u8 = 0xA0;
    /// A chat: its number.
    pub const MAILBOX_CHAT: u8 = 0xA1;
    /// The number of a chat: its address.
    pub const MAILBOX_CHAT_OF: u8 = 0xA2;
    /// A chat by its last message: when that was, number of the chat. Nothing in it.
    pub const MAILBOX_CHAT_AT: u8 = 0xA3;
    /// A message: its number.
    pub const MAILBOX_MESSAGE: u8 = 0xA4;
    /// A message by WhatsApp's id: that, its number. Nothing in it.
    pub const MAILBOX_NAMED: u8 = 0xA5;
    /// A message in its chat: number of the chat, its number. One byte: whether it counts as unread.
    pub const MAILBOX_IN_CHAT: u8 = 0xA6;
    /// What somebody did about a message: its number, what, who.
    pub const MAILBOX_ABOUT: u8 = 0xA7;
    /// Messages that have a word: the word, number of the first of them.
    pub const MAILBOX_WORD: u8 = 0xA8;
    /// A person: their address.
    pub const MAILBOX_CONTACT: u8 = 0xA9;
    /// A group: its address.
    pub const MAILBOX_GROUP: u8 = 0xAA;
    /// Somebody in a group: address of the group, of the person.
    pub const MAILBOX_MEMBER: u8 = 0xAB;
    /// A LID whose phone number was learned, until the mailbox has taken note of it: LID.
    pub const MAILBOX_PAIRED: u8 = 0xAC;
    /// An effect the mailbox takes note of when it is settled: sequence. Nothing in it.
    pub const MAILBOX_WAITING: u8 = 0xAD;
    /// A message that has a file: SHA-256 of the file, number of the message. Nothing in it.
    pub const MAILBOX_MEDIA: u8 = 0xAE;
    /// A message that disappears: when, its number. Nothing in it.
    pub const MAILBOX_EXPIRING: u8 = 0xAF;
}

/// A key in the making.
#[derive(Debug, Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// Starts in a table.
    #[must_use]
    pub fn table(table: u8) -> Self {
        Self(vec![table])
    }

    /// Adds raw bytes; only the last part of a key, or of a fixed length.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    /// Adds a text that something follows. It must not contain a zero byte.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        debug_assert!(!text.as_bytes().contains(&0), "a text within a key has no zero byte");
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
        self
    }

    /// The finished key.
    #[must_use]
    pub fn finish(self) -> Bytes {
        self.0.into()
    }

    /// The bytes so far, as a prefix to scan.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl From<Key> for Bytes {
    fn from(key: Key) -> Self {
        key.finish()
    }
}

/// The number a key ends with; none when it is too short.
#[must_use]
pub fn trailing_number(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|bytes| u64::from_be_bytes(*bytes))
}

pub(crate) fn session_record(id: SessionId) -> Bytes {
    Key::table(sessions::RECORD).bytes(&id.ulid().to_bytes()).into()
}

pub(crate) fn session_name(name: &SessionName) -> Bytes {
    Key::table(sessions::NAME).bytes(name.as_str().as_bytes()).into()
}

pub(crate) fn session_name_of(name: &SessionName, tenant: TenantId) -> Bytes {
    if tenant == TenantId::DEFAULT {
        return session_name(name);
    }
    let key = Key::table(sessions::NAME_OF).text(name.as_str());
    key.bytes(&tenant.ulid().to_bytes()).into()
}

pub(crate) fn session_owner(id: SessionId) -> Bytes {
    Key::table(sessions::OWNER).bytes(&id.ulid().to_bytes()).into()
}

pub(crate) fn session_token(id: SessionId) -> Bytes {
    Key::table(sessions::TOKEN).bytes(&id.ulid().to_bytes()).into()
}

pub(crate) fn tombstone(id: SessionId) -> Bytes {
    Key::table(sessions::TOMBSTONE).bytes(&id.ulid().to_bytes()).into()
}

pub(crate) fn contact(jid: &Jid) -> Bytes {
    Key::table(session::CONTACT).bytes(jid.to_string().as_bytes()).into()
}

pub(crate) fn mailbox_paired(lid: &Jid) -> Bytes {
    Key::table(session::MAILBOX_PAIRED)
        .bytes(lid.to_string().as_bytes())
        .into()
}

pub(crate) fn contact_filed(lid: &Jid) -> Bytes {
    Key::table(session::CONTACT_FILED)
        .bytes(lid.to_string().as_bytes())
        .into()
}

pub(crate) fn at(table: u8, position: Position) -> Bytes {
    Key::table(table).number(position.0).into()
}

/// Whose rows stand together: the first part of their keys.
pub(crate) trait Holder {
    /// Puts the holder's name behind a table.
    fn behind(&self, table: Key) -> Key;
}

impl Holder for InstallationId {
    fn behind(&self, table: Key) -> Key {
        table.text(self.as_str())
    }
}

/// An id of a webhook has capital letters and that of an installation has none, so neither is taken for the other.
impl Holder for WebhookId {
    fn behind(&self, table: Key) -> Key {
        table.text(&self.to_string())
    }
}

impl Holder for Consumer {
    fn behind(&self, table: Key) -> Key {
        match self {
            Self::Installation(installation) => installation.behind(table),
            Self::Webhook(webhook) => webhook.behind(table),
        }
    }
}

pub(crate) fn of(table: u8, holder: &impl Holder) -> Key {
    holder.behind(Key::table(table))
}

pub(crate) fn of_at(table: u8, holder: &impl Holder, position: Position) -> Bytes {
    of(table, holder).number(position.0).into()
}

pub(crate) fn of_schedule(table: u8, installation: &InstallationId, schedule: &ScheduleId) -> Bytes {
    of(table, installation).bytes(schedule.as_str().as_bytes()).into()
}

/// Where values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Shelf {
    /// What plugins keep for themselves.
    Values,
    /// What the host keeps of their dialogues.
    Dialogues,
}

impl Shelf {
    /// The table of values.
    pub(crate) const fn table(self) -> u8 {
        match self {
            Self::Values => session::KV,
            Self::Dialogues => session::DIALOGUE,
        }
    }

    /// The table of how much there is.
    pub(crate) const fn usage(self) -> u8 {
        match self {
            Self::Values => session::KV_USAGE,
            Self::Dialogues => session::DIALOGUE_USAGE,
        }
    }
}

/// The prefix of all values that are counted together.
pub(crate) fn kv_pot(shelf: Shelf, installation: &InstallationId, pot: &Pot) -> Key {
    match pot {
        Pot::Own => of(shelf.table(), installation),
        Pot::Shared(name) => Key::table(session::KV_SHARED).text(name.as_str()),
    }
}

/// How much there is of them.
pub(crate) fn kv_usage(shelf: Shelf, installation: &InstallationId, pot: &Pot) -> Bytes {
    match pot {
        Pot::Own => of(shelf.usage(), installation).finish(),
        Pot::Shared(name) => Key::table(session::KV_SHARED_USAGE)
            .bytes(name.as_str().as_bytes())
            .finish(),
    }
}

/// The prefix of all values of one scope.
pub(crate) fn kv_scope(shelf: Shelf, installation: &InstallationId, scope: &KvScope) -> Key {
    let key = kv_pot(shelf, installation, &scope.pot());
    // The first byte is the number of addresses that follow.
    match scope {
        KvScope::Session | KvScope::Shared(_) => key.bytes(&[0]),
        KvScope::Chat(jid) => key.bytes(&[1]).text(&jid.to_string()),
        KvScope::Sender { chat, sender } => key.bytes(&[2]).text(&chat.to_string()).text(&sender.to_string()),
    }
}

pub(crate) fn kv(shelf: Shelf, installation: &InstallationId, key: &KvKey) -> Bytes {
    kv_scope(shelf, installation, &key.scope)
        .bytes(key.key.as_bytes())
        .into()
}

/// The scope before a key, as [`kv`] puts them behind the installation; none when it names none.
pub(crate) fn kv_scope_in(scope_and_key: &[u8]) -> Option<KvScope> {
    let (texts, mut rest) = scope_and_key.split_first()?;
    let mut address = || {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let text = std::str::from_utf8(&rest[..end]).ok()?;
        rest = &rest[end + 1..];
        text.parse::<Jid>().ok()
    };
    match texts {
        0 => Some(KvScope::Session),
        1 => address().map(KvScope::Chat),
        2 => {
            let chat = address()?;
            Some(KvScope::Sender {
                chat,
                sender: address()?,
            })
        }
        _ => None,
    }
}

/// The key at the end of a scope and a key, as [`kv`] puts them behind the installation.
pub(crate) fn kv_key_in(scope_and_key: &[u8]) -> &[u8] {
    let texts = usize::from(scope_and_key.first().copied().unwrap_or_default());
    let mut rest = scope_and_key.get(1..).unwrap_or_default();
    for _ in 0..texts {
        let end = rest.iter().position(|byte| *byte == 0);
        rest = end.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
    }
    rest
}

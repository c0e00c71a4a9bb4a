//! Dialogues: what an installation remembers of a conversation, and whose next message it waits for.
//!
//! A state and a wait belong to a chat, or to one person in a chat. Both are values that the commit of a draft writes, on a shelf of
//! their own, so that they count for nothing in what plugins may keep. A wait also has a timer, which tells of its end; a timer whose
//! wait was answered, replaced or called off in the meantime tells nothing.
//!
//! Whether a message is an answer is asked when its turn has come, in the order of its lane, because an event before it may begin or
//! end the wait. It depends on what is stored and on the event alone, never on the time of asking, so that a repeated call finds the same.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::Jid;
use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::draft::{KvEntry, KvKey, KvRead, KvScope, KvWrite, Missed, Timer, TimerChange, TimerOrigin, TimerRule};
use crate::event::{Event, EventKind, Position, TickCause};
use crate::id::{InstallationId, ScheduleId, SessionId};
use crate::kv::KvView;
use crate::message::{Content, Message};
use crate::store::StoreError;

/// What ids of waits' timers begin with. Plugins cannot give their own jobs such names.
pub const RESERVED: &str = "waspnest:";

/// What a plugin keeps of a dialogue, in a form whose version it names.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Where the dialogue stands, by a name of the plugin's.
    pub name: Box<str>,
    /// What it needs to go on.
    pub data: Vec<u8>,
    /// The form of `data`.
    pub version: u32,
}

impl Record for State {
    const VERSION: u8 = 1;
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("bytes", &self.data.len())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// A wait for the next message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// What comes back with the answer.
    pub state: State,
    /// From when on no message is an answer any more.
    pub until: UnixMs,
}

impl Record for Wait {
    const VERSION: u8 = 1;
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The event is the message that was waited for.
    Answered,
    /// The time was over.
    Expired,
}

/// A wait that an event ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Whom it waited for.
    pub scope: KvScope,
    /// What comes back.
    pub state: State,
    /// How it ends.
    pub end: End,
    /// The wait as it is stored: what the commit relies on.
    pub entry: KvEntry,
}

/// Names the state of a dialogue.
#[must_use]
pub fn state_key(scope: KvScope) -> KvKey {
    KvKey {
        scope,
        key: "state".into(),
    }
}

/// Names the wait of a dialogue.
#[must_use]
pub fn wait_key(scope: KvScope) -> KvKey {
    KvKey {
        scope,
        key: "wait".into(),
    }
}

/// The value that stores a state or a wait. `by` is the event whose draft writes it: an installation commits one draft for an event,
/// so no other version of the value will have the same revision.
#[must_use]
pub fn entry<R: Record>(record: &R, by: Position, expires_at: Option<UnixMs>) -> KvEntry {
    KvEntry {
        value: codec::encode(record).into(),
        revision: by.0,
        expires_at,
    }
}

/// The state that a value stores.
///
/// # Errors
/// [`StoreError::Damaged`].
pub fn state_in(entry: &KvEntry) -> Result<State, StoreError> {
    codec::decode(b"a state of a dialogue", &entry.value)
}

/// The timer that tells of the end of a wait begun by the event at `by`.
#[must_use]
pub fn timer(scope: &KvScope, by: Position, until: UnixMs) -> TimerChange {
    TimerChange::Set(Timer {
        id: timer_id(scope),
        rule: TimerRule::Wait(until),
        zone: "UTC".into(),
        missed: Missed::Once,
        payload: by.0.to_be_bytes().to_vec(),
        origin: origin(scope),
        next: until,
        previous: None,
    })
}

/// Takes the timer of a wait back.
#[must_use]
pub fn no_timer(scope: &KvScope) -> TimerChange {
    TimerChange::Cancel(timer_id(scope))
}

impl Pending {
    /// What the call that is told of the end relies on.
    #[must_use]
    pub fn read(&self) -> KvRead {
        KvRead {
            key: wait_key(self.scope.clone()),
            revision: Some(self.entry.revision),
        }
    }

    /// The write that ends the wait.
    #[must_use]
    pub fn over(&self) -> KvWrite {
        KvWrite {
            key: wait_key(self.scope.clone()),
            entry: None,
        }
    }
}

/// The wait that an event ends, as things stand now; none for most events.
///
/// # Errors
/// Those of the store.
pub async fn ended_by(
    dialogues: &KvView,
    session: SessionId,
    installation: &InstallationId,
    event: &Event,
) -> Result<Option<Pending>, StoreError> {
    let waits = match &event.kind {
        EventKind::Message(message) if may_answer(message) => answered(message),
        EventKind::Tick(tick) if tick.cause == TickCause::Expired => {
            tick.origin.as_ref().map(scope_of).into_iter().collect()
        }
        EventKind::Message(_)
        | EventKind::Tick(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => Vec::new(),
    };
    for scope in waits {
        let key = wait_key(scope.clone());
        let Some(entry) = dialogues.get(session, installation, &key).await? else {
            continue;
        };
        let wait: Wait = codec::decode(b"a wait of a dialogue", &entry.value)?;
        if let Some(end) = end(&wait, entry.revision, event) {
            return Ok(Some(Pending {
                scope,
                state: wait.state,
                end,
                entry,
            }));
        }
    }
    Ok(None)
}

/// How an event ends a wait that the event at position `since` began; none when it does not.
fn end(wait: &Wait, since: u64, event: &Event) -> Option<End> {
    match &event.kind {
        EventKind::Tick(tick) => (tick.payload == since.to_be_bytes()).then_some(End::Expired),
        EventKind::Message(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => {
            (since < event.position.0 && event.received_at < wait.until).then_some(End::Answered)
        }
    }
}

/// The waits a message may answer: for its author first, by whatever address they were known when it began, then for anybody in the
/// chat.
fn answered(message: &Message) -> Vec<KvScope> {
    let chat = &message.key.chat;
    let author = &message.sender;
    let mut people = vec![author.canonical()];
    people.extend(
        std::iter::once(&author.jid)
            .chain(&author.alt)
            .filter(|jid| *jid != author.canonical()),
    );
    let people = people.into_iter().map(|sender| KvScope::Sender {
        chat: chat.clone(),
        sender: sender.clone(),
    });
    people.chain([KvScope::Chat(chat.clone())]).collect()
}

/// Whether a message can be what somebody waits for: something somebody says now, not what is done to another message, nor old news.
#[must_use]
pub fn may_answer(message: &Message) -> bool {
    let said = match &message.content {
        Content::Text(_)
        | Content::Image(_)
        | Content::Video(_)
        | Content::VideoNote(_)
        | Content::Audio(_)
        | Content::Voice(_)
        | Content::Document(_)
        | Content::Sticker(_)
        | Content::StickerPack(_)
        | Content::Location(_)
        | Content::LiveLocation(_)
        | Content::Contacts(_)
        | Content::Poll(_)
        | Content::PollVote(_)
        | Content::Event(_)
        | Content::EventResponse(_)
        | Content::Comment(_)
        | Content::GroupInvite(_)
        | Content::NewsletterInvite(_)
        | Content::Product(_)
        | Content::Order(_)
        | Content::Payment(_)
        | Content::Interactive(_)
        | Content::InteractiveReply(_)
        | Content::Question(_)
        | Content::PhoneShare(_)
        | Content::Other(_) => true,
        Content::Album(_)
        | Content::PollTally(_)
        | Content::PollOptionAdded(_)
        | Content::Reaction(_)
        | Content::CallLog(_)
        | Content::ScheduledCall(_)
        | Content::Revoke(_)
        | Content::Pin(_)
        | Content::Keep(_)
        | Content::ChatTimer(_)
        | Content::StatusMention(_)
        | Content::BotOutput(_)
        | Content::Unavailable(_) => false,
    };
    said && message.edit_of.is_none() && !message.history
}

fn scope_of(origin: &TimerOrigin) -> KvScope {
    match origin.sender.clone() {
        Some(sender) => KvScope::Sender {
            chat: origin.chat.clone(),
            sender,
        },
        None => KvScope::Chat(origin.chat.clone()),
    }
}

fn origin(scope: &KvScope) -> Option<TimerOrigin> {
    match scope {
        // No dialogue is of a shared store.
        KvScope::Session | KvScope::Shared(_) => None,
        KvScope::Chat(chat) => Some(TimerOrigin {
            chat: chat.clone(),
            sender: None,
        }),
        KvScope::Sender { chat, sender } => Some(TimerOrigin {
            chat: chat.clone(),
            sender: Some(sender.clone()),
        }),
    }
}

/// One timer a scope, so that a new wait replaces the timer of the one before.
#[expect(
    clippy::expect_used,
    reason = "addresses are at most 46 bytes long and have no control characters"
)]
fn timer_id(scope: &KvScope) -> ScheduleId {
    let people: Vec<&Jid> = match scope {
        KvScope::Session | KvScope::Shared(_) => Vec::new(),
        KvScope::Chat(chat) => vec![chat],
        KvScope::Sender { chat, sender } => vec![chat, sender],
    };
    let people: Vec<_> = people.into_iter().map(Jid::to_string).collect();
    format!("{RESERVED}wait {}", people.join(" "))
        .parse()
        .expect("a short text without control characters is an id")
}

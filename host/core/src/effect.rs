//! What shall be done outside, and how far it has come.

mod change;
#[cfg(test)]
mod tests;
mod webhook;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::Jid;
use crate::clock::UnixMs;
use crate::event::Position;
use crate::files::FileName;
use crate::id::{EffectId, EventId, InstallationId, MessageId, SessionId};
use crate::message::{Content, MessageKey};

pub use change::{Change, Vote};
pub use webhook::Webhook;

/// One thing to be done outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Its name; the WhatsApp message id of a send is derived from it ([`EffectId::message_id`]).
    pub id: EffectId,
    /// The session it leaves through.
    pub session: SessionId,
    /// Place in the session's outbox: effects of one chat are carried out in this order.
    pub sequence: Position,
    /// Who asked for it.
    pub cause: Cause,
    /// What to do.
    pub action: Action,
    /// When it was asked for.
    pub created_at: UnixMs,
    /// How far it has come.
    pub state: EffectState,
    /// Attempts begun so far.
    pub attempts: u32,
}

/// Who asked for an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A plugin, answering an event.
    Plugin {
        /// The event.
        event: EventId,
        /// Its position.
        position: Position,
        /// Who answered.
        installation: InstallationId,
    },
    /// A call of the REST API.
    Request {
        /// The event-like id the request was given; effect ids derive from it.
        request: EventId,
    },
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Action {
    /// Send a message.
    Send(Box<Send>),
    /// Put an emoji on a message, or take it back.
    React {
        /// The message.
        target: MessageKey,
        /// The emoji; none takes it back.
        emoji: Option<Box<str>>,
    },
    /// Tell the sender that messages were read. All of one chat and one author.
    MarkRead {
        /// The messages.
        targets: Vec<MessageKey>,
    },
    /// Show or stop showing "typing" or "recording".
    SetTyping {
        /// Where.
        chat: Jid,
        /// What to show.
        state: Typing,
    },
    /// Do something to a message that exists.
    Change(Change),
    /// Send a message with marks beside its content.
    SendMarked(Box<Marked>),
    /// Send a message as it was encoded by whoever asked for it.
    SendRaw(Box<Raw>),
    /// Tell a server of the operator's something. Not carried out by the session.
    Webhook(Box<Webhook>),
    /// Tell the sender that voice messages or videos were played. All of one chat and one author.
    MarkPlayed {
        /// The messages.
        targets: Vec<MessageKey>,
    },
}

impl Action {
    /// The chat whose order this effect is part of.
    #[must_use]
    pub fn chat(&self) -> Option<&Jid> {
        match self {
            Self::Send(send) => Some(&send.to),
            Self::React { target, .. } => Some(&target.chat),
            Self::MarkRead { targets } | Self::MarkPlayed { targets } => targets.first().map(|key| &key.chat),
            Self::SetTyping { chat, .. } => Some(chat),
            Self::Change(change) => Some(change.chat()),
            Self::SendMarked(marked) => Some(&marked.send.to),
            Self::SendRaw(raw) => Some(&raw.to),
            Self::Webhook(webhook) => webhook.chat.as_ref(),
        }
    }

    /// Its stable name in logs and answers.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Send(_) => "send",
            Self::React { .. } => "react",
            Self::MarkRead { .. } => "mark_read",
            Self::MarkPlayed { .. } => "mark_played",
            Self::SetTyping { .. } => "set_typing",
            Self::Change(change) => change.name(),
            Self::SendMarked(_) => "send_marked",
            Self::SendRaw(_) => "send_raw",
            Self::Webhook(_) => "webhook",
        }
    }

    /// The message it sends, where that is known.
    #[must_use]
    pub fn sent(&self) -> Option<&Send> {
        match self {
            Self::Send(send) => Some(send),
            Self::SendMarked(marked) => Some(&marked.send),
            Self::React { .. }
            | Self::MarkRead { .. }
            | Self::MarkPlayed { .. }
            | Self::SetTyping { .. }
            | Self::Change(_)
            | Self::SendRaw(_)
            | Self::Webhook(_) => None,
        }
    }
}

impl Action {
    /// The file it sends that WhatsApp does not have yet.
    #[must_use]
    pub fn upload(&self) -> Option<FileName> {
        let file = self.sent()?.content.file().filter(|file| file.source.is_nowhere())?;
        let digest: [u8; 32] = file.sha256.as_deref()?.try_into().ok()?;
        Some(digest.into())
    }
}

impl Effect {
    /// The media of the session's that a caller's message needs until WhatsApp has it ([`crate::media_store`]).
    #[must_use]
    pub fn upload(&self) -> Option<FileName> {
        match &self.cause {
            Cause::Request { .. } => self.action.upload(),
            Cause::Plugin { .. } => None,
        }
    }

    /// The file of the host's own that it needs until WhatsApp has it, and whose.
    #[must_use]
    pub fn file(&self) -> Option<(&InstallationId, FileName)> {
        let file = self.action.sent()?.content.file()?;
        let digest: [u8; 32] = file.sha256.as_deref()?.try_into().ok()?;
        match &self.cause {
            Cause::Plugin { installation, .. } if file.source.is_nowhere() => Some((installation, digest.into())),
            Cause::Plugin { .. } | Cause::Request { .. } => None,
        }
    }
}

/// A message to send.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// To whom.
    pub to: Jid,
    /// What it says.
    pub content: Content,
    /// The message it answers, with what is shown of it.
    pub quote: Option<QuoteOf>,
    /// Who is mentioned.
    pub mentions: Vec<Jid>,
    /// Seconds until it disappears.
    pub ephemeral_s: Option<u32>,
    /// Milliseconds to show "typing" first.
    pub typing_ms: Option<u32>,
}

/// Shows where it goes and what kind it is, never what it says.
impl fmt::Debug for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send")
            .field("to", &self.to)
            .field("kind", &self.content.kind())
            .finish_non_exhaustive()
    }
}

/// A message to send, with what it says about itself beside its content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Marked {
    /// The message.
    pub send: Send,
    /// How often it was passed on; 0 for an original.
    pub forwarded_score: u32,
    /// May be looked at once.
    pub view_once: bool,
}

/// A message that only its author can read before it is sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raw {
    /// To whom.
    pub to: Jid,
    /// WhatsApp's `Message`, encoded.
    pub message: Vec<u8>,
    /// Milliseconds to show "typing" first.
    pub typing_ms: Option<u32>,
}

/// Shows where it goes and how large it is, never what it says.
impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Raw")
            .field("to", &self.to)
            .field("bytes", &self.message.len())
            .finish_non_exhaustive()
    }
}

/// The message a send answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuoteOf {
    /// Its name.
    pub key: MessageKey,
    /// Who wrote it.
    pub sender: Jid,
    /// What it said, where the host still has it; a phone shows an empty quote otherwise.
    pub content: Option<Box<Content>>,
}

/// What a chat shows while somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Typing {
    /// "typing…"
    Composing,
    /// "recording…"
    Recording,
    /// Nothing.
    Paused,
}

/// How far an effect has come. States only move down this list; a receipt never moves one back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum EffectState {
    /// Waiting for its turn; not before the given moment.
    Pending {
        /// Earliest moment of the next attempt.
        not_before: UnixMs,
        /// Why the last attempt did not do it.
        last_error: Option<Box<str>>,
    },
    /// Handed to WhatsApp's server, which has it.
    Sent {
        /// When the server took it.
        at: UnixMs,
    },
    /// On the recipient's device.
    Delivered {
        /// When.
        at: UnixMs,
    },
    /// Seen by the recipient.
    Read {
        /// When.
        at: UnixMs,
    },
    /// Will not be done.
    Failed {
        /// When it was given up.
        at: UnixMs,
        /// Why, in words for the operator.
        reason: Box<str>,
        /// WhatsApp's code, where it gave one.
        code: Option<u32>,
    },
    /// Waiting like a pending one, because the session's send policy holds it back.
    Held {
        /// When it may leave, as far as can be told.
        until: UnixMs,
        /// What holds it back, in words for the operator.
        because: Box<str>,
    },
}

impl EffectState {
    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending { .. } | Self::Held { .. } => "pending",
            Self::Sent { .. } => "sent",
            Self::Delivered { .. } => "delivered",
            Self::Read { .. } => "read",
            Self::Failed { .. } => "failed",
        }
    }

    /// Whether the sink still has to do something.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending { .. } | Self::Held { .. })
    }
}

/// What the sink learns about an effect that left, or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// WhatsApp's server has it (or, for what has no acknowledgement, it was written to the connection).
    Sent,
    /// On a device of the recipient.
    Delivered,
    /// Seen by the recipient.
    Read,
    /// Try again not before the given moment.
    Retry {
        /// Earliest moment of the next attempt.
        not_before: UnixMs,
        /// Why this attempt did not do it.
        error: Box<str>,
    },
    /// Not attempted yet: the session's send policy holds it back.
    Held {
        /// When it may leave, as far as can be told.
        until: UnixMs,
        /// What holds it back.
        because: Box<str>,
    },
    /// Give up.
    Failed {
        /// Why.
        reason: Box<str>,
        /// WhatsApp's code.
        code: Option<u32>,
    },
}

/// The WhatsApp message id of an effect that sends, if it sends.
#[must_use]
pub fn message_id(effect: &Effect) -> Option<MessageId> {
    match &effect.action {
        Action::Send(_) | Action::React { .. } | Action::SendMarked(_) | Action::SendRaw(_) => {
            Some(effect.id.message_id())
        }
        Action::Change(change) => change.is_message().then(|| effect.id.message_id()),
        Action::MarkRead { .. } | Action::MarkPlayed { .. } | Action::SetTyping { .. } | Action::Webhook(_) => None,
    }
}

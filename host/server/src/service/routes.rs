//! Who would get a message, asked before anybody writes it.

use std::sync::Arc;

use ulid::Ulid;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::id::{EventId, SessionId, SessionName, TenantId};
use waspnest_core::message::{Content, Media, MediaSource, Message, MessageKey, Origin, Text};

use crate::router::{Explained, Installed, Slots, explain};

/// A message that nobody has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The session that would get it.
    pub session: SessionName,
    /// Whose that session is.
    pub tenant: TenantId,
    /// Its chat.
    pub chat: Jid,
    /// Who would write it.
    pub sender: Jid,
    /// Which side of the chat it would come from.
    pub from: Origin,
    /// What it would be.
    pub kind: Kind,
    /// Its text, or what stands under a file.
    pub text: Option<Box<str>>,
    /// When; now, if nothing is said.
    pub at: Option<UnixMs>,
}

/// The kinds of messages that can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the kind of its name")]
pub enum Kind {
    Text,
    Image,
    Video,
    Audio,
    Voice,
    Document,
    Sticker,
}

impl Kind {
    /// All of them, by name.
    pub const ALL: [(&str, Self); 7] = [
        ("text", Self::Text),
        ("image", Self::Image),
        ("video", Self::Video),
        ("audio", Self::Audio),
        ("voice", Self::Voice),
        ("document", Self::Document),
        ("sticker", Self::Sticker),
    ];

    /// The kind of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, kind)| *kind)
    }
}

/// Tells who would get a message. Clones are the same.
#[derive(Debug, Clone)]
pub struct Routes {
    installations: Slots,
    clock: Arc<dyn Clock>,
}

impl Routes {
    /// Over the installations at work, those of higher priority first.
    #[must_use]
    pub fn new(installations: Slots, clock: Arc<dyn Clock>) -> Self {
        Self { installations, clock }
    }

    /// Each installation's part in a message, in the order of priority.
    #[must_use]
    pub fn explain(&self, question: &Question) -> Vec<Explained> {
        let event = event(question, question.at.unwrap_or_else(|| self.clock.now()));
        let versions: Vec<Arc<Installed>> = self
            .installations
            .of(question.tenant)
            .iter()
            .map(|slot| slot.active())
            .collect();
        explain(versions.iter().map(|installed| &**installed), &question.session, &event)
    }
}

fn event(question: &Question, at: UnixMs) -> Event {
    let nobody = Ulid::nil();
    let chat_kind = question.chat.chat_kind();
    let participant = (question.chat != question.sender).then(|| question.sender.clone());
    Event {
        id: EventId::new(nobody),
        session: SessionId::new(nobody),
        position: Position(u64::MAX),
        received_at: at,
        kind: EventKind::Message(Box::new(Message::new(
            MessageKey {
                chat: question.chat.clone(),
                id: EventId::new(nobody)
                    .to_string()
                    .parse()
                    .unwrap_or_else(|_| unreachable!("an id is printable")),
                from: question.from,
                participant,
            },
            chat_kind,
            Party::known_as(question.sender.clone()),
            at,
            content(question.kind, question.text.clone()),
        ))),
    }
}

fn content(kind: Kind, text: Option<Box<str>>) -> Content {
    let file = |caption| Media {
        source: MediaSource::default(),
        mime: "application/octet-stream".into(),
        size: 0,
        sha256: None,
        caption,
        file_name: None,
        width: None,
        height: None,
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    };
    match kind {
        Kind::Text => Content::Text(Text {
            body: text.unwrap_or_default(),
            preview: None,
        }),
        Kind::Image => Content::Image(file(text)),
        Kind::Video => Content::Video(file(text)),
        Kind::Audio => Content::Audio(file(text)),
        Kind::Voice => Content::Voice(file(text)),
        Kind::Document => Content::Document(file(text)),
        Kind::Sticker => Content::Sticker(file(text)),
    }
}

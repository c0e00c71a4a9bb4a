//! What a plugin wants to be called for: families of events.

use waspnest_core::address::ChatKind;
use waspnest_core::event::{
    CallState, ChatChange, ContactChange, EventKind, Family, GroupChange, PresenceState, ReceiptStatus, SessionState,
};
use waspnest_core::message::{Content, Message, Origin};

use super::bus_terms::TopicFilter;
use super::section::{KeyError, Section, unknown};
use super::word;
use crate::handlers::Handler;

/// One `[[subscribe]]`: which events of a family a plugin wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subscription {
    /// Messages.
    Message(MessageFilter),
    /// Events of another family.
    Other(EventFilter),
    /// Events of any family, as JSON.
    Raw(RawFilter),
    /// What other installations publish.
    Topic(TopicFilter),
    /// Requests from outside.
    Request,
}

/// Which events a plugin wants as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFilter {
    /// The families.
    pub families: Vec<Family>,
    /// What about the account's own messages.
    pub own: OwnMessages,
}

/// Which events of a family a plugin wants. What is left empty filters nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    /// The family.
    pub family: Family,
    /// What happened (see [`EventKind::detail`]).
    pub details: Vec<&'static str>,
    /// Kinds of chat.
    pub chats: Vec<ChatKind>,
}

/// Which messages a plugin wants. What is left empty filters nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFilter {
    /// Kinds of content (see [`Content::kind`]).
    pub kinds: Vec<&'static str>,
    /// Kinds of chat.
    pub chats: Vec<ChatKind>,
    /// What about the account's own messages.
    pub own: OwnMessages,
}

/// What about messages the account sent itself, from another device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnMessages {
    /// They are left out.
    LeftOut,
    /// They are wanted like all others.
    Wanted,
}

pub(super) const CHATS: &[(&str, ChatKind)] = &[
    ("direct", ChatKind::Direct),
    ("group", ChatKind::Group),
    ("community", ChatKind::Community),
    ("broadcast", ChatKind::Broadcast),
    ("status", ChatKind::Status),
    ("newsletter", ChatKind::Newsletter),
    ("bot", ChatKind::Bot),
    ("other", ChatKind::Other),
];

/// What is subscribed to for events of any family as JSON.
pub(super) const RAW: &str = "raw";

/// The families that can be subscribed to. Points in time cannot: they are for one installation.
pub(super) const EVENTS: &[(&str, Family)] = &[
    ("message", Family::Message),
    ("receipt", Family::Receipt),
    ("group", Family::Group),
    ("presence", Family::Presence),
    ("contact", Family::Contact),
    ("chat", Family::Chat),
    ("call", Family::Call),
    ("session", Family::Session),
    ("topic", Family::Topic),
    ("request", Family::Request),
];

/// The families that can be had as JSON: all that are not for one installation.
const AS_JSON: &[(&str, Family)] = EVENTS.split_at(EVENTS.len() - 1).0;

impl Subscription {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let event = section.required("event")?;
        if event == RAW {
            return RawFilter::read(section).map(Self::Raw);
        }
        let family = match EVENTS.iter().find(|(name, _)| *name == event) {
            Some((_, family)) => *family,
            None => {
                let known: Vec<_> = EVENTS.iter().map(|(name, _)| *name).chain([RAW]).collect();
                return section.fail("event", unknown("event", event, &known));
            }
        };
        let other =
            |section, details: (_, _, &[_]), chats| EventFilter::read(section, family, details, chats).map(Self::Other);
        match family {
            Family::Message | Family::Schedule => MessageFilter::read(section).map(Self::Message),
            Family::Receipt => other(section, ("status", "status", &ReceiptStatus::NAMES), HasChats::Yes),
            Family::Group => other(section, ("changes", "change", &GroupChange::NAMES), HasChats::No),
            Family::Presence => other(section, ("states", "state", &PresenceState::NAMES), HasChats::Yes),
            Family::Contact => other(section, ("changes", "change", &ContactChange::NAMES), HasChats::No),
            Family::Chat => other(section, ("changes", "change", &ChatChange::NAMES), HasChats::Yes),
            Family::Call => other(section, ("states", "state", &CallState::NAMES), HasChats::No),
            Family::Session => other(section, ("states", "state", &SessionState::NAMES), HasChats::No),
            Family::Topic => TopicFilter::read(section).map(Self::Topic),
            Family::Request => section.finish().map(|()| Self::Request),
        }
    }

    /// Whether it is about events of a family.
    #[must_use]
    pub fn covers(&self, family: Family) -> bool {
        match self {
            Self::Raw(filter) => filter.families.contains(&family),
            Self::Message(_) | Self::Other(_) | Self::Topic(_) | Self::Request => self.handler() == Handler::Of(family),
        }
    }

    /// The handler that gets what it lets through.
    pub(crate) const fn handler(&self) -> Handler {
        match self {
            Self::Message(_) => Handler::Of(Family::Message),
            Self::Other(filter) => Handler::Of(filter.family),
            Self::Raw(_) => Handler::Raw,
            Self::Topic(_) => Handler::Of(Family::Topic),
            Self::Request => Handler::Of(Family::Request),
        }
    }

    /// Whether it lets an event through.
    #[must_use]
    pub fn wants(&self, event: &EventKind) -> bool {
        match (self, event) {
            (Self::Message(filter), EventKind::Message(message)) => filter.wants(message),
            (Self::Message(_), _) => false,
            (Self::Other(filter), event) => filter.wants(event),
            (Self::Raw(filter), event) => filter.wants(event),
            (Self::Topic(filter), event) => filter.wants(event),
            (Self::Request, event) => event.family() == Family::Request,
        }
    }
}

impl RawFilter {
    fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let families = match section.texts("kinds")? {
            // Presence and topics are for those who name them.
            None => AS_JSON
                .iter()
                .map(|(_, family)| *family)
                .filter(|family| !matches!(family, Family::Presence | Family::Topic))
                .collect(),
            Some(kinds) => kinds
                .into_iter()
                .enumerate()
                .map(|(index, kind)| word(section.at(&format!("kinds[{index}]")), "kind", kind, AS_JSON))
                .collect::<Result<_, _>>()?,
        };
        let own = OwnMessages::read(&mut section)?;
        section.finish()?;
        Ok(Self { families, own })
    }

    /// Whether it lets an event through.
    #[must_use]
    pub fn wants(&self, event: &EventKind) -> bool {
        let own = match event {
            EventKind::Message(message) => self.own.admits(message),
            EventKind::Tick(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_)
            | EventKind::Request(_) => true,
        };
        own && self.families.contains(&event.family())
    }
}

impl OwnMessages {
    fn read(section: &mut Section<'_>) -> Result<Self, KeyError> {
        Ok(match section.flag("from-me")? {
            Some(true) => Self::Wanted,
            Some(false) | None => Self::LeftOut,
        })
    }

    fn admits(self, message: &Message) -> bool {
        match (message.key.from, self) {
            (Origin::Them, _) | (Origin::Me, Self::Wanted) => true,
            (Origin::Me, Self::LeftOut) => false,
        }
    }
}

/// Whether the events of a family belong to chats of several kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HasChats {
    Yes,
    No,
}

impl EventFilter {
    /// `details` are the key of what happened, the word for one of them, and all there are.
    fn read(
        mut section: Section<'_>,
        family: Family,
        details: (&'static str, &str, &[&'static str]),
        has_chats: HasChats,
    ) -> Result<Self, KeyError> {
        let (key, word, known) = details;
        let texts = section.texts(key)?;
        if texts.is_none() && family == Family::Presence {
            return section.fail(
                key,
                "is missing; presence is told only to those who name what they need",
            );
        }
        let mut details = Vec::new();
        for (index, text) in texts.unwrap_or_default().into_iter().enumerate() {
            match known.iter().find(|known| **known == text) {
                Some(known) => details.push(*known),
                None => return section.fail(&format!("{key}[{index}]"), unknown(word, text, known)),
            }
        }
        let chats = match has_chats {
            HasChats::Yes => chats(&mut section)?,
            HasChats::No => Vec::new(),
        };
        section.finish()?;
        Ok(Self { family, details, chats })
    }

    /// Whether it lets an event through.
    #[must_use]
    pub fn wants(&self, event: &EventKind) -> bool {
        let detail = || self.details.is_empty() || event.detail().is_some_and(|detail| self.details.contains(&detail));
        let chat = || self.chats.is_empty() || event.chat().is_some_and(|chat| self.chats.contains(&chat.chat_kind()));
        event.family() == self.family && detail() && chat()
    }
}

fn chats(section: &mut Section<'_>) -> Result<Vec<ChatKind>, KeyError> {
    let texts = section.texts("chats")?.unwrap_or_default();
    let kinds = texts
        .into_iter()
        .enumerate()
        .map(|(index, chat)| word(section.at(&format!("chats[{index}]")), "kind of chat", chat, CHATS));
    kinds.collect()
}

impl MessageFilter {
    fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let mut kinds = Vec::new();
        for (index, kind) in section.texts("kinds")?.unwrap_or_default().into_iter().enumerate() {
            match Content::KINDS.iter().find(|known| **known == kind) {
                Some(known) => kinds.push(*known),
                None => return section.fail(&format!("kinds[{index}]"), unknown("kind", kind, Content::KINDS)),
            }
        }
        let chats = chats(&mut section)?;
        let own = OwnMessages::read(&mut section)?;
        section.finish()?;
        Ok(Self { kinds, chats, own })
    }

    /// Whether it lets a message through.
    #[must_use]
    pub fn wants(&self, message: &Message) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&message.content.kind());
        let chat = self.chats.is_empty() || self.chats.contains(&message.chat_kind);
        kind && chat && self.own.admits(message)
    }
}

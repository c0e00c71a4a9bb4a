//! What a persona does when it hears something.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use whatsapp_rust::wacore_binary::JidExt;

use super::{Action, PersonaError};
use crate::human::Heard;

/// One rule: what is heard, and what is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What must be heard.
    pub hears: Hears,
    /// In which chats.
    #[serde(default)]
    pub chats: Chats,
    /// Follows it every so many times it fits: 3 is the third, sixth, ninth time. Left out, every time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u64>,
    /// Follows it so many times and then never again. Left out, there is no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
    /// What it does, one after the other. Nothing at all is a way to ignore something.
    #[serde(default)]
    pub does: Vec<Action>,
}

/// What must be heard. Texts are compared without regard to case and to space around them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hears {
    /// Any message a person would answer: everything but reactions and what devices tell each other.
    Anything,
    /// A text or caption that is this.
    Equals(String),
    /// A text or caption with this in it.
    Contains(String),
    /// A text or caption that starts with this.
    StartsWith(String),
    /// A message of this kind.
    Kind(Kind),
}

/// What kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Text,
    Image,
    Video,
    Audio,
    Document,
    Sticker,
    Location,
    Contact,
    Reaction,
}

/// In which chats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Chats {
    /// Everywhere.
    #[default]
    All,
    /// Between two people.
    Direct,
    /// In groups.
    Group,
}

impl Rule {
    /// Follows it whenever this is heard.
    pub fn when(hears: Hears) -> Self {
        Self {
            hears,
            chats: Chats::All,
            every: None,
            at_most: None,
            does: Vec::new(),
        }
    }

    /// Only in these chats.
    pub fn chats(self, chats: Chats) -> Self {
        Self { chats, ..self }
    }

    /// Only every `n`th time it fits.
    pub fn every(self, n: u64) -> Self {
        Self { every: Some(n), ..self }
    }

    /// Only the first `n` times.
    pub fn at_most(self, n: u64) -> Self {
        Self {
            at_most: Some(n),
            ..self
        }
    }

    /// Does this, after what it does already.
    pub fn does(mut self, action: Action) -> Self {
        self.does.push(action);
        self
    }

    /// Whether it is about this message.
    pub(crate) fn fits(&self, heard: &Heard) -> bool {
        let in_group = heard.wire.chat.is_group();
        let here = match self.chats {
            Chats::All => true,
            Chats::Direct => !in_group,
            Chats::Group => in_group,
        };
        here && self.hears.fits(heard.kind(), heard.text.as_deref())
    }

    /// Whether the `fitted`th time it fits, after `followed` times it was followed, is one to follow.
    pub(crate) fn is_due(&self, fitted: u64, followed: u64) -> bool {
        self.every.is_none_or(|every| fitted.is_multiple_of(every)) && self.at_most.is_none_or(|most| followed < most)
    }

    pub(super) fn check(&self) -> Result<(), PersonaError> {
        if self.every == Some(0) {
            return Err(PersonaError::Zero { field: "every" });
        }
        if self.at_most == Some(0) {
            return Err(PersonaError::Zero { field: "at_most" });
        }
        self.does.iter().try_for_each(Action::check)
    }
}

impl Hears {
    /// A text with this in it.
    pub fn contains(part: &str) -> Self {
        Self::Contains(part.to_owned())
    }

    /// Exactly this text.
    pub fn equals(text: &str) -> Self {
        Self::Equals(text.to_owned())
    }

    /// A text that starts so.
    pub fn starts_with(start: &str) -> Self {
        Self::StartsWith(start.to_owned())
    }

    pub(super) fn fits(&self, kind: &str, text: Option<&str>) -> bool {
        let says = |check: fn(&str, &str) -> bool, wanted: &str| {
            text.is_some_and(|text| check(plain(text).as_str(), plain(wanted).as_str()))
        };
        match self {
            Self::Anything => !matches!(kind, "reaction" | "protocol" | "other"),
            Self::Equals(wanted) => says(|text, wanted| text == wanted, wanted),
            Self::Contains(wanted) => says(|text, wanted| text.contains(wanted), wanted),
            Self::StartsWith(wanted) => says(|text, wanted| text.starts_with(wanted), wanted),
            Self::Kind(wanted) => wanted.word() == kind,
        }
    }
}

impl Kind {
    /// The word of [`Heard::kind`].
    fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
            Self::Location => "location",
            Self::Contact => "contact",
            Self::Reaction => "reaction",
        }
    }
}

/// A text as it is compared.
fn plain(text: &str) -> String {
    text.trim().to_lowercase()
}

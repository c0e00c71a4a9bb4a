//! WhatsApp addresses, parsed once at the edge.
//!
//! A [`Jid`] is canonical: lower-case, without a device, and a person's phone form is always digits. The same person is reachable
//! by phone number or by an opaque LID; a [`Party`] carries both when both are known, and [`Party::canonical`] picks one by a fixed
//! rule so that a contact never splits in two.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::given::Given;

/// A text that is not a WhatsApp address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{given:?} is not a WhatsApp address: expected a phone number (+4915…), …@s.whatsapp.net, …@c.us, …@lid, …@g.us, …@newsletter, …@broadcast or …@bot"
)]
pub struct InvalidJid {
    given: Given,
}

/// One WhatsApp address, without a device part.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Jid {
    /// A person by phone number: digits with country code (`…@s.whatsapp.net`).
    Phone(Box<str>),
    /// A person by the opaque number WhatsApp shows to those who may not see the phone (`…@lid`).
    Lid(Box<str>),
    /// A group or a community (`…@g.us`).
    Group(Box<str>),
    /// A newsletter, which the apps call a channel (`…@newsletter`).
    Newsletter(Box<str>),
    /// The status feed (`status@broadcast`).
    Status,
    /// A broadcast list (`…@broadcast`).
    Broadcast(Box<str>),
    /// A bot run by WhatsApp (`…@bot`).
    Bot(Box<str>),
}

impl Jid {
    /// The part before the `@`.
    #[must_use]
    pub fn user(&self) -> &str {
        match self {
            Self::Phone(user)
            | Self::Lid(user)
            | Self::Group(user)
            | Self::Newsletter(user)
            | Self::Broadcast(user)
            | Self::Bot(user) => user,
            Self::Status => "status",
        }
    }

    /// The part after the `@`.
    #[must_use]
    pub const fn server(&self) -> &'static str {
        match self {
            Self::Phone(_) => "s.whatsapp.net",
            Self::Lid(_) => "lid",
            Self::Group(_) => "g.us",
            Self::Newsletter(_) => "newsletter",
            Self::Status | Self::Broadcast(_) => "broadcast",
            Self::Bot(_) => "bot",
        }
    }

    /// Whether this is one person, by phone or by LID.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        matches!(self, Self::Phone(_) | Self::Lid(_))
    }

    /// What kind of chat this address is.
    #[must_use]
    pub const fn chat_kind(&self) -> ChatKind {
        match self {
            Self::Phone(_) | Self::Lid(_) => ChatKind::Direct,
            Self::Group(_) => ChatKind::Group,
            Self::Newsletter(_) => ChatKind::Newsletter,
            Self::Status => ChatKind::Status,
            Self::Broadcast(_) => ChatKind::Broadcast,
            Self::Bot(_) => ChatKind::Bot,
        }
    }
}

impl FromStr for Jid {
    type Err = InvalidJid;

    fn from_str(text: &str) -> Result<Self, InvalidJid> {
        let invalid = || InvalidJid { given: Given::of(text) };
        let (user, server) = match text.split_once('@') {
            Some((user, server)) => (user, server),
            None => (text.strip_prefix('+').unwrap_or(text), "s.whatsapp.net"),
        };
        // The old agent (`.0`) and a device (`:3`) name a device, not a chat.
        let (user, device) = match user.find(['.', ':']).filter(|_| text.contains('@')) {
            Some(at) => user.split_at(at),
            None => (user, ""),
        };
        if !is_device(device) {
            return Err(invalid());
        }
        let digits = !user.is_empty() && user.len() <= 20 && user.bytes().all(|b| b.is_ascii_digit());
        let group = user.starts_with(|first: char| first.is_ascii_digit())
            && user.len() <= 40
            && user.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        match server {
            "s.whatsapp.net" | "c.us" if digits && (5..=15).contains(&user.len()) => Ok(Self::Phone(user.into())),
            "lid" if digits => Ok(Self::Lid(user.into())),
            "g.us" if group => Ok(Self::Group(user.into())),
            "newsletter" if digits => Ok(Self::Newsletter(user.into())),
            "broadcast" if user == "status" => Ok(Self::Status),
            "broadcast" if digits => Ok(Self::Broadcast(user.into())),
            "bot" if digits => Ok(Self::Bot(user.into())),
            _ => Err(invalid()),
        }
    }
}

/// Whether this is nothing, an agent, a device, or both: `.0:3`.
fn is_device(text: &str) -> bool {
    let (agent, device) = match text.find(':') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let number = |text: &str, mark: char| {
        text.is_empty()
            || text
                .strip_prefix(mark)
                .is_some_and(|digits| (1..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    number(agent, '.') && number(device, ':')
}

impl TryFrom<String> for Jid {
    type Error = InvalidJid;

    fn try_from(text: String) -> Result<Self, InvalidJid> {
        text.parse()
    }
}

impl From<Jid> for String {
    fn from(jid: Jid) -> Self {
        jid.to_string()
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.user(), self.server())
    }
}

/// Shows the kind and the last three digits only: addresses are personal data and logs travel.
impl fmt::Debug for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user();
        let tail = user.get(user.len().saturating_sub(3)..).unwrap_or_default();
        write!(f, "…{tail}@{}", self.server())
    }
}

/// What kind of chat an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChatKind {
    /// One person.
    Direct,
    /// A group.
    Group,
    /// The announcement group of a community.
    Community,
    /// A broadcast list.
    Broadcast,
    /// The status feed.
    Status,
    /// A newsletter (channel).
    Newsletter,
    /// A bot run by WhatsApp.
    Bot,
    /// Something newer than this version.
    Other,
}

/// One person, by every address that is known of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Party {
    /// The address WhatsApp used.
    pub jid: Jid,
    /// The same person in the other namespace (phone ↔ LID), where known.
    pub alt: Option<Jid>,
    /// The name they gave themselves.
    pub push_name: Option<Box<str>>,
}

impl Party {
    /// A person known by one address only.
    #[must_use]
    pub const fn known_as(jid: Jid) -> Self {
        Self {
            jid,
            alt: None,
            push_name: None,
        }
    }

    /// The one address the host files this person under: the phone number where it is known, else what WhatsApp used.
    #[must_use]
    pub fn canonical(&self) -> &Jid {
        match (&self.jid, &self.alt) {
            (Jid::Lid(_), Some(alt @ Jid::Phone(_))) => alt,
            (jid, _) => jid,
        }
    }
}

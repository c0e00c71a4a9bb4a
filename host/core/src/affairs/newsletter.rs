//! Newsletters, which the apps call channels.

use crate::address::Jid;
use crate::clock::UnixMs;

/// A newsletter, as WhatsApp tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct Newsletter {
    /// Its address.
    pub newsletter: Jid,
    /// Its name.
    pub name: Box<str>,
    /// What it says about itself.
    pub description: Option<Box<str>>,
    /// How many follow it.
    pub followers: u64,
    /// Whether WhatsApp verified who it is.
    pub verified: bool,
    /// Whether it is there.
    pub state: NewsletterState,
    /// What the account is in it; none when that is not told.
    pub role: Option<NewsletterRole>,
    /// Where its picture is.
    pub picture: Option<Box<str>>,
    /// The code of the link that leads to it.
    pub invite: Option<Box<str>>,
    /// When it was made.
    pub created_at: Option<UnixMs>,
}

/// Whether a newsletter is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewsletterState {
    /// It is.
    Active,
    /// WhatsApp took it away.
    Suspended,
    /// WhatsApp took it away in some countries.
    Geosuspended,
    /// WhatsApp says something newer.
    Other,
}

/// What an account is in a newsletter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewsletterRole {
    /// It made it.
    Owner,
    /// It writes in it.
    Admin,
    /// It follows it.
    Follower,
    /// It looks at it.
    Guest,
}

/// What is to be different about a newsletter; none of a field leaves it.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct NewsletterEdit {
    /// Its name.
    pub name: Option<Box<str>>,
    /// What it says about itself.
    pub description: Option<Box<str>>,
}

/// The number WhatsApp's server gives a message of a newsletter; later ones are larger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerId(pub u64);

/// A message of a newsletter.
#[derive(Clone, PartialEq, Eq)]
pub struct NewsletterMessage {
    /// Its number.
    pub server_id: ServerId,
    /// Its id, where the server tells it.
    pub id: Option<Box<str>>,
    /// When it was written.
    pub at: UnixMs,
    /// What kind it is, in WhatsApp's word.
    pub kind: Box<str>,
    /// What it says, or what is said about its file.
    pub text: Option<Box<str>>,
    /// Whether the account wrote it.
    pub from_me: bool,
    /// How others took it.
    pub reactions: Vec<NewsletterReaction>,
}

/// How many took a message the same way.
#[derive(Clone, PartialEq, Eq)]
pub struct NewsletterReaction {
    /// With what.
    pub emoji: Box<str>,
    /// How many.
    pub count: u64,
}

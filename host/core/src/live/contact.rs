//! People: what can be asked about them and done about them, and what is told.

use serde::{Deserialize, Serialize};

use crate::address::{Jid, Party};
use crate::event::Switch;

/// One thing asked about people. New ones come at the end: the stored form counts them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContactOperation {
    /// Who of these phone numbers is at WhatsApp.
    Resolve(Vec<Jid>),
    /// Everything about somebody.
    Get(Jid),
    /// Where the picture of a person or a group is.
    Picture {
        /// Whose.
        who: Jid,
        /// How large.
        size: PictureSize,
    },
    /// Take no more of somebody's messages and calls, or do again.
    Block {
        /// Whose.
        who: Jid,
        /// Block, or let through again.
        on: Switch,
    },
}

impl ContactOperation {
    /// Its name, as plugins call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Resolve(_) => "contacts.resolve",
            Self::Get(_) => "contacts.get",
            Self::Picture { .. } => "contacts.picture",
            Self::Block { .. } => "contacts.block",
        }
    }
}

/// Which form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PictureSize {
    /// A small one.
    Preview,
    /// As large as there is.
    Full,
}

/// Somebody, as WhatsApp tells it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactInfo {
    /// Who.
    pub who: Party,
    /// The name WhatsApp verified, of a business.
    pub verified_name: Option<Box<str>>,
    /// What they say about themselves, as far as the account may see it.
    pub about: Option<Box<str>>,
    /// Whether they are a business.
    pub business: bool,
    /// Whether the account blocks them.
    pub blocked: bool,
}

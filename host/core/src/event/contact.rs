//! What changes about a person.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Jid, Party};
use crate::clock::UnixMs;

/// One change of one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactEvent {
    /// The person.
    pub who: Party,
    /// What changed.
    pub change: ContactChange,
    /// When, as WhatsApp says; when the host heard of it, where it does not.
    pub at: UnixMs,
}

/// What changed about a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContactChange {
    /// The account gave them another name in its address book; none when it removed them from it.
    Name(Option<Box<str>>),
    /// They say something else about themselves.
    About(Box<str>),
    /// They have another picture, with WhatsApp's id of it; none when it was removed.
    Picture(Option<Box<str>>),
    /// They have another phone number.
    Number {
        /// The number until now.
        old: Jid,
        /// The number from now on; also the person's address in this event.
        new: Jid,
    },
    /// Their security code changed: they use a new phone, or installed WhatsApp anew.
    Identity,
    /// Their business profile changed, or they are a business no more; by WhatsApp's name of what happened.
    Business(Box<str>),
    /// They linked or removed a device.
    Devices(DeviceChange),
    /// Something in their profile changed, and WhatsApp does not say what.
    Profile,
    /// How long messages of new chats with them stay, in seconds; 0 for ever.
    DefaultTimer(u32),
}

/// What happened to the devices of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceChange {
    /// There is another one.
    Added,
    /// One is gone.
    Removed,
    /// The list is a different one.
    Updated,
}

impl DeviceChange {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Updated => "updated",
        }
    }
}

impl ContactChange {
    /// The names of the changes, as manifests and plugins know them.
    pub const NAMES: [&'static str; 9] = [
        "name",
        "about",
        "picture",
        "number",
        "identity",
        "business",
        "devices",
        "profile",
        "default-timer",
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Name(_) => "name",
            Self::About(_) => "about",
            Self::Picture(_) => "picture",
            Self::Number { .. } => "number",
            Self::Identity => "identity",
            Self::Business(_) => "business",
            Self::Devices(_) => "devices",
            Self::Profile => "profile",
            Self::DefaultTimer(_) => "default-timer",
        }
    }
}

/// What people write stays out.
impl fmt::Debug for ContactChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ContactChange").field(&self.name()).finish()
    }
}

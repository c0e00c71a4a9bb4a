//! The app state: what all devices of an account agree on, in five collections.

/// One collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// Names and blocks.
    CriticalBlock,
    /// Contacts.
    CriticalUnblockLow,
    /// What is archived, pinned and read.
    RegularLow,
    /// What is muted and starred.
    RegularHigh,
    /// Everything else, labels among it.
    Regular,
}

impl Collection {
    /// Every one.
    pub const ALL: &[Self] = &[
        Self::CriticalBlock,
        Self::CriticalUnblockLow,
        Self::RegularLow,
        Self::RegularHigh,
        Self::Regular,
    ];

    /// WhatsApp's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CriticalBlock => "critical_block",
            Self::CriticalUnblockLow => "critical_unblock_low",
            Self::RegularLow => "regular_low",
            Self::RegularHigh => "regular_high",
            Self::Regular => "regular",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

/// What WhatsApp's server calls changed until it is told otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dirty {
    /// The account's settings.
    AccountSync,
    /// Its groups.
    Groups,
    /// The app state.
    AppState,
    /// Its newsletters.
    Newsletters,
}

impl Dirty {
    /// Every one.
    pub const ALL: &[Self] = &[Self::AccountSync, Self::Groups, Self::AppState, Self::Newsletters];

    /// WhatsApp's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountSync => "account_sync",
            Self::Groups => "groups",
            Self::AppState => "syncd_app_state",
            Self::Newsletters => "newsletter_metadata",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

/// A label for chats, of business accounts.
#[derive(Clone, PartialEq, Eq)]
pub struct Label {
    /// WhatsApp's id of it, a number that the account chooses.
    pub id: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// WhatsApp's number of its colour.
    pub color: u8,
}

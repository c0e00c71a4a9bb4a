//! What changes in a group or a community.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::{Jid, Party};
use crate::clock::UnixMs;

/// One change of one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupEvent {
    /// The group.
    pub group: Jid,
    /// What changed.
    pub change: GroupChange,
    /// Who did it; none when the server does not say.
    pub actor: Option<Party>,
    /// Whom it happened to; empty for changes of the group itself.
    pub targets: Vec<Party>,
    /// When, as WhatsApp says.
    pub at: UnixMs,
}

/// What changed in a group.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupChange {
    /// It was made, or the account was put into it. The targets are its members as far as they are told.
    Created {
        /// Its subject.
        subject: Option<Box<str>>,
    },
    /// The targets came in by an invite link.
    Joined,
    /// Somebody added the targets.
    Added,
    /// The targets left by themselves.
    Left,
    /// Somebody removed the targets.
    Removed,
    /// The targets became administrators.
    Promoted,
    /// The targets are administrators no more.
    Demoted,
    /// It has another subject.
    Subject(Box<str>),
    /// It has another description; none when it was removed.
    Description(Option<Box<str>>),
    /// It has another picture, with WhatsApp's id of it; none when it was removed.
    Picture(Option<Box<str>>),
    /// One of its settings changed.
    Setting(GroupSetting, Switch),
    /// How long messages stay in it, in seconds; 0 for ever.
    Ephemeral(u32),
    /// It has a new invite link, with the code where it is told; the old one no longer works.
    InviteLink(Option<Box<str>>),
    /// The targets ask to be let in.
    JoinRequested,
    /// The requests of the targets were withdrawn or refused.
    JoinRequestRevoked,
    /// It was linked with another group of a community; none when it is not told which.
    Linked(Option<Jid>),
    /// It is linked with another group no more.
    Unlinked(Option<Jid>),
    /// The targets have other phone numbers now.
    NumberChanged,
    /// It does not exist any more.
    Deleted {
        /// Why, in WhatsApp's words.
        reason: Option<Box<str>>,
    },
    /// Something else, by WhatsApp's own name of it.
    Other(Box<str>),
}

/// A setting of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupSetting {
    /// Only administrators change subject, picture and description.
    InfoLocked,
    /// Only administrators write.
    AnnouncementsOnly,
    /// Administrators let people in who come by a link.
    JoinApproval,
    /// Only administrators add people.
    AdminsAdd,
    /// What was forwarded many times is kept out.
    FrequentlyForwardedBlocked,
    /// Invite links do not work for the time being.
    GrowthLocked,
    /// WhatsApp has suspended it.
    Suspended,
}

impl GroupSetting {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InfoLocked => "info-locked",
            Self::AnnouncementsOnly => "announcements-only",
            Self::JoinApproval => "join-approval",
            Self::AdminsAdd => "admins-add",
            Self::FrequentlyForwardedBlocked => "frequently-forwarded-blocked",
            Self::GrowthLocked => "growth-locked",
            Self::Suspended => "suspended",
        }
    }
}

/// A thing that is on or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Switch {
    /// It was switched on.
    On,
    /// It was switched off.
    Off,
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Self::On } else { Self::Off }
    }
}

impl Switch {
    /// Whether it is on.
    #[must_use]
    pub const fn is_on(self) -> bool {
        match self {
            Self::On => true,
            Self::Off => false,
        }
    }
}

impl GroupChange {
    /// The names of the changes, as manifests and plugins know them.
    pub const NAMES: [&'static str; 19] = [
        "created",
        "joined",
        "added",
        "left",
        "removed",
        "promoted",
        "demoted",
        "subject",
        "description",
        "picture",
        "settings",
        "ephemeral",
        "invite-link",
        "join-request",
        "linked",
        "unlinked",
        "number-changed",
        "deleted",
        "other",
    ];

    /// Its stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::Joined => "joined",
            Self::Added => "added",
            Self::Left => "left",
            Self::Removed => "removed",
            Self::Promoted => "promoted",
            Self::Demoted => "demoted",
            Self::Subject(_) => "subject",
            Self::Description(_) => "description",
            Self::Picture(_) => "picture",
            Self::Setting(..) => "settings",
            Self::Ephemeral(_) => "ephemeral",
            Self::InviteLink(_) => "invite-link",
            Self::JoinRequested | Self::JoinRequestRevoked => "join-request",
            Self::Linked(_) => "linked",
            Self::Unlinked(_) => "unlinked",
            Self::NumberChanged => "number-changed",
            Self::Deleted { .. } => "deleted",
            Self::Other(_) => "other",
        }
    }
}

/// What people write stays out.
impl fmt::Debug for GroupChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GroupChange").field(&self.name()).finish()
    }
}

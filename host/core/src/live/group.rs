//! Groups and communities: what can be asked about them and done with them, and what is told.

use serde::{Deserialize, Serialize};

use crate::address::{Jid, Party};
use crate::clock::UnixMs;
use crate::event::Switch;

/// One thing asked about groups. New ones come at the end: the stored form counts them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupOperation {
    /// Which groups the account is in, in the order of their addresses.
    List,
    /// Everything about a group.
    Info(Jid),
    /// Make one.
    Create {
        /// Its subject.
        subject: Box<str>,
        /// Who is to be in it beside the account.
        members: Vec<Jid>,
        /// The community it is to belong to.
        community: Option<Jid>,
    },
    /// Change one.
    Update {
        /// Which.
        group: Jid,
        /// How.
        wish: GroupWish,
    },
    /// Change who is in it, and as what.
    Members {
        /// In which group.
        group: Jid,
        /// How.
        change: MemberChange,
        /// Whom.
        who: Vec<Jid>,
    },
    /// Who asks to be let in.
    Requests(Jid),
    /// The invite link.
    Link {
        /// Of which group.
        group: Jid,
        /// Whether it is to be a new one.
        renewal: Renewal,
    },
    /// What a link leads to.
    Behind {
        /// The link or its code.
        link: Box<str>,
    },
    /// Go in by a link.
    Join {
        /// The link or its code.
        link: Box<str>,
    },
    /// Go out.
    Leave(Jid),
    /// Put groups into a community, or take them out.
    Affiliate {
        /// Which community.
        community: Jid,
        /// Which groups.
        groups: Vec<Jid>,
        /// Into it, or out.
        into: Switch,
    },
}

impl GroupOperation {
    /// Its name, as plugins call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::List => "groups.list",
            Self::Info(_) => "groups.info",
            Self::Create { .. } => "groups.create",
            Self::Update { .. } => "groups.update",
            Self::Members { .. } => "groups.participants",
            Self::Requests(_) => "groups.requests",
            Self::Link { .. } => "groups.invite-link",
            Self::Behind { .. } => "groups.invite-info",
            Self::Join { .. } => "groups.join",
            Self::Leave(_) => "groups.leave",
            Self::Affiliate { .. } => "groups.link",
        }
    }
}

/// What is to be different about a group.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupWish {
    /// Only administrators write.
    Announce(Switch),
    /// Only administrators change subject, description and picture.
    Locked(Switch),
    /// Administrators let people in who come by a link.
    Approval(Switch),
    /// Every member may add people.
    MembersAdd(Switch),
    /// How long messages stay, in seconds; none for ever.
    Ephemeral(Option<u32>),
    /// Another subject.
    Subject(Box<str>),
    /// Another description; none takes it away.
    Description(Option<Box<str>>),
    /// No picture any more.
    NoPicture,
}

/// What happens to people in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemberChange {
    /// They are put into it.
    Add,
    /// They are taken out.
    Remove,
    /// They become administrators.
    Promote,
    /// They are administrators no more.
    Demote,
    /// They asked, and are let in.
    Approve,
    /// They asked, and are not let in.
    Reject,
}

/// Whether a link is to be a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Renewal {
    /// The one there is.
    Keep,
    /// A new one; the old one leads nowhere from then on.
    Renew,
}

/// Whether the account is in a group that it asked to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Membership {
    /// It is.
    Member,
    /// An administrator has to let it in.
    Waiting,
}

/// What somebody is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// A member.
    Member,
    /// An administrator.
    Admin,
    /// The administrator whom the others cannot demote.
    Owner,
}

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub who: Party,
    /// As what.
    pub role: Role,
}

/// A group, as WhatsApp tells it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInfo {
    /// Its address.
    pub group: Jid,
    /// Its subject.
    pub subject: Box<str>,
    /// Its description.
    pub description: Option<Box<str>>,
    /// Who made it.
    pub owner: Option<Party>,
    /// When it was made.
    pub created_at: Option<UnixMs>,
    /// Only administrators write.
    pub announce: Switch,
    /// Only administrators change subject, description and picture.
    pub locked: Switch,
    /// Administrators let people in who come by a link.
    pub approval: Switch,
    /// Every member may add people; none when it is not told.
    pub members_add: Option<Switch>,
    /// How long messages stay, in seconds; none for ever.
    pub ephemeral_s: Option<u32>,
    /// The community it belongs to.
    pub community: Option<Jid>,
    /// Whether it is a community.
    pub is_community: bool,
    /// Who is in it.
    pub members: Vec<Member>,
}

/// What came of it for one person or one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// For whom.
    pub who: Jid,
    /// WhatsApp's code of why not; none when it was done.
    pub refused: Option<u32>,
    /// The code of an invitation to send to somebody who cannot be added.
    pub invitation: Option<Box<str>>,
}

//! One group: who is in it, what it says of itself, how it is set.
//!
//! It knows its rules (who is an admin, who may edit) and nothing of stanzas. Times are seconds, as the wire carries them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::address::AccountId;
use crate::groups::{Allowed, Flag, GroupId, Joining};

/// Members a group may have.
pub(crate) const MAX_MEMBERS: usize = 1024;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Member,
    Admin,
    /// The creator: an admin whom other admins can neither remove nor demote.
    SuperAdmin,
}

impl Role {
    pub(crate) fn is_admin(self) -> bool {
        match self {
            Self::Member => false,
            Self::Admin | Self::SuperAdmin => true,
        }
    }

    /// The `type` of a participant; plain members have none.
    pub(crate) fn wire(self) -> Option<&'static str> {
        match self {
            Self::Member => None,
            Self::Admin => Some("admin"),
            Self::SuperAdmin => Some("superadmin"),
        }
    }
}

/// The name of a group, and who gave it.
#[derive(Clone)]
pub(crate) struct Subject {
    pub(crate) text: String,
    pub(crate) by: AccountId,
    pub(crate) at_s: u64,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("by", &self.by)
            .field("at_s", &self.at_s)
            .finish_non_exhaustive()
    }
}

/// What a group says of itself. Its id changes with every edit, and the next edit has to name it.
#[derive(Clone)]
pub(crate) struct Description {
    pub(crate) id: String,
    /// `None` after it was deleted: the id stays, because an edit names what it replaces.
    pub(crate) body: Option<String>,
    pub(crate) by: AccountId,
    pub(crate) at_s: u64,
}

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description")
            .field("id", &self.id)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}

/// How somebody asked to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestMethod {
    InviteLink,
    LinkedGroup,
    /// A member who is no admin wanted to add them.
    AddedByMember,
}

impl RequestMethod {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::InviteLink => "invite_link",
            Self::LinkedGroup => "linked_group_join",
            Self::AddedByMember => "non_admin_add",
        }
    }
}

/// Somebody waits for an admin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) method: RequestMethod,
    pub(crate) at_s: u64,
}

/// An invitation for one account, sent in a message because the account must not be added.
#[derive(Debug, Clone)]
pub(crate) struct PersonalInvite {
    pub(crate) code: String,
    pub(crate) by: AccountId,
    pub(crate) until_s: u64,
}

/// What part a group plays in its community.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// Everybody in the community is in it, and only admins write.
    Announcements,
    General,
    Ordinary,
}

/// What sort of group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Plain,
    /// A community: nobody writes here, other groups are linked to it.
    Community {
        /// How one gets into its groups from inside the community.
        joining: Joining,
        /// Who may make groups in it.
        founding: Allowed,
    },
    Subgroup {
        of: GroupId,
        part: Part,
    },
    /// It was a community and has been deactivated.
    Gone,
}

/// What a group is made from.
pub(crate) struct Founding {
    pub(crate) creator: AccountId,
    pub(crate) at_s: u64,
    pub(crate) subject: String,
    pub(crate) description: Option<(String, String)>,
    /// Besides the creator.
    pub(crate) members: BTreeSet<AccountId>,
    pub(crate) kind: Kind,
    pub(crate) adding: Allowed,
    pub(crate) linking: Allowed,
    pub(crate) joining: Joining,
    /// Seconds; 0 for messages that stay.
    pub(crate) ephemeral_s: u32,
}

impl Founding {
    /// With the service's settings for a new group.
    pub(crate) fn new(creator: AccountId, subject: String, at_s: u64) -> Self {
        Self {
            creator,
            at_s,
            subject,
            description: None,
            members: BTreeSet::new(),
            kind: Kind::Plain,
            adding: Allowed::Members,
            linking: Allowed::Admins,
            joining: Joining::AtOnce,
            ephemeral_s: 0,
        }
    }
}

/// A group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) kind: Kind,
    pub(crate) subject: Subject,
    pub(crate) description: Option<Description>,
    pub(crate) creator: AccountId,
    pub(crate) created_s: u64,
    pub(crate) members: BTreeMap<AccountId, Role>,
    /// Removed by an admin: the link does not let them in again.
    pub(crate) removed: BTreeSet<AccountId>,
    pub(crate) flags: BTreeSet<Flag>,
    pub(crate) adding: Allowed,
    pub(crate) linking: Allowed,
    pub(crate) joining: Joining,
    /// Seconds; 0 for messages that stay.
    pub(crate) ephemeral_s: u32,
    pub(crate) invite_code: String,
    pub(crate) personal_invites: BTreeMap<AccountId, PersonalInvite>,
    pub(crate) requests: BTreeMap<AccountId, Request>,
}

impl Group {
    pub(crate) fn new(id: GroupId, invite_code: String, founding: Founding) -> Self {
        let Founding { creator, at_s, .. } = founding;
        let mut members: BTreeMap<AccountId, Role> = founding
            .members
            .into_iter()
            .map(|account| (account, Role::Member))
            .collect();
        members.insert(creator, Role::SuperAdmin);
        Self {
            id,
            kind: founding.kind,
            subject: Subject {
                text: founding.subject,
                by: creator,
                at_s,
            },
            description: founding.description.map(|(id, body)| Description {
                id,
                body: Some(body),
                by: creator,
                at_s,
            }),
            creator,
            created_s: at_s,
            members,
            removed: BTreeSet::new(),
            flags: match founding.kind {
                Kind::Subgroup {
                    part: Part::Announcements,
                    ..
                } => BTreeSet::from([Flag::Announcement]),
                Kind::Plain | Kind::Community { .. } | Kind::Subgroup { .. } | Kind::Gone => BTreeSet::new(),
            },
            adding: founding.adding,
            linking: founding.linking,
            joining: founding.joining,
            ephemeral_s: founding.ephemeral_s,
            invite_code,
            personal_invites: BTreeMap::new(),
            requests: BTreeMap::new(),
        }
    }

    pub(crate) fn role(&self, account: AccountId) -> Option<Role> {
        self.members.get(&account).copied()
    }

    /// Everybody in it.
    pub(crate) fn people(&self) -> Vec<AccountId> {
        self.members.keys().copied().collect()
    }

    pub(crate) fn admins(&self) -> impl Iterator<Item = AccountId> {
        self.members
            .iter()
            .filter(|(_, role)| role.is_admin())
            .map(|(account, _)| *account)
    }

    /// The community it is linked to.
    pub(crate) fn community(&self) -> Option<GroupId> {
        match self.kind {
            Kind::Subgroup { of, .. } => Some(of),
            Kind::Plain | Kind::Community { .. } | Kind::Gone => None,
        }
    }

    /// Whether subject, description and picture are open to `role`.
    pub(crate) fn may_edit(&self, role: Role) -> bool {
        role.is_admin() || !self.flags.contains(&Flag::Locked)
    }

    /// Whether `role` may write messages.
    pub(crate) fn may_write(&self, role: Role) -> bool {
        match self.kind {
            Kind::Community { .. } | Kind::Gone => false,
            Kind::Plain | Kind::Subgroup { .. } => role.is_admin() || !self.flags.contains(&Flag::Announcement),
        }
    }

    /// Whether so many more fit in.
    pub(crate) fn has_room_for(&self, more: usize) -> bool {
        self.members.len() + more <= MAX_MEMBERS
    }

    /// Takes a member in: whatever stood between them and the group is settled with that.
    pub(crate) fn admit(&mut self, account: AccountId) {
        self.members.entry(account).or_insert(Role::Member);
        self.removed.remove(&account);
        self.requests.remove(&account);
        self.personal_invites.remove(&account);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_room_for_so_many_and_no_more() {
        let mut founding = Founding::new(AccountId(0), String::from("Crowd"), 1);
        founding.members = (1..MAX_MEMBERS - 1).map(AccountId).collect();
        let mut group = Group::new(GroupId(1), String::from("code"), founding);
        assert!(group.has_room_for(1));
        assert!(!group.has_room_for(2));
        group.admit(AccountId(MAX_MEMBERS));
        assert!(!group.has_room_for(1));
    }
}

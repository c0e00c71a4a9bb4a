//! A group as it is shown outside the server: to tests and programs, by the server itself or by what a client was told.

use crate::address::Namespace;
use crate::groups::{Allowed, Flag, Group, Joining, Kind, Part, Role};
use crate::world::World;

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupRole {
    /// No admin.
    Member,
    /// May change the group.
    Admin,
    /// Made the group: an admin whom other admins can neither remove nor demote.
    Creator,
}

/// What sort of group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// On its own.
    Plain,
    /// A community: nobody writes in it, other groups are linked to it.
    Community,
    /// The announcements of a community.
    Announcements,
    /// The general chat of a community.
    General,
    /// Any other group of a community.
    Subgroup,
}

/// Somebody in a group.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct GroupMember {
    /// `digits@lid`: what a group calls its members.
    pub lid: String,
    /// `number@s.whatsapp.net`; `None` when a client was not told.
    pub phone: Option<String>,
    /// What they are.
    pub role: GroupRole,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct GroupView {
    /// `digits@g.us`.
    pub jid: String,
    /// What sort of group.
    pub kind: GroupKind,
    /// JID of the community it is linked to.
    pub community: Option<String>,
    /// Its name.
    pub subject: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// When it was made, in Unix seconds.
    pub created_s: u64,
    /// Everybody in it.
    pub members: Vec<GroupMember>,
    /// Only admins may write.
    pub announcement: bool,
    /// Only admins may change subject, description and picture.
    pub locked: bool,
    /// Seconds messages stay; 0 for ever.
    pub ephemeral_s: u32,
    /// Admins approve who joins by link.
    pub approval: bool,
    /// Only admins may add people; `None` when a client was not told.
    pub admins_add: Option<bool>,
    /// The code of the invite link; `None` in a client's view, which has to ask for it.
    pub invite_code: Option<String>,
    /// JIDs, by phone number, of those who wait for an admin; empty in a client's view, which has to ask for them.
    pub waiting: Vec<String>,
}

impl GroupView {
    /// The group as the server knows it.
    pub(crate) fn of(world: &World, group: &Group) -> Self {
        let phone = |account| world.account(account).jid(0, Namespace::Phone).to_string();
        Self {
            jid: group.id.jid().to_string(),
            kind: match group.kind {
                Kind::Plain | Kind::Gone => GroupKind::Plain,
                Kind::Community { .. } => GroupKind::Community,
                Kind::Subgroup { part, .. } => match part {
                    Part::Announcements => GroupKind::Announcements,
                    Part::General => GroupKind::General,
                    Part::Ordinary => GroupKind::Subgroup,
                },
            },
            community: group.community().map(|community| community.jid().to_string()),
            subject: group.subject.text.clone(),
            description: group.description.as_ref().and_then(|written| written.body.clone()),
            created_s: group.created_s,
            members: group
                .members
                .iter()
                .map(|(account, role)| GroupMember {
                    lid: world.account(*account).jid(0, Namespace::Lid).to_string(),
                    phone: Some(phone(*account)),
                    role: (*role).into(),
                })
                .collect(),
            announcement: group.flags.contains(&Flag::Announcement),
            locked: group.flags.contains(&Flag::Locked),
            ephemeral_s: group.ephemeral_s,
            approval: group.joining == Joining::OnApproval,
            admins_add: Some(group.adding == Allowed::Admins),
            invite_code: Some(group.invite_code.clone()),
            waiting: group.requests.keys().map(|account| phone(*account)).collect(),
        }
    }

    /// What somebody is in the group; `address` is a JID or phone digits.
    pub fn role(&self, address: &str) -> Option<GroupRole> {
        self.members
            .iter()
            .find(|member| {
                let phone = member.phone.as_deref().unwrap_or_default();
                member.lid == address || phone == address || phone.split('@').next() == Some(address)
            })
            .map(|member| member.role)
    }
}

/// A setting of a group, as somebody changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupSetting {
    /// Only admins may write.
    Announcement,
    /// Everybody may write.
    NotAnnouncement,
    /// Only admins may change subject, description and picture.
    Locked,
    /// Everybody may change them.
    Unlocked,
    /// Messages disappear after so many seconds; 0 keeps them.
    Ephemeral(u32),
    /// Only admins may add people.
    AdminsAdd,
    /// Everybody may add people.
    MembersAdd,
    /// Admins approve who joins by link.
    Approval,
    /// Who has the link joins at once.
    NoApproval,
}

impl From<Role> for GroupRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
            Role::SuperAdmin => Self::Creator,
        }
    }
}

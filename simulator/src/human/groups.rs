//! What a human does with groups. Writing in one is [`Human::say`] with the group's JID.

use whatsapp_rust::Jid;
use whatsapp_rust::features::{
    GroupCreateOptions, GroupDescription, GroupMetadata, GroupParticipantOptions, GroupSubject, GroupType,
    MemberAddMode, MembershipApprovalMode, ParticipantChangeResponse, ParticipantType, PreviousDescription, group_type,
};
use whatsapp_rust::wacore::iq::groups::JoinGroupResult;

use super::{Human, HumanError, address};
use crate::{GroupKind, GroupMember, GroupRole, GroupSetting, GroupView};

/// How it went for one person a human wanted to add, remove, promote or demote.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct MemberOutcome {
    /// JID, by phone number when the server told it.
    pub address: String,
    /// The server's error code; `None` when it was done.
    pub error: Option<u16>,
    /// How to invite them, when they let only some people add them.
    pub invitation: Option<Invitation>,
}

/// An invitation for one person, to be sent in a message.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Invitation {
    /// JID of the group.
    pub group: String,
    /// Who invites: a JID.
    pub admin: String,
    /// What lets them in.
    pub code: String,
    /// Until when, in Unix seconds.
    pub until_s: u64,
}

/// What came of joining.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state", content = "group")]
pub enum JoinOutcome {
    /// In the group with this JID.
    Joined(String),
    /// An admin of the group with this JID has to approve.
    Waiting(String),
}

impl Human {
    /// Makes a group with these people, named by phone number or JID. Who cannot be added is left out.
    pub async fn create_group(&self, subject: &str, members: &[&str]) -> Result<GroupView, HumanError> {
        let members = people(members)?.into_iter().map(GroupParticipantOptions::new).collect();
        let options = GroupCreateOptions::new(subject).with_participants(members);
        let made = self.client()?.groups().create_group(options).await;
        let made = made.map_err(failed("make a group"))?;
        // The answer lists those who could not be added as well.
        self.group(&made.metadata.id.to_string()).await
    }

    /// A group as the server describes it to this human.
    pub async fn group(&self, group: &str) -> Result<GroupView, HumanError> {
        let group = address::parse(group)?;
        let seen = self.client()?.groups().get_metadata(&group).await;
        seen.map(view).map_err(failed("look at a group"))
    }

    /// Every group this human is in, by JID.
    pub async fn groups(&self) -> Result<Vec<GroupView>, HumanError> {
        let all = self.client()?.groups().get_participating().await;
        let mut all: Vec<GroupView> = all.map_err(failed("list groups"))?.into_values().map(view).collect();
        all.sort_by(|a, b| a.jid.cmp(&b.jid));
        Ok(all)
    }

    /// Adds people to a group.
    pub async fn add_to_group(&self, group: &str, added: &[&str]) -> Result<Vec<MemberOutcome>, HumanError> {
        let group = address::parse(group)?;
        let outcome = self
            .client()?
            .groups()
            .add_participants(group.clone(), &people(added)?)
            .await;
        Ok(self.outcomes(&group, outcome.map_err(failed("add people to a group"))?))
    }

    /// Removes people from a group.
    pub async fn remove_from_group(&self, group: &str, removed: &[&str]) -> Result<Vec<MemberOutcome>, HumanError> {
        let group = address::parse(group)?;
        let outcome = self
            .client()?
            .groups()
            .remove_participants(group.clone(), &people(removed)?)
            .await;
        Ok(self.outcomes(&group, outcome.map_err(failed("remove people from a group"))?))
    }

    /// Makes members admins.
    pub async fn promote_in_group(&self, group: &str, members: &[&str]) -> Result<Vec<MemberOutcome>, HumanError> {
        let group = address::parse(group)?;
        let outcome = self
            .client()?
            .groups()
            .promote_participants(group.clone(), &people(members)?)
            .await;
        Ok(self.outcomes(&group, outcome.map_err(failed("promote members"))?))
    }

    /// Makes admins plain members.
    pub async fn demote_in_group(&self, group: &str, members: &[&str]) -> Result<Vec<MemberOutcome>, HumanError> {
        let group = address::parse(group)?;
        let outcome = self
            .client()?
            .groups()
            .demote_participants(group.clone(), &people(members)?)
            .await;
        Ok(self.outcomes(&group, outcome.map_err(failed("demote members"))?))
    }

    /// Gives a group a name.
    pub async fn set_group_subject(&self, group: &str, subject: &str) -> Result<(), HumanError> {
        let subject = GroupSubject::new(subject).map_err(unusable("name a group"))?;
        let group = address::parse(group)?;
        let set = self.client()?.groups().set_subject(group, subject).await;
        set.map_err(failed("name a group"))
    }

    /// Describes a group; `None` takes the description away.
    pub async fn set_group_description(&self, group: &str, description: Option<&str>) -> Result<(), HumanError> {
        let description = description
            .map(GroupDescription::new)
            .transpose()
            .map_err(unusable("describe a group"))?;
        let group = address::parse(group)?;
        let client = self.client()?;
        let set = client
            .groups()
            .set_description(group, description, PreviousDescription::Resolve)
            .await;
        set.map_err(failed("describe a group"))
    }

    /// Changes a setting of a group.
    pub async fn set_group(&self, group: &str, setting: GroupSetting) -> Result<(), HumanError> {
        let group = address::parse(group)?;
        let client = self.client()?;
        let groups = client.groups();
        let set = match setting {
            GroupSetting::Announcement => groups.set_announce(group, true).await,
            GroupSetting::NotAnnouncement => groups.set_announce(group, false).await,
            GroupSetting::Locked => groups.set_locked(group, true).await,
            GroupSetting::Unlocked => groups.set_locked(group, false).await,
            GroupSetting::Ephemeral(seconds) => groups.set_ephemeral(group, seconds).await,
            GroupSetting::AdminsAdd => groups.set_member_add_mode(group, MemberAddMode::AdminAdd).await,
            GroupSetting::MembersAdd => groups.set_member_add_mode(group, MemberAddMode::AllMemberAdd).await,
            GroupSetting::Approval => groups.set_membership_approval(group, MembershipApprovalMode::On).await,
            GroupSetting::NoApproval => groups.set_membership_approval(group, MembershipApprovalMode::Off).await,
        };
        set.map_err(failed("change a group's settings"))
    }

    /// Leaves a group; a community with all its groups.
    pub async fn leave_group(&self, group: &str) -> Result<(), HumanError> {
        let group = address::parse(group)?;
        let left = self.client()?.groups().leave(group).await;
        left.map_err(failed("leave a group"))
    }

    /// The invite link of a group.
    pub async fn group_link(&self, group: &str) -> Result<String, HumanError> {
        let group = address::parse(group)?;
        let link = self.client()?.groups().get_invite_link(group, false).await;
        link.map_err(failed("ask for a group's link"))
    }

    /// A new invite link; the old one leads nowhere from now on.
    pub async fn reset_group_link(&self, group: &str) -> Result<String, HumanError> {
        let group = address::parse(group)?;
        let link = self.client()?.groups().get_invite_link(group, true).await;
        link.map_err(failed("reset a group's link"))
    }

    /// What a link or its code leads to.
    pub async fn preview_link(&self, link: &str) -> Result<GroupView, HumanError> {
        let seen = self.client()?.groups().get_invite_info(link).await;
        seen.map(view).map_err(failed("look behind a link"))
    }

    /// Joins by link or by its code.
    pub async fn join_group(&self, link: &str) -> Result<JoinOutcome, HumanError> {
        let joined = self.client()?.groups().join_with_invite_code(link).await;
        joined.map(Into::into).map_err(failed("join a group"))
    }

    /// Accepts an invitation that was made out to this human.
    pub async fn accept_invitation(&self, invitation: &Invitation) -> Result<JoinOutcome, HumanError> {
        let group = address::parse(&invitation.group)?;
        let admin = address::parse(&invitation.admin)?;
        let until = i64::try_from(invitation.until_s).unwrap_or(i64::MAX);
        let client = self.client()?;
        let joined = client
            .groups()
            .join_with_invite_v4(group, &invitation.code, until, admin)
            .await;
        joined.map(Into::into).map_err(failed("accept an invitation"))
    }

    /// JIDs of those who wait to be let in.
    pub async fn group_requests(&self, group: &str) -> Result<Vec<String>, HumanError> {
        let group = address::parse(group)?;
        let waiting = self.client()?.groups().get_membership_requests(group).await;
        let waiting = waiting.map_err(failed("ask who wants to join"))?;
        Ok(waiting.into_iter().map(|request| request.jid.to_string()).collect())
    }

    /// Lets people in who wait.
    pub async fn approve_requests(&self, group: &str, waiting: &[&str]) -> Result<Vec<MemberOutcome>, HumanError> {
        let group = address::parse(group)?;
        let client = self.client()?;
        let outcome = client
            .groups()
            .approve_membership_requests(group.clone(), &people(waiting)?)
            .await;
        Ok(self.outcomes(&group, outcome.map_err(failed("approve requests"))?))
    }

    /// Turns people away who wait.
    pub async fn reject_requests(&self, group: &str, waiting: &[&str]) -> Result<Vec<MemberOutcome>, HumanError> {
        let group = address::parse(group)?;
        let client = self.client()?;
        let outcome = client
            .groups()
            .reject_membership_requests(group.clone(), &people(waiting)?)
            .await;
        Ok(self.outcomes(&group, outcome.map_err(failed("reject requests"))?))
    }

    fn outcomes(&self, group: &Jid, results: Vec<ParticipantChangeResponse>) -> Vec<MemberOutcome> {
        results
            .into_iter()
            .map(|result| MemberOutcome {
                address: result.phone_number.as_ref().unwrap_or(&result.jid).to_string(),
                // Not a number is not zero either: it is an error all the same.
                error: result.error.map(|code| code.parse().unwrap_or(u16::MAX)),
                invitation: result.add_request.map(|request| Invitation {
                    group: group.to_string(),
                    admin: self.account().jid(),
                    code: request.code,
                    until_s: request.expiration,
                }),
            })
            .collect()
    }
}

impl From<JoinGroupResult> for JoinOutcome {
    fn from(result: JoinGroupResult) -> Self {
        match result {
            JoinGroupResult::Joined(group) => Self::Joined(group.to_string()),
            JoinGroupResult::PendingApproval(group) => Self::Waiting(group.to_string()),
        }
    }
}

pub(super) fn people(given: &[&str]) -> Result<Vec<Jid>, HumanError> {
    given.iter().map(|given| address::parse(given)).collect()
}

/// Turns a library's failure into what a human is told; the server's own refusals keep their code.
pub(super) fn failed<E>(doing: &'static str) -> impl FnOnce(E) -> HumanError
where
    E: std::error::Error + Send + Sync + 'static,
{
    move |error| HumanError::of_request(doing, error)
}

fn unusable(doing: &'static str) -> impl FnOnce(whatsapp_rust::anyhow::Error) -> HumanError {
    move |error| HumanError::Request {
        doing,
        source: error.into(),
    }
}

/// The group as the client was told.
pub(super) fn view(seen: GroupMetadata) -> GroupView {
    let kind = match group_type(&seen) {
        GroupType::Community => GroupKind::Community,
        GroupType::LinkedAnnouncementGroup => GroupKind::Announcements,
        GroupType::LinkedGeneralGroup => GroupKind::General,
        GroupType::LinkedSubgroup => GroupKind::Subgroup,
        // The library's enum is open; what is none of these is a group.
        _ => GroupKind::Plain,
    };
    GroupView {
        jid: seen.id.to_string(),
        kind,
        community: seen.parent_group_jid.as_ref().map(ToString::to_string),
        subject: seen.subject,
        description: seen.description,
        created_s: seen.creation_time.unwrap_or_default(),
        members: seen
            .participants
            .into_iter()
            .map(|member| GroupMember {
                lid: member.jid.to_string(),
                phone: member.phone_number.as_ref().map(ToString::to_string),
                role: match member.participant_type {
                    ParticipantType::Member => GroupRole::Member,
                    ParticipantType::Admin => GroupRole::Admin,
                    ParticipantType::SuperAdmin => GroupRole::Creator,
                },
            })
            .collect(),
        announcement: seen.is_announcement,
        locked: seen.is_locked,
        ephemeral_s: seen
            .ephemeral
            .and_then(|ephemeral| ephemeral.expiration)
            .unwrap_or_default(),
        approval: seen.membership_approval,
        admins_add: seen.member_add_mode.map(|mode| mode == MemberAddMode::AdminAdd),
        invite_code: None,
        waiting: Vec::new(),
    }
}

//! Changes of groups, from the notifications of the server.

use waspnest_core::address::Party;
use waspnest_core::event::{GroupChange, GroupEvent, GroupSetting, Switch};
use whatsapp_rust::types::events::{GroupUpdate, PictureUpdate};
use whatsapp_rust::wacore::stanza::groups::{GroupNotificationAction as Action, GroupParticipantInfo};
use whatsapp_rust::wacore_binary::Node;

use super::moment;
use crate::jid;

pub(super) fn update(told: &GroupUpdate) -> Option<GroupEvent> {
    let actor = told
        .participant
        .as_ref()
        .and_then(|actor| jid::party(actor, told.participant_pn.as_ref()));
    let (change, targets) = change(&told.action, actor.as_ref());
    Some(GroupEvent {
        group: jid::from_wire(&told.group_jid)?,
        change,
        actor,
        targets,
        at: moment(&told.timestamp),
    })
}

pub(super) fn picture(told: &PictureUpdate) -> Option<GroupEvent> {
    let id = told.picture_id.as_deref().filter(|_| !told.removed);
    Some(GroupEvent {
        group: jid::from_wire(&told.jid)?,
        change: GroupChange::Picture(id.map(Into::into)),
        actor: told.author.as_ref().and_then(|author| jid::party(author, None)),
        targets: Vec::new(),
        at: moment(&told.timestamp),
    })
}

fn change(action: &Action, actor: Option<&Party>) -> (GroupChange, Vec<Party>) {
    let itself = |change| (change, Vec::new());
    let setting = |setting, on| (GroupChange::Setting(setting, on), Vec::new());
    match action {
        Action::Add { participants, reason } => {
            let change = match reason.as_deref() {
                Some("invite" | "linked_group_join") => GroupChange::Joined,
                Some(_) | None => GroupChange::Added,
            };
            (change, people(participants))
        }
        Action::Remove { participants, .. } => {
            let targets = people(participants);
            let alone = |actor: &Party| targets.iter().all(|target| same(target, actor));
            let change = if actor.is_some_and(alone) {
                GroupChange::Left
            } else {
                GroupChange::Removed
            };
            (change, targets)
        }
        Action::Promote { participants } | Action::LinkedGroupPromote { participants } => {
            (GroupChange::Promoted, people(participants))
        }
        Action::Demote { participants } | Action::LinkedGroupDemote { participants } => {
            (GroupChange::Demoted, people(participants))
        }
        Action::Modify { participants } => (GroupChange::NumberChanged, people(participants)),
        Action::Subject { subject, .. } => itself(GroupChange::Subject(subject.as_str().into())),
        Action::Description { description, .. } => {
            itself(GroupChange::Description(description.as_deref().map(Into::into)))
        }
        Action::Locked { .. } => setting(GroupSetting::InfoLocked, Switch::On),
        Action::Unlocked => setting(GroupSetting::InfoLocked, Switch::Off),
        Action::Announce => setting(GroupSetting::AnnouncementsOnly, Switch::On),
        Action::NotAnnounce => setting(GroupSetting::AnnouncementsOnly, Switch::Off),
        Action::MembershipApprovalMode { enabled } => setting(GroupSetting::JoinApproval, Switch::from(*enabled)),
        Action::MemberAddMode { mode } => setting(GroupSetting::AdminsAdd, Switch::from(mode == "admin_add")),
        Action::NoFrequentlyForwarded => setting(GroupSetting::FrequentlyForwardedBlocked, Switch::On),
        Action::FrequentlyForwardedOk => setting(GroupSetting::FrequentlyForwardedBlocked, Switch::Off),
        Action::GrowthLocked { .. } => setting(GroupSetting::GrowthLocked, Switch::On),
        Action::GrowthUnlocked => setting(GroupSetting::GrowthLocked, Switch::Off),
        Action::Suspended => setting(GroupSetting::Suspended, Switch::On),
        Action::Unsuspended => setting(GroupSetting::Suspended, Switch::Off),
        Action::Ephemeral { expiration, .. } => itself(GroupChange::Ephemeral(*expiration)),
        Action::Invite { code } => itself(GroupChange::InviteLink(Some(code.as_str().into()))),
        Action::RevokeInvite => itself(GroupChange::InviteLink(None)),
        Action::MembershipApprovalRequest { .. } => (GroupChange::JoinRequested, actor.cloned().into_iter().collect()),
        Action::CreatedMembershipRequests { requests, .. } => (GroupChange::JoinRequested, people(requests)),
        Action::RevokedMembershipRequests { participants } => {
            let people = participants.iter().filter_map(|person| jid::party(person, None));
            (GroupChange::JoinRequestRevoked, people.collect())
        }
        Action::Create { raw } => created(raw),
        Action::Delete { reason } => itself(GroupChange::Deleted {
            reason: reason.as_deref().map(Into::into),
        }),
        Action::Link { raw, .. } => itself(GroupChange::Linked(other_group(raw))),
        Action::Unlink { raw, .. } => itself(GroupChange::Unlinked(other_group(raw))),
        other => itself(GroupChange::Other(other.wire_tag().into())),
    }
}

fn created(raw: &Node) -> (GroupChange, Vec<Party>) {
    let group = raw.get_optional_child("group").unwrap_or(raw);
    let subject = group
        .attrs()
        .optional_string("subject")
        .map(|subject| subject.as_ref().into());
    let members = group
        .get_children_by_tag("participant")
        .filter_map(|member| {
            let mut attrs = member.attrs();
            let (jid, phone) = (attrs.optional_jid("jid")?, attrs.optional_jid("phone_number"));
            let lid = attrs.optional_jid("lid");
            jid::party(&jid, phone.as_ref().or(lid.as_ref()))
        })
        .collect();
    (GroupChange::Created { subject }, members)
}

/// The other end of a link between groups of a community.
fn other_group(raw: &Node) -> Option<waspnest_core::address::Jid> {
    let jid = raw.get_optional_child("group")?.attrs().optional_jid("jid")?;
    jid::from_wire(&jid)
}

fn people(participants: &[GroupParticipantInfo]) -> Vec<Party> {
    participants
        .iter()
        .filter_map(|person| jid::party(&person.jid, person.phone_number.as_ref().or(person.lid.as_ref())))
        .collect()
}

fn same(one: &Party, other: &Party) -> bool {
    one.jid == other.jid || one.alt.as_ref() == Some(&other.jid) || other.alt.as_ref() == Some(&one.jid)
}

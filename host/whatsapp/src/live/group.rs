//! Groups and communities.

use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::Switch;
use waspnest_core::live::{
    Answer, GroupInfo, GroupOperation, GroupWish, Member, MemberChange, Membership, Outcome, Refusal, Renewal, Role,
};
use whatsapp_rust::{
    Client, GroupCreateOptions, GroupDescription, GroupMetadata, GroupParticipantOptions, GroupSubject, Jid as WireJid,
    JoinGroupResult, MemberAddMode, MembershipApprovalMode, ParticipantChangeResponse, ParticipantType,
    PreviousDescription,
};

use super::refusal::{failed, of_community, of_group};
use super::{party, wire};
use crate::jid;

/// How far WhatsApp's clock may be behind ours when a group is looked for that may have been made.
const CLOCK_SKEW_MS: u64 = 120_000;

pub(super) async fn ask(client: &Client, operation: GroupOperation, begun: Option<UnixMs>) -> Result<Answer, Refusal> {
    let groups = client.groups();
    match operation {
        GroupOperation::List => {
            let all = groups.get_participating().await.map_err(of_group)?;
            let mut listed: Vec<Jid> = all.keys().filter_map(jid::from_wire).collect();
            listed.sort_unstable();
            Ok(Answer::Groups(listed))
        }
        GroupOperation::Info(group) => {
            let told = groups.get_metadata(&jid::to_wire(&group)).await.map_err(of_group)?;
            shown(&told)
        }
        GroupOperation::Create {
            subject,
            members,
            community,
        } => {
            let found = match begun {
                Some(since) => made_before(client, &subject, &members, since).await?,
                None => None,
            };
            match found {
                Some(found) => shown(&found),
                None => create(client, &subject, &members, community.as_ref()).await,
            }
        }
        GroupOperation::Update { group, wish } => update(client, jid::to_wire(&group), wish).await,
        GroupOperation::Members { group, change, who } => {
            let (group, who) = (jid::to_wire(&group), wire(&who));
            let outcomes = match change {
                MemberChange::Add => groups.add_participants(group, &who).await,
                MemberChange::Remove => groups.remove_participants(group, &who).await,
                MemberChange::Promote => groups.promote_participants(group, &who).await,
                MemberChange::Demote => groups.demote_participants(group, &who).await,
                MemberChange::Approve => groups.approve_membership_requests(group, &who).await,
                MemberChange::Reject => groups.reject_membership_requests(group, &who).await,
            };
            let outcomes = outcomes.map_err(of_group)?;
            Ok(Answer::Outcomes(outcomes.iter().filter_map(outcome).collect()))
        }
        GroupOperation::Requests(group) => {
            let waiting = groups.get_membership_requests(jid::to_wire(&group)).await;
            let mut people = Vec::new();
            for request in waiting.map_err(of_group)? {
                let other = other_address(client, &request.jid).await;
                people.extend(party(&request.jid, [other.as_ref(), None]));
            }
            Ok(Answer::People(people))
        }
        GroupOperation::Link { group, renewal } => {
            let renew = match renewal {
                Renewal::Keep => false,
                Renewal::Renew => true,
            };
            let link = groups.get_invite_link(jid::to_wire(&group), renew).await;
            Ok(Answer::Link(link.map_err(of_group)?.into()))
        }
        GroupOperation::Behind { link } => shown(&groups.get_invite_info(&link).await.map_err(of_group)?),
        GroupOperation::Join { link } => {
            let joined = groups.join_with_invite_code(&link).await.map_err(of_group)?;
            let membership = match joined {
                JoinGroupResult::Joined(_) => Membership::Member,
                JoinGroupResult::PendingApproval(_) => Membership::Waiting,
            };
            Ok(Answer::Joined {
                group: address(joined.group_jid())?,
                membership,
            })
        }
        GroupOperation::Leave(group) => done(groups.leave(jid::to_wire(&group)).await),
        GroupOperation::Affiliate {
            community,
            groups,
            into,
        } => affiliate(client, jid::to_wire(&community), &groups, into).await,
    }
}

async fn create(client: &Client, subject: &str, members: &[Jid], community: Option<&Jid>) -> Result<Answer, Refusal> {
    let people = wire(members).into_iter().map(GroupParticipantOptions::new).collect();
    let mut options = GroupCreateOptions::new(subject).with_participants(people);
    options.linked_parent = community.map(jid::to_wire);
    let made = client.groups().create_group(options).await.map_err(of_group)?.metadata;
    // The answer lists everybody who was asked for, those who did not get in as well. The group is made, so nothing may fail any more.
    let told = client.groups().get_metadata(&made.id).await.unwrap_or(made);
    shown(&told)
}

/// A group that an earlier attempt may have made: by the account, since then, with this subject and with nobody else in it.
async fn made_before(
    client: &Client,
    subject: &str,
    members: &[Jid],
    since: UnixMs,
) -> Result<Option<GroupMetadata>, Refusal> {
    let all = client.groups().get_participating().await.map_err(of_group)?;
    let mine: Vec<Jid> = [client.pn(), client.lid()]
        .iter()
        .flatten()
        .filter_map(jid::from_wire)
        .collect();
    let is_one_of = |jid: &WireJid, people: &[Jid]| jid::from_wire(jid).is_some_and(|jid| people.contains(&jid));
    let earliest_s = since.0.saturating_sub(CLOCK_SKEW_MS) / 1000;
    let found = all.into_values().find(|group| {
        let made_by_me = [&group.creator, &group.creator_pn]
            .into_iter()
            .flatten()
            .any(|creator| is_one_of(creator, &mine));
        let nobody_else = group.participants.iter().all(|person| {
            [Some(&person.jid), person.phone_number.as_ref(), person.lid.as_ref()]
                .into_iter()
                .flatten()
                .any(|jid| is_one_of(jid, &mine) || is_one_of(jid, members))
        });
        group.subject == subject
            && made_by_me
            && nobody_else
            && group.creation_time.is_some_and(|made_s| made_s >= earliest_s)
    });
    Ok(found)
}

async fn update(client: &Client, group: WireJid, wish: GroupWish) -> Result<Answer, Refusal> {
    let groups = client.groups();
    let changed = match wish {
        GroupWish::Announce(on) => groups.set_announce(group, on.is_on()).await,
        GroupWish::Locked(on) => groups.set_locked(group, on.is_on()).await,
        GroupWish::Approval(on) => {
            let mode = match on {
                Switch::On => MembershipApprovalMode::On,
                Switch::Off => MembershipApprovalMode::Off,
            };
            groups.set_membership_approval(group, mode).await
        }
        GroupWish::MembersAdd(on) => {
            let mode = match on {
                Switch::On => MemberAddMode::AllMemberAdd,
                Switch::Off => MemberAddMode::AdminAdd,
            };
            groups.set_member_add_mode(group, mode).await
        }
        GroupWish::Ephemeral(seconds) => groups.set_ephemeral(group, seconds.unwrap_or(0)).await,
        GroupWish::Subject(text) => {
            let subject = GroupSubject::new(text).map_err(|error| Refusal::Invalid(error.to_string().into()))?;
            groups.set_subject(group, subject).await
        }
        GroupWish::Description(text) => {
            let text = text
                .map(GroupDescription::new)
                .transpose()
                .map_err(|error| Refusal::Invalid(error.to_string().into()))?;
            groups.set_description(group, text, PreviousDescription::Resolve).await
        }
        GroupWish::NoPicture => groups.remove_profile_picture(group).await.map(drop),
    };
    done(changed)
}

async fn affiliate(client: &Client, community: WireJid, groups: &[Jid], into: Switch) -> Result<Answer, Refusal> {
    let groups = wire(groups);
    let (good, failed) = match into {
        Switch::On => {
            let result = client.community().link_subgroups(community, &groups).await;
            let result = result.map_err(of_community)?;
            (result.linked_jids, result.failed_groups)
        }
        Switch::Off => {
            // People stay in the community: they may have come by another of its groups.
            let result = client.community().unlink_subgroups(community, &groups, false).await;
            let result = result.map_err(of_community)?;
            (result.unlinked_jids, result.failed_groups)
        }
    };
    Ok(Answer::Outcomes(of_each(good, failed)))
}

/// What came of it for groups that were done and groups that were refused.
pub(crate) fn of_each(good: Vec<WireJid>, failed: Vec<(WireJid, u32)>) -> Vec<Outcome> {
    let outcome = |(group, refused): (WireJid, Option<u32>)| {
        Some(Outcome {
            who: jid::from_wire(&group)?,
            refused,
            invitation: None,
        })
    };
    let good = good.into_iter().map(|group| (group, None));
    let failed = failed.into_iter().map(|(group, code)| (group, Some(code)));
    good.chain(failed).filter_map(outcome).collect()
}

fn done(result: Result<(), whatsapp_rust::GroupError>) -> Result<Answer, Refusal> {
    result.map(|()| Answer::Done).map_err(of_group)
}

pub(crate) fn address(wire: &WireJid) -> Result<Jid, Refusal> {
    jid::from_wire(wire).ok_or_else(|| failed("WhatsApp answered with an address of no known kind"))
}

pub(crate) async fn other_address(client: &Client, jid: &WireJid) -> Option<WireJid> {
    // Only a convenience for the plugin, so a failure is as good as not knowing.
    let known = client.get_lid_pn_entry(jid).await.ok().flatten()?;
    Some(if jid.is_lid() {
        WireJid::pn(&*known.phone_number)
    } else {
        WireJid::lid(&*known.lid)
    })
}

pub(crate) fn outcome(told: &ParticipantChangeResponse) -> Option<Outcome> {
    Some(Outcome {
        who: jid::from_wire(&told.jid)?,
        // What is no number is not well either.
        refused: told.error.as_ref().map(|code| code.parse().unwrap_or(0)),
        invitation: told.add_request.as_ref().map(|request| request.code.as_str().into()),
    })
}

fn shown(told: &GroupMetadata) -> Result<Answer, Refusal> {
    Ok(Answer::Group(Box::new(info(told)?)))
}

/// Somebody in a group; none when the address is of no known kind.
pub(crate) fn member(person: &whatsapp_rust::GroupParticipant) -> Option<Member> {
    Some(Member {
        who: party(&person.jid, [person.phone_number.as_ref(), person.lid.as_ref()])?,
        role: match person.participant_type {
            ParticipantType::Member => Role::Member,
            ParticipantType::Admin => Role::Admin,
            ParticipantType::SuperAdmin => Role::Owner,
        },
    })
}

/// A group as the host tells of it.
pub(crate) fn info(told: &GroupMetadata) -> Result<GroupInfo, Refusal> {
    let seconds = told.ephemeral.as_ref().and_then(|ephemeral| ephemeral.expiration);
    Ok(GroupInfo {
        group: address(&told.id)?,
        subject: told.subject.as_str().into(),
        description: told.description.as_deref().map(Into::into),
        owner: told
            .creator
            .as_ref()
            .and_then(|creator| party(creator, [told.creator_pn.as_ref(), None])),
        created_at: told.creation_time.map(|seconds| UnixMs(seconds.saturating_mul(1000))),
        announce: told.is_announcement.into(),
        locked: told.is_locked.into(),
        approval: told.membership_approval.into(),
        members_add: told
            .member_add_mode
            .map(|mode| Switch::from(mode == MemberAddMode::AllMemberAdd)),
        ephemeral_s: seconds.filter(|seconds| *seconds > 0),
        community: told.parent_group_jid.as_ref().and_then(jid::from_wire),
        is_community: told.is_parent_group,
        members: told.participants.iter().filter_map(member).collect(),
    })
}

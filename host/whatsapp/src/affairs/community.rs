//! Groups with all there is to tell of them, and communities.

use waspnest_core::affairs::{NewCommunity, Orphans, Subgroup};
use waspnest_core::clock::UnixMs;
use waspnest_core::live::{GroupInfo, Member, Outcome, Refusal};
use whatsapp_rust::{Client, CommunitySubgroup, CreateCommunityOptions, GroupMetadata, Jid as WireJid};

use crate::jid;
use crate::live::group::{info, member, of_each, other_address, outcome};
use crate::live::party;
use crate::live::refusal::{of_community, of_group};

pub(super) async fn groups(client: &Client) -> Result<Vec<GroupInfo>, Refusal> {
    let all = client.groups().get_participating().await.map_err(of_group)?;
    in_order(all.into_values().filter(|group| !group.is_parent_group))
}

pub(super) async fn all(client: &Client) -> Result<Vec<GroupInfo>, Refusal> {
    let all = client.community().get_participating().await.map_err(of_community)?;
    in_order(all.into_values())
}

fn in_order(told: impl Iterator<Item = GroupMetadata>) -> Result<Vec<GroupInfo>, Refusal> {
    let mut groups = told.map(|group| info(&group)).collect::<Result<Vec<_>, _>>()?;
    groups.sort_unstable_by(|one, other| one.group.cmp(&other.group));
    Ok(groups)
}

pub(super) async fn create(client: &Client, new: NewCommunity) -> Result<GroupInfo, Refusal> {
    let options = CreateCommunityOptions {
        description: new.description.map(Into::into),
        closed: new.closed.is_on(),
        allow_non_admin_sub_group_creation: new.members_make_groups.is_on(),
        ..CreateCommunityOptions::new(new.subject)
    };
    let made = client.community().create(options).await.map_err(of_community)?;
    info(&made.metadata)
}

pub(super) async fn subgroups(client: &Client, community: WireJid) -> Result<Vec<Subgroup>, Refusal> {
    let told = client
        .community()
        .get_subgroups(&community)
        .await
        .map_err(of_community)?;
    let mut subgroups = Vec::new();
    for group in told {
        subgroups.extend(subgroup(client, group).await);
    }
    Ok(subgroups)
}

async fn subgroup(client: &Client, told: CommunitySubgroup) -> Option<Subgroup> {
    let owner = match &told.owner {
        Some(owner) => party(owner, [other_address(client, owner).await.as_ref(), None]),
        None => None,
    };
    Some(Subgroup {
        group: jid::from_wire(&told.id)?,
        subject: told.subject.into(),
        members: told.participant_count,
        created_at: told.creation.map(|seconds| UnixMs(seconds.saturating_mul(1000))),
        owner,
        announcements: told.is_default_sub_group,
        general: told.is_general_chat,
    })
}

pub(super) async fn unlink(
    client: &Client,
    community: WireJid,
    groups: &[WireJid],
    orphans: Orphans,
) -> Result<Vec<Outcome>, Refusal> {
    let remove = match orphans {
        Orphans::Keep => false,
        Orphans::Remove => true,
    };
    let told = client.community().unlink_subgroups(community, groups, remove).await;
    let told = told.map_err(of_community)?;
    Ok(of_each(told.unlinked_jids, told.failed_groups))
}

pub(super) async fn members(client: &Client, community: WireJid) -> Result<Vec<Member>, Refusal> {
    let told = client.community().get_linked_groups_participants(community).await;
    Ok(told.map_err(of_community)?.iter().filter_map(member).collect())
}

pub(super) async fn remove(client: &Client, community: WireJid, who: &[WireJid]) -> Result<Vec<Outcome>, Refusal> {
    let told = client.community().remove_participants(community, who).await;
    Ok(told.map_err(of_community)?.iter().filter_map(outcome).collect())
}

pub(super) async fn join(client: &Client, community: WireJid, group: WireJid) -> Result<GroupInfo, Refusal> {
    let joined = client.community().join_subgroup(community, group).await;
    info(&joined.map_err(of_community)?)
}

pub(super) async fn deactivate(client: &Client, community: WireJid) -> Result<(), Refusal> {
    client.community().deactivate(community).await.map_err(of_community)
}

//! Communities: a group that others are linked to, and that everybody in them is in.
//!
//! Modelled: that linking takes a group's members into the community; that who joins one of its groups joins it; that a community's
//! admins are the admins of its announcements. Clients only show what they are told.

use std::collections::BTreeSet;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeRef};

use crate::address::AccountId;
use crate::groups::{Group, GroupId, Kind, Part, RequestMethod};
use crate::stanza::groups::info::{self, Detail};
use crate::stanza::groups::{Actor, Refusal, Reply, admin, find, find_mut, invites, member, members, notice};
use crate::stanza::{attr, jid_attr};
use crate::world::World;

/// Why a group is not in its community any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unlinking {
    Asked,
    CommunityGone,
}

/// `<links><link link_type="sub_group"><group jid/>…`. Only who is an admin of both sides links them.
pub(super) fn link(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    let asked = request.get_optional_child("link").ok_or(Refusal::Malformed)?;
    community(world, by)?;
    admin(world, by)?;
    let mut results = Vec::new();
    for jid in listed(asked) {
        let outcome = GroupId::of(&jid)
            .ok_or(Refusal::NotFound)
            .and_then(|part| link_one(world, by, part));
        results.push(result(&jid, outcome));
    }
    let link = NodeBuilder::new("link")
        .attr("link_type", "sub_group")
        .children(results)
        .build();
    Ok(vec![NodeBuilder::new("links").children([link]).build()])
}

fn link_one(world: &mut World, by: Actor, part: GroupId) -> Result<(), Refusal> {
    let in_part = Actor { group: part, ..by };
    admin(world, in_part)?;
    let group = find_mut(world, part)?;
    match group.kind {
        Kind::Plain => {}
        Kind::Subgroup { .. } => return Err(Refusal::Conflict),
        Kind::Community { .. } | Kind::Gone => return Err(Refusal::NotAcceptable),
    }
    group.kind = Kind::Subgroup {
        of: by.group,
        part: Part::Ordinary,
    };
    let people = group.people();
    let (below, above) = (target(find(world, part)?), target(find(world, by.group)?));
    let link = |kind: &'static str, target| {
        NodeBuilder::new("link")
            .attr("link_type", kind)
            .children([target])
            .build()
    };
    notice::tell(world, by, &[], link("sub_group", below));
    notice::tell(world, in_part, &[], link("parent_group", above));
    follow(world, in_part, &people);
    Ok(())
}

/// `<unlink unlink_type="sub_group"><group jid [remove_orphaned_members]/>…`.
pub(super) fn unlink(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    community(world, by)?;
    admin(world, by)?;
    let mut results = Vec::new();
    for element in request.get_children_by_tag("group") {
        let Some(jid) = jid_attr(element, "jid") else {
            continue;
        };
        let outcome = GroupId::of(&jid)
            .ok_or(Refusal::NotFound)
            .and_then(|part| unlink_one(world, by, part));
        if let (Ok(people), "true") = (&outcome, &*attr(element, "remove_orphaned_members")) {
            remove_orphans(world, by, people);
        }
        results.push(result(&jid, outcome.map(|_| ())));
    }
    Ok(vec![
        NodeBuilder::new("unlink")
            .attr("unlink_type", "sub_group")
            .children(results)
            .build(),
    ])
}

/// Answers who is in the group that is on its own now.
fn unlink_one(world: &mut World, by: Actor, part: GroupId) -> Result<Vec<AccountId>, Refusal> {
    let group = find(world, part)?;
    match group.kind {
        Kind::Subgroup {
            part: Part::Announcements,
            of,
        } if of == by.group => return Err(Refusal::NotAcceptable),
        Kind::Subgroup { of, .. } if of == by.group => {}
        Kind::Plain | Kind::Community { .. } | Kind::Subgroup { .. } | Kind::Gone => return Err(Refusal::NotFound),
    }
    release(world, by, part, Unlinking::Asked)?;
    Ok(find(world, part)?.people())
}

/// Makes a group of a community one of its own, and tells both sides.
fn release(world: &mut World, by: Actor, part: GroupId, why: Unlinking) -> Result<(), Refusal> {
    let reason = match why {
        Unlinking::Asked => "unlink_group",
        Unlinking::CommunityGone => "delete_parent",
    };
    find_mut(world, part)?.kind = Kind::Plain;
    let (below, above) = (target(find(world, part)?), target(find(world, by.group)?));
    let unlink = |kind: &'static str, target| {
        NodeBuilder::new("unlink")
            .attr("unlink_type", kind)
            .attr("unlink_reason", reason)
            .children([target])
            .build()
    };
    match why {
        Unlinking::Asked => notice::tell(world, by, &[], unlink("sub_group", below)),
        Unlinking::CommunityGone => {}
    }
    notice::tell(world, Actor { group: part, ..by }, &[], unlink("parent_group", above));
    Ok(())
}

/// Who of `people` is in no group of the community but its announcements leaves it.
fn remove_orphans(world: &mut World, by: Actor, people: &[AccountId]) {
    let in_some = |account: &AccountId| {
        world.groups.parts_of(by.group).any(|group| {
            let announcements = matches!(
                group.kind,
                Kind::Subgroup {
                    part: Part::Announcements,
                    ..
                }
            );
            !announcements && group.role(*account).is_some()
        })
    };
    let orphans: Vec<AccountId> = people
        .iter()
        .copied()
        .filter(|account| *account != by.account && !in_some(account))
        .collect();
    for part in members::parts(world, by.group) {
        members::remove(world, Actor { group: part, ..by }, &orphans);
    }
    members::remove(world, by, &orphans);
}

/// `<delete_parent/>`: the community and its announcements are gone, its other groups go on alone.
pub(super) fn deactivate(world: &mut World, by: Actor) -> Reply {
    community(world, by)?;
    admin(world, by)?;
    for part in members::parts(world, by.group) {
        match find(world, part)?.kind {
            Kind::Subgroup {
                part: Part::Announcements,
                ..
            } => end(world, Actor { group: part, ..by }),
            Kind::Plain | Kind::Community { .. } | Kind::Subgroup { .. } | Kind::Gone => {
                release(world, by, part, Unlinking::CommunityGone)?;
            }
        }
    }
    end(world, by);
    Ok(Vec::new())
}

fn end(world: &mut World, by: Actor) {
    notice::tell(world, by, &[], NodeBuilder::new("delete").build());
    if let Some(group) = world.groups.get_mut(by.group) {
        group.kind = Kind::Gone;
        group.members.clear();
        group.requests.clear();
    }
}

/// Who is taken into a group of a community is taken into the community, and who is taken into a community hears its announcements.
pub(super) fn follow(world: &mut World, by: Actor, accounts: &[AccountId]) {
    let Some(group) = world.groups.get(by.group) else {
        return;
    };
    let next = match group.kind {
        Kind::Subgroup { of, .. } => Some(of),
        Kind::Community { .. } => announcements(world, by.group),
        Kind::Plain | Kind::Gone => None,
    };
    let Some(next) = next.and_then(|next| world.groups.get(next)) else {
        return;
    };
    let missing: Vec<AccountId> = accounts
        .iter()
        .copied()
        .filter(|account| next.role(*account).is_none())
        .collect();
    members::add(
        world,
        Actor { group: next.id, ..by },
        &missing,
        Some("linked_group_join"),
    );
}

/// The group for a community's announcements.
pub(super) fn announcements(world: &World, community: GroupId) -> Option<GroupId> {
    world
        .groups
        .parts_of(community)
        .find(|group| {
            matches!(
                group.kind,
                Kind::Subgroup {
                    part: Part::Announcements,
                    ..
                }
            )
        })
        .map(|group| group.id)
}

/// `<sub_groups/>`: what is linked, in short.
pub(super) fn sub_groups(world: &World, by: Actor) -> Reply {
    community(world, by)?;
    member(world, by)?;
    let groups = world
        .groups
        .parts_of(by.group)
        .map(|group| info::element(world, group, "group", Detail::Preview).build());
    Ok(vec![NodeBuilder::new("sub_groups").children(groups).build()])
}

/// `<query_linked type="sub_group" jid/>`: a group of the community, for who is in the community.
pub(super) fn query_linked(world: &World, by: Actor, request: &NodeRef<'_>) -> Reply {
    let part = part(world, by, request)?;
    Ok(vec![linked_group(world, find(world, part)?)])
}

/// `<join_linked_group jid/>`: from inside the community, without a link.
pub(super) fn join(world: &mut World, by: Actor, request: &NodeRef<'_>) -> Reply {
    let part = part(world, by, request)?;
    let entering = Actor { group: part, ..by };
    let answer = invites::enter(world, entering, "linked_group_join", RequestMethod::LinkedGroup)?;
    let group = find(world, part)?;
    if group.role(by.account).is_some() {
        Ok(vec![linked_group(world, group)])
    } else {
        Ok(answer)
    }
}

/// `<linked_groups_participants/>`: everybody in any group of the community.
pub(super) fn participants(world: &World, by: Actor) -> Reply {
    community(world, by)?;
    member(world, by)?;
    let everybody: BTreeSet<AccountId> = world
        .groups
        .parts_of(by.group)
        .flat_map(|group| group.members.keys().copied())
        .collect();
    let participants = everybody
        .into_iter()
        .map(|account| notice::participant(world, account).build());
    Ok(vec![
        NodeBuilder::new("linked_groups_participants")
            .children(participants)
            .build(),
    ])
}

fn linked_group(world: &World, group: &Group) -> Node {
    let group = info::element(world, group, "group", Detail::Everything).build();
    NodeBuilder::new("linked_group").children([group]).build()
}

/// The group of the actor's community that a request names.
fn part(world: &World, by: Actor, request: &NodeRef<'_>) -> Result<GroupId, Refusal> {
    community(world, by)?;
    member(world, by)?;
    let part = jid_attr(request, "jid")
        .and_then(|jid| GroupId::of(&jid))
        .ok_or(Refusal::Malformed)?;
    if find(world, part)?.community() == Some(by.group) {
        Ok(part)
    } else {
        Err(Refusal::NotFound)
    }
}

/// Refused unless it is a community.
fn community(world: &World, by: Actor) -> Result<(), Refusal> {
    match find(world, by.group)?.kind {
        Kind::Community { .. } => Ok(()),
        Kind::Gone => Err(Refusal::NotFound),
        Kind::Plain | Kind::Subgroup { .. } => Err(Refusal::NotAcceptable),
    }
}

fn listed(link: &NodeRef<'_>) -> Vec<Jid> {
    link.get_children_by_tag("group")
        .filter_map(|group| jid_attr(group, "jid"))
        .collect()
}

fn result(jid: &Jid, outcome: Result<(), Refusal>) -> Node {
    let group = NodeBuilder::new("group").attr("jid", jid);
    match outcome {
        Ok(()) => group.build(),
        Err(refusal) => group.attr("error", refusal.code()).build(),
    }
}

/// The other side of a link, as a notice names it.
fn target(group: &Group) -> Node {
    NodeBuilder::new("group")
        .attr("jid", group.id.jid())
        .attr("subject", group.subject.text.as_str())
        .attr("s_t", group.subject.at_s)
        .build()
}

//! Making groups and communities.

use std::collections::BTreeSet;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeContent, NodeRef};

use crate::address::AccountId;
use crate::groups::{Allowed, Flag, Founding, Group, GroupId, Joining, Kind, MAX_MEMBERS, Part, Switch};
use crate::stanza::groups::info::{self, Detail};
use crate::stanza::groups::members::{self, Verdict};
use crate::stanza::groups::{Actor, Refusal, Reply, community, find, notice, profile};
use crate::stanza::{attr, jid_attr};
use crate::world::World;

/// `<create subject>`: the answer is the whole group, with an error at every participant who is not in it.
pub(super) fn handle(world: &mut World, account: AccountId, request: &NodeRef<'_>) -> Reply {
    let mut founding = Founding::new(
        account,
        profile::subject(attr(request, "subject").into_owned())?,
        world.now_s(),
    );
    read_settings(request, &mut founding);
    founding.kind = kind(world, account, request)?;
    if let (Kind::Subgroup { of, .. }, None) = (founding.kind, request.get_optional_child("membership_approval_mode"))
        && let Kind::Community { joining, .. } = find(world, of)?.kind
    {
        founding.joining = joining;
    }
    if let Some(written) = request.get_optional_child("description") {
        founding.description = profile::body(written)?.map(|body| (attr(written, "id").into_owned(), body));
    }
    let asked = members::listed(world, request);
    let mut in_it = BTreeSet::new();
    let mut out = Vec::new();
    for person in &asked {
        match person.account {
            Some(candidate) if candidate == account => {}
            Some(candidate) => match members::may_be_added(world, candidate, account) {
                Verdict::Fine => {
                    in_it.insert(candidate);
                }
                verdict @ (Verdict::Refused(_) | Verdict::ByInvitation) => out.push((person, verdict)),
            },
            None => out.push((person, Verdict::Refused(404))),
        }
    }
    if in_it.len() >= MAX_MEMBERS {
        return Err(Refusal::Full);
    }
    founding.members = in_it;
    let key = attr(request, "key").into_owned();
    let general = request.get_optional_child("create_general_chat").is_some();
    let id = found(world, founding, &flags(request), &key);
    if general && matches!(find(world, id)?.kind, Kind::Community { .. }) {
        found_part(world, id, Part::General);
    }
    let by = Actor { account, group: id };
    let refused: Vec<Node> = out
        .into_iter()
        .map(|(person, verdict)| members::result(world, by, person, verdict))
        .collect();
    let group = find(world, id)?;
    Ok(info::names(group)
        .iter()
        .map(|tag| with_refused(info::element(world, group, tag, Detail::Everything).build(), &refused))
        .collect())
}

/// The group with those who are not in it, marked as such.
fn with_refused(mut group: Node, refused: &[Node]) -> Node {
    if let Some(NodeContent::Nodes(content)) = &mut group.content {
        content.extend(refused.iter().cloned());
    }
    group
}

/// Makes a group, and with a community the group for its announcements, and tells the members.
pub(crate) fn found(world: &mut World, founding: Founding, flags: &[Flag], key: &str) -> GroupId {
    let creator = founding.creator;
    let kind = founding.kind;
    let id = world.groups.found(founding);
    if let Some(group) = world.groups.get_mut(id) {
        group.flags.extend(flags);
    }
    let by = Actor {
        account: creator,
        group: id,
    };
    tell(world, by, key);
    match kind {
        Kind::Community { .. } => found_part(world, id, Part::Announcements),
        Kind::Subgroup { .. } => {
            let people = world.groups.get(id).map(Group::people).unwrap_or_default();
            community::follow(world, by, &people);
        }
        Kind::Plain | Kind::Gone => {}
    }
    id
}

/// Makes one of the groups every community has, with the community's members.
fn found_part(world: &mut World, community: GroupId, part: Part) {
    let Some(Group {
        creator,
        subject,
        members,
        ..
    }) = world.groups.get(community)
    else {
        return;
    };
    let subject = match part {
        Part::Announcements | Part::Ordinary => subject.text.clone(),
        // Modelled: clients do not say what it is to be called.
        Part::General => String::from("General"),
    };
    let mut founding = Founding::new(*creator, subject, world.now_s());
    founding.members = members.keys().copied().collect();
    founding.kind = Kind::Subgroup { of: community, part };
    found(world, founding, &[], "");
}

fn tell(world: &mut World, by: Actor, key: &str) {
    let Some(group) = world.groups.get(by.group) else {
        return;
    };
    let created = NodeBuilder::new("create").attr("type", "new");
    let created = if key.is_empty() {
        created
    } else {
        created.attr("key", key)
    };
    let created = created
        .children([info::element(world, group, "group", Detail::Everything).build()])
        .build();
    notice::tell(world, by, &[], created);
}

fn kind(world: &World, account: AccountId, request: &NodeRef<'_>) -> Result<Kind, Refusal> {
    if let Some(linked) = request.get_optional_child("linked_parent") {
        let of = jid_attr(linked, "jid")
            .and_then(|jid| GroupId::of(&jid))
            .ok_or(Refusal::Malformed)?;
        let community = find(world, of)?;
        let role = community.role(account).ok_or(Refusal::Forbidden)?;
        return match community.kind {
            Kind::Community { founding, .. } if role.is_admin() || founding == Allowed::Members => Ok(Kind::Subgroup {
                of,
                part: Part::Ordinary,
            }),
            Kind::Community { .. } => Err(Refusal::Forbidden),
            Kind::Plain | Kind::Subgroup { .. } | Kind::Gone => Err(Refusal::NotAcceptable),
        };
    }
    let Some(parent) = request.get_optional_child("parent") else {
        return Ok(Kind::Plain);
    };
    let joining = match &*attr(parent, "default_membership_approval_mode") {
        "request_required" => Joining::OnApproval,
        _ => Joining::AtOnce,
    };
    let founding = match request.get_optional_child("allow_non_admin_sub_group_creation") {
        Some(_) => Allowed::Members,
        None => Allowed::Admins,
    };
    Ok(Kind::Community { joining, founding })
}

fn read_settings(request: &NodeRef<'_>, founding: &mut Founding) {
    let content = |tag| {
        request
            .get_optional_child(tag)
            .and_then(|child| child.content_as_string())
    };
    if let Some(adding) = content("member_add_mode").and_then(|mode| Allowed::parse_add_mode(&mode)) {
        founding.adding = adding;
    }
    if let Some(linking) = content("member_link_mode").and_then(|mode| Allowed::parse_link_mode(&mode)) {
        founding.linking = linking;
    }
    if let Some(joining) = request
        .get_optional_child("membership_approval_mode")
        .and_then(profile::joining)
    {
        founding.joining = joining;
    }
    if let Some(seconds) = request
        .get_optional_child("ephemeral")
        .and_then(|ephemeral| attr(ephemeral, "expiration").parse().ok())
    {
        founding.ephemeral_s = seconds;
    }
}

fn flags(request: &NodeRef<'_>) -> Vec<Flag> {
    request
        .children()
        .unwrap_or_default()
        .iter()
        .filter_map(|child| match Flag::parse(&child.tag)? {
            (flag, Switch::On) => Some(flag),
            (_, Switch::Off) => None,
        })
        .collect()
}

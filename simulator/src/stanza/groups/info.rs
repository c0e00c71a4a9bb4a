//! What clients are told a group is.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::messages::MessageUtils;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeRef};

use crate::address::{AccountId, Namespace};
use crate::groups::{Allowed, Description, Group, GroupId, Joining, Kind, Part, Switch};
use crate::stanza::groups::{Actor, Reply, find, member, notice};
use crate::stanza::{attr, jid_attr};
use crate::world::World;

/// How much of a group is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Everything,
    /// What somebody sees who has the link: no members (modelled).
    Preview,
}

/// `<query request="interactive">`. A client that has the list of members already, by its hash, is not sent the group again.
pub(super) fn query(world: &World, by: Actor, request: &NodeRef<'_>) -> Reply {
    member(world, by)?;
    let group = find(world, by.group)?;
    let known = attr(request, "phash");
    if !known.is_empty() {
        let members: Vec<Jid> = group
            .members
            .keys()
            .map(|account| world.account(*account).jid(0, Namespace::Lid))
            .collect();
        if MessageUtils::participant_list_hash(&members).is_ok_and(|hash| hash == known) {
            return Ok(Vec::new());
        }
    }
    Ok(described(world, group, Detail::Everything))
}

/// `<participating>`: every group the account is in, whatever parts the client asked for.
pub(super) fn participating(world: &World, account: AccountId) -> Vec<Node> {
    let mut groups = Vec::new();
    let mut communities = Vec::new();
    for group in world.groups.of_member(account) {
        groups.push(element(world, group, "group", Detail::Everything).build());
        if matches!(group.kind, Kind::Community { .. }) {
            communities.push(element(world, group, "community", Detail::Everything).build());
        }
    }
    vec![
        NodeBuilder::new("groups").children(groups).build(),
        NodeBuilder::new("communities").children(communities).build(),
    ]
}

/// `<query><group jid/>…`: several groups at once, each with its own error.
pub(super) fn batch(world: &World, account: AccountId, request: &NodeRef<'_>) -> Vec<Node> {
    let groups = request.get_children_by_tag("group").filter_map(|asked| {
        let jid = jid_attr(asked, "jid")?;
        let found = GroupId::of(&jid).and_then(|id| world.groups.get(id));
        Some(match found {
            None => failed(&jid, 404),
            Some(group) if group.role(account).is_none() => failed(&jid, 403),
            Some(group) => element(world, group, "group", Detail::Everything).build(),
        })
    });
    vec![NodeBuilder::new("groups").children(groups).build()]
}

fn failed(jid: &Jid, code: u16) -> Node {
    NodeBuilder::new("group").attr("id", jid).attr("error", code).build()
}

/// A group as an answer. A community is given under both names clients know for it: each of them reads one, and takes no harm from
/// the other.
pub(super) fn described(world: &World, group: &Group, detail: Detail) -> Vec<Node> {
    names(group)
        .iter()
        .map(|tag| element(world, group, tag, detail).build())
        .collect()
}

/// The elements a group goes by.
pub(super) fn names(group: &Group) -> &'static [&'static str] {
    match group.kind {
        Kind::Community { .. } => &["group", "community"],
        Kind::Plain | Kind::Subgroup { .. } | Kind::Gone => &["group"],
    }
}

/// One group as an element.
pub(super) fn element(world: &World, group: &Group, tag: &'static str, detail: Detail) -> NodeBuilder {
    let creator = world.account(group.creator);
    let namer = world.account(group.subject.by);
    let mut content: Vec<Node> = match detail {
        Detail::Everything => participants(world, group).collect(),
        Detail::Preview => Vec::new(),
    };
    content.extend(group.description.as_ref().map(|written| description(world, written)));
    content.extend(settings(group));
    content.extend(place(group));
    NodeBuilder::new(tag)
        // Without the server: one of the clients appends it itself.
        .attr("id", group.id.to_string())
        .attr("subject", group.subject.text.as_str())
        .attr("s_t", group.subject.at_s)
        .attr("s_o", namer.jid(0, Namespace::Lid))
        .attr("s_o_pn", namer.jid(0, Namespace::Phone))
        .attr("creation", group.created_s)
        .attr("creator", creator.jid(0, Namespace::Lid))
        .attr("creator_pn", creator.jid(0, Namespace::Phone))
        .attr("addressing_mode", "lid")
        .attr("size", group.members.len())
        .children(content)
}

/// The members, each under both addresses.
pub(super) fn participants<'a>(world: &'a World, group: &'a Group) -> impl Iterator<Item = Node> + 'a {
    group.members.iter().map(|(account, role)| {
        let node = notice::participant(world, *account);
        match role.wire() {
            Some(role) => node.attr("type", role).build(),
            None => node.build(),
        }
    })
}

/// A description, in a group and in the notice that it changed.
pub(super) fn description(world: &World, written: &Description) -> Node {
    let by = world.account(written.by);
    let content = match &written.body {
        Some(body) => NodeBuilder::new("body").bytes(body.as_bytes().to_vec()).build(),
        None => NodeBuilder::new("delete").build(),
    };
    NodeBuilder::new("description")
        .attr("id", written.id.as_str())
        .attr("t", written.at_s)
        .attr("participant", by.jid(0, Namespace::Lid))
        .attr("participant_pn", by.jid(0, Namespace::Phone))
        .children([content])
        .build()
}

/// Settings as elements; one that is off has none.
fn settings(group: &Group) -> Vec<Node> {
    let mut settings: Vec<Node> = group
        .flags
        .iter()
        .map(|flag| NodeBuilder::new(flag.tag(Switch::On)).build())
        .collect();
    if group.ephemeral_s > 0 {
        settings.push(ephemeral(group.ephemeral_s));
    }
    settings.push(add_mode(group.adding));
    settings.push(link_mode(group.linking));
    match group.joining {
        Joining::AtOnce => {}
        Joining::OnApproval => settings.push(approval_mode(group.joining)),
    }
    settings
}

/// How long messages stay; 0 for ever.
pub(super) fn ephemeral(seconds: u32) -> Node {
    if seconds == 0 {
        NodeBuilder::new("not_ephemeral").build()
    } else {
        NodeBuilder::new("ephemeral").attr("expiration", seconds).build()
    }
}

pub(super) fn add_mode(adding: Allowed) -> Node {
    NodeBuilder::new("member_add_mode")
        .string_content(adding.add_mode())
        .build()
}

pub(super) fn link_mode(linking: Allowed) -> Node {
    NodeBuilder::new("member_link_mode")
        .string_content(linking.link_mode())
        .build()
}

pub(super) fn approval_mode(joining: Joining) -> Node {
    NodeBuilder::new("membership_approval_mode")
        .children([NodeBuilder::new("group_join").attr("state", joining.state()).build()])
        .build()
}

/// Where a group stands among communities.
fn place(group: &Group) -> Vec<Node> {
    match group.kind {
        Kind::Plain | Kind::Gone => Vec::new(),
        Kind::Community { joining, founding } => {
            let parent = NodeBuilder::new("parent");
            let parent = match joining {
                Joining::AtOnce => parent,
                Joining::OnApproval => parent.attr("default_membership_approval_mode", "request_required"),
            };
            let mut place = vec![parent.build()];
            match founding {
                Allowed::Admins => {}
                Allowed::Members => place.push(NodeBuilder::new("allow_non_admin_sub_group_creation").build()),
            }
            place
        }
        Kind::Subgroup { of, part } => {
            let mut place = vec![NodeBuilder::new("linked_parent").attr("jid", of.jid()).build()];
            match part {
                Part::Announcements => place.push(NodeBuilder::new("default_sub_group").build()),
                Part::General => place.push(NodeBuilder::new("general_chat").build()),
                Part::Ordinary => {}
            }
            place
        }
    }
}

//! Presence and typing: told to whoever is there to see it, kept for nobody.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::{AccountId, Namespace};
use crate::device::{Phase, Presence};
use crate::groups::{Group, GroupId};
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    match &*attr(node, "type") {
        "" | "available" => {
            // Clients name themselves along with it; contacts see that name from then on.
            let name = attr(node, "name");
            if !name.is_empty() {
                world.account_mut(sender.at.account).push_name = name.into_owned();
            }
            set(world, sender, Presence::Available);
        }
        "unavailable" => set(world, sender, Presence::Unavailable),
        "subscribe" => {
            if let Some(to) = jid_attr(node, "to").and_then(|to| world.locate(&to)) {
                world.account_mut(to.account).subscribers.insert(sender.at.account);
                let current = presence(world, to.account, to.namespace);
                world.answer(Some(sender.at), sender.outgoing, current);
            }
        }
        "unsubscribe" => {
            if let Some(to) = jid_attr(node, "to").and_then(|to| world.locate(&to)) {
                world.account_mut(to.account).subscribers.remove(&sender.at.account);
            }
        }
        _ => {}
    }
}

fn set(world: &mut World, sender: &Sender<'_>, to: Presence) {
    let Some(session) = world.device_mut(sender.at).and_then(|device| device.session.as_mut()) else {
        return;
    };
    if session.presence == to {
        return;
    }
    session.presence = to;
    let account = sender.at.account;
    let subscribers: Vec<AccountId> = world.account(account).subscribers.iter().copied().collect();
    for subscriber in subscribers {
        let node = presence(world, account, Namespace::Phone);
        for (device, _) in world.connected(subscriber) {
            world.mention(device, node.clone());
        }
    }
}

/// Somebody is there when any of their companions says so.
fn presence(world: &World, account: AccountId, namespace: Namespace) -> Node {
    let state = world.account(account);
    let there = state.companions().any(|(_, device)| {
        device.session.as_ref().is_some_and(|session| match session.phase {
            Phase::Authed => false,
            Phase::Draining { .. } | Phase::Live => session.presence == Presence::Available,
        })
    });
    let node = NodeBuilder::new("presence").attr("from", state.jid(0, namespace));
    if there {
        node.attr("type", "available").build()
    } else {
        node.attr("type", "unavailable").attr("last", "deny").build()
    }
}

/// `<chatstate to><composing/></chatstate>` goes to the other side's connected companions.
pub(super) fn chatstate(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    let Some(to) = jid_attr(node, "to") else {
        return;
    };
    if let Some(group) = GroupId::of(&to) {
        return chatstate_in_group(world, sender, node, group);
    }
    let Some(to) = world.locate(&to) else {
        return;
    };
    if to.account == sender.at.account || world.account(to.account).blocked.contains(&sender.at.account) {
        return;
    }
    let from = world.account(sender.at.account).jid(0, to.namespace);
    let content: Vec<Node> = node
        .children()
        .unwrap_or_default()
        .iter()
        .map(NodeRef::to_owned)
        .collect();
    let state = NodeBuilder::new("chatstate")
        .attr("from", from)
        .children(content)
        .build();
    for (device, _) in world.connected(to.account) {
        world.mention(device, state.clone());
    }
}

/// In a group it goes to the other members, and who it is from stands beside the group.
fn chatstate_in_group(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>, group: GroupId) {
    let account = sender.at.account;
    if world.role_in(&group.jid(), account).is_none() {
        return;
    }
    let members = world.groups.get(group).map(Group::people).unwrap_or_default();
    let content: Vec<Node> = node
        .children()
        .unwrap_or_default()
        .iter()
        .map(NodeRef::to_owned)
        .collect();
    let state = NodeBuilder::new("chatstate")
        .attr("from", group.jid())
        .attr("participant", world.account(account).jid(0, Namespace::Lid))
        .children(content)
        .build();
    for member in members {
        if member != account {
            for (device, _) in world.connected(member) {
                world.mention(device, state.clone());
            }
        }
    }
}

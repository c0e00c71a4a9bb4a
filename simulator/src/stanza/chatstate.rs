//! `<chatstate to><composing/></chatstate>`: typing, told to the other side's companions that are connected.
//!
//! It is never queued. A client that comes while somebody is typing is told then (modelled), unless that was too long ago.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeRef};

use crate::address::{AccountId, DeviceAddress, Namespace};
use crate::groups::{Group, GroupId};
use crate::stanza::{Sender, jid_attr};
use crate::world::World;

/// Passes a typing notice on.
pub(super) fn relay(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    let Some(to) = jid_attr(node, "to") else {
        return;
    };
    if let Some(group) = GroupId::of(&to) {
        return in_group(world, sender, node, group);
    }
    let Some(to) = world.locate(&to) else {
        return;
    };
    let who = sender.at.account;
    if to.account == who || world.account(to.account).blocked.contains(&who) {
        return;
    }
    let chat = world.account(who).jid(0, to.namespace);
    let content: Vec<Node> = node
        .children()
        .unwrap_or_default()
        .iter()
        .map(NodeRef::to_owned)
        .collect();
    let typing = content.iter().any(|state| state.tag == "composing");
    let notice = NodeBuilder::new("chatstate")
        .attr("from", chat.clone())
        .children(content)
        .build();
    let now = world.now_ms();
    let kept = world.account_mut(to.account).whereabouts.typing();
    if typing {
        kept.begin(&chat.to_string(), who, notice.clone(), now);
        world.account_mut(who).whereabouts.typing_to.insert(to.account);
    } else {
        kept.end(&chat.to_string(), who, now);
    }
    tell(world, to.account, &notice);
}

/// Tells a device that has come back who is typing to it.
pub(crate) fn catch_up(world: &mut World, at: DeviceAddress) {
    let now = world.now_ms();
    for notice in world.account_mut(at.account).whereabouts.typing().current(now) {
        world.mention(at, notice);
    }
}

/// What was being typed has been sent: clients take the notice away themselves.
pub(super) fn sent(world: &mut World, who: AccountId, to: AccountId) {
    let now = world.now_ms();
    let addresses = addresses(world, who);
    let typing = world.account_mut(to).whereabouts.typing();
    for chat in addresses {
        typing.end(&chat.to_string(), who, now);
    }
}

/// Modelled: who goes away while typing has stopped.
pub(crate) fn gone(world: &mut World, who: AccountId) {
    let now = world.now_ms();
    let typing_to = std::mem::take(&mut world.account_mut(who).whereabouts.typing_to);
    for to in typing_to {
        for chat in addresses(world, who) {
            if world
                .account_mut(to)
                .whereabouts
                .typing()
                .end(&chat.to_string(), who, now)
            {
                let paused = NodeBuilder::new("chatstate")
                    .attr("from", chat)
                    .children([NodeBuilder::new("paused").build()])
                    .build();
                tell(world, to, &paused);
            }
        }
    }
}

fn tell(world: &mut World, account: AccountId, notice: &Node) {
    for (device, _) in world.connected(account) {
        world.mention(device, notice.clone());
    }
}

fn addresses(world: &World, account: AccountId) -> [Jid; 2] {
    [Namespace::Phone, Namespace::Lid].map(|namespace| world.account(account).jid(0, namespace))
}

/// In a group it goes to the other members, and who it is from stands beside the group. It is kept for nobody (modelled).
fn in_group(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>, group: GroupId) {
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
            tell(world, member, &state);
        }
    }
}

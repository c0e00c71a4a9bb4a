//! Group messages: one text for everybody, encrypted with the sender's key for the group, and that key for whoever has not got it yet.
//!
//! A device gets both in one stanza, the key first, so that neither the queue nor a reconnect can part them.

use std::collections::HashMap;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::messages::MessageUtils;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeRef};

use crate::address::{AccountId, DeviceAddress, Namespace};
use crate::groups::{Group, GroupId};
use crate::nack::Nack;
use crate::queue::{Class, Entry};
use crate::stanza::message::direct::shared_content;
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

/// Queues the message for every device of every member, or for none. Answers the participant hash when the sender's list of devices was
/// stale, an error code when refused (modelled: 403 for who may not write, 421 for who names members by number).
pub(super) fn accept(
    world: &mut World,
    sender: &Sender<'_>,
    to: &Jid,
    node: &NodeRef<'_>,
) -> Result<Option<String>, Nack> {
    let group = GroupId::of(to)
        .and_then(|id| world.groups.get(id))
        .ok_or(Nack::NoSuchRecipient)?;
    let id = group.id;
    let role = group.role(sender.at.account).ok_or(Nack::Forbidden)?;
    if !group.may_write(role) {
        return Err(Nack::Forbidden);
    }
    if attr(node, "addressing_mode") == "pn" {
        return Err(Nack::StaleAddressing);
    }
    let members = group.people();
    let again = jid_attr(node, "participant");
    let copies = match &again {
        Some(device) => vec![single(world, group, device, node)?],
        None => fan_out(world, sender.at, &members, node)?,
    };
    if copies.iter().any(|(to, _)| !world.takes(*to)) {
        return Err(Nack::NoRoom);
    }
    let stale = match again {
        Some(_) => None,
        None => stale_list(world, &members, &attr(node, "phash")),
    };
    // Who writes to an account gets to know when its devices change.
    for member in members {
        world.account_mut(member).watchers.insert(sender.at.account);
    }
    for (to, content) in copies {
        deliver(world, sender.at, to, id, node, content);
    }
    Ok(stale)
}

/// A copy for everybody, with the sender's key where the sender has put one in.
fn fan_out(
    world: &World,
    sender: DeviceAddress,
    members: &[AccountId],
    node: &NodeRef<'_>,
) -> Result<Vec<(DeviceAddress, Vec<Node>)>, Nack> {
    if node.get_optional_child("enc").is_none() {
        return Err(Nack::Malformed);
    }
    let mut keys: HashMap<DeviceAddress, Vec<Node>> = node
        .get_optional_child("participants")
        .into_iter()
        .flat_map(|participants| participants.get_children_by_tag("to"))
        .filter_map(|to| {
            let located = world.locate(&jid_attr(to, "jid")?)?;
            let at = DeviceAddress {
                account: located.account,
                device: located.device,
            };
            Some((at, to.children()?.iter().map(NodeRef::to_owned).collect()))
        })
        .collect();
    let text: Vec<Node> = node.get_children_by_tag("enc").map(NodeRef::to_owned).collect();
    let copies = members
        .iter()
        .flat_map(|member| {
            let devices = world.account(*member).devices.keys();
            devices.map(|device| DeviceAddress {
                account: *member,
                device: *device,
            })
        })
        .filter(|at| *at != sender)
        .map(|at| {
            let mut content = keys.remove(&at).unwrap_or_default();
            let shared = shared_content(node, &content);
            content.extend(text.iter().cloned());
            content.extend(shared);
            (at, content)
        })
        .collect();
    Ok(copies)
}

/// A copy encrypted anew for one device, after a retry receipt.
fn single(world: &World, group: &Group, device: &Jid, node: &NodeRef<'_>) -> Result<(DeviceAddress, Vec<Node>), Nack> {
    let located = world.locate(device).ok_or(Nack::NoSuchRecipient)?;
    let at = DeviceAddress {
        account: located.account,
        device: located.device,
    };
    if world.device(at).is_none() || group.role(at.account).is_none() {
        return Err(Nack::NoSuchRecipient);
    }
    let mut content: Vec<Node> = node.get_children_by_tag("enc").map(NodeRef::to_owned).collect();
    if content.is_empty() {
        return Err(Nack::Malformed);
    }
    content.extend(shared_content(node, &content));
    Ok((at, content))
}

/// The hash over all devices of all members, the sender's own included, if the sender's was another. A client that sends none is not
/// told (modelled).
fn stale_list(world: &World, members: &[AccountId], given: &str) -> Option<String> {
    if given.is_empty() {
        return None;
    }
    let devices: Vec<Jid> = members
        .iter()
        .flat_map(|member| {
            let account = world.account(*member);
            account
                .devices
                .keys()
                .map(|device| account.jid(*device, Namespace::Lid))
        })
        .collect();
    let hash = MessageUtils::participant_list_hash(&devices).ok()?;
    (hash != given).then_some(hash)
}

fn deliver(
    world: &mut World,
    from: DeviceAddress,
    to: DeviceAddress,
    group: GroupId,
    message: &NodeRef<'_>,
    content: Vec<Node>,
) {
    let id = attr(message, "id").into_owned();
    let sender = world.account(from.account);
    let mut node = NodeBuilder::new("message")
        .attr("from", group.jid())
        .attr("participant", sender.jid(from.device, Namespace::Lid))
        .attr("participant_pn", sender.jid(0, Namespace::Phone))
        .attr("addressing_mode", "lid")
        .attr("id", id.as_str())
        .attr("t", world.now_s())
        .attr("notify", sender.push_name.as_str());
    for key in ["type", "edit", "expiration"] {
        if let Some(value) = message.get_attr(key) {
            node = node.attr(key, value.to_node_value());
        }
    }
    let node = node.children(content).build();
    world.stats.copies += 1;
    world.enqueue(to, Entry::new(node, Class::Message, id, Some(from.account)));
}

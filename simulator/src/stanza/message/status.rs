//! Status posts: a message to `status@broadcast`, for the people its sender lists.
//!
//! The list stands under `<participants>`: some of it as devices with the sender's key for them, the rest as bare users who have the key
//! already. Everybody listed gets the one text with all their devices, the sender's own ones included where the sender lists itself.

use std::collections::{BTreeSet, HashMap};

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeRef, Server};

use crate::address::{AccountId, DeviceAddress, Namespace, PHONE};
use crate::nack::Nack;
use crate::queue::{Class, Entry};
use crate::stanza::message::direct::shared_content;
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

/// Whether an address is where status posts go.
pub(in crate::stanza) fn is_status(jid: &Jid) -> bool {
    jid.server == Server::Broadcast && jid.user == "status"
}

/// Queues a post for everybody listed, or for nobody.
pub(super) fn accept(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Result<Option<String>, Nack> {
    let copies = match jid_attr(node, "participant") {
        Some(device) => vec![single(world, &device, node)?],
        None => fan_out(world, sender.at, node)?,
    };
    if copies.iter().any(|(to, _)| !world.takes(*to)) {
        return Err(Nack::NoRoom);
    }
    for (to, content) in copies {
        // Modelled: who has blocked the sender sees none of its posts, and the sender does not learn of it.
        if world.account(to.account).blocked.contains(&sender.at.account) {
            continue;
        }
        world.account_mut(to.account).watchers.insert(sender.at.account);
        deliver(world, sender.at, to, node, content);
    }
    Ok(None)
}

/// A copy for every device of everybody listed.
fn fan_out(world: &World, sender: DeviceAddress, node: &NodeRef<'_>) -> Result<Vec<(DeviceAddress, Vec<Node>)>, Nack> {
    let text: Vec<Node> = node.get_children_by_tag("enc").map(NodeRef::to_owned).collect();
    if text.is_empty() {
        return Err(Nack::Malformed);
    }
    let mut audience: BTreeSet<AccountId> = BTreeSet::new();
    let mut keys: HashMap<DeviceAddress, Vec<Node>> = HashMap::new();
    let listed = node
        .get_optional_child("participants")
        .into_iter()
        .flat_map(|participants| participants.get_children_by_tag("to"));
    for to in listed {
        let Some(located) = jid_attr(to, "jid").and_then(|jid| world.locate(&jid)) else {
            continue;
        };
        audience.insert(located.account);
        let at = DeviceAddress {
            account: located.account,
            device: located.device,
        };
        if let Some(key) = to.children() {
            keys.insert(at, key.iter().map(NodeRef::to_owned).collect());
        }
    }
    let mut copies = Vec::new();
    for account in audience {
        for device in world.account(account).devices.keys().copied() {
            let at = DeviceAddress { account, device };
            if at == sender {
                continue;
            }
            let mut content = keys.remove(&at).unwrap_or_default();
            let shared = shared_content(node, &content);
            content.extend(text.iter().cloned());
            content.extend(shared);
            copies.push((at, content));
        }
    }
    Ok(copies)
}

/// A copy encrypted anew for one device, after a retry receipt.
fn single(world: &World, device: &Jid, node: &NodeRef<'_>) -> Result<(DeviceAddress, Vec<Node>), Nack> {
    let located = world.locate(device).ok_or(Nack::NoSuchRecipient)?;
    let at = DeviceAddress {
        account: located.account,
        device: located.device,
    };
    if world.device(at).is_none() {
        return Err(Nack::NoSuchRecipient);
    }
    let mut content: Vec<Node> = node.get_children_by_tag("enc").map(NodeRef::to_owned).collect();
    if content.is_empty() {
        return Err(Nack::Malformed);
    }
    content.extend(shared_content(node, &content));
    Ok((at, content))
}

fn deliver(world: &mut World, from: DeviceAddress, to: DeviceAddress, message: &NodeRef<'_>, content: Vec<Node>) {
    let id = attr(message, "id").into_owned();
    let sender = world.account(from.account);
    let mut node = NodeBuilder::new("message")
        .attr("from", Jid::status_broadcast())
        .attr("participant", sender.jid(from.device, Namespace::Lid))
        .attr("participant_pn", sender.jid(PHONE, Namespace::Phone))
        .attr("addressing_mode", "lid")
        .attr("id", id.as_str())
        .attr("t", world.now_s())
        .attr("notify", sender.push_name.as_str());
    for key in ["type", "edit"] {
        if let Some(value) = message.get_attr(key) {
            node = node.attr(key, value.to_node_value());
        }
    }
    let node = node.children(content).build();
    world.stats.copies += 1;
    world.enqueue(to, Entry::new(node, Class::Message, id, Some(from.account)));
}

//! Direct messages: each encrypted copy goes into the queue of the device it was made for, and the sender learns when all are in.

use std::collections::BTreeSet;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::messages::MessageUtils;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeRef};

use crate::address::{AccountId, DeviceAddress, Located, Namespace};
use crate::nack::Nack;
use crate::queue::{Class, Entry};
use crate::stanza::{Sender, attr, chatstate, jid_attr};
use crate::world::World;

/// One encrypted copy on its way.
struct Copy {
    to: DeviceAddress,
    /// The namespace the copy was addressed in; the sender's name is given in the same.
    namespace: Namespace,
    content: Vec<Node>,
}

/// Queues every copy, or none. Answers the participant hash when the sender's device list was stale, an error code when refused.
pub(super) fn accept(
    world: &mut World,
    sender: &Sender<'_>,
    to: &Jid,
    node: &NodeRef<'_>,
) -> Result<Option<String>, Nack> {
    let chat = world.locate(to).ok_or(Nack::NoSuchRecipient)?;
    let copies = match node.get_optional_child("participants") {
        Some(participants) => fan_out(world, sender.at.account, chat, node, participants),
        None => single(world, chat, node)?,
    };
    if copies.iter().any(|copy| !world.takes(copy.to)) {
        return Err(Nack::NoRoom);
    }
    let token = node
        .get_optional_child("tctoken")
        .and_then(|token| token.content_bytes());
    if !world.may_reach(sender.at.account, chat.account, token) {
        return Err(Nack::StrangerWithoutToken);
    }
    let stale = if node.get_optional_child("participants").is_some() {
        stale_list(world, sender.at, chat, &copies)
    } else {
        None
    };
    // Who talks to an account gets to know when its devices change.
    world.account_mut(chat.account).watchers.insert(sender.at.account);
    if attr(node, "category") != "peer" {
        world
            .account_mut(sender.at.account)
            .privacy
            .contacts
            .insert(chat.account);
    }
    // Modelled: a blocked sender is told that all is well.
    if world.account(chat.account).blocked.contains(&sender.at.account) {
        return Ok(None);
    }
    chatstate::sent(world, sender.at.account, chat.account);
    for copy in copies {
        deliver(world, sender.at, to, node, copy);
    }
    Ok(stale)
}

/// Copies listed under `<participants>`. Those for devices that do not exist are left out; the sender's list is stale.
fn fan_out(
    world: &World,
    sender: AccountId,
    chat: Located,
    message: &NodeRef<'_>,
    participants: &NodeRef<'_>,
) -> Vec<Copy> {
    participants
        .get_children_by_tag("to")
        .filter_map(|to| {
            let located = world.locate(&jid_attr(to, "jid")?)?;
            let at = DeviceAddress {
                account: located.account,
                device: located.device,
            };
            let party = at.account == chat.account || at.account == sender;
            if !party || world.device(at).is_none() {
                return None;
            }
            let mut content: Vec<Node> = to.children()?.iter().map(NodeRef::to_owned).collect();
            content.extend(shared_content(message, &content));
            Some(Copy {
                to: at,
                namespace: located.namespace,
                content,
            })
        })
        .collect()
}

/// A message for one device: what a client asks of its phone, or a copy encrypted anew after a retry receipt.
fn single(world: &World, chat: Located, message: &NodeRef<'_>) -> Result<Vec<Copy>, Nack> {
    let at = DeviceAddress {
        account: chat.account,
        device: chat.device,
    };
    if world.device(at).is_none() {
        return Err(Nack::NoSuchRecipient);
    }
    let mut content: Vec<Node> = message.get_children_by_tag("enc").map(NodeRef::to_owned).collect();
    if content.is_empty() {
        return Err(Nack::Malformed);
    }
    content.extend(shared_content(message, &content));
    Ok(vec![Copy {
        to: at,
        namespace: chat.namespace,
        content,
    }])
}

/// The message's other children, which every copy carries. The sender's identity goes only where a session begins.
pub(super) fn shared_content(message: &NodeRef<'_>, copy: &[Node]) -> Vec<Node> {
    let first_contact = copy
        .iter()
        .any(|child| child.attrs.get("type").is_some_and(|kind| *kind == "pkmsg"));
    message
        .children()
        .unwrap_or_default()
        .iter()
        .filter(|child| match &*child.tag {
            "participants" | "enc" | "tctoken" | "cstoken" => false,
            "device-identity" => first_contact,
            _ => true,
        })
        .map(NodeRef::to_owned)
        .collect()
}

/// The hash over the devices the message should have gone to, if it went to fewer (modelled: the real hash is not documented).
fn stale_list(world: &World, sender: DeviceAddress, chat: Located, copies: &[Copy]) -> Option<String> {
    let addressed: BTreeSet<(usize, u16)> = copies.iter().map(|copy| (copy.to.account.0, copy.to.device)).collect();
    let mut expected: BTreeSet<(usize, u16)> = BTreeSet::new();
    for account in [chat.account, sender.account] {
        let devices = world.account(account).devices.keys();
        expected.extend(devices.map(|device| (account.0, *device)));
    }
    expected.remove(&(sender.account.0, sender.device));
    if addressed == expected {
        return None;
    }
    let jids: Vec<Jid> = expected
        .iter()
        .map(|(account, device)| world.account(AccountId(*account)).jid(*device, chat.namespace))
        .collect();
    MessageUtils::participant_list_hash(&jids).ok()
}

fn deliver(world: &mut World, from: DeviceAddress, chat: &Jid, message: &NodeRef<'_>, copy: Copy) {
    let id = attr(message, "id").into_owned();
    let sender = world.account(from.account);
    let mut node = NodeBuilder::new("message")
        .attr("from", sender.jid(from.device, copy.namespace))
        .attr("id", id.as_str())
        .attr("t", world.now_s())
        .attr("notify", sender.push_name.as_str());
    let own = copy.to.account == from.account;
    if own {
        if attr(message, "category") != "peer" {
            // A retry of an own device's copy names the chat itself.
            let recipient = jid_attr(message, "recipient").unwrap_or_else(|| chat.to_non_ad());
            node = node.attr("recipient", recipient);
        }
    } else {
        let other = copy.namespace.other();
        let alternative = sender.jid(0, other);
        node = match other {
            Namespace::Phone => node.attr("sender_pn", alternative),
            Namespace::Lid => node.attr("sender_lid", alternative),
        };
    }
    for key in ["type", "edit", "category", "addressing_mode"] {
        if let Some(value) = message.get_attr(key) {
            node = node.attr(key, value.to_node_value());
        }
    }
    let node = node.children(copy.content).build();
    world.stats.copies += 1;
    world.enqueue(copy.to, Entry::new(node, Class::Message, id, Some(from.account)));
}

//! Receipts: they settle the receiver's queue and travel to the sender.

mod group;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::{AccountId, DeviceAddress, Located, Namespace, PHONE};
use crate::groups::GroupId;
use crate::phone::{Duty, Start};
use crate::privacy::PrivacyCategory;
use crate::queue::{Class, Entry};
use crate::stanza::message::status::is_status;
use crate::stanza::{Sender, attr, jid_attr, media_retry, receipt_check};
use crate::world::World;

/// What a receipt's type means to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Arrived: settles the message and is told to the other side.
    Arrived,
    /// Read or played: as well, and the reader's own companions are told which chat it was.
    Seen,
    /// An own device has a copy of what another own device did: settles, and nobody else cares.
    OwnCopy,
    /// The reader keeps it from the other side: told to the reader's own companions only.
    SeenPrivately,
    /// Could not be decrypted: goes to the sending device. The client acknowledges the message separately.
    Retry,
    /// Anything else is acknowledged and dropped.
    Other,
}

fn kind(name: &str) -> Kind {
    match name {
        "" | "delivery" | "inactive" => Kind::Arrived,
        "read" | "played" => Kind::Seen,
        "sender" | "peer_msg" | "hist_sync" => Kind::OwnCopy,
        "read-self" | "played-self" => Kind::SeenPrivately,
        "retry" | "enc_rekey_retry" => Kind::Retry,
        _ => Kind::Other,
    }
}

/// Takes in a `<receipt>`.
pub(super) fn relay(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    let id = attr(node, "id");
    let name = attr(node, "type");
    if name == "server-error" {
        return media_retry::relay(world, sender, node);
    }
    // That a call rings is told in the form of a receipt; nobody waits for it (modelled), and it is about no message.
    let kind = if node.get_optional_child("offer").is_some() {
        Kind::Other
    } else {
        kind(&name)
    };
    let chat = jid_attr(node, "to");
    let shared = chat
        .clone()
        .filter(|chat| GroupId::of(chat).is_some() || is_status(chat));
    // In a group, and about a status post, whose message it is about stands beside the chat.
    let author = if shared.is_some() {
        jid_attr(node, "participant")
    } else {
        chat
    };
    let to = author.and_then(|author| world.locate(&author));
    let mut ids = listed_ids(node);
    ids.insert(0, id.clone().into_owned());
    let refused = to.and_then(|to| {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        receipt_check::check(world, sender.at, to.account, &ids, kind, node).err()
    });
    if let Some(code) = refused {
        acknowledge(world, sender, node, Some(code));
        return;
    }
    let settles = match kind {
        Kind::Arrived | Kind::Seen | Kind::OwnCopy | Kind::SeenPrivately => true,
        Kind::Retry | Kind::Other => false,
    };
    if settles {
        let from = to.map(|located| located.account);
        for id in &ids {
            world.settle(sender.at, Class::Message, id, from);
        }
    }
    world.stats.receipts += 1;
    match kind {
        Kind::Retry => world.stats.retry_receipts += 1,
        Kind::Arrived | Kind::Seen | Kind::OwnCopy | Kind::SeenPrivately | Kind::Other => {}
    }
    match (to, shared) {
        (Some(to), None) => forward(world, sender.at, node, to, kind),
        (Some(to), Some(chat)) => group::forward(world, sender.at, node, &chat, to, kind),
        (None, _) => {}
    }
    acknowledge(world, sender, node, None);
}

/// Acknowledges a receipt; with an error when it was refused.
pub(super) fn acknowledge(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>, error: Option<u16>) {
    let mut ack = NodeBuilder::new("ack")
        .attr("class", "receipt")
        .attr("id", &*attr(node, "id"))
        .attr("t", world.now_s());
    for (key, from) in [("from", "to"), ("type", "type"), ("participant", "participant")] {
        if let Some(value) = node.get_attr(from) {
            ack = ack.attr(key, value.to_node_value());
        }
    }
    if let Some(code) = error {
        ack = ack.attr("error", code);
    }
    world.answer(Some(sender.at), sender.outgoing, ack.build());
}

fn listed_ids(node: &NodeRef<'_>) -> Vec<String> {
    node.get_optional_child("list")
        .map(|list| {
            list.get_children_by_tag("item")
                .map(|item| attr(item, "id").into_owned())
                .collect()
        })
        .unwrap_or_default()
}

fn forward(world: &mut World, from: DeviceAddress, node: &NodeRef<'_>, to: Located, kind: Kind) {
    let own = to.account == from.account;
    match kind {
        Kind::OwnCopy | Kind::Other => {}
        Kind::Retry if own && to.device == PHONE => {
            // What the phone sent could not be read: it begins a new session and sends it again.
            world.charge(
                to.account,
                Duty::ShareKeys {
                    with: from.device,
                    start: Start::Anew,
                },
            );
        }
        Kind::Retry => {
            let target = DeviceAddress {
                account: to.account,
                device: to.device,
            };
            let name = world.account(from.account).jid(from.device, to.namespace);
            let receipt = rewritten(world, node, NodeBuilder::new("receipt").attr("from", name));
            queue(world, target, receipt, from.account);
        }
        Kind::SeenPrivately => {
            // The chat is what the reader addressed; the reader's own companions mark it.
            tell_companions(world, from, node, from.account, Namespace::Phone);
        }
        Kind::Arrived | Kind::Seen if own => {}
        Kind::Arrived => {
            if !estranged(world, from.account, to.account) {
                tell_companions(world, from, node, to.account, to.namespace);
            }
        }
        Kind::Seen => {
            tell_companions(world, from, node, from.account, Namespace::Phone);
            // Clients that know of the setting say `read-self`; who says `read` all the same is not passed on (modelled).
            if !estranged(world, from.account, to.account)
                && world.may_see(to.account, from.account, PrivacyCategory::ReadReceipts)
            {
                tell_companions(world, from, node, to.account, to.namespace);
            }
        }
    }
}

/// Whether one of the two has blocked the other: there are no ticks between them (modelled).
fn estranged(world: &World, one: AccountId, other: AccountId) -> bool {
    world.account(one).blocked.contains(&other) || world.account(other).blocked.contains(&one)
}

/// Modelled: every companion of the account sees a receipt, whichever of them sent the message.
fn tell_companions(
    world: &mut World,
    from: DeviceAddress,
    node: &NodeRef<'_>,
    account: AccountId,
    namespace: Namespace,
) {
    let targets: Vec<u16> = world
        .account(account)
        .companions()
        .map(|(device, _)| device)
        .filter(|device| account != from.account || *device != from.device)
        .collect();
    let name = world.account(from.account).jid(from.device, namespace);
    for device in targets {
        let mut builder = NodeBuilder::new("receipt").attr("from", name.clone());
        if account == from.account
            && let Some(chat) = node.get_attr("to")
        {
            builder = builder.attr("recipient", chat.to_node_value());
        }
        let receipt = rewritten(world, node, builder);
        queue(world, DeviceAddress { account, device }, receipt, from.account);
    }
}

/// The receipt with the rest of its attributes and content.
fn rewritten(world: &World, node: &NodeRef<'_>, mut builder: NodeBuilder) -> Node {
    for key in ["id", "type"] {
        if let Some(value) = node.get_attr(key) {
            builder = builder.attr(key, value.to_node_value());
        }
    }
    // A retry names the chat when it is about an own device's copy.
    if attr(node, "type") == "retry"
        && let Some(value) = node.get_attr("recipient")
    {
        builder = builder.attr("recipient", value.to_node_value());
    }
    builder = builder.attr("t", world.now_s());
    let content: Vec<Node> = node
        .children()
        .unwrap_or_default()
        .iter()
        .map(NodeRef::to_owned)
        .collect();
    if content.is_empty() {
        builder.build()
    } else {
        builder.children(content).build()
    }
}

fn queue(world: &mut World, to: DeviceAddress, receipt: Node, from: AccountId) {
    if to.device == PHONE || !world.takes(to) {
        return;
    }
    let id = receipt
        .attrs
        .get("id")
        .map(|id| id.as_str().into_owned())
        .unwrap_or_default();
    world.enqueue(to, Entry::new(receipt, Class::Receipt, id, Some(from)));
}

//! `<call>`: what devices tell each other about calls, relayed and acknowledged.
//!
//! An offer, an answer and an end wait for devices that are away; a device that comes back sees from the `offline` attribute that it
//! missed the call. What only helps a call along (`transport`, `relaylatency`, …) goes to whoever is there. Modelled: there is no relay
//! for sound, so an offer's acknowledgement names none, and whom the privacy settings keep from calling rings nowhere without
//! learning of it.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Jid, Node, NodeRef};

use crate::address::{AccountId, DeviceAddress, Namespace, PHONE};
use crate::calls::{CallMedia, CallState};
use crate::privacy::PrivacyCategory;
use crate::queue::{Class, Entry};
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

const MALFORMED: u16 = 400;
const NO_SUCH_RECIPIENT: u16 = 404;
const NOT_SUPPORTED: u16 = 501;

/// Relays a `<call>` and acknowledges it.
pub(super) fn relay(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    let action = node.children().and_then(|children| children.first());
    let outcome = match action {
        Some(action) => accept(world, sender.at, node, action),
        None => Err(MALFORMED),
    };
    let mut ack = NodeBuilder::new("ack")
        .attr("class", "call")
        .attr("id", &*attr(node, "id"))
        .attr("t", world.now_s());
    if let Some(to) = node.get_attr("to") {
        ack = ack.attr("from", to.to_node_value());
    }
    if let Some(action) = action {
        ack = ack.attr("type", action.tag.to_string());
    }
    if let Err(code) = outcome {
        ack = ack.attr("error", code);
    }
    world.answer(Some(sender.at), sender.outgoing, ack.build());
}

fn accept(world: &mut World, from: DeviceAddress, node: &NodeRef<'_>, action: &NodeRef<'_>) -> Result<(), u16> {
    let to = jid_attr(node, "to").ok_or(MALFORMED)?;
    let call = attr(action, "call-id").into_owned();
    if call.is_empty() {
        // Links and group calls are made by other actions.
        return Err(NOT_SUPPORTED);
    }
    let located = world.locate(&to).ok_or(NO_SUCH_RECIPIENT)?;
    if action.tag == "offer" {
        if !world.may_see(from.account, located.account, PrivacyCategory::CallAdd) {
            return Ok(());
        }
        world.calls.ring(&call, from, located.account);
    }
    if let Some(state) = outcome(&action.tag) {
        world.calls.settle(&call, state, from);
    }
    let targets = match located.device {
        // A bare address: the phone is one of the devices that ring, and stays silent.
        PHONE => world.companions_of(located.account),
        device => vec![DeviceAddress {
            account: located.account,
            device,
        }],
    };
    for target in targets {
        if target != from && world.device(target).is_some() {
            let copy = copy_for(world, target, action);
            send(world, from, target, located.namespace, copy);
        }
    }
    dismiss_others(world, from, &call, action);
    Ok(())
}

/// What an action makes of a call.
fn outcome(tag: &str) -> Option<CallState> {
    match tag {
        "accept" => Some(CallState::Accepted),
        "reject" => Some(CallState::Rejected),
        "terminate" => Some(CallState::Ended),
        _ => None,
    }
}

/// The action as one device gets it: of an offer to many devices, the key that is encrypted for this one.
fn copy_for(world: &World, target: DeviceAddress, action: &NodeRef<'_>) -> Node {
    let mut copy = action.to_owned();
    let Some(destination) = action.get_optional_child("destination") else {
        return copy;
    };
    let own = destination.get_children_by_tag("to").find(|to| {
        let located = jid_attr(to, "jid").and_then(|jid| world.locate(&jid));
        located.is_some_and(|located| located.account == target.account && located.device == target.device)
    });
    let keys: Vec<Node> = own
        .and_then(|to| to.children())
        .unwrap_or_default()
        .iter()
        .map(NodeRef::to_owned)
        .collect();
    if let Some(whatsapp_rust::wacore_binary::NodeContent::Nodes(children)) = &mut copy.content {
        let at = children.iter().position(|child| child.tag == "destination");
        if let Some(at) = at {
            children.splice(at..=at, keys);
        }
    }
    copy
}

/// A phone that called stops its call on the devices that did not answer; companions that call do so themselves.
fn dismiss_others(world: &mut World, by: DeviceAddress, call: &str, action: &NodeRef<'_>) {
    let reason = match &*action.tag {
        "accept" => "accepted_elsewhere",
        "reject" => "rejected_elsewhere",
        _ => return,
    };
    let Some(known) = world.calls.get(call).cloned() else {
        return;
    };
    if known.caller.device != PHONE || known.callee != by.account || known.answered_by != Some(by.device) {
        return;
    }
    for at in world.companions_of(known.callee) {
        if at != by {
            let terminate = terminate(world, call, known.caller, Some(reason));
            send(world, known.caller, at, Namespace::Lid, terminate);
        }
    }
}

/// Hands an action to a device.
fn send(world: &mut World, from: DeviceAddress, to: DeviceAddress, namespace: Namespace, action: Node) {
    let waits = matches!(
        &*action.tag,
        "offer" | "offer_notice" | "accept" | "reject" | "terminate"
    );
    let id = world.stanza_id();
    let caller = world.account(from.account);
    let node = NodeBuilder::new("call")
        .attr("from", caller.jid(from.device, namespace))
        .attr("id", id.as_str())
        .attr("t", world.now_s())
        .attr("notify", caller.push_name.as_str())
        .children([action])
        .build();
    if waits {
        world.enqueue(to, Entry::new(node, Class::Call, id, Some(from.account)));
    } else {
        world.mention(to, node);
    }
}

/// The phone of `from` rings all companions of `to`. Answers the call's id.
pub(crate) fn ring(world: &mut World, from: AccountId, to: AccountId, media: CallMedia) -> String {
    let id = world
        .random_bytes::<16>()
        .iter()
        .fold(String::new(), |id, byte| format!("{id}{byte:02X}"));
    let caller = DeviceAddress {
        account: from,
        device: PHONE,
    };
    if !world.may_see(from, to, PrivacyCategory::CallAdd) {
        // It rings on the caller's side only.
        world.calls.ring(&id, caller, to);
        return id;
    }
    world.calls.ring(&id, caller, to);
    let mut content = vec![audio("8000"), audio("16000")];
    match media {
        CallMedia::Audio => {}
        CallMedia::Video => content.push(
            NodeBuilder::new("video")
                .attr("enc", "h.264")
                .attr("dec", "h.264")
                .build(),
        ),
    }
    content.push(NodeBuilder::new("net").attr("medium", "3").build());
    let offer = action(world, "offer", &id, caller)
        .attr("caller_pn", world.account(from).jid(PHONE, Namespace::Phone))
        .children(content)
        .build();
    for at in world.companions_of(to) {
        send(world, caller, at, Namespace::Lid, offer.clone());
    }
    id
}

/// A phone hangs up on its own call.
pub(crate) fn hang_up(world: &mut World, call: &str, reason: Option<&'static str>) -> bool {
    let Some(known) = world.calls.get(call).cloned() else {
        return false;
    };
    if known.caller.device != PHONE {
        return false;
    }
    match known.state {
        CallState::Ringing | CallState::Accepted => {}
        CallState::Rejected | CallState::Ended => return false,
    }
    world.calls.settle(call, CallState::Ended, known.caller);
    for at in world.companions_of(known.callee) {
        let terminate = terminate(world, call, known.caller, reason);
        send(world, known.caller, at, Namespace::Lid, terminate);
    }
    true
}

fn terminate(world: &World, call: &str, caller: DeviceAddress, reason: Option<&'static str>) -> Node {
    let terminate = action(world, "terminate", call, caller);
    match reason {
        Some(reason) => terminate.attr("reason", reason).build(),
        None => terminate.build(),
    }
}

fn action(world: &World, tag: &'static str, call: &str, caller: DeviceAddress) -> NodeBuilder {
    let creator: Jid = world.account(caller.account).jid(caller.device, Namespace::Lid);
    NodeBuilder::new(tag)
        .attr("call-id", call)
        .attr("call-creator", creator)
}

fn audio(rate: &'static str) -> Node {
    NodeBuilder::new("audio").attr("enc", "opus").attr("rate", rate).build()
}

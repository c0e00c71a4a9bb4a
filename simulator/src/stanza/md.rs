//! `md`: a companion leaves, or removes another one of its account, or all.

use whatsapp_rust::wacore_binary::NodeRef;

use crate::address::{DeviceAddress, PHONE};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, attr, devices, jid_attr};
use crate::stream_end::StreamEnd;
use crate::world::World;

pub(super) fn handle(world: &World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    match (verb, node.get_optional_child("remove-companion-device")) {
        (Verb::Set, Some(remove)) if targets(world, sender, remove).is_empty() => Answer::not_found(),
        (Verb::Set, Some(_)) => Answer::done(),
        // Linking is for clients that are not linked.
        (Verb::Set | Verb::Get, _) => Answer::not_implemented(),
    }
}

/// The companions of the sender's own account that are to go: the one that is named, or all of them.
fn targets(world: &World, sender: &Sender<'_>, remove: &NodeRef<'_>) -> Vec<DeviceAddress> {
    if attr(remove, "all") == "true" {
        return world.companions_of(sender.at.account);
    }
    let named = jid_attr(remove, "jid").and_then(|jid| world.locate(&jid));
    named
        .map(|located| DeviceAddress {
            account: located.account,
            device: located.device,
        })
        .filter(|at| at.account == sender.at.account && at.device != PHONE && world.device(*at).is_some())
        .into_iter()
        .collect()
}

/// The removal itself, once the request is answered.
pub(super) fn after_answer(world: &mut World, namespace: &str, verb: Verb, node: &NodeRef<'_>, sender: &Sender<'_>) {
    if namespace == "md"
        && verb == Verb::Set
        && let Some(remove_node) = node.get_optional_child("remove-companion-device")
    {
        for at in targets(world, sender, remove_node) {
            remove(world, at);
        }
    }
}

/// Takes a companion off its account: it is told, cut off, and everybody who knew it is told too. What waited for it is gone with it.
pub(crate) fn remove(world: &mut World, at: DeviceAddress) {
    let Some(device) = world.account_mut(at.account).devices.remove(&at.device) else {
        return;
    };
    world.stats.queued -= device.queue.len();
    world.newsletters.forget(at);
    if let Some(session) = device.session {
        world.answer(Some(at), &session.outgoing, StreamEnd::DeviceRemoved.stanza());
        session.outgoing.finish();
    }
    devices::announce(world, at, devices::Change::Removed);
}

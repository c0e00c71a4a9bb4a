//! `md`: a companion leaves, or removes another one of its account.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::NodeRef;

use crate::address::{DeviceAddress, PHONE};
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, devices, jid_attr};
use crate::world::World;

pub(super) fn handle(world: &World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    if verb == Verb::Set && node.get_optional_child("remove-companion-device").is_some() {
        return match target(world, sender, node) {
            Some(_) => Answer::done(),
            None => Answer::not_found(),
        };
    }
    // Pairing codes and the rest of linking from the companion's side.
    Answer::not_implemented()
}

/// The companion of the sender's own account that is to go.
fn target(world: &World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Option<DeviceAddress> {
    let remove = node.get_optional_child("remove-companion-device")?;
    let located = world.locate(&jid_attr(remove, "jid")?)?;
    let at = DeviceAddress {
        account: located.account,
        device: located.device,
    };
    (at.account == sender.at.account && at.device != PHONE && world.device(at).is_some()).then_some(at)
}

/// The removal itself, once the request is answered.
pub(super) fn after_answer(world: &mut World, namespace: &str, verb: Verb, node: &NodeRef<'_>, sender: &Sender<'_>) {
    if namespace == "md"
        && verb == Verb::Set
        && let Some(at) = target(world, sender, node)
    {
        remove(world, at);
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
        let removed = NodeBuilder::new("stream:error")
            .attr("code", 401_u16)
            .children([NodeBuilder::new("conflict").attr("type", "device_removed").build()])
            .build();
        world.answer(Some(at), &session.outgoing, removed);
        session.outgoing.finish();
    }
    devices::announce(world, at, devices::Change::Removed);
}

//! `passive`: a client says when it is ready for what waits for it.

use whatsapp_rust::wacore_binary::NodeRef;

use crate::device::Phase;
use crate::stanza::Sender;
use crate::stanza::iq::{Answer, Verb};
use crate::world::World;

pub(super) fn handle(node: &NodeRef<'_>) -> Answer {
    let known = node.get_optional_child("active").is_some() || node.get_optional_child("passive").is_some();
    if known { Answer::done() } else { Answer::bad_request() }
}

/// The first `active` of a connection opens its queue, backlog first. `passive` later on changes nothing (modelled).
pub(super) fn after_answer(world: &mut World, sender: &Sender<'_>, namespace: &str, verb: Verb, node: &NodeRef<'_>) {
    if namespace != "passive" || verb != Verb::Set || node.get_optional_child("active").is_none() {
        return;
    }
    let opens = world
        .device(sender.at)
        .and_then(|device| device.session.as_ref())
        .is_some_and(|session| session.outgoing.id == sender.outgoing.id && session.phase == Phase::Authed);
    if opens {
        world.open_queue(sender.at);
    let Some(device) = world.device_mut(sender.at) else {
        return;
    };
    let Some(session) = device
        .session
        .as_mut()
        .filter(|session| session.outgoing.id == sender.outgoing.id && session.phase == Phase::Authed)
    else {
        return;
    };
    let backlog = device.queue.rewind();
    session.phase = Phase::Draining { total: backlog.total() };
    if backlog.total() > 0 {
        let preview = NodeBuilder::new("ib")
            .attr("from", SERVER)
            .children([NodeBuilder::new("offline_preview")
                .attr("count", backlog.total())
                .attr("message", backlog.messages)
                .attr("receipt", backlog.receipts)
                .attr("notification", backlog.notifications)
                .attr("appdata", 0_u8)
                .attr("call", backlog.calls)
                .build()])
            .build();
        world.answer(Some(sender.at), sender.outgoing, preview);
    }
}

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
    }
}

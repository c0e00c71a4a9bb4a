//! A client's acknowledgement: the queued stanza has done its work. One that fits nothing is counted and otherwise ignored.

use whatsapp_rust::wacore_binary::NodeRef;

use crate::queue::Class;
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

/// `<ack class id to/>`. A refusal (`error`) settles the entry as well: sending the same bytes again would not help.
pub(super) fn settle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    let Some(class) = Class::parse(&attr(node, "class")) else {
        return;
    };
    // In a group, whom it is from stands beside the group.
    let from = jid_attr(node, "participant")
        .or_else(|| jid_attr(node, "to"))
        .and_then(|jid| world.locate(&jid))
        .map(|located| located.account);
    if !world.settle(sender.at, class, &attr(node, "id"), from) {
        tracing::debug!(?class, "an acknowledgement for nothing that waits");
        world.stats.unmatched_acks += 1;
    }
}

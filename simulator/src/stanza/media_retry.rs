//! A companion found a medium expired and asks for it again: `<receipt type="server-error" to=OWN_JID>`, which goes to the account's own
//! phone. What it is about is sealed with the medium's key; the phone answers with a `mediaretry` notification.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::NodeRef;

use crate::address::{DeviceAddress, Namespace, PHONE};
use crate::queue::{Class, Entry};
use crate::stanza::receipt::acknowledge;
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

/// Nobody but the own phone is asked (modelled: which error).
const NOT_THE_OWN_PHONE: u16 = 404;
/// The phone has not read what waits for it (modelled: which error).
const PHONE_BUSY: u16 = 503;

/// Hands the request to the phone.
pub(super) fn relay(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    let account = sender.at.account;
    let phone = DeviceAddress { account, device: PHONE };
    // One client names the account, the other itself.
    let asked = jid_attr(node, "to").and_then(|to| world.locate(&to));
    if asked.is_none_or(|asked| asked.account != account) {
        world.stats.refused_receipts += 1;
        return acknowledge(world, sender, node, Some(NOT_THE_OWN_PHONE));
    }
    if !world.takes(phone) {
        return acknowledge(world, sender, node, Some(PHONE_BUSY));
    }
    let id = attr(node, "id").into_owned();
    let children = node.children().unwrap_or_default();
    let request = NodeBuilder::new("receipt")
        .attr("from", world.account(account).jid(sender.at.device, Namespace::Phone))
        .attr("type", "server-error")
        .attr("id", id.as_str())
        .attr("t", world.now_s())
        .children(children.iter().map(NodeRef::to_owned))
        .build();
    world.stats.receipts += 1;
    world.enqueue(phone, Entry::new(request, Class::Receipt, id, Some(account)));
    acknowledge(world, sender, node, None);
}

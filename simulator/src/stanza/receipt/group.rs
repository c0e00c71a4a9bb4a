//! Receipts for group messages and status posts: they come from the group or the broadcast, name who sent them beside it, and go to
//! whoever wrote the message.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Jid, NodeRef};

use crate::address::{AccountId, DeviceAddress, Located, Namespace, PHONE};
use crate::groups::GroupId;
use crate::stanza::receipt::{Kind, queue, rewritten};
use crate::world::World;

/// `author` is the device that wrote the message.
pub(super) fn forward(
    world: &mut World,
    from: DeviceAddress,
    node: &NodeRef<'_>,
    chat: &Jid,
    author: Located,
    kind: Kind,
) {
    match kind {
        Kind::OwnCopy | Kind::Other => {}
        Kind::Retry => {
            let in_group = |account| match GroupId::of(chat) {
                Some(_) => world.role_in(chat, account).is_some(),
                None => true,
            };
            // Who is not in the group gets nothing out of those who are (modelled).
            if in_group(from.account) && in_group(author.account) {
                let to = DeviceAddress {
                    account: author.account,
                    device: author.device,
                };
                tell(world, from, &[to], node, chat);
            }
        }
        Kind::SeenPrivately => tell_account(world, from, from.account, node, chat),
        Kind::Arrived | Kind::Seen if author.account == from.account => {}
        Kind::Arrived => tell_account(world, from, author.account, node, chat),
        // Blue ticks in groups cannot be hidden: that is what the service tells its users.
        Kind::Seen => {
            tell_account(world, from, from.account, node, chat);
            tell_account(world, from, author.account, node, chat);
        }
    }
}

/// Modelled: every companion of the account sees a receipt, whichever of them wrote the message.
fn tell_account(world: &mut World, from: DeviceAddress, account: AccountId, node: &NodeRef<'_>, chat: &Jid) {
    let companions: Vec<DeviceAddress> = world
        .companions_of(account)
        .into_iter()
        .filter(|at| *at != from)
        .collect();
    tell(world, from, &companions, node, chat);
}

fn tell(world: &mut World, from: DeviceAddress, to: &[DeviceAddress], node: &NodeRef<'_>, chat: &Jid) {
    let reader = world.account(from.account);
    let builder = NodeBuilder::new("receipt")
        .attr("from", chat.clone())
        .attr("participant", reader.jid(from.device, Namespace::Lid))
        .attr("participant_pn", reader.jid(PHONE, Namespace::Phone));
    let receipt = rewritten(world, node, builder);
    for at in to {
        queue(world, *at, receipt.clone(), from.account);
    }
}

//! `w:gp2`: what every member is told when something about a group changes.
//!
//! One notification carries one change, because one of the clients reads no further than the first. The acting device is told as well
//! (modelled): no client minds, and one of them changes what it shows by the notification alone.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::Node;

use crate::address::{AccountId, Namespace};
use crate::groups::GroupId;
use crate::notification::Notification;
use crate::stanza::groups::Actor;
use crate::world::World;

/// Tells all members, and `also` those who have just stopped being one.
pub(super) fn tell(world: &mut World, by: Actor, also: &[AccountId], change: Node) {
    let notification = notification(world, by, change);
    world.notify_group(by.group, also, &notification);
}

/// Tells some accounts only: admins about requests, for instance.
pub(super) fn tell_only(world: &mut World, by: Actor, audience: &[AccountId], change: Node) {
    let notification = notification(world, by, change);
    for account in audience {
        world.notify_companions(*account, None, &notification);
    }
}

/// The admins of a group, who hear of requests.
pub(super) fn admins(world: &World, group: GroupId) -> Vec<AccountId> {
    world
        .groups
        .get(group)
        .map(|group| group.admins().collect())
        .unwrap_or_default()
}

fn notification(world: &World, by: Actor, change: Node) -> Notification {
    let actor = world.account(by.account);
    Notification::from("w:gp2", by.group.jid())
        .attr("participant", actor.jid(0, Namespace::Lid))
        .attr("participant_pn", actor.jid(0, Namespace::Phone))
        .attr("notify", actor.push_name.as_str())
        .attr("addressing_mode", "lid")
        .content([change])
}

/// A change that is a list of people.
pub(super) fn people(world: &World, tag: &'static str, accounts: &[AccountId]) -> NodeBuilder {
    let participants = accounts.iter().map(|account| participant(world, *account).build());
    NodeBuilder::new(tag).children(participants)
}

/// Somebody, under both addresses.
pub(super) fn participant(world: &World, account: AccountId) -> NodeBuilder {
    named(world, NodeBuilder::new("participant"), account)
}

/// Adds both addresses of an account to an element.
pub(super) fn named(world: &World, element: NodeBuilder, account: AccountId) -> NodeBuilder {
    let account = world.account(account);
    element
        .attr("jid", account.jid(0, Namespace::Lid))
        .attr("phone_number", account.jid(0, Namespace::Phone))
}

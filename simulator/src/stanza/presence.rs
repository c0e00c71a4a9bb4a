//! Presence and typing: told to whoever is there to see it and may, kept for nobody but a client that comes while somebody is typing.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::{AccountId, DeviceAddress, Namespace};
use crate::device::Presence;
use crate::privacy::PrivacyCategory;
use crate::stanza::{Sender, attr, jid_attr, profile};
use crate::world::World;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    match &*attr(node, "type") {
        "available" => {
            rename(world, sender, node);
            set(world, sender, Presence::Available);
        }
        "unavailable" => {
            rename(world, sender, node);
            set(world, sender, Presence::Unavailable);
        }
        // Only a name: whether anybody is there stays as it was.
        "" => rename(world, sender, node),
        "subscribe" => {
            if let Some(to) = jid_attr(node, "to").and_then(|to| world.locate(&to)) {
                subscribe(world, sender, to.account, to.namespace);
            }
        }
        "unsubscribe" => {
            if let Some(to) = jid_attr(node, "to").and_then(|to| world.locate(&to))
                && let Some(session) = world.device_mut(sender.at).and_then(|device| device.session.as_mut())
            {
                session.watching.remove(&to.account);
            }
        }
        _ => {}
    }
}

/// Clients name themselves along with their presence; contacts see that name from then on.
fn rename(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    let name = attr(node, "name");
    if !name.is_empty() {
        profile::renamed(world, sender.at, &name);
    }
}

fn set(world: &mut World, sender: &Sender<'_>, to: Presence) {
    if let Some(session) = world.device_mut(sender.at).and_then(|device| device.session.as_mut()) {
        session.presence = to;
    }
    refresh(world, sender.at.account);
}

/// A subscription lasts as long as the connection, and is answered with how things are now. A token beside it changes nothing
/// (modelled): whom it was given to is a contact.
fn subscribe(world: &mut World, sender: &Sender<'_>, subject: AccountId, namespace: Namespace) {
    let Some(session) = world.device_mut(sender.at).and_then(|device| device.session.as_mut()) else {
        return;
    };
    session.watching.insert(subject, namespace);
    world
        .account_mut(subject)
        .whereabouts
        .watched_by
        .insert(sender.at.account);
    let current = presence(world, sender.at.account, subject, namespace);
    world.answer(Some(sender.at), sender.outgoing, current);
}

/// Looks whether an account is there, and tells its watchers if that has changed. Somebody is there when any of their companions says
/// so; they were last there when the last one left.
pub(crate) fn refresh(world: &mut World, account: AccountId) {
    let there = world
        .account(account)
        .companions()
        .filter_map(|(_, device)| device.session.as_ref())
        .any(|session| session.presence == Presence::Available);
    let now = if there {
        Presence::Available
    } else {
        Presence::Unavailable
    };
    let at_s = world.now_s();
    let whereabouts = &mut world.account_mut(account).whereabouts;
    if whereabouts.shown == now {
        return;
    }
    whereabouts.shown = now;
    match now {
        Presence::Available => {}
        Presence::Unavailable => whereabouts.last_seen = Some(at_s),
    }
    for viewer in watchers(world, account) {
        // Who may see nothing is not told that something has changed.
        if world.may_see(viewer, account, PrivacyCategory::Online)
            || world.may_see(viewer, account, PrivacyCategory::Last)
        {
            tell_one(world, account, viewer);
        }
    }
}

/// Tells an account's watchers how things are, because what they may see has changed.
pub(crate) fn tell(world: &mut World, account: AccountId) {
    for viewer in watchers(world, account) {
        tell_one(world, account, viewer);
    }
}

fn watchers(world: &World, account: AccountId) -> Vec<AccountId> {
    world.account(account).whereabouts.watched_by.iter().copied().collect()
}

/// Tells those companions of `viewer` that watch `account`.
pub(crate) fn tell_one(world: &mut World, account: AccountId, viewer: AccountId) {
    let watching: Vec<(DeviceAddress, Namespace)> = world
        .account(viewer)
        .companions()
        .filter_map(|(device, state)| {
            let namespace = state.session.as_ref()?.watching.get(&account)?;
            let at = DeviceAddress {
                account: viewer,
                device,
            };
            Some((at, *namespace))
        })
        .collect();
    if watching.is_empty() {
        // Their connections ended; whoever comes back subscribes again.
        world.account_mut(account).whereabouts.watched_by.remove(&viewer);
    }
    for (at, namespace) in watching {
        let node = presence(world, viewer, account, namespace);
        world.mention(at, node);
    }
}

/// What `viewer` sees of `subject`, under the address they know.
fn presence(world: &World, viewer: AccountId, subject: AccountId, namespace: Namespace) -> Node {
    let state = world.account(subject);
    let node = NodeBuilder::new("presence").attr("from", state.jid(0, namespace));
    if state.whereabouts.shown == Presence::Available && world.may_see(viewer, subject, PrivacyCategory::Online) {
        return node.attr("type", "available").build();
    }
    let node = node.attr("type", "unavailable");
    // Who is there and hides it has not left: there is no time to give either.
    if state.whereabouts.shown == Presence::Available || !world.may_see(viewer, subject, PrivacyCategory::Last) {
        return node.attr("last", "deny").build();
    }
    match state.whereabouts.last_seen {
        Some(last) => node.attr("last", last).build(),
        None => node.build(),
    }
}

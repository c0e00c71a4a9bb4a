//! Device lists: what an account's devices are, and telling those who know it when that changes.

use std::collections::BTreeSet;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::messages::MessageUtils;
use whatsapp_rust::wacore_binary::{Jid, Node};

use crate::address::{AccountId, DeviceAddress, Namespace, PHONE};
use crate::notification::Notification;
use crate::world::World;

/// What happened to a companion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Removed,
}

/// The `devices` answer of usync. A client that has the list already, by its hash, is not sent it again.
pub(super) fn list(world: &mut World, account: AccountId, known_hash: &str) -> Node {
    let hash = hash(world, account);
    let mut content = Vec::new();
    if hash.is_empty() || hash != known_hash {
        let devices = world.account(account).devices.iter().map(|(id, device)| {
            let node = NodeBuilder::new("device").attr("id", *id);
            match &device.companion {
                Some(companion) => node.attr("key-index", companion.key_index).build(),
                None => node.build(),
            }
        });
        let list = NodeBuilder::new("device-list")
            .attr("hash", hash.as_str())
            .children(devices)
            .build();
        content.push(list);
    }
    if let Some(indexes) = key_index_list(world, account) {
        content.push(indexes);
    }
    NodeBuilder::new("devices").children(content).build()
}

/// Modelled: the hash over the devices' JIDs; to clients it is opaque.
fn hash(world: &World, account: AccountId) -> String {
    let state = world.account(account);
    let jids: Vec<Jid> = state
        .devices
        .keys()
        .map(|device| state.jid(*device, Namespace::Phone))
        .collect();
    MessageUtils::participant_list_hash(&jids).unwrap_or_default()
}

/// `<key-index-list>`, signed anew with the current time; absent while nothing was ever linked.
fn key_index_list(world: &mut World, account: AccountId) -> Option<Node> {
    let at_s = world.now_s();
    let state = world.account(account);
    let current = state.current_key_index();
    if current == 0 {
        return None;
    }
    let valid = state.valid_key_indexes();
    let identity = state.identity.clone();
    match identity.sign_indexes(&mut world.rng, current, valid, at_s) {
        Ok(signed) => Some(
            NodeBuilder::new("key-index-list")
                .attr("ts", at_s)
                .bytes(signed)
                .build(),
        ),
        Err(error) => {
            tracing::warn!(%error, "signing a key index list failed");
            None
        }
    }
}

/// Tells everybody who knows the account, its own other companions included. Once under each of its addresses, because a sender keeps
/// a list per address it has used.
pub(crate) fn announce(world: &mut World, changed: DeviceAddress, change: Change) {
    let account = changed.account;
    let Some(indexes) = key_index_list(world, account) else {
        return;
    };
    let hash = hash(world, account);
    let key_index = world
        .device(changed)
        .and_then(|device| device.companion.as_ref())
        .map(|companion| companion.key_index);
    let audience = audience(world, account, Some(changed));
    let notifications = [Namespace::Lid, Namespace::Phone].map(|namespace| {
        let mut device = NodeBuilder::new("device").attr("jid", world.account(account).jid(changed.device, namespace));
        if let Some(key_index) = key_index {
            device = device.attr("key-index", key_index);
        }
        let operation = match change {
            Change::Added => NodeBuilder::new("add"),
            Change::Removed => NodeBuilder::new("remove"),
        }
        .attr("device_hash", hash.as_str())
        .children([device.build(), indexes.clone()])
        .build();
        let notification = Notification::from("devices", world.account(account).jid(0, namespace))
            .about(account)
            .content([operation]);
        match namespace {
            Namespace::Phone => notification.attr("lid", world.account(account).jid(0, Namespace::Lid)),
            Namespace::Lid => notification,
        }
    });
    for to in audience {
        for notification in &notifications {
            world.notify(to, notification);
        }
    }
}

/// Tells everybody who knows the account that its phone has another identity. Modelled: once, under its number, with the LID beside it.
pub(crate) fn announce_identity(world: &mut World, account: AccountId) {
    let state = world.account(account);
    let notification = Notification::from("encrypt", state.jid(PHONE, Namespace::Phone))
        .about(account)
        .attr("lid", state.jid(PHONE, Namespace::Lid))
        .content([NodeBuilder::new("identity").build()]);
    for to in audience(world, account, None) {
        world.notify(to, &notification);
    }
}

/// The companions of all who know an account, its own included.
fn audience(world: &World, account: AccountId, except: Option<DeviceAddress>) -> Vec<DeviceAddress> {
    let others = world.account(account).watchers.iter().copied();
    others
        .chain([account])
        .collect::<BTreeSet<_>>()
        .into_iter()
        .flat_map(|watcher| world.companions_of(watcher))
        .filter(|at| Some(*at) != except)
        .collect()
}

//! `w:sync:app:state`: collections are read from a version on and extended by patches.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::DeviceAddress;
use crate::appstate::PatchError;
use crate::notification::Notification;
use crate::stanza::iq::Answer;
use crate::stanza::{Sender, attr};
use crate::world::World;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Answer {
    let Some(sync) = node.get_optional_child("sync") else {
        return Answer::bad_request();
    };
    let mut answers = Vec::new();
    let mut changed = Vec::new();
    for collection in sync.get_children_by_tag("collection") {
        let name = attr(collection, "name").into_owned();
        let base = attr(collection, "version").parse().unwrap_or(0);
        let Some(patch) = collection
            .get_optional_child("patch")
            .and_then(|patch| patch.content_bytes())
        else {
            answers.push(content(world, sender, &name, base));
            continue;
        };
        let collections = &mut world.account_mut(sender.at.account).collections;
        match collections.append(&name, base, patch) {
            Ok(()) => {
                answers.push(accepted(&name, collections.version(&name)));
                changed.push(name);
            }
            Err(PatchError::Conflict) => answers.push(refused(&name, 409, "conflict")),
            Err(PatchError::Invalid) => answers.push(refused(&name, 400, "bad-request")),
        }
    }
    for name in changed {
        tell_siblings(world, sender.at, &name);
    }
    Answer::Result(vec![NodeBuilder::new("sync").children(answers).build()])
}

fn named(name: &str) -> NodeBuilder {
    NodeBuilder::new("collection").attr("name", name)
}

/// Modelled: always patches, never a snapshot, so that nothing has to be fetched over HTTP.
fn content(world: &World, sender: &Sender<'_>, name: &str, base: u64) -> Node {
    let collections = &world.account(sender.at.account).collections;
    let collection = named(name)
        .attr("type", "result")
        .attr("version", collections.version(name))
        .attr("has_more_patches", "false");
    let patches = collections.since(name, base);
    if patches.is_empty() {
        return collection.build();
    }
    let patches = patches
        .iter()
        .map(|patch| NodeBuilder::new("patch").bytes(patch.clone()).build());
    collection
        .children([NodeBuilder::new("patches").children(patches).build()])
        .build()
}

fn accepted(name: &str, version: u64) -> Node {
    named(name).attr("type", "result").attr("version", version).build()
}

fn refused(name: &str, code: u16, text: &'static str) -> Node {
    named(name)
        .attr("type", "error")
        .children([NodeBuilder::new("error").attr("code", code).attr("text", text).build()])
        .build()
}

/// The account's other companions are told to fetch.
fn tell_siblings(world: &mut World, from: DeviceAddress, name: &str) {
    let version = world.account(from.account).collections.version(name);
    let notification = Notification::of_server("server_sync").content([named(name).attr("version", version).build()]);
    world.notify_companions(from.account, Some(from), &notification);
}

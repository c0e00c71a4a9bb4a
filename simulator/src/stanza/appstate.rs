//! `w:sync:app:state`: collections are read from a version on and extended by patches.

use rand_signal::RngExt as _;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::wacore_binary::{Node, NodeRef};
use whatsapp_rust::waproto::whatsapp::ExternalBlobReference;

use crate::address::{AccountId, DeviceAddress};
use crate::appstate::{CollectionName, More, Refusal};
use crate::notification::Notification;
use crate::sealed::Purpose;
use crate::stanza::iq::Answer;
use crate::stanza::{Sender, attr};
use crate::world::World;

/// Patches in one answer; for more the client has to ask again (modelled).
const PAGE: usize = 100;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Answer {
    let Some(sync) = node.get_optional_child("sync") else {
        return Answer::bad_request();
    };
    let mut answers = Vec::new();
    let mut changed = Vec::new();
    for collection in sync.get_children_by_tag("collection") {
        let given = attr(collection, "name");
        let Some(name) = CollectionName::parse(&given) else {
            answers.push(refused(&given, 404, "item-not-found"));
            continue;
        };
        let base = attr(collection, "version").parse().unwrap_or(0);
        let Some(patch) = collection
            .get_optional_child("patch")
            .and_then(|patch| patch.content_bytes())
        else {
            let asked = attr(collection, "return_snapshot") == "true";
            let version = world.account(sender.at.account).app_state.collection(name).version();
            // Whoever has a version and asks has lost its way. Who names none may be new, and is quicker with a few patches (modelled).
            let due = asked && version > if base == 0 { world.snapshot_after } else { 0 };
            answers.push(if due {
                snapshot(world, sender, name)
            } else {
                content(world, sender, name, base)
            });
            continue;
        };
        match world.account_mut(sender.at.account).app_state.accept(name, base, patch) {
            Ok(()) => {
                answers.push(accepted(world, sender, name));
                changed.push(name);
            }
            Err(Refusal::Conflict) => answers.push(conflict(world, sender, name, base)),
            Err(refusal) => {
                tracing::warn!(collection = name.as_str(), device = sender.at.device, %refusal, "app-state patch refused");
                answers.push(refused(name.as_str(), 400, "bad-request"));
            }
        }
    }
    for name in changed {
        announce(world, sender.at.account, Some(sender.at), name);
    }
    Answer::Result(vec![NodeBuilder::new("sync").children(answers).build()])
}

fn named(name: &str) -> NodeBuilder {
    NodeBuilder::new("collection").attr("name", name)
}

/// What a client at version `base` lacks.
fn content(world: &World, sender: &Sender<'_>, name: CollectionName, base: u64) -> Node {
    missing(world, sender, name, base, "result", Vec::new())
}

/// The collection as a file in the media store; it stands at the newest version, so that no patch is missing after it.
fn snapshot(world: &mut World, sender: &Sender<'_>, name: CollectionName) -> Node {
    let state = &world.account(sender.at.account).app_state;
    let (version, plain) = (state.collection(name).version(), state.snapshot(name));
    let key = world.rng.random();
    let file = world.seal(Purpose::AppState, &plain, key);
    let reference = ExternalBlobReference {
        media_key: Some(file.key.to_vec()),
        direct_path: Some(file.direct_path),
        handle: None,
        file_size_bytes: Some(file.size),
        file_sha256: Some(file.sha256.to_vec()),
        file_enc_sha256: Some(file.enc_sha256.to_vec()),
    };
    named(name.as_str())
        .attr("type", "result")
        .attr("version", version)
        .attr("has_more_patches", "false")
        .children([NodeBuilder::new("snapshot").bytes(reference.encode_to_vec()).build()])
        .build()
}

/// The client is to take in what it missed, which comes along, and to build its patch again on top of it.
fn conflict(world: &World, sender: &Sender<'_>, name: CollectionName, base: u64) -> Node {
    missing(world, sender, name, base, "error", vec![error(409, "conflict")])
}

fn missing(
    world: &World,
    sender: &Sender<'_>,
    name: CollectionName,
    base: u64,
    kind: &'static str,
    mut children: Vec<Node>,
) -> Node {
    let collection = world.account(sender.at.account).app_state.collection(name);
    let (patches, more) = collection.since(base, PAGE);
    let node = named(name.as_str())
        .attr("type", kind)
        .attr("version", collection.version())
        .attr(
            "has_more_patches",
            match more {
                More::Yes => "true",
                More::No => "false",
            },
        );
    if !patches.is_empty() {
        let patches = patches
            .iter()
            .map(|patch| NodeBuilder::new("patch").bytes(patch.clone()).build());
        children.push(NodeBuilder::new("patches").children(patches).build());
    }
    if children.is_empty() {
        node.build()
    } else {
        node.children(children).build()
    }
}

fn accepted(world: &World, sender: &Sender<'_>, name: CollectionName) -> Node {
    let version = world.account(sender.at.account).app_state.collection(name).version();
    named(name.as_str())
        .attr("type", "result")
        .attr("version", version)
        .build()
}

fn refused(name: &str, code: u16, text: &'static str) -> Node {
    named(name).attr("type", "error").children([error(code, text)]).build()
}

fn error(code: u16, text: &'static str) -> Node {
    NodeBuilder::new("error").attr("code", code).attr("text", text).build()
}

/// Tells companions but `except` that there is something to fetch.
pub(crate) fn announce(world: &mut World, account: AccountId, except: Option<DeviceAddress>, name: CollectionName) {
    let version = world.account(account).app_state.collection(name).version();
    let changed = named(name.as_str()).attr("version", version).build();
    let notification = Notification::of_server("server_sync").content([changed]);
    world.notify_companions(account, except, &notification);
}

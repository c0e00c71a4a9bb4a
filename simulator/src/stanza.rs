//! What stanzas mean: one file per kind, each a set of functions over the world.
//!
//! A handler never waits, never fails the connection and answers every request, if only with an error the client knows.

mod ack;
pub(crate) mod appstate;
pub(crate) mod blocklist;
mod business;
pub(crate) mod call;
mod catalogue;
pub(crate) mod chatstate;
pub(crate) mod devices;
mod encrypt;
pub(crate) mod groups;
mod ib;
mod iq;
pub(crate) mod md;
mod media_conn;
mod media_retry;
pub(crate) mod message;
mod mex;
pub(crate) mod newsletters;
mod passive;
mod pictures;
pub(crate) mod presence;
pub(crate) mod privacy;
pub(crate) mod profile;
mod receipt;
mod receipt_check;
mod settings;
mod status_privacy;
mod usync;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Jid, NodeRef};

use crate::address::DeviceAddress;
use crate::outgoing::Outgoing;
use crate::unknown::Strictness;
use crate::world::World;
use crate::xml;

/// Who sent a stanza and where answers go.
pub(crate) struct Sender<'a> {
    pub(crate) at: DeviceAddress,
    pub(crate) outgoing: &'a Outgoing,
}

/// Handles one stanza of a logged-in device.
pub(crate) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    if let Some(what) = catalogue::unknown(node) {
        note_unknown(world, what, node);
        match world.strictness {
            Strictness::Lenient => {}
            Strictness::Strict => return refuse(world, sender, node),
        }
    }
    match &*node.tag {
        "message" => message::relay(world, sender, node),
        "receipt" => receipt::relay(world, sender, node),
        "ack" => ack::settle(world, sender, node),
        "call" => call::relay(world, sender, node),
        "iq" => iq::handle(world, sender, node),
        "presence" => presence::handle(world, sender, node),
        "chatstate" => chatstate::relay(world, sender, node),
        "ib" => ib::handle(world, sender, node),
        other => tracing::debug!(tag = other, "stanza ignored"),
    }
}

/// Writes down that nobody knows what a stanza means.
fn note_unknown(world: &mut World, what: String, node: &NodeRef<'_>) {
    tracing::debug!(what, "unknown stanza");
    world.stats.unknown_stanzas += 1;
    world.unknown.note(what, || xml::render(node));
}

/// A strict server's answer to what is unknown: an error to a request, and the end of the connection to anything else (modelled: what the
/// real service does is not known).
fn refuse(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    if node.tag == "iq" && matches!(&*attr(node, "type"), "get" | "set") {
        return iq::refuse(world, sender, node);
    }
    let error = NodeBuilder::new("stream:error")
        .children([NodeBuilder::new("xml-not-well-formed").build()])
        .build();
    world.answer(Some(sender.at), sender.outgoing, error);
    sender.outgoing.finish();
}

/// An attribute as text; empty when absent.
fn attr<'n>(node: &'n NodeRef<'_>, key: &str) -> std::borrow::Cow<'n, str> {
    node.get_attr(key).map(|value| value.as_str()).unwrap_or_default()
}

/// An attribute as a JID; `None` when absent or not one.
fn jid_attr(node: &NodeRef<'_>, key: &str) -> Option<Jid> {
    node.get_attr(key)?.to_jid()
}

//! What must be true of any message before it is looked at as one: its author, its copies' form, its identity, its id.
//!
//! Modelled: which code each refusal carries. None of them is seen from a client that does what it should.

use whatsapp_rust::wacore_binary::{Jid, NodeRef, Server};

use crate::address::PHONE;
use crate::authored::Chat;
use crate::nack::Nack;
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

/// The one version of encrypted copies.
const VERSION: &str = "2";

/// Checks a message to `to`. Answers the error code of a refusal.
pub(super) fn inspect(world: &mut World, sender: &Sender<'_>, to: &Jid, node: &NodeRef<'_>) -> Result<(), Nack> {
    author(world, sender, node)?;
    for copy in copies(node) {
        well_formed(copy)?;
    }
    if let Some(identity) = node.get_optional_child("device-identity") {
        let own = world
            .device(sender.at)
            .and_then(|device| device.companion.as_ref())
            .zip(identity.content_bytes())
            .is_some_and(|(companion, given)| {
                let account = &world.account(sender.at.account).identity;
                account.is_same(&companion.signed_identity, given)
            });
        if !own {
            return Err(refused(sender, "it shows another device's identity", Nack::Forbidden));
        }
    }
    parties(world, sender, to, node)?;
    // What a client asks of its own phone is nobody's chat.
    if attr(node, "category") == "peer" {
        return Ok(());
    }
    let chat = jid_attr(node, "recipient").unwrap_or_else(|| to.clone());
    let chat = match world.locate(&chat) {
        Some(located) => Chat::With(located.account),
        None => Chat::Named(chat.to_non_ad_string().into()),
    };
    let id = attr(node, "id");
    let fresh = world
        .device_mut(sender.at)
        .is_none_or(|device| device.authored.admits(&id, chat));
    if !fresh {
        return Err(refused(
            sender,
            "its id stands for a message to another chat",
            Nack::Taken,
        ));
    }
    Ok(())
}

fn refused(sender: &Sender<'_>, why: &'static str, code: Nack) -> Nack {
    tracing::info!(device = ?sender.at, why, "a message was refused");
    code
}

/// Clients do not say who they are: the connection does. One that says it anyway must not lie.
fn author(world: &World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Result<(), Nack> {
    if node.get_attr("from").is_none() {
        return Ok(());
    }
    let own = jid_attr(node, "from")
        .and_then(|jid| world.locate(&jid))
        .is_some_and(|from| from.account == sender.at.account && [PHONE, sender.at.device].contains(&from.device));
    if own {
        Ok(())
    } else {
        Err(refused(sender, "it claims another sender", Nack::Forbidden))
    }
}

/// Every encrypted copy in a message, the shared one and those for single devices.
fn copies<'n, 'b>(node: &'n NodeRef<'b>) -> impl Iterator<Item = &'n NodeRef<'b>> {
    let listed = node
        .get_optional_child("participants")
        .into_iter()
        .flat_map(|participants| participants.get_children_by_tag("to"))
        .flat_map(|to| to.get_children_by_tag("enc"));
    node.get_children_by_tag("enc").chain(listed)
}

fn well_formed(enc: &NodeRef<'_>) -> Result<(), Nack> {
    let known = match &*attr(enc, "type") {
        "msg" | "pkmsg" | "skmsg" | "msmsg" => true,
        other => {
            tracing::info!(kind = other, "a copy of an unknown kind was refused");
            false
        }
    };
    let filled = enc.content_bytes().is_some_and(|bytes| !bytes.is_empty());
    if known && filled && attr(enc, "v") == VERSION {
        Ok(())
    } else {
        Err(Nack::Malformed)
    }
}

/// In a direct chat, copies are for the devices of its two accounts and nobody else.
fn parties(world: &World, sender: &Sender<'_>, to: &Jid, node: &NodeRef<'_>) -> Result<(), Nack> {
    match to.server {
        Server::Pn | Server::Lid => {}
        Server::Group
        | Server::Broadcast
        | Server::Newsletter
        | Server::Hosted
        | Server::HostedLid
        | Server::Messenger
        | Server::Interop
        | Server::Bot
        | Server::Legacy
        | Server::Call => return Ok(()),
    }
    let Some(chat) = world.locate(to) else {
        return Ok(());
    };
    let strangers = node
        .get_optional_child("participants")
        .into_iter()
        .flat_map(|participants| participants.get_children_by_tag("to"))
        .any(|copy| {
            jid_attr(copy, "jid")
                .and_then(|jid| world.locate(&jid))
                .is_none_or(|at| at.account != chat.account && at.account != sender.at.account)
        });
    if strangers {
        return Err(refused(
            sender,
            "it carries copies for somebody outside the chat",
            Nack::Forbidden,
        ));
    }
    Ok(())
}

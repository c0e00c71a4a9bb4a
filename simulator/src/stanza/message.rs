//! Messages: where each kind of address is handled, and the acknowledgement that tells the sender how it went.

mod direct;
mod group;
mod inspect;
pub(crate) mod newsletter;
pub(super) mod status;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{NodeRef, Server};

use crate::nack::Nack;
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

/// Relays a `<message>` and acknowledges it. Modelled: an id that was sent before
/// into the same chat is relayed again; receivers drop what they know.
pub(super) fn relay(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    let outcome = accept(world, sender, node);
    let id = attr(node, "id");
    let mut ack = NodeBuilder::new("ack")
        .attr("class", "message")
        .attr("id", &*id)
        .attr("t", world.now_s());
    if let Some(to) = node.get_attr("to") {
        ack = ack.attr("from", to.to_node_value());
    }
    match outcome {
        Ok(accepted) => {
            world.stats.messages += 1;
            match accepted {
                Accepted::Relayed(None) => {}
                Accepted::Relayed(Some(phash)) => ack = ack.attr("phash", phash),
                Accepted::Published(server_id) => ack = ack.attr("server_id", server_id),
            }
        }
        Err(nack) => {
            tracing::debug!(?nack, "message refused");
            world.stats.refused_messages += 1;
            ack = ack.attr("error", nack.code());
        }
    }
    world.answer(Some(sender.at), sender.outgoing, ack.build());
}

/// What became of a message that was taken in.
enum Accepted {
    /// It is on its way; with the participant hash when the sender's list was stale.
    Relayed(Option<String>),
    /// It has this number in its newsletter, or is about the post with it.
    Published(u64),
}

/// Hands a message to whoever serves its address. Answers an error code when the message is refused; then nobody has got it.
fn accept(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Result<Accepted, Nack> {
    let to = jid_attr(node, "to").ok_or(Nack::Malformed)?;
    if attr(node, "id").is_empty() {
        return Err(Nack::Malformed);
    }
    inspect::inspect(world, sender, &to, node)?;
    match to.server {
        Server::Pn | Server::Lid => direct::accept(world, sender, &to, node).map(Accepted::Relayed),
        Server::Group => group::accept(world, sender, &to, node).map(Accepted::Relayed),
        Server::Newsletter => newsletter::accept(world, sender, &to, node).map(Accepted::Published),
        Server::Broadcast if status::is_status(&to) => status::accept(world, sender, node).map(Accepted::Relayed),
        Server::Broadcast
        | Server::Hosted
        | Server::HostedLid
        | Server::Messenger
        | Server::Interop
        | Server::Bot
        | Server::Legacy
        | Server::Call => Err(Nack::NotSupported),
    }
}

//! `<ib>`: a client asks for more of its backlog. `unified_session` and the rest are for the service's own statistics.

use whatsapp_rust::wacore_binary::NodeRef;

use crate::stanza::{Sender, attr};
use crate::world::World;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    if let Some(batch) = node.get_optional_child("offline_batch")
        && let Ok(count) = attr(batch, "count").parse()
    {
        world.ask_for_batch(sender.at, count);
    }
}

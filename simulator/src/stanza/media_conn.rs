//! `w:m`: where to upload and fetch media, and the token that uploads show.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::NodeRef;

use crate::stanza::Sender;
use crate::stanza::iq::Answer;
use crate::world::World;

/// Seconds until a client asks again.
const TTL_S: u64 = 3600;
/// Buckets of the real service's hosts (modelled: there is one host).
const MAX_BUCKETS: u32 = 12;

pub(super) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) -> Answer {
    if node.get_optional_child("media_conn").is_none() {
        return Answer::not_implemented();
    }
    let (auth, auth_ttl) = world.media_token(sender.at.account);
    let host = NodeBuilder::new("host")
        .attr("hostname", world.blobs.host())
        .attr("type", "primary")
        .children([NodeBuilder::new("upload").build(), NodeBuilder::new("download").build()])
        .build();
    Answer::Result(vec![
        NodeBuilder::new("media_conn")
            .attr("auth", auth)
            .attr("ttl", TTL_S)
            .attr("auth_ttl", auth_ttl)
            .attr("max_buckets", MAX_BUCKETS)
            .children([host])
            .build(),
    ])
}

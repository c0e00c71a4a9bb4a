//! How posts are written out: whole, as history and followers get them, or only what changed.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::Node;

use crate::address::AccountId;
use crate::newsletters::Post;

/// A post with everything about it, as `reader` sees it.
pub(in crate::stanza) fn whole(post: &Post, reader: AccountId) -> Node {
    let mut node = NodeBuilder::new("message")
        .attr("id", post.id.as_str())
        .attr("server_id", post.server_id)
        .attr("t", post.at_s)
        .attr("type", post.kind.as_str());
    if post.author == reader {
        node = node.attr("is_sender", "true");
    }
    let mut content = vec![plaintext(post)];
    content.extend(meta(post));
    content.extend(counts(post));
    node.children(content).build()
}

/// What changed about a post.
pub(in crate::stanza) fn changed(post: &Post) -> Node {
    let mut content = counts(post);
    if post.changed_s.is_some() {
        content.push(plaintext(post));
        content.extend(meta(post));
    }
    NodeBuilder::new("message")
        .attr("server_id", post.server_id)
        .attr("t", post.at_s)
        .children(content)
        .build()
}

/// A post as it is sent to followers, without counts.
pub(in crate::stanza) fn sent(post: &Post, mut node: NodeBuilder) -> Node {
    node = node
        .attr("id", post.id.as_str())
        .attr("server_id", post.server_id)
        .attr("t", post.at_s)
        .attr("type", post.kind.as_str());
    if post.changed_s.is_some() {
        // The same numbers as from the author: 3 changes a post, 8 takes it back.
        node = node.attr("edit", if post.content.is_empty() { "8" } else { "3" });
    }
    let mut content = vec![plaintext(post)];
    content.extend(meta(post));
    node.children(content).build()
}

fn plaintext(post: &Post) -> Node {
    let mut node = NodeBuilder::new("plaintext");
    if let Some(media) = &post.media {
        node = node.attr("mediatype", media.as_str());
    }
    node.bytes(post.content.clone()).build()
}

fn meta(post: &Post) -> Option<Node> {
    let changed = post.changed_s?;
    Some(
        NodeBuilder::new("meta")
            .attr("msg_edit_t", changed)
            .attr("original_msg_t", post.at_s)
            .build(),
    )
}

/// Reactions and views. The reactions are always there, so that the last one taken back shows.
fn counts(post: &Post) -> Vec<Node> {
    let reactions = post.reactions().into_iter().map(|(code, count)| {
        NodeBuilder::new("reaction")
            .attr("code", code)
            .attr("count", count)
            .build()
    });
    let mut counts = vec![NodeBuilder::new("reactions").children(reactions).build()];
    if post.views > 0 {
        counts.push(NodeBuilder::new("views_count").attr("count", post.views).build());
    }
    counts
}

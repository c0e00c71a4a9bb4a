//! The stanzas, types and attributes that clients are known to send. What is not here is unknown, whatever its handler makes of it.
//!
//! Taken from what two client libraries write. Namespaces of requests and what is in them are not listed: their handlers know, and answer
//! 501 to what they do not.

use whatsapp_rust::wacore_binary::NodeRef;

use crate::stanza::attr;

/// One tag.
struct Known {
    attributes: &'static [&'static str],
    /// Values of `type`; the empty one is none at all.
    types: &'static [&'static str],
}

fn known(tag: &str) -> Option<Known> {
    Some(match tag {
        "iq" => Known {
            attributes: &["id", "to", "from", "type", "xmlns", "target", "smax_id", "t"],
            types: &["get", "set", "result", "error"],
        },
        "message" => Known {
            attributes: &[
                "id",
                "to",
                "type",
                "edit",
                "category",
                "addressing_mode",
                "phash",
                "participant",
                "recipient",
                "device_fanout",
                "push_priority",
                "privacy_sensitive",
                "verified_name",
                "verified_level",
                "server_id",
                "t",
            ],
            types: &["text", "media", "medianotify", "pay", "poll", "reaction", "event"],
        },
        "receipt" => Known {
            attributes: &[
                "id",
                "to",
                "from",
                "type",
                "participant",
                "recipient",
                "t",
                "category",
                "context",
                "peer_participant_pn",
                "server_id",
            ],
            types: &[
                "",
                "delivery",
                "inactive",
                "read",
                "played",
                "read-self",
                "played-self",
                "sender",
                "peer_msg",
                "hist_sync",
                "retry",
                "enc_rekey_retry",
                "server-error",
                "view",
            ],
        },
        "ack" => Known {
            attributes: &[
                "id",
                "to",
                "from",
                "class",
                "type",
                "participant",
                "recipient",
                "error",
                "t",
            ],
            types: ANY,
        },
        "presence" => Known {
            attributes: &["to", "type", "name", "id"],
            types: &["", "available", "unavailable", "subscribe", "unsubscribe"],
        },
        "chatstate" => Known {
            attributes: &["to", "from", "id"],
            types: &[""],
        },
        "ib" => Known {
            attributes: &["to", "from"],
            types: &[""],
        },
        "call" => Known {
            attributes: &["id", "to", "from", "t"],
            types: &[""],
        },
        "notification" => Known {
            attributes: &["id", "to", "from", "type", "t", "participant"],
            types: ANY,
        },
        "xmlstreamend" => Known {
            attributes: &[],
            types: &[""],
        },
        _ => return None,
    })
}

/// Acknowledgements repeat the type of what they acknowledge.
const ANY: &[&str] = &[];

/// What is unknown about a stanza; `None` when all of it is known.
pub(super) fn unknown(node: &NodeRef<'_>) -> Option<String> {
    let tag = &*node.tag;
    let Some(known) = known(tag) else {
        return Some(format!("<{tag}>"));
    };
    for (key, _) in node.attrs_iter() {
        if !known.attributes.contains(&&**key) {
            return Some(format!("{tag} {key}=…"));
        }
    }
    let kind = attr(node, "type");
    if !known.types.is_empty() && !known.types.contains(&&*kind) {
        return Some(format!("{tag} type={kind:?}"));
    }
    let class = attr(node, "class");
    if tag == "ack" && !matches!(&*class, "message" | "receipt" | "notification" | "call") {
        return Some(format!("{tag} class={class:?}"));
    }
    None
}

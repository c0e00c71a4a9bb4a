//! Privacy: settings, trusted-contact tokens and the blocklist.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::Namespace;
use crate::stanza::iq::{Answer, Verb};
use crate::stanza::{Sender, attr, jid_attr};
use crate::world::World;

/// Modelled: the defaults of a new account; changes are accepted and not kept.
const DEFAULTS: &[(&str, &str)] = &[
    ("readreceipts", "all"),
    ("last", "contacts"),
    ("online", "all"),
    ("profile", "contacts"),
    ("status", "contacts"),
    ("groupadd", "all"),
    ("calladd", "all"),
];

pub(super) fn handle(world: &mut World, verb: Verb, node: &NodeRef<'_>) -> Answer {
    match verb {
        Verb::Get => Answer::Result(vec![
            NodeBuilder::new("privacy")
                .children(DEFAULTS.iter().map(|(name, value)| {
                    NodeBuilder::new("category")
                        .attr("name", *name)
                        .attr("value", *value)
                        .build()
                }))
                .build(),
        ]),
        Verb::Set => match node.get_optional_child("tokens") {
            Some(tokens) => issue_tokens(world, tokens),
            None => Answer::done(),
        },
    }
}

/// Modelled: a token is random and never asked for again; messages do not need one here.
fn issue_tokens(world: &mut World, tokens: &NodeRef<'_>) -> Answer {
    let issued: Vec<Node> = tokens
        .get_children_by_tag("token")
        .map(|token| {
            let mut node = NodeBuilder::new("token");
            for key in ["jid", "t", "type"] {
                if let Some(value) = token.get_attr(key) {
                    node = node.attr(key, value.to_node_value());
                }
            }
            node.bytes(world.random_bytes::<16>().to_vec()).build()
        })
        .collect();
    Answer::Result(vec![NodeBuilder::new("tokens").children(issued).build()])
}

pub(super) fn blocklist(world: &mut World, sender: &Sender<'_>, verb: Verb, node: &NodeRef<'_>) -> Answer {
    if verb == Verb::Set {
        for item in node.get_children_by_tag("item") {
            let Some(subject) = jid_attr(item, "jid").and_then(|jid| world.locate(&jid)) else {
                return Answer::not_found();
            };
            let blocked = &mut world.account_mut(sender.at.account).blocked;
            match &*attr(item, "action") {
                "block" => blocked.insert(subject.account),
                "unblock" => blocked.remove(&subject.account),
                _ => return Answer::bad_request(),
            };
        }
    }
    let items = world.account(sender.at.account).blocked.iter().map(|blocked| {
        NodeBuilder::new("item")
            .attr("jid", world.account(*blocked).jid(0, Namespace::Lid))
            .build()
    });
    Answer::Result(vec![NodeBuilder::new("list").children(items).build()])
}

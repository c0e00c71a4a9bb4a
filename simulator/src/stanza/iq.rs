//! Requests: where each namespace is handled, and the shapes of answers.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::stanza::{
    Sender, appstate, attr, blocklist, encrypt, groups, md, mex, newsletters, note_unknown, passive, privacy, profile,
    settings, usync,
};
use crate::world::{SERVER, World};

/// The code of what this server does not do.
const NOT_IMPLEMENTED: u16 = 501;

/// The namespaces of keep-alives. Backlogs that got stuck go on when one comes.
const KEEP_ALIVE: [&str; 2] = ["w:p", "urn:xmpp:ping"];

/// What a handler answers.
pub(super) enum Answer {
    /// `type=result` with these children.
    Result(Vec<Node>),
    /// `type=error`.
    Error { code: u16, text: &'static str },
}

impl Answer {
    /// A result without content.
    pub(super) fn done() -> Self {
        Self::Result(Vec::new())
    }

    pub(super) fn bad_request() -> Self {
        Self::Error {
            code: 400,
            text: "bad-request",
        }
    }

    pub(super) fn not_found() -> Self {
        Self::Error {
            code: 404,
            text: "item-not-found",
        }
    }

    pub(super) fn not_acceptable() -> Self {
        Self::Error {
            code: 406,
            text: "not-acceptable",
        }
    }

    pub(super) fn conflict() -> Self {
        Self::Error {
            code: 409,
            text: "conflict",
        }
    }

    /// The honest answer to what this server does not do.
    pub(super) fn not_implemented() -> Self {
        Self::Error {
            code: NOT_IMPLEMENTED,
            text: "feature-not-implemented",
        }
    }
}

/// Whether a request asks or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Set,
}

/// Answers one `<iq>`. Results and errors of the client's own are answers to ours and need none.
pub(super) fn handle(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    let verb = match &*attr(node, "type") {
        "get" => Verb::Get,
        "set" => Verb::Set,
        _ => return,
    };
    let namespace = attr(node, "xmlns").into_owned();
    let answer = route(world, sender, &namespace, verb, node);
    if let Answer::Error {
        code: NOT_IMPLEMENTED, ..
    } = answer
    {
        let child = node.children().and_then(<[_]>::first).map_or("", |child| &*child.tag);
        let verb = attr(node, "type");
        note_unknown(world, format!("iq type={verb:?} xmlns={namespace:?} <{child}>"), node);
    }
    respond(world, sender, node, answer);
    // What a request sets in motion comes after its answer.
    passive::after_answer(world, sender, &namespace, verb, node);
    md::after_answer(world, &namespace, verb, node, sender);
    if KEEP_ALIVE.contains(&&*namespace) {
        world.pump(sender.at);
    }
}

/// Refuses a request of which a part is unknown.
pub(super) fn refuse(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>) {
    respond(world, sender, node, Answer::bad_request());
}

fn respond(world: &mut World, sender: &Sender<'_>, node: &NodeRef<'_>, answer: Answer) {
    // An answer comes from where the request went: a client takes the group it joined from there.
    let from = node
        .get_attr("to")
        .map_or_else(|| SERVER.into(), |to| to.to_node_value());
    let reply = NodeBuilder::new("iq").attr("from", from).attr("id", &*attr(node, "id"));
    let reply = match answer {
        Answer::Result(children) => {
            let reply = reply.attr("type", "result");
            if children.is_empty() {
                reply.build()
            } else {
                reply.children(children).build()
            }
        }
        Answer::Error { code, text } => {
            tracing::debug!(code, "request refused");
            reply
                .attr("type", "error")
                .children([NodeBuilder::new("error").attr("code", code).attr("text", text).build()])
                .build()
        }
    };
    world.answer(Some(sender.at), sender.outgoing, reply);
}

fn route(world: &mut World, sender: &Sender<'_>, namespace: &str, verb: Verb, node: &NodeRef<'_>) -> Answer {
    match namespace {
        "encrypt" => encrypt::handle(world, sender, verb, node),
        "usync" => usync::handle(world, sender, node),
        "passive" => passive::handle(node),
        "w:biz" => super::business::handle(world, sender, verb, node),
        "w:profile:picture" => super::pictures::handle(world, sender, verb, node),
        "w:m" => super::media_conn::handle(world, sender, node),
        namespace if KEEP_ALIVE.contains(&namespace) => Answer::done(),
        "md" => md::handle(world, sender, verb, node),
        "w:sync:app:state" => appstate::handle(world, sender, node),
        "privacy" => privacy::handle(world, sender, verb, node),
        "w:mex" => mex::handle(world, sender, node),
        "newsletter" => newsletters::handle(world, sender, verb, node),
        "w:g2" => groups::handle(world, sender, verb, node),
        "blocklist" => blocklist::handle(world, sender, verb, node),
        "status" => profile::about(world, sender, verb, node),
        "disappearing_mode" => profile::disappearing(world, sender, verb, node),
        other => settings::handle(other, verb),
    }
}

//! Requests of a client that is not linked yet. All others than these have to wait until it is.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::outgoing::{ConnectionId, Outgoing};
use crate::world::{SERVER, World};

/// An answer: children of the result, or an error's code and text.
pub(super) type Answer = Result<Vec<Node>, (u16, &'static str)>;

pub(super) const BAD_REQUEST: (u16, &str) = (400, "bad-request");

/// The request being answered.
pub(super) struct Asked<'a> {
    pub(super) connection: ConnectionId,
    pub(super) outgoing: &'a Outgoing,
    id: String,
}

impl World {
    /// Handles a stanza of an unpaired client.
    pub(crate) fn unpaired(&mut self, outgoing: &Outgoing, node: &NodeRef<'_>) {
        if node.tag != "iq" {
            return;
        }
        let text = |key: &str| node.get_attr(key).map(|value| value.as_str()).unwrap_or_default();
        let set = match &*text("type") {
            "get" => false,
            "set" => true,
            _ => return self.pairing_answer(outgoing.id, node),
        };
        let asked = Asked {
            connection: outgoing.id,
            outgoing,
            id: text("id").into_owned(),
        };
        match &*text("xmlns") {
            "w:p" | "urn:xmpp:ping" => self.reply(&asked, Ok(Vec::new())),
            "md" if !set => self.passkey_question(&asked, node),
            "md" => match node.get_optional_child("link_code_companion_reg") {
                Some(registration) => self.link_code(&asked, registration),
                None => self.passkey_step(&asked, node),
            },
            _ => self.reply(&asked, Err((501, "feature-not-implemented"))),
        }
    }

    pub(super) fn reply(&mut self, asked: &Asked<'_>, answer: Answer) {
        let reply = NodeBuilder::new("iq")
            .attr("from", SERVER)
            .attr("id", asked.id.as_str());
        let reply = match answer {
            Ok(children) if children.is_empty() => reply.attr("type", "result").build(),
            Ok(children) => reply.attr("type", "result").children(children).build(),
            Err((code, text)) => {
                let error = NodeBuilder::new("error").attr("code", code).attr("text", text).build();
                reply.attr("type", "error").children([error]).build()
            }
        };
        self.answer(None, asked.outgoing, reply);
    }
}

//! Faults of what clients send, before anybody has looked at what it means.

use bytes::Bytes;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::DeviceAddress;
use crate::faults::outgoing::{end, failure, stream_error};
use crate::faults::{Fate, Treatment, Verdict};
use crate::outgoing::Outgoing;
use crate::stanza_log::{Direction, Stanza};
use crate::world::{SERVER, World};

/// What to do with a stanza that has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// Handle it now.
    Handle,
    /// Handle it as if it arrived like this.
    Treat(Treatment),
    /// It never came.
    Lost,
    /// It never came, and nothing will any more.
    Silence,
}

impl World {
    /// Records a stanza that arrived and says what is to become of it; a fault that answers it has done so.
    pub(crate) fn arrived(
        &mut self,
        peer: Option<DeviceAddress>,
        outgoing: &Outgoing,
        bytes: Bytes,
        node: &NodeRef<'_>,
    ) -> Arrival {
        let now_ms = self.now_ms();
        let verdict = if self.faults.is_empty() {
            None
        } else {
            self.faults.judge(Direction::In, peer, node)
        };
        let Some(Verdict { treatment, fate, note }) = verdict else {
            self.log.record(now_ms, peer, Stanza::Received(bytes), None);
            return Arrival::Handle;
        };
        self.stats.faults += 1;
        self.log.record(now_ms, peer, Stanza::Received(bytes), Some(note));
        match fate {
            Fate::Pass if treatment == Treatment::default() => Arrival::Handle,
            Fate::Pass => Arrival::Treat(treatment),
            // A client's frame that is broken on the way ends the connection like any other loss of it.
            Fate::Drop | Fate::Corrupt(..) => Arrival::Lost,
            Fate::Refuse { code, text } => {
                if let Some(answer) = refusal(node, code, &text, self.now_s()) {
                    self.answer(peer, outgoing, answer);
                }
                Arrival::Lost
            }
            Fate::StreamError(code) => {
                end(&mut self.log, now_ms, peer, outgoing, stream_error(code));
                Arrival::Lost
            }
            Fate::Failure(reason) => {
                end(&mut self.log, now_ms, peer, outgoing, failure(reason));
                Arrival::Lost
            }
            Fate::Cut => {
                outgoing.cut();
                Arrival::Lost
            }
            Fate::HalfOpen => {
                outgoing.half_open();
                Arrival::Silence
            }
        }
    }
}

/// The error a client gets for what it asked; `None` when that has no answer.
fn refusal(node: &NodeRef<'_>, code: u16, text: &str, now_s: u64) -> Option<Node> {
    let copied = |mut answer: NodeBuilder, pairs: &[(&'static str, &str)]| {
        for (key, from) in pairs {
            if let Some(value) = node.get_attr(from) {
                answer = answer.attr(key, value.to_node_value());
            }
        }
        answer
    };
    match &*node.tag {
        "iq" => Some(
            copied(NodeBuilder::new("iq"), &[("id", "id")])
                .attr("from", SERVER)
                .attr("type", "error")
                .children([NodeBuilder::new("error").attr("code", code).attr("text", text).build()])
                .build(),
        ),
        class @ ("message" | "receipt") => Some(
            copied(
                NodeBuilder::new("ack").attr("class", class),
                &[("id", "id"), ("from", "to"), ("participant", "participant")],
            )
            .attr("t", now_s)
            .attr("error", code)
            .build(),
        ),
        _ => None,
    }
}

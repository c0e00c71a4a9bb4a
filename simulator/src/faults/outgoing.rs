//! Faults of what the server sends: the one way from the world to a connection.

use std::sync::Arc;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::Node;

use crate::address::DeviceAddress;
use crate::faults::{Fate, Faults, Treatment, Verdict};
use crate::outgoing::Outgoing;
use crate::stanza_log::{Direction, Stanza, StanzaLog};
use crate::stats::Stats;

/// What a sending touches beside the connection.
pub(crate) struct Desk<'a> {
    pub(crate) faults: &'a mut Faults,
    pub(crate) log: &'a mut StanzaLog,
    pub(crate) stats: &'a mut Stats,
    pub(crate) now_ms: u64,
}

/// Records a stanza and gives it to a connection, unless a fault keeps it.
pub(crate) fn transmit(desk: Desk<'_>, peer: Option<DeviceAddress>, to: &Outgoing, node: Arc<Node>) {
    let Desk {
        faults,
        log,
        stats,
        now_ms,
    } = desk;
    let verdict = if faults.is_empty() {
        None
    } else {
        faults.judge(Direction::Out, peer, &node.as_node_ref())
    };
    let Some(Verdict { treatment, fate, note }) = verdict else {
        log.record(now_ms, peer, Stanza::Sent(Arc::clone(&node)), None);
        to.answer(node);
        return;
    };
    stats.faults += 1;
    log.record(now_ms, peer, Stanza::Sent(Arc::clone(&node)), Some(note));
    match fate {
        Fate::Pass if treatment == Treatment::default() => to.answer(node),
        Fate::Pass => to.answer_treated(node, treatment),
        // An error is an answer, and what goes out is none.
        Fate::Drop | Fate::Refuse { .. } => {}
        Fate::StreamError(code) => end(log, now_ms, peer, to, stream_error(code)),
        Fate::Failure(reason) => end(log, now_ms, peer, to, failure(reason)),
        Fate::Cut => to.cut(),
        Fate::HalfOpen => to.half_open(),
        Fate::Corrupt(damage, place) => to.answer_damaged(node, damage, place),
    }
}

/// Sends the last stanza of a connection. It is a fault's own work and suffers none.
pub(super) fn end(log: &mut StanzaLog, now_ms: u64, peer: Option<DeviceAddress>, to: &Outgoing, node: Node) {
    let node = Arc::new(node);
    log.record(now_ms, peer, Stanza::Sent(Arc::clone(&node)), None);
    to.answer(node);
    to.finish();
}

pub(super) fn stream_error(code: u16) -> Node {
    NodeBuilder::new("stream:error").attr("code", code).build()
}

pub(super) fn failure(reason: u16) -> Node {
    NodeBuilder::new("failure")
        .attr("reason", reason)
        .attr("location", "sim")
        .build()
}

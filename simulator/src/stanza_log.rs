//! The last stanzas that went over the wire, for tests and people.
//!
//! Recording is cheap: incoming stanzas are kept as the bytes they came in, outgoing ones as the shared node; XML is made when somebody
//! asks. The ring is bounded by count and by bytes.

mod filter;
mod line;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;
use whatsapp_rust::wacore_binary::marshal::unmarshal_ref;
use whatsapp_rust::wacore_binary::{Node, NodeContent, NodeRef};

use crate::address::DeviceAddress;
use crate::xml;

pub use filter::StanzaFilter;

/// Which way a stanza went, seen from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From a client to the server.
    In,
    /// From the server to a client.
    Out,
}

/// One stanza of the log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct StanzaRecord {
    /// Position in the log, rising by one; 1 is the first.
    pub seq: u64,
    /// Milliseconds since the Unix epoch, by the server's clock.
    pub at_ms: u64,
    /// Phone digits of the account; `None` before a connection has one.
    pub account: Option<String>,
    /// Device number; `None` before a connection has one.
    pub device: Option<u16>,
    /// Which way.
    pub direction: Direction,
    /// Tag of the stanza.
    pub tag: String,
    /// Its `id` attribute; empty when it has none.
    pub id: String,
    /// The stanza as XML. Binary content is shown as its length and the start of its SHA-256.
    pub xml: String,
    /// Names of the faults it suffered, as in their rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A stanza in the form it was at hand when it passed.
#[derive(Debug, Clone)]
pub(crate) enum Stanza {
    Received(Bytes),
    Sent(Arc<Node>),
}

impl Stanza {
    fn weight(&self) -> usize {
        match self {
            Self::Received(bytes) => bytes.len(),
            Self::Sent(node) => weigh(node),
        }
    }
}

/// Rough size of a node: enough to keep the ring within its bound.
fn weigh(node: &Node) -> usize {
    let content = match &node.content {
        None => 0,
        Some(NodeContent::Bytes(bytes)) => bytes.len(),
        Some(NodeContent::String(text)) => text.len(),
        Some(NodeContent::Nodes(nodes)) => nodes.iter().map(weigh).sum(),
    };
    96 + node.attrs.len() * 48 + content
}

/// A log entry before it is rendered.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    seq: u64,
    at_ms: u64,
    pub(crate) peer: Option<DeviceAddress>,
    stanza: Stanza,
    fault: Option<Box<str>>,
}

impl Logged {
    /// Makes the public record; `account` is the phone number of [`Self::peer`].
    pub(crate) fn render(&self, account: Option<String>) -> StanzaRecord {
        let direction = match self.stanza {
            Stanza::Received(_) => Direction::In,
            Stanza::Sent(_) => Direction::Out,
        };
        let mut record = StanzaRecord {
            seq: self.seq,
            at_ms: self.at_ms,
            account,
            device: self.peer.map(|peer| peer.device),
            direction,
            tag: String::new(),
            id: String::new(),
            xml: String::new(),
            fault: self.fault.as_deref().map(str::to_owned),
        };
        match &self.stanza {
            Stanza::Received(bytes) => match unmarshal_ref(bytes) {
                Ok(node) => fill(&mut record, &node),
                Err(error) => record.xml = format!("<!-- unreadable: {error} -->"),
            },
            Stanza::Sent(node) => fill(&mut record, &node.as_node_ref()),
        }
        record
    }
}

fn fill(record: &mut StanzaRecord, node: &NodeRef<'_>) {
    record.tag = node.tag.to_string();
    record.id = node
        .get_attr("id")
        .map(|id| id.as_str().into_owned())
        .unwrap_or_default();
    record.xml = xml::render(node);
}

/// The ring.
#[derive(Debug)]
pub(crate) struct StanzaLog {
    ring: VecDeque<Logged>,
    last: u64,
    bytes: usize,
    max_stanzas: usize,
    max_bytes: usize,
    grew: Arc<Notify>,
}

impl StanzaLog {
    pub(crate) fn new(max_stanzas: usize, max_bytes: usize) -> Self {
        Self {
            ring: VecDeque::new(),
            last: 0,
            bytes: 0,
            max_stanzas,
            max_bytes,
            grew: Arc::new(Notify::new()),
        }
    }

    /// Adds a stanza; `fault` names what befalls it.
    pub(crate) fn record(&mut self, at_ms: u64, peer: Option<DeviceAddress>, stanza: Stanza, fault: Option<String>) {
        self.last += 1;
        self.bytes += stanza.weight();
        self.ring.push_back(Logged {
            seq: self.last,
            at_ms,
            peer,
            stanza,
            fault: fault.map(String::into_boxed_str),
        });
        while self.ring.len() > self.max_stanzas || self.bytes > self.max_bytes {
            let Some(oldest) = self.ring.pop_front() else {
                break;
            };
            self.bytes -= oldest.stanza.weight();
        }
        self.grew.notify_waiters();
    }

    /// Up to `limit` entries after position `after`, oldest first.
    pub(crate) fn after(&self, after: u64, limit: usize) -> Vec<Logged> {
        let first = self.last - self.ring.len() as u64;
        let skip = usize::try_from(after.saturating_sub(first)).unwrap_or(usize::MAX);
        self.ring.iter().skip(skip).take(limit).cloned().collect()
    }

    /// What came from clients, as it came.
    #[cfg(test)]
    pub(crate) fn received(&self) -> Vec<Vec<u8>> {
        let stanzas = self.ring.iter().map(|logged| &logged.stanza);
        stanzas
            .filter_map(|stanza| match stanza {
                Stanza::Received(bytes) => Some(bytes.to_vec()),
                Stanza::Sent(_) => None,
            })
            .collect()
    }

    /// Position of the newest entry; 0 before the first.
    pub(crate) fn latest(&self) -> u64 {
        self.last
    }

    /// Signalled after every entry.
    pub(crate) fn grew(&self) -> Arc<Notify> {
        Arc::clone(&self.grew)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whatsapp_rust::NodeBuilder;

    #[test]
    fn the_ring_keeps_the_newest_and_their_positions() {
        let mut log = StanzaLog::new(3, usize::MAX);
        for n in 0_u64..5 {
            let node = NodeBuilder::new("iq").attr("id", n).build();
            log.record(n, None, Stanza::Sent(Arc::new(node)), None);
        }
        let records: Vec<_> = log.after(0, 10).iter().map(|logged| logged.render(None)).collect();
        assert_eq!(records.iter().map(|r| r.seq).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(records[0].xml, "<iq id=\"2\"/>");
        assert_eq!(log.after(4, 10).len(), 1);
        assert_eq!(log.after(9, 10).len(), 0);
    }

    #[test]
    fn the_ring_is_bounded_by_bytes_too() {
        let mut log = StanzaLog::new(1000, 4_000);
        for _ in 0..100 {
            log.record(0, None, Stanza::Received(Bytes::from(vec![0; 1_000])), None);
        }
        assert_eq!(log.after(0, 1000).len(), 4);
    }
}

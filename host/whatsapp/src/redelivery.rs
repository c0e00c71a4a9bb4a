//! Messages that WhatsApp delivers again although they were decrypted before.
//!
//! whatsapp-rust knows them by their ratchet. When the backend has a copy, that takes the way of a new message; when it has none, the message
//! is acknowledged, for it must have been taken in. That is not so for one that is being decrypted while its connection is torn down: the
//! ratchet is written, but the message gets into the batch of the connection to come, which begins by emptying it (whatsapp-rust 0.7,
//! `cleanup_connection_state` and `connect`). It would be lost without a word.
//!
//! So where it has no copy the backend hands out a [`StandIn`], and the log decides. A message that is recorded is acknowledged. For every other
//! one its sender is asked, as for a message that cannot be decrypted, and WhatsApp keeps it until it is here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt as _, stream};
use tokio::sync::mpsc;
use waspnest_core::id::SessionId;
use waspnest_core::master_key::MasterKey;
use waspnest_core::message::MessageKey;
use whatsapp_rust::types::message::{MessageCategory, MessageInfo};
use whatsapp_rust::wacore_binary::{Jid, JidExt as _, Node};
use whatsapp_rust::waproto::codec;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{Client, NodeBuilder, RetryRequestOptions};

/// How often a sender is asked for a message. Bookkeeping between devices is not recorded, and is asked for in vain.
const ASKS: u8 = 3;

/// How many messages are remembered as asked for.
const REMEMBERED: usize = 1000;

/// How many are asked for at a time.
const AT_ONCE: usize = 32;

/// How many may wait to be asked for. One that finds no place is asked for when it is delivered once more.
const PLACES: usize = 256;

/// What takes the place of a copy that is not there. Nobody else can make one.
#[derive(Debug, Clone)]
pub(crate) struct StandIn(Arc<wa::Message>);

impl StandIn {
    /// That of a session.
    pub(crate) fn of(session: SessionId, key: &MasterKey) -> Self {
        let mark = key.derive("stand-in", &session.ulid().to_bytes());
        let mark = mark.iter().map(|byte| format!("{byte:02x}")).collect();
        Self(Arc::new(wa::Message {
            conversation: Some(mark),
            ..wa::Message::default()
        }))
    }

    /// As whatsapp-rust encodes it.
    pub(crate) fn encoded(&self) -> Vec<u8> {
        codec::message_to_vec(&self.0)
    }

    pub(crate) fn is(&self, message: &wa::Message) -> bool {
        message.conversation == self.0.conversation
    }
}

/// Asks senders for messages.
pub(crate) struct Asker {
    asked: Mutex<HashMap<MessageKey, u8>>,
    queue: mpsc::Sender<Ask>,
}

struct Ask {
    client: Arc<Client>,
    info: Arc<MessageInfo>,
}

impl Asker {
    /// Asking happens in a task of its own, for what is delivered waits meanwhile. It ends with this.
    #[expect(
        clippy::disallowed_methods,
        reason = "the task ends with the client that asks, in whatever way that comes to its end"
    )]
    pub(crate) fn start(session: SessionId) -> Self {
        let (queue, asks) = mpsc::channel(PLACES);
        tokio::spawn(ask(session, asks));
        Self {
            asked: Mutex::default(),
            queue,
        }
    }

    /// Asks for a message, unless that was done often enough.
    pub(crate) fn ask(&self, client: &Arc<Client>, key: &MessageKey, info: &Arc<MessageInfo>) -> Asked {
        {
            // Numbers that are written at once.
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if asked.len() >= REMEMBERED {
                asked.clear();
            }
            let times = asked.entry(key.clone()).or_default();
            if *times >= ASKS {
                return Asked::Enough;
            }
            *times += 1;
        }
        let ask = Ask {
            client: Arc::clone(client),
            info: Arc::clone(info),
        };
        if self.queue.try_send(ask).is_err() {
            tracing::debug!(id = %info.id, "too many messages are being asked for");
        }
        Asked::Now
    }
}

/// Whether somebody was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Now,
    /// Nobody sent it, and nobody will.
    Enough,
}

/// Many at a time: one may wait for an answer of the phone's that a lost connection took along.
async fn ask(session: SessionId, asks: mpsc::Receiver<Ask>) {
    let asks = stream::unfold(asks, async |mut asks| Some((asks.recv().await?, asks)));
    let asked = asks.for_each_concurrent(AT_ONCE, async |Ask { client, info }| {
        let stanza = stanza(&info);
        let stanza = stanza.as_node_ref();
        match client.request_message_retry(&stanza, RetryRequestOptions::new()).await {
            Ok(outcome) => tracing::debug!(%session, id = %info.id, ?outcome, "a sender was asked for a message"),
            // It is delivered again over the next connection.
            Err(error) => tracing::debug!(%session, id = %info.id, %error, "a sender could not be asked for a message"),
        }
    });
    asked.await;
}

/// The head of the stanza that a message came in, of which no more is left than what was read.
fn stanza(info: &MessageInfo) -> Node {
    let source = &info.source;
    let named = |node: NodeBuilder, name: &'static str, jid: Option<&Jid>| match jid {
        Some(jid) => node.attr(name, jid),
        None => node,
    };
    let node = NodeBuilder::new("message")
        .attr("id", info.id.as_str())
        .attr("t", info.timestamp.timestamp());
    let node = if source.is_group || source.chat.is_group() {
        node.attr("from", &source.chat).attr("participant", &source.sender)
    } else {
        let recipient = source.recipient.as_ref().or(source.is_from_me.then_some(&source.chat));
        named(node.attr("from", &source.sender), "recipient", recipient)
    };
    match info.category {
        MessageCategory::Peer => node.attr("category", MessageCategory::Peer.as_str()),
        MessageCategory::Empty | MessageCategory::Other(_) => node,
    }
    .build()
}

//! What whatsapp-rust tells a session, in order and without ever making it wait.
//!
//! whatsapp-rust calls the handler on its receive path, so the handler only puts into a bounded queue. Messages are not taken from here
//! (see [`crate::intake`]) but for the kinds that bypass the durability hook. When the queue is full, what can be repeated is dropped
//! and counted; changes of state always find room, as a part of the queue is kept for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use whatsapp_rust::types::events::{Event, EventHandler, EventInterest, EventKind};
use whatsapp_rust::wacore_binary::JidExt;

use super::published::Published;

/// Places in the queue.
pub(crate) const PLACES: usize = 8192;

/// Places that only changes of state may take.
const KEPT: usize = 512;

/// Puts what happens into the owner's queue.
pub(crate) struct Ears {
    queue: mpsc::Sender<Arc<Event>>,
    published: Arc<Published>,
    overflowed: Arc<AtomicBool>,
}

impl Ears {
    pub(crate) fn new(queue: mpsc::Sender<Arc<Event>>, published: Arc<Published>, overflowed: Arc<AtomicBool>) -> Self {
        Self {
            queue,
            published,
            overflowed,
        }
    }
}

impl EventHandler for Ears {
    fn handle_event(&self, event: Arc<Event>) {
        let repeatable = match &*event {
            Event::Messages(batch) => {
                self.published.heard();
                // Everything else came through the hook already.
                if !batch.messages.iter().any(|message| bypasses_the_hook(&message.info)) {
                    return;
                }
                true
            }
            Event::ServerAck(_) | Event::Receipt(_) => {
                self.published.heard();
                true
            }
            _ => false,
        };
        if (repeatable && self.queue.capacity() <= KEPT) || self.queue.try_send(event).is_err() {
            self.overflowed.store(true, Ordering::Release);
        }
    }

    fn interest(&self) -> EventInterest {
        EventInterest::of(&[
            EventKind::Connected,
            EventKind::OfflineSyncCompleted,
            EventKind::Disconnected,
            EventKind::PairSuccess,
            EventKind::PairError,
            EventKind::PairingQrCode,
            EventKind::PairingQrCodesExhausted,
            EventKind::LoggedOut,
            EventKind::ClientOutdated,
            EventKind::StreamReplaced,
            EventKind::TemporaryBan,
            EventKind::ConnectFailure,
            EventKind::StreamError,
            EventKind::Messages,
            EventKind::Receipt,
            EventKind::ServerAck,
            EventKind::SelfPushNameUpdated,
        ])
    }
}

/// Newsletter messages are not encrypted and recovered placeholders come over another path: whatsapp-rust acknowledges both by itself.
pub(crate) fn bypasses_the_hook(info: &whatsapp_rust::types::message::MessageInfo) -> bool {
    info.source.chat.is_newsletter() || info.unavailable_request_id.is_some()
}

//! What whatsapp-rust tells a session, in order and without ever making it wait.
//!
//! whatsapp-rust calls the handler on its receive path, so the handler only puts into a bounded queue. Messages are not taken from here
//! (see [`crate::intake`]) but for the kinds that bypass the durability hook. When the queue fills up, what plugins want to learn of is
//! dropped first, then what can be repeated; changes of state always find room, as a part of the queue is kept for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::mpsc;
use waspnest_core::event::{EventKind as CoreEvent, Family, Interest, LiveInterest};
use whatsapp_rust::types::events::{Event, EventHandler, EventInterest, EventKind, LazyHistorySync};
use whatsapp_rust::wacore_binary::JidExt;

use super::past::{ToScribe, Told};
use super::published::Published;
use crate::decode;
use crate::options::History;

/// Places in the queue.
pub(crate) const PLACES: usize = 8192;

/// Places that only changes of state may take.
const KEPT: usize = 512;

/// Places that what plugins want to learn of may not take.
const WITHOUT_REPORTS: usize = PLACES / 2;

/// What found no place in the queue.
#[derive(Debug, Default)]
pub(crate) struct Overflow {
    settlements: AtomicBool,
    reports: AtomicU64,
}

impl Overflow {
    /// Whether an acknowledgement or a receipt was dropped since this was last asked.
    pub(crate) fn take_settlements(&self) -> bool {
        self.settlements.swap(false, Ordering::AcqRel)
    }

    /// How many events for plugins were dropped since this was last asked.
    pub(crate) fn take_reports(&self) -> u64 {
        self.reports.swap(0, Ordering::AcqRel)
    }
}

/// Puts what happens into the owner's queue.
pub(crate) struct Ears {
    queue: mpsc::Sender<Arc<Event>>,
    published: Arc<Published>,
    overflow: Arc<Overflow>,
    /// What plugins want to learn of at the moment.
    interest: LiveInterest,
    /// What could be listened to for plugins alone. whatsapp-rust asks once, and plugins come and go.
    reports: EventInterest,
    /// Who takes the past that the phone tells, and how things stand.
    scribe: ToScribe,
    history: History,
}

impl Ears {
    pub(crate) fn new(
        queue: mpsc::Sender<Arc<Event>>,
        published: Arc<Published>,
        overflow: Arc<Overflow>,
        interest: LiveInterest,
        scribe: ToScribe,
        history: History,
    ) -> Self {
        Self {
            queue,
            published,
            overflow,
            interest,
            reports: reports(Interest::everything()),
            scribe,
            history,
        }
    }
}

/// What is listened to for plugins alone.
fn reports(interest: Interest) -> EventInterest {
    Family::ALL
        .into_iter()
        .filter(|family| interest.wants(*family))
        .flat_map(decode::event::sources)
        .fold(EventInterest::none(), |all, kind| all.with(*kind))
}

/// Which places of the queue an event may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Every one.
    State,
    /// All but those kept for changes of state.
    Settlement,
    /// While at least half of the queue is free.
    Report,
}

impl Ears {
    /// A piece of the past never waits in the queue: it would hold up what the session lives on.
    fn take_past(&self, past: &LazyHistorySync) {
        if self.scribe.tell(Told::Past(Box::new(past.clone()))).is_err() {
            tracing::error!("a piece of the past was lost: too many wait to be taken");
        }
    }

    /// Nor do the thousands of chats and people that a new device is told at once.
    fn take_standing(&self, standing: CoreEvent) {
        if self.scribe.tell_standing(standing).is_err() {
            tracing::warn!("how a chat or a person stands was lost: too many wait to be taken");
        }
    }
}

impl EventHandler for Ears {
    fn handle_event(&self, event: Arc<Event>) {
        if let Event::HistorySync(past) = &*event {
            return self.take_past(past);
        }
        if let Some(standing) = decode::event::standing(&event) {
            return self.take_standing(standing);
        }
        let place = match &*event {
            Event::Messages(batch) => {
                self.published.received();
                // Everything else came through the hook already.
                if !batch.messages.iter().any(|message| bypasses_the_hook(&message.info)) {
                    return;
                }
                Place::Settlement
            }
            Event::ServerAck(_) => {
                self.published.sent();
                Place::Settlement
            }
            Event::Receipt(_) => {
                self.published.heard();
                Place::Settlement
            }
            event if self.reports.wants(event.kind()) => {
                if !reports(self.interest.now()).wants(event.kind()) {
                    return;
                }
                Place::Report
            }
            _ => Place::State,
        };
        let kept = match place {
            Place::State => 0,
            Place::Settlement => KEPT,
            Place::Report => WITHOUT_REPORTS,
        };
        if self.queue.capacity() > kept && self.queue.try_send(event).is_ok() {
            return;
        }
        match place {
            Place::Report => drop(self.overflow.reports.fetch_add(1, Ordering::AcqRel)),
            Place::State | Place::Settlement => self.overflow.settlements.store(true, Ordering::Release),
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
            EventKind::PairPasskeyRequest,
            EventKind::PairPasskeyConfirmation,
            EventKind::PairPasskeyError,
        ])
        .union(self.reports)
        .union(match self.history {
            History::Taken => EventInterest::of(&[EventKind::HistorySync]),
            History::Left => EventInterest::none(),
        })
    }
}

/// Newsletter messages are not encrypted and recovered placeholders come over another path: whatsapp-rust acknowledges both by itself.
pub(crate) fn bypasses_the_hook(info: &whatsapp_rust::types::message::MessageInfo) -> bool {
    info.source.chat.is_newsletter() || info.unavailable_request_id.is_some()
}

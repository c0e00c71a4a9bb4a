//! What a sandbox's store holds: WASI without powers, the memory meter, and the call that is running.

use std::sync::Arc;

use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::draft::{Draft, KvScope};
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::id::{EventId, InstallationId, SessionName};
use waspnest_core::message::{Message, Origin};

use crate::capability::dialogue::Dialogues;
use crate::capability::durable::Asked;
use crate::capability::kv::Overlay;
use crate::capability::log::Journal;
use crate::capability::media::Opened;
use crate::capability::schedule::Jobs;
use crate::configuration::Configuration;
use crate::grant::Effective;
use crate::host::Host;
use crate::installation::Taken;
use crate::limits::{FLOOD, TABLE_ELEMENTS};

/// The data of a store.
pub(crate) struct CallState {
    pub(crate) wasi: WasiCtx,
    pub(crate) table: ResourceTable,
    pub(crate) meter: Meter,
    pub(crate) journal: Arc<Journal>,
    /// Times the guest was found running by the ticker, in this call.
    pub(crate) ticks: u32,
    /// How often it may be.
    pub(crate) max_ticks: u32,
    pub(crate) call: Call,
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// One call: what it may know, what it may do, and what it has asked for so far.
pub(crate) struct Call {
    pub(crate) installation: InstallationId,
    pub(crate) event: EventId,
    /// Where the event is in the session's log.
    pub(crate) position: Position,
    pub(crate) session: SessionName,
    /// The session's own account, where it is known.
    pub(crate) me: Option<Jid>,
    pub(crate) scene: Scene,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) clock: Arc<dyn Clock>,
    /// When the call began: what lifetimes and intervals are counted from.
    pub(crate) now: UnixMs,
    pub(crate) deadline: UnixMs,
    /// How many instructions the guest has, where they are counted.
    pub(crate) fuel: Option<u64>,
    pub(crate) config: Configuration,
    pub(crate) effective: Arc<Effective>,
    /// The only store of values that can be opened; none is no such limit.
    pub(crate) only: Option<KvScope>,
    pub(crate) taken: Taken,
    pub(crate) draft: Draft,
    pub(crate) kv: Overlay,
    pub(crate) jobs: Jobs,
    pub(crate) dialogues: Dialogues,
    /// Questions that are answered inside the call.
    pub(crate) asked: Asked,
    pub(crate) http_requests: Budget,
    pub(crate) http_pieces: Budget,
    pub(crate) live_operations: Budget,
    pub(crate) secret_operations: Budget,
    pub(crate) publications: Budget,
    /// How many topics led to the event.
    pub(crate) hops: u8,
    pub(crate) kv_operations: Budget,
    pub(crate) schedule_operations: Budget,
    pub(crate) dialogue_operations: Budget,
    pub(crate) effects: Budget,
    pub(crate) looks: Budget,
    pub(crate) opened: Opened,
    pub(crate) file_operations: Budget,
    pub(crate) crossing: Crossing,
}

/// The chat that the call is about.
#[derive(Default)]
pub(crate) struct Scene {
    /// The chat; none for events that belong to none.
    pub(crate) chat: Option<Jid>,
    /// Who wrote or did it, by the address they are filed under.
    pub(crate) sender: Option<Jid>,
    /// The same person's other addresses.
    sender_aliases: Vec<Jid>,
    /// Other addresses of the same chat: the partner's phone number or LID.
    aliases: Vec<Jid>,
    /// The message, for quotations of it.
    pub(crate) message: Option<Box<Message>>,
}

impl Scene {
    pub(crate) fn of(event: &Event) -> Self {
        match &event.kind {
            EventKind::Message(message) => {
                let partner = message.key.chat.is_person() && message.key.from == Origin::Them;
                let sender_aliases = addresses(&message.sender);
                Self {
                    chat: Some(message.key.chat.clone()),
                    sender: Some(message.sender.canonical().clone()),
                    aliases: if partner { sender_aliases.clone() } else { Vec::new() },
                    sender_aliases,
                    message: Some(message.clone()),
                }
            }
            EventKind::Tick(tick) => match &tick.origin {
                Some(origin) => Self {
                    chat: Some(origin.chat.clone()),
                    sender: origin.sender.clone(),
                    ..Self::default()
                },
                None => Self::default(),
            },
            EventKind::Topic(topic) => match &topic.origin {
                Some(origin) => Self {
                    chat: Some(origin.chat.clone()),
                    sender: origin.sender.clone(),
                    ..Self::default()
                },
                None => Self::default(),
            },
            EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Request(_) => {
                let (chat, person) = (event.kind.chat(), event.kind.person());
                let partner = person.filter(|person| chat == Some(person.canonical()));
                Self {
                    chat: chat.cloned(),
                    sender: person.map(|person| person.canonical().clone()),
                    sender_aliases: person.map(addresses).unwrap_or_default(),
                    aliases: partner.map(addresses).unwrap_or_default(),
                    message: None,
                }
            }
        }
    }

    /// Whether an address names this chat.
    pub(crate) fn is_chat(&self, jid: &Jid) -> bool {
        self.chat.as_ref() == Some(jid) || self.aliases.contains(jid)
    }

    /// Whether an address names whoever wrote or did it.
    pub(crate) fn is_sender(&self, jid: &Jid) -> bool {
        self.sender.as_ref() == Some(jid) || self.sender_aliases.contains(jid)
    }
}

fn addresses(person: &Party) -> Vec<Jid> {
    std::iter::once(&person.jid).chain(&person.alt).cloned().collect()
}

/// Bytes that a call hands to the host and gets from it.
#[derive(Debug)]
pub(crate) struct Crossing {
    limit: u64,
    used: u64,
}

impl Crossing {
    pub(crate) const fn of(limit: u64) -> Self {
        Self { limit, used: 0 }
    }

    /// Counts bytes in either direction. The error ends the call.
    pub(crate) fn count(&mut self, bytes: usize) -> Result<(), Flood> {
        self.used = self.used.saturating_add(bytes as u64);
        if self.used > self.limit {
            return Err(Flood {
                what: "bytes between plugin and host",
                used: self.used,
                limit: self.limit,
            });
        }
        Ok(())
    }

    pub(crate) const fn used(&self) -> u64 {
        self.used
    }
}

/// So many of one thing in a call.
#[derive(Debug)]
pub(crate) struct Budget {
    what: &'static str,
    limit: u32,
    used: u32,
}

/// A guest went so far beyond a budget that its call ends.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {used} in one call; the budget is {limit}")]
pub(crate) struct Flood {
    pub(crate) what: &'static str,
    pub(crate) used: u64,
    pub(crate) limit: u64,
}

/// Whether there was room in a budget.
pub(crate) enum Room {
    Left,
    None,
}

impl Budget {
    pub(crate) const fn of(what: &'static str, limit: u32) -> Self {
        Self { what, limit, used: 0 }
    }

    /// Takes one. The error ends the call.
    pub(crate) fn take(&mut self) -> Result<Room, Flood> {
        self.used = self.used.saturating_add(1);
        if self.used > self.limit.saturating_mul(FLOOD) {
            return Err(Flood {
                what: self.what,
                used: self.used.into(),
                limit: self.limit.into(),
            });
        }
        Ok(if self.used > self.limit { Room::None } else { Room::Left })
    }

    pub(crate) const fn left(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }

    /// Words for the guest.
    pub(crate) fn spent(&self) -> String {
        format!("{}: {} in one call", self.what, self.limit)
    }
}

/// Counts memory over all memories of a sandbox, and table elements over all its tables.
#[derive(Debug)]
pub(crate) struct Meter {
    limit: usize,
    used: usize,
    elements: usize,
    /// What was refused last.
    pub(crate) refused: Option<usize>,
}

impl Meter {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            limit,
            used: 0,
            elements: 0,
            refused: None,
        }
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) const fn left(&self) -> usize {
        self.limit.saturating_sub(self.used)
    }

    /// What is used, which is also the most that was: memory never shrinks.
    pub(crate) const fn used(&self) -> usize {
        self.used
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.used.saturating_add(desired.saturating_sub(current));
        if wanted > self.limit {
            self.refused = Some(wanted);
            return Ok(false);
        }
        self.used = wanted;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let wanted = self.elements.saturating_add(desired.saturating_sub(current));
        if wanted > TABLE_ELEMENTS {
            return Ok(false);
        }
        self.elements = wanted;
        Ok(true)
    }
}

//! How what is queued gets to a device: at once while it is up to date, and as a backlog when it comes back.
//!
//! A backlog goes out in parts. First a few stanzas; then as many as the client asks for (`<ib><offline_batch count/></ib>`: whatsapp-rust
//! asks again and again, Baileys once). Modelled: once everything sent so far is acknowledged and the client has asked for nothing more,
//! as much again follows by itself; all of the rest for a client that never asks. What arrives meanwhile waits behind the backlog.
//!
//! A stanza that gets lost, and its acknowledgement with it, holds nothing up for long (modelled): one that was sent before something
//! the client has acknowledged is not waited for, nor anything once nothing has happened for a while. It stays queued for the next connection.

use std::sync::Arc;

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::Node;

use crate::address::{AccountId, DeviceAddress, PHONE};
use crate::device::{Device, Phase};
use crate::faults::{Desk, transmit};
use crate::outgoing::Outgoing;
use crate::queue::{Class, Entry};
use crate::stanza::chatstate;
use crate::stats::Stats;
use crate::world::{SERVER, World};

/// Backlog stanzas a client gets before it asks (modelled on what whatsapp-rust says of the service).
pub(crate) const PRIMER: usize = 5;

/// How long the rest of a backlog waits for an acknowledgement that does not come, in milliseconds (modelled). Nothing watches the clock:
/// the client's next keep-alive shows that the time is over.
const OVERDUE_MS: u64 = 10_000;

/// When a device got the last of its backlog.
#[derive(PartialEq, Eq)]
enum Drained {
    JustNow,
    Earlier,
}

impl World {
    /// Sends something fleeting (presence, typing) to a device if it is connected, active and has room; otherwise drops it.
    pub(crate) fn mention(&mut self, to: DeviceAddress, node: Node) {
        let Some(session) = self.device(to).and_then(|device| device.session.as_ref()) else {
            return;
        };
        let active = match session.phase {
            Phase::Authed => false,
            Phase::Draining { .. } | Phase::Live => true,
        };
        if active && session.outgoing.has_room() {
            let outgoing = session.outgoing.clone();
            self.answer(Some(to), &outgoing, node);
        }
    }

    /// Whether a device exists and its queue takes another entry.
    pub(crate) fn takes(&self, at: DeviceAddress) -> bool {
        self.device(at)
            .is_some_and(|device| device.queue.len() < self.queue_limit)
    }

    /// Queues a stanza for a device until the device settles it, and sends it on if it is connected.
    ///
    /// Nothing happens when the device does not exist any more. The queue limit is the caller's to ask about ([`Self::takes`]): a
    /// notification of the server itself is always taken.
    pub(crate) fn enqueue(&mut self, to: DeviceAddress, entry: Entry) {
        let now = self.now_ms();
        let Some(device) = self.device_mut(to) else {
            return;
        };
        device.queue.push(entry, now);
        self.stats.queued += 1;
        if to.device == PHONE {
            self.account(to.account).phone_wake.notify_one();
        } else {
            self.pump(to);
        }
    }

    /// Opens a connection's queue, backlog first. What has waited for too long is gone.
    pub(crate) fn open_queue(&mut self, at: DeviceAddress) {
        let now = self.now_ms();
        let Some(device) = self.device_mut(at) else {
            return;
        };
        let expired = device.queue.expire(now);
        let backlog = device.queue.rewind();
        let Some(session) = device.session.as_mut() else {
            return;
        };
        session.phase = Phase::Draining {
            total: backlog.total(),
            credit: PRIMER,
            batch: usize::MAX,
            moved_ms: now,
        };
        let outgoing = session.outgoing.clone();
        self.stats.queued -= expired;
        if backlog.total() > 0 {
            let preview = NodeBuilder::new("offline_preview")
                .attr("count", backlog.total())
                .attr("message", backlog.messages)
                .attr("receipt", backlog.receipts)
                .attr("notification", backlog.notifications)
                .attr("status", backlog.statuses)
                .attr("appdata", 0_u8)
                .attr("call", backlog.calls)
                .build();
            let preview = NodeBuilder::new("ib").attr("from", SERVER).children([preview]).build();
            self.answer(Some(at), &outgoing, preview);
        }
        self.pump(at);
    }

    /// The client asks for `count` more of its backlog.
    pub(crate) fn ask_for_batch(&mut self, at: DeviceAddress, count: usize) {
        let Some(session) = self.device_mut(at).and_then(|device| device.session.as_mut()) else {
            return;
        };
        match &mut session.phase {
            Phase::Draining { credit, batch, .. } => {
                *credit = credit.saturating_add(count);
                *batch = count.max(1);
                self.pump(at);
            }
            Phase::Authed | Phase::Live => {}
        }
    }

    /// Hands a connected device as much of its queue as it may have and its connection has room for.
    pub(crate) fn pump(&mut self, at: DeviceAddress) {
        if self.pump_queue(at) == Drained::JustNow {
            chatstate::catch_up(self, at);
        }
    }

    fn pump_queue(&mut self, at: DeviceAddress) -> Drained {
        let mut drained = Drained::Earlier;
        let now_ms = self.now_ms();
        let Some(device) = self
            .accounts
            .get_mut(at.account.0)
            .and_then(|account| account.devices.get_mut(&at.device))
        else {
            return drained;
        };
        let Device {
            queue,
            session,
            delivered,
            ..
        } = device;
        let Some(session) = session.as_mut() else {
            return drained;
        };
        let mut send = |stats: &mut Stats, outgoing: &Outgoing, node: Arc<Node>| {
            let desk = Desk {
                faults: &mut self.faults,
                log: &mut self.log,
                stats,
                now_ms,
            };
            transmit(desk, Some(at), outgoing, node);
        };
        loop {
            match &mut session.phase {
                Phase::Authed => return drained,
                Phase::Draining { total, .. } if !queue.has_backlog() => {
                    let end = Arc::new(offline_end(*total));
                    session.phase = Phase::Live;
                    drained = Drained::JustNow;
                    send(&mut self.stats, &session.outgoing, end);
                }
                Phase::Draining {
                    credit: 0, moved_ms, ..
                } if queue.in_flight() > 0 && now_ms.saturating_sub(*moved_ms) < OVERDUE_MS => return drained,
                Phase::Draining { credit, batch, .. } if *credit == 0 => *credit = *batch,
                Phase::Draining { .. } | Phase::Live => {}
            }
            if !session.outgoing.has_room() {
                return drained;
            }
            let Some(due) = queue.next() else {
                return drained;
            };
            if due.again {
                self.stats.redeliveries += 1;
            }
            if let Some((id, from)) = &due.message {
                delivered.record(id, *from);
            }
            if let Phase::Draining { credit, moved_ms, .. } = &mut session.phase {
                *credit = credit.saturating_sub(1);
                *moved_ms = now_ms;
            }
            let node = if due.backlog {
                Arc::new(marked_offline(&due.node))
            } else {
                due.node
            };
            send(&mut self.stats, &session.outgoing, node);
        }
    }

    fn moved(&mut self, at: DeviceAddress, now_ms: u64) {
        let session = self.device_mut(at).and_then(|device| device.session.as_mut());
        match session.map(|session| &mut session.phase) {
            Some(Phase::Draining { moved_ms, .. }) => *moved_ms = now_ms,
            Some(Phase::Authed | Phase::Live) | None => {}
        }
    }

    /// Removes what a device acknowledged. Answers whether there was such an entry.
    pub(crate) fn settle(&mut self, at: DeviceAddress, class: Class, id: &str, from: Option<AccountId>) -> bool {
        let now = self.now_ms();
        let settled = self
            .device_mut(at)
            .is_some_and(|device| device.queue.settle(class, id, from));
        if settled {
            self.moved(at, now);
            self.stats.acks += 1;
            self.stats.queued -= 1;
            self.pump(at);
        }
        settled
    }
}

/// `<ib><offline count/></ib>`: the backlog is through. Clients wait for it even when there was none.
fn offline_end(total: usize) -> Node {
    NodeBuilder::new("ib")
        .attr("from", SERVER)
        .children([NodeBuilder::new("offline").attr("count", total).build()])
        .build()
}

/// A backlog stanza carries `offline` (modelled: always "0"; clients look at its presence).
fn marked_offline(node: &Node) -> Node {
    let mut node = node.clone();
    node.attrs.insert("offline", "0");
    node
}

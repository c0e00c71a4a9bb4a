//! The way to one client's socket: a bounded channel into its connection task.
//!
//! Sending never waits, because it happens under the world's lock. What can wait in a device queue is only pushed while there is room;
//! a direct answer that finds the channel full means the client does not read, and the connection is cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use whatsapp_rust::wacore_binary::Node;

use crate::faults::{Damage, Treatment};

/// Fewer places than this would leave no room for answers beside a queue that is being sent.
const SMALLEST: usize = 64;

/// A connection, numbered from 1 in the order of acceptance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// What the connection task is asked to do.
#[derive(Debug, Clone)]
pub(crate) enum Order {
    /// Write this stanza.
    Write(Arc<Node>),
    /// Write this stanza as a fault wants it.
    Treated(Arc<Node>, Treatment),
    /// Write a frame that is broken; the number says where.
    Damaged(Arc<Node>, Damage, u64),
    /// Write what came before, then wait a moment before the rest.
    Rest(Duration),
    /// Write what came before, then let the client hang up within this time, and close if it does not.
    Part(Duration),
    /// Write what came before, then close.
    Close,
    /// Write what came before, then nothing any more, and read nothing either.
    Silence,
}

/// The sending half, cloned into whatever talks to the client.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub(crate) id: ConnectionId,
    orders: mpsc::Sender<Order>,
    cut: CancellationToken,
    starved: Arc<AtomicBool>,
}

impl Outgoing {
    /// A channel for `capacity` stanzas; `cut` ends the connection at once.
    pub(crate) fn open(id: ConnectionId, capacity: usize, cut: CancellationToken) -> (Self, mpsc::Receiver<Order>) {
        let (orders, receiver) = mpsc::channel(capacity.max(SMALLEST));
        (
            Self {
                id,
                orders,
                cut,
                starved: Arc::new(AtomicBool::new(false)),
            },
            receiver,
        )
    }

    /// Sends an answer. A client that leaves no room for it is cut off.
    pub(crate) fn answer(&self, node: Arc<Node>) {
        self.order(Order::Write(node));
    }

    /// The same, as a fault wants it.
    pub(crate) fn answer_treated(&self, node: Arc<Node>, treatment: Treatment) {
        self.order(Order::Treated(node, treatment));
    }

    /// The same, broken.
    pub(crate) fn answer_damaged(&self, node: Arc<Node>, damage: Damage, place: u64) {
        self.order(Order::Damaged(node, damage, place));
    }

    /// Keeps the socket and lets it fall silent after what was sent so far, until [`Self::finish`] or [`Self::cut`].
    pub(crate) fn half_open(&self) {
        self.order(Order::Silence);
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            self.cut.cancel();
        }
    }

    /// Whether queued stanzas may be pushed: a quarter of the channel stays free for answers. A refusal is remembered, and the
    /// connection asks again once it has written something.
    pub(crate) fn has_room(&self) -> bool {
        let room = self.orders.capacity() > self.orders.max_capacity() / 4;
        if !room {
            self.starved.store(true, Ordering::Relaxed);
        }
        room
    }

    /// Whether another request may be handled: half of what [`Self::has_room`] keeps free is still free, and a request has a few answers at
    /// most.
    pub(crate) fn may_answer(&self) -> bool {
        self.orders.capacity() > self.orders.max_capacity() / 8
    }

    /// Whether a push was refused since the last call.
    pub(crate) fn take_starved(&self) -> bool {
        self.starved.swap(false, Ordering::Relaxed)
    }

    /// Lets the client take a breath before whatever is sent next.
    pub(crate) fn rest(&self, moment: Duration) {
        self.order(Order::Rest(moment));
    }

    /// Waits out such a moment, or until the connection is cut.
    pub(crate) async fn rested(&self, moment: Duration) {
        let _ = timeout(moment, self.cut.cancelled()).await;
    }

    /// Leaves it to the client to hang up, within `moment`, after what was sent so far is written.
    pub(crate) fn part(&self, moment: Duration) {
        self.order(Order::Part(moment));
    }

    /// Closes after what was sent so far is written.
    pub(crate) fn finish(&self) {
        self.order(Order::Close);
    }

    /// Ends the connection now, losing what is not yet written.
    pub(crate) fn cut(&self) {
        self.cut.cancel();
    }
}

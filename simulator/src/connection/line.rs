//! A connection past its handshake, unpaired or logged in.
//!
//! It alternates between writing what it was given and reading what has arrived, so a client that does not read is not read from either.
//! What faults make late waits here, in both directions, and is limited: then no more is read, or taken to be written.

use std::time::Duration;

use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_websockets::Message;
use whatsapp_rust::wacore_binary::OwnedNodeRef;

use crate::address::DeviceAddress;
use crate::bounds;
use crate::connection::{ConnectionError, Wire};
use crate::faults::{Arrival, Damage};
use crate::frame::{Opener, Sealer};
use crate::lag::Lag;
use crate::login::Admission;
use crate::noise::Established;
use crate::outgoing::{Order, Outgoing};
use crate::server::Shared;
use crate::stanza;
use crate::world::World;

/// How long a closed connection is still read from. Closing with unread bytes would reset it, and the client might never see the last
/// stanza, which says why.
const LINGER: Duration = Duration::from_secs(1);

/// Orders written, or messages read, before the other side of the loop gets its turn.
const BATCH: usize = 64;

/// What [`Damage::Plain`] puts into a frame: a list that promises more than there is.
const NO_STANZA: [u8; 4] = [0, 0xf8, 0xff, 0x03];

pub(super) struct Line<'a> {
    wire: Wire,
    opener: Opener,
    sealer: Sealer,
    orders: mpsc::Receiver<Order>,
    outgoing: Outgoing,
    shared: &'a Shared,
    /// What has been received and is to be handled later.
    arriving: Lag<std::sync::Arc<OwnedNodeRef>>,
    /// What is to be written later.
    leaving: Lag<Order>,
    ears: Ears,
}

/// What to do after a round of writing.
#[derive(PartialEq, Eq)]
enum Next {
    Continue,
    Part(Duration),
    Close,
    Silence,
}

/// What has been received and not yet handled.
#[derive(PartialEq, Eq)]
enum Unread {
    /// At most a part of a frame, or what has to wait.
    Nothing,
    /// Perhaps whole frames: answers have to be written first.
    Frames,
}

/// Whether the client is still listened to.
#[derive(PartialEq, Eq)]
enum Ears {
    Open,
    /// The connection goes half-open: what was answered before still goes out, and nothing is read any more.
    Deaf,
}

impl<'a> Line<'a> {
    pub(super) fn new(
        wire: Wire,
        established: Established,
        orders: mpsc::Receiver<Order>,
        outgoing: Outgoing,
        shared: &'a Shared,
    ) -> Self {
        Self {
            wire,
            opener: Opener::new(established.receive),
            sealer: Sealer::new(established.send),
            orders,
            outgoing,
            shared,
            arriving: Lag::default(),
            leaving: Lag::default(),
            ears: Ears::Open,
        }
    }

    pub(super) async fn run(mut self, admission: Admission) -> Result<(), ConnectionError> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            // Answers go out before more is read: the client's requests must never fill the channel they are answered through.
            loop {
                if !self.leaving.is_full() {
                    self.orders.recv_many(&mut batch, BATCH).now_or_never();
                }
                self.queue_late(&mut batch);
                if batch.is_empty() {
                    break;
                }
                match self.write(&mut batch, admission).await? {
                    Next::Continue => {}
                    Next::Part(moment) => return self.part(moment).await,
                    Next::Close => return self.close().await,
                    Next::Silence => return self.silence().await,
                }
            }
            if self.read(admission)? == Unread::Frames {
                continue;
            }
            // More may have arrived already; one write then answers all of it.
            let mut more = 0;
            while more < BATCH
                && self.listens()
                && self.outgoing.may_answer()
                && let Some(message) = self.wire.socket.next().now_or_never()
            {
                self.wire.take(message)?;
                if self.read(admission)? == Unread::Frames {
                    break;
                }
                more += 1;
            }
            if more > 0 {
                continue;
            }
            let next = self.next_late();
            let listens = self.listens();
            tokio::select! {
                count = self.orders.recv_many(&mut batch, BATCH), if !self.leaving.is_full() => {
                    if count == 0 {
                        return self.close().await;
                    }
                }
                message = self.wire.socket.next(), if listens => self.wire.take(message)?,
                () = until(next), if next.is_some() => {}
            }
        }
    }

    /// Puts orders in line behind what is late, and replaces them by those whose time has come.
    fn queue_late(&mut self, batch: &mut Vec<Order>) {
        let plain = |order: &Order| !matches!(order, Order::Treated(..));
        if self.leaving.is_idle() && batch.iter().all(plain) {
            return;
        }
        for order in batch.drain(..) {
            match order {
                Order::Treated(node, treatment) => self.leaving.treat(Order::Write(node), treatment),
                Order::Part(_) | Order::Close | Order::Silence => {
                    self.leaving.release();
                    self.leaving.follow(order);
                }
                Order::Write(_) | Order::Damaged(..) | Order::Rest(_) => self.leaving.follow(order),
            }
        }
        while batch.len() < BATCH
            && let Some(order) = self.leaving.pop()
        {
            batch.push(order);
        }
    }

    /// Whether more is to be read.
    fn listens(&self) -> bool {
        self.ears == Ears::Open && !self.arriving.is_full()
    }

    fn next_late(&self) -> Option<Instant> {
        match (self.leaving.next(), self.arriving.next()) {
            (Some(leaving), Some(arriving)) => Some(leaving.min(arriving)),
            (leaving, arriving) => leaving.or(arriving),
        }
    }

    /// Handles what was late and whole frames that have been received, as long as there is room to answer them.
    fn read(&mut self, admission: Admission) -> Result<Unread, ConnectionError> {
        while self.outgoing.may_answer() {
            if let Some(late) = self.arriving.pop() {
                self.handle(&mut self.shared.world(), admission, &late);
                continue;
            }
            if !self.listens() {
                return Ok(Unread::Nothing);
            }
            let Some(frame) = self.wire.reader.frame()? else {
                return Ok(Unread::Nothing);
            };
            let bytes = self.opener.open(frame)?;
            bounds::check(&bytes, self.shared.limits.stanzas)?;
            let node = OwnedNodeRef::new(bytes.clone()).map_err(|_| ConnectionError::Stanza)?;
            let mut world = self.shared.world();
            let peer = match admission {
                Admission::Device(at) => Some(at),
                Admission::Unpaired => None,
                Admission::Refused => continue,
            };
            match world.arrived(peer, &self.outgoing, bytes, node.get()) {
                Arrival::Handle if self.arriving.is_idle() => self.handle(&mut world, admission, &node),
                Arrival::Handle => self.arriving.follow(node.into()),
                Arrival::Treat(treatment) => self.arriving.treat(node.into(), treatment),
                Arrival::Lost => {}
                Arrival::Silence => self.ears = Ears::Deaf,
            }
        }
        Ok(Unread::Frames)
    }

    fn handle(&self, world: &mut World, admission: Admission, node: &OwnedNodeRef) {
        match admission {
            // A device that was unlinked or replaced meanwhile has no say any more.
            Admission::Device(at) if !world.is_current(at, self.outgoing.id) => {}
            Admission::Device(at) => {
                let sender = stanza::Sender {
                    at,
                    outgoing: &self.outgoing,
                };
                stanza::handle(world, &sender, node.get());
            }
            Admission::Unpaired => world.unpaired(&self.outgoing, node.get()),
            Admission::Refused => {}
        }
    }

    /// Writes a batch with one flush.
    async fn write(&mut self, batch: &mut Vec<Order>, admission: Admission) -> Result<Next, ConnectionError> {
        let mut next = Next::Continue;
        let limit = self.shared.limits.write_timeout;
        let writing = async {
            for order in batch.drain(..) {
                let frame = match order {
                    Order::Write(node) | Order::Treated(node, _) => self.sealer.seal(&node)?,
                    Order::Damaged(node, Damage::Sealed, place) => self.sealer.seal_broken(&node, place)?,
                    Order::Damaged(_, Damage::Plain, _) => self.sealer.seal_plain(NO_STANZA.to_vec())?,
                    Order::Rest(moment) => {
                        self.wire.socket.flush().await.map_err(ConnectionError::Socket)?;
                        self.outgoing.rested(moment).await;
                        continue;
                    }
                    Order::Part(moment) => {
                        next = Next::Part(moment);
                        break;
                    }
                    Order::Close => {
                        next = Next::Close;
                        break;
                    }
                    Order::Silence => {
                        next = Next::Silence;
                        break;
                    }
                };
                self.wire
                    .socket
                    .feed(Message::binary(frame))
                    .await
                    .map_err(ConnectionError::Socket)?;
            }
            self.wire.socket.flush().await.map_err(ConnectionError::Socket)
        };
        timeout(limit, writing).await.map_err(|_| ConnectionError::Unread)??;
        if self.outgoing.take_starved()
            && let Admission::Device(at) = admission
        {
            self.refill(at);
        }
        Ok(next)
    }

    fn refill(&self, at: DeviceAddress) {
        let mut world = self.shared.world();
        if world.is_current(at, self.outgoing.id) {
            world.pump(at);
        }
    }

    /// Hears nothing any more, and closes when the client does not.
    async fn part(mut self, moment: Duration) -> Result<(), ConnectionError> {
        let socket = &mut self.wire.socket;
        let gone = async { while let Some(Ok(_)) = socket.next().await {} };
        tokio::select! {
            () = gone => Ok(()),
            () = self.outgoing.rested(moment) => self.close().await,
        }
    }

    async fn close(mut self) -> Result<(), ConnectionError> {
        let limit = self.shared.limits.write_timeout;
        let socket = &mut self.wire.socket;
        timeout(limit, socket.close())
            .await
            .map_err(|_| ConnectionError::Unread)?
            .map_err(ConnectionError::Socket)?;
        let rest = async { while let Some(Ok(_)) = socket.next().await {} };
        // A client that does not close in return is left behind.
        let _ = timeout(LINGER, rest).await;
        Ok(())
    }

    /// Keeps the socket without a sign of life. What is sent to it is lost, as it is to the server behind a line that died.
    async fn silence(mut self) -> Result<(), ConnectionError> {
        while let Some(order) = self.orders.recv().await {
            match order {
                Order::Part(_) | Order::Close => break,
                Order::Write(_) | Order::Treated(..) | Order::Damaged(..) | Order::Rest(_) | Order::Silence => {}
            }
        }
        Ok(())
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

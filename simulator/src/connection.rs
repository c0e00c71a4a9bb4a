//! One client's connection, from the WebSocket upgrade to its end.
//!
//! Unpaired or logged in, it is one task that alternates between writing what it was given and reading what has arrived, so a client that
//! does not read is not read from either. Whatever is wrong with what a client sends ends its connection and nothing else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_websockets::{Limits as MessageLimits, Message, ServerBuilder, WebSocketStream};
use whatsapp_rust::wacore::libsignal::protocol::KeyPair;
use whatsapp_rust::wacore_binary::OwnedNodeRef;

use crate::address::DeviceAddress;
use crate::frame::{FrameError, FrameReader, Opener, Sealer, framed};
use crate::login::{self, Admission};
use crate::noise::{Established, Hello, NoiseError, answer_hello};
use crate::outgoing::{ConnectionId, Order, Outgoing};
use crate::server::Shared;
use crate::stanza;

/// How long a closed connection is still read from. Closing with unread bytes would reset it, and the client might never see the last
/// stanza, which says why.
const LINGER: Duration = Duration::from_secs(1);

/// Orders written, or messages read, before the other side of the loop gets its turn.
const BATCH: usize = 64;

/// Why a connection ended before its client wanted it to.
#[derive(Debug, thiserror::Error)]
enum ConnectionError {
    #[error("the WebSocket failed")]
    Socket(#[source] tokio_websockets::Error),
    #[error("the client went away")]
    Gone,
    #[error("reading a frame failed")]
    Frame(#[from] FrameError),
    #[error("the handshake failed")]
    Noise(#[from] NoiseError),
    #[error("the handshake took too long")]
    Slow,
    #[error("the client does not read")]
    Unread,
    #[error("a stanza does not decode")]
    Stanza,
    #[error("the client payload is not one")]
    Payload,
}

impl ConnectionError {
    /// Whether the client is to blame, as opposed to having hung up.
    fn is_protest(&self) -> bool {
        match self {
            Self::Socket(_) | Self::Gone => false,
            Self::Frame(_) | Self::Noise(_) | Self::Slow | Self::Unread | Self::Stanza | Self::Payload => true,
        }
    }
}

/// A connected socket and what has been read from it.
struct Wire {
    socket: WebSocketStream<TcpStream>,
    reader: FrameReader,
}

impl Wire {
    /// Adds the next message's bytes to the reader.
    async fn receive(&mut self) -> Result<(), ConnectionError> {
        let message = self.socket.next().await;
        self.take(message)
    }

    fn take(&mut self, message: Option<Result<Message, tokio_websockets::Error>>) -> Result<(), ConnectionError> {
        let message = message.ok_or(ConnectionError::Gone)?.map_err(ConnectionError::Socket)?;
        if message.is_binary() {
            self.reader.feed(message.as_payload());
        } else if message.is_close() {
            return Err(ConnectionError::Gone);
        }
        Ok(())
    }

    async fn frame(&mut self) -> Result<bytes::BytesMut, ConnectionError> {
        loop {
            if let Some(frame) = self.reader.frame()? {
                return Ok(frame);
            }
            self.receive().await?;
        }
    }

    async fn send(&mut self, frame: Bytes) -> Result<(), ConnectionError> {
        self.socket
            .send(Message::binary(frame))
            .await
            .map_err(ConnectionError::Socket)
    }
}

/// Serves one client until one of the three ends it: the client, its mistake, or the server.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    let cut = shared.stop.child_token();
    let id = {
        let mut world = shared.world();
        world.stats.connections += 1;
        world.connection_id()
    };
    let outcome = tokio::select! {
        () = cut.cancelled() => Ok(()),
        outcome = talk(stream, &shared, id, cut.clone()) => outcome,
    };
    let mut world = shared.world();
    world.stats.connections -= 1;
    world.pairings.forget(id);
    world.detach_connection(id);
    if let Err(error) = outcome
        && error.is_protest()
    {
        world.stats.rejected_connections += 1;
        tracing::info!(
            connection = id.0,
            error = %chain(&error),
            "connection closed for what the client did"
        );
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

async fn talk(
    stream: TcpStream,
    shared: &Shared,
    id: ConnectionId,
    cut: CancellationToken,
) -> Result<(), ConnectionError> {
    let limits = shared.limits;
    let handshake = async {
        let (_, socket) = ServerBuilder::new()
            .limits(MessageLimits::default().max_payload_len(Some(limits.max_frame + 64)))
            .accept(stream)
            .await
            .map_err(ConnectionError::Socket)?;
        let mut wire = Wire {
            socket,
            reader: FrameReader::new(limits.max_frame),
        };
        let established = shake_hands(&mut wire, shared).await?;
        Ok::<_, ConnectionError>((wire, established))
    };
    let (wire, established) = timeout(limits.handshake_timeout, handshake)
        .await
        .map_err(|_| ConnectionError::Slow)??;

    let (outgoing, orders) = Outgoing::open(id, limits.outgoing_stanzas, cut);
    let Established {
        client,
        payload,
        receive,
        send,
    } = established;
    let admission =
        login::admit(&mut shared.world(), &outgoing, client, &payload).map_err(|_| ConnectionError::Payload)?;
    let line = Line {
        wire,
        opener: Opener::new(receive),
        sealer: Sealer::new(send),
        orders,
        outgoing,
        shared,
    };
    line.run(admission).await
}

async fn shake_hands(wire: &mut Wire, shared: &Shared) -> Result<Established, ConnectionError> {
    let prologue = loop {
        if let Some(prologue) = wire.reader.intro()? {
            break prologue;
        }
        wire.receive().await?;
    };
    let hello = wire.frame().await?;
    let ephemeral = KeyPair::generate(&mut shared.world().rng);
    match answer_hello(&shared.identity, &prologue, &hello, ephemeral)? {
        Hello::Done { reply, established } => {
            wire.send(framed(&reply)).await?;
            shared.world().stats.handshakes_ik += 1;
            Ok(*established)
        }
        Hello::Continue { reply, pending } => {
            wire.send(framed(&reply)).await?;
            let finish = wire.frame().await?;
            let established = pending.finish(&finish)?;
            shared.world().stats.handshakes_xx += 1;
            Ok(established)
        }
    }
}

/// A connection past its handshake.
struct Line<'a> {
    wire: Wire,
    opener: Opener,
    sealer: Sealer,
    orders: mpsc::Receiver<Order>,
    outgoing: Outgoing,
    shared: &'a Shared,
}

/// What to do after a round of writing.
#[derive(PartialEq, Eq)]
enum Next {
    Continue,
    Close,
}

/// What has been received and not yet handled.
#[derive(PartialEq, Eq)]
enum Unread {
    /// At most a part of a frame.
    Nothing,
    /// Perhaps whole frames: answers have to be written first.
    Frames,
}

impl Line<'_> {
    async fn run(mut self, admission: Admission) -> Result<(), ConnectionError> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            // Answers go out before more is read: the client's requests must never fill the channel they are answered through.
            while self
                .orders
                .recv_many(&mut batch, BATCH)
                .now_or_never()
                .is_some_and(|n| n > 0)
            {
                if self.write(&mut batch, admission).await? == Next::Close {
                    return self.close().await;
                }
            }
            if self.read(admission)? == Unread::Frames {
                continue;
            }
            // More may have arrived already; one write then answers all of it.
            let mut more = 0;
            while more < BATCH
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
            tokio::select! {
                count = self.orders.recv_many(&mut batch, BATCH) => {
                    if count == 0 || self.write(&mut batch, admission).await? == Next::Close {
                        return self.close().await;
                    }
                }
                message = self.wire.socket.next() => self.wire.take(message)?,
            }
        }
    }

    /// Handles whole frames that have been received, as long as there is room to answer them.
    fn read(&mut self, admission: Admission) -> Result<Unread, ConnectionError> {
        while self.outgoing.may_answer() {
            let Some(frame) = self.wire.reader.frame()? else {
                return Ok(Unread::Nothing);
            };
            let bytes = self.opener.open(frame)?;
            let node = OwnedNodeRef::new(bytes.clone()).map_err(|_| ConnectionError::Stanza)?;
            let mut world = self.shared.world();
            match admission {
                Admission::Device(at) => {
                    world.received(Some(at), bytes);
                    // A device that was unlinked or replaced meanwhile has no say any more.
                    if !world.is_current(at, self.outgoing.id) {
                        continue;
                    }
                    let sender = stanza::Sender {
                        at,
                        outgoing: &self.outgoing,
                    };
                    stanza::handle(&mut world, &sender, node.get());
                }
                Admission::Unpaired => {
                    world.received(None, bytes);
                    world.unpaired(&self.outgoing, node.get());
                }
                Admission::Refused => {}
            }
        }
        Ok(Unread::Frames)
    }

    /// Writes a batch with one flush.
    async fn write(&mut self, batch: &mut Vec<Order>, admission: Admission) -> Result<Next, ConnectionError> {
        let mut next = Next::Continue;
        let limit = self.shared.limits.write_timeout;
        let writing = async {
            for order in batch.drain(..) {
                match order {
                    Order::Write(node) => {
                        let frame = self.sealer.seal(&node)?;
                        self.wire
                            .socket
                            .feed(Message::binary(frame))
                            .await
                            .map_err(ConnectionError::Socket)?;
                    }
                    Order::Rest(moment) => {
                        self.wire.socket.flush().await.map_err(ConnectionError::Socket)?;
                        self.outgoing.rested(moment).await;
                    }
                    Order::Close => {
                        next = Next::Close;
                        break;
                    }
                }
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
}

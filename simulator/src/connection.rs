//! One client's connection, from the WebSocket upgrade to its end.
//!
//! Whatever is wrong with what a client sends ends its connection and nothing else.

mod line;

use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_websockets::{Limits as MessageLimits, Message, ServerBuilder, WebSocketStream};
use whatsapp_rust::wacore::libsignal::protocol::KeyPair;

use crate::bounds::Excess;
use crate::connection::line::Line;
use crate::doors::Seat;
use crate::frame::{FrameError, FrameReader, framed};
use crate::login;
use crate::noise::{Established, Greeting, Hello, NoiseError, answer_hello};
use crate::outgoing::{ConnectionId, Outgoing};
use crate::server::Shared;

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
    #[error("the handshake was begun before with the same bytes")]
    Replayed,
    #[error("the handshake took too long")]
    Slow,
    #[error("the client does not read")]
    Unread,
    #[error("a stanza is over the limits")]
    Excess(#[from] Excess),
    #[error("a stanza does not decode")]
    Stanza,
    #[error("the client payload is not one")]
    Payload,
}

impl ConnectionError {
    /// Whether the client is to blame, as opposed to having hung up.
    fn is_protest(&self) -> bool {
        match self {
            Self::Socket(tokio_websockets::Error::PayloadTooLong { .. } | tokio_websockets::Error::Protocol(_)) => true,
            Self::Socket(_) | Self::Gone => false,
            Self::Frame(_)
            | Self::Noise(_)
            | Self::Replayed
            | Self::Slow
            | Self::Unread
            | Self::Excess(_)
            | Self::Stanza
            | Self::Payload => true,
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

/// Serves one client until one of the three ends it: the client, its mistake, or the server through `cut`.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>, mut seat: Seat, cut: CancellationToken) {
    let id = {
        let mut world = shared.world();
        world.stats.connections += 1;
        world.connection_id()
    };
    let outcome = tokio::select! {
        () = cut.cancelled() => Ok(()),
        outcome = talk(stream, &shared, &mut seat, id, cut.clone()) => outcome,
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
    seat: &mut Seat,
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
    seat.settle();

    let (outgoing, orders) = Outgoing::open(id, limits.outgoing_stanzas, cut);
    let admission = login::admit(&mut shared.world(), &outgoing, established.client, &established.payload)
        .map_err(|_| ConnectionError::Payload)?;
    Line::new(wire, *established, orders, outgoing, shared)
        .run(admission)
        .await
}

async fn shake_hands(wire: &mut Wire, shared: &Shared) -> Result<Box<Established>, ConnectionError> {
    let prologue = loop {
        if let Some(prologue) = wire.reader.intro()? {
            break prologue;
        }
        wire.receive().await?;
    };
    let greeting = Greeting::parse(&wire.frame().await?)?;
    let (identity, ephemeral) = {
        let mut world = shared.world();
        if !world.hellos.is_new(greeting.ephemeral()) {
            return Err(ConnectionError::Replayed);
        }
        (Arc::clone(&world.identity), KeyPair::generate(&mut world.rng))
    };
    match answer_hello(&identity, &prologue, &greeting, ephemeral)? {
        Hello::Done { reply, established } => {
            wire.send(framed(&reply)).await?;
            shared.world().stats.handshakes_ik += 1;
            Ok(established)
        }
        Hello::Continue { reply, pending } => {
            wire.send(framed(&reply)).await?;
            let finish = wire.frame().await?;
            let established = pending.finish(&finish)?;
            shared.world().stats.handshakes_xx += 1;
            Ok(Box::new(established))
        }
    }
}

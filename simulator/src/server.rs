//! The running server: the shared state, the tasks, and the listener, which may be replaced by another on the same port.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand_signal::rngs::StdRng;
use rand_signal::{RngExt as _, SeedableRng as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::bounds::StanzaLimits;
use crate::config::{Config, Exposure, PhoneReading};
use crate::connection;
use crate::doors::Doors;
use crate::error::StartError;
use crate::media::{self, Authority};
use crate::noise::ServerIdentity;
use crate::saved;
use crate::world::World;

/// How long accepting rests after it failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What connections and phones share.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) config: Config,
    pub(crate) authority: Authority,
    pub(crate) phones: PhoneReading,
    pub(crate) limits: Limits,
    doors: Doors,
    /// Cancelled when the server stops.
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Those of them that are phones.
    pub(crate) phones_on: TaskTracker,
    /// Where tasks are started from outside of the runtime.
    pub(crate) runtime: Handle,
}

/// Bounds of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) outgoing_stanzas: usize,
    pub(crate) write_timeout: Duration,
    pub(crate) handshake_timeout: Duration,
    pub(crate) max_frame: usize,
    pub(crate) max_media: usize,
    pub(crate) stanzas: StanzaLimits,
}

impl Shared {
    /// The state. The guard must not be held across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // A panic under the lock is a failed test already; the others may still finish.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sockets that wait to be accepted, at most.
const BACKLOG: u32 = 1_024;

/// The time between two starts of the server: one listener and the connections it accepted.
pub(crate) struct Era {
    stop: CancellationToken,
    accepting: TaskTracker,
    connections: TaskTracker,
}

impl Era {
    /// Accepts connections until it ends.
    pub(crate) fn begin(shared: &Arc<Shared>, listener: TcpListener) -> Self {
        let era = Self {
            stop: shared.stop.child_token(),
            accepting: TaskTracker::new(),
            connections: TaskTracker::new(),
        };
        let accepting = accept(listener, Arc::clone(shared), era.stop.clone(), era.connections.clone());
        let accepting = era.accepting.track_future(accepting);
        shared.tasks.spawn_on(accepting, &shared.runtime);
        era
    }

    /// Closes the listener and takes its port again at once, without listening: clients are refused. Then ends every connection.
    pub(crate) async fn end(self, address: SocketAddr) -> std::io::Result<TcpSocket> {
        self.stop.cancel();
        self.accepting.close();
        self.accepting.wait().await;
        let port = reserve(address);
        self.connections.close();
        self.connections.wait().await;
        port
    }
}

/// Takes a port without listening on it.
pub(crate) fn reserve(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // The connections that just ended still occupy the port for the system.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Listens on a port that was kept.
pub(crate) fn listen(port: TcpSocket) -> std::io::Result<TcpListener> {
    port.listen(BACKLOG)
}

/// Binds and starts accepting.
pub(crate) async fn start(config: Config) -> Result<(Arc<Shared>, SocketAddr, Era), StartError> {
    for address in [config.listen, config.media_listen] {
        if config.exposure == Exposure::Loopback && !address.ip().is_loopback() {
            return Err(StartError::NotLoopback(address));
        }
    }
    let listen = |source| StartError::Listen {
        address: config.listen,
        source,
    };
    let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let authority = authority(&config)?;
    let media = media::listen(config.media_listen, &authority).await?;
    let stop = CancellationToken::new();
    let restored = match &config.restore {
        None => None,
        Some(path) => Some(
            saved::load(path, &config, media.host.clone(), stop.child_token())
                .await
                .map_err(StartError::Restore)?,
        ),
    };
    let mut rng = StdRng::seed_from_u64(config.seed);
    let identity = ServerIdentity::generate(&mut rng).map_err(StartError::Certificate)?;
    let shared = Arc::new(Shared {
        world: Mutex::new(World::new(
            &config,
            rng,
            Arc::new(identity),
            media.host.clone(),
            stop.child_token(),
        )),
        authority,
        phones: config.phones,
        doors: Doors::new(
            config.max_connections,
            config.max_connections_per_source,
            config.max_handshakes,
        ),
        limits: Limits {
            outgoing_stanzas: config.outgoing_stanzas,
            write_timeout: config.write_timeout,
            handshake_timeout: config.handshake_timeout,
            max_frame: config.max_frame,
            max_media: config.max_media,
            stanzas: config.stanzas,
        },
        stop,
        tasks: TaskTracker::new(),
        phones_on: TaskTracker::new(),
        runtime: Handle::current(),
        config,
    });
    if let Some(restored) = restored {
        restored.begin(&shared);
    }
    let era = Era::begin(&shared, listener);
    shared.tasks.spawn(media::serve(media, Arc::clone(&shared)));
    Ok((shared, address, era))
}

/// The authority of the media server, from a generator of its own: keys for media change nothing about who exists.
fn authority(config: &Config) -> Result<Authority, StartError> {
    let mut rng = StdRng::seed_from_u64(!config.seed);
    Authority::make(rng.random(), rng.random(), config.media_listen).map_err(StartError::Tls)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken, connections: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => admit(stream, from, &shared, &stop, &connections),
            Err(error) => {
                // Out of file descriptors, most likely: give connections a moment to end.
                tracing::warn!(%error, "accepting a connection failed");
                let _ = tokio::time::timeout(ACCEPT_PAUSE, stop.cancelled()).await;
            }
        }
    }
}

fn admit(
    stream: TcpStream,
    from: SocketAddr,
    shared: &Arc<Shared>,
    stop: &CancellationToken,
    connections: &TaskTracker,
) {
    let seat = match shared.doors.enter(from.ip()) {
        Ok(seat) => seat,
        Err(full) => {
            shared.world().stats.refused_connections += 1;
            tracing::info!(source = %from.ip(), reason = %full, "connection refused");
            return;
        }
    };
    // Small stanzas answer each other: waiting to fill a packet costs 40 ms a time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it began");
        return;
    }
    let serving = connection::serve(stream, Arc::clone(shared), seat, stop.child_token());
    shared.tasks.spawn(connections.track_future(serving));
}

//! The running server: the listener, the shared state, the tasks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand_signal::rngs::StdRng;
use rand_signal::{RngExt as _, SeedableRng as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, Exposure, PhoneReading};
use crate::connection;
use crate::error::StartError;
use crate::media::{self, Authority};
use crate::noise::ServerIdentity;
use crate::world::World;

/// How long accepting rests after it failed.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// What connections and phones share.
pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) identity: ServerIdentity,
    pub(crate) authority: Authority,
    pub(crate) phones: PhoneReading,
    pub(crate) limits: Limits,
    /// Cancelled when the server stops.
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
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
}

impl Shared {
    /// The state. The guard must not be held across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        // A panic under the lock is a failed test already; the others may still finish.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Binds and starts accepting.
pub(crate) async fn start(config: Config) -> Result<(Arc<Shared>, std::net::SocketAddr), StartError> {
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
    let mut rng = StdRng::seed_from_u64(config.seed);
    let identity = ServerIdentity::generate(&mut rng).map_err(StartError::Certificate)?;
    let shared = Arc::new(Shared {
        world: Mutex::new(World::new(&config, rng, media.host.clone())),
        identity,
        authority,
        phones: config.phones,
        limits: Limits {
            outgoing_stanzas: config.outgoing_stanzas,
            write_timeout: config.write_timeout,
            handshake_timeout: config.handshake_timeout,
            max_frame: config.max_frame,
            max_media: config.max_media,
        },
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        runtime: Handle::current(),
    });
    let accepting = accept(listener, Arc::clone(&shared));
    shared.tasks.spawn(accepting);
    shared.tasks.spawn(media::serve(media, Arc::clone(&shared)));
    Ok((shared, address))
}

/// The authority of the media server, from a generator of its own: keys for media change nothing about who exists.
fn authority(config: &Config) -> Result<Authority, StartError> {
    let mut rng = StdRng::seed_from_u64(!config.seed);
    Authority::make(rng.random(), rng.random(), config.media_listen).map_err(StartError::Tls)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let accepted = tokio::select! {
            () = shared.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => admit(stream, &shared),
            Err(error) => {
                // Out of file descriptors, most likely: give connections a moment to end.
                tracing::warn!(%error, "accepting a connection failed");
                let _ = tokio::time::timeout(ACCEPT_PAUSE, shared.stop.cancelled()).await;
            }
        }
    }
}

fn admit(stream: TcpStream, shared: &Arc<Shared>) {
    // Small stanzas answer each other: waiting to fill a packet costs 40 ms a time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it began");
        return;
    }
    shared.tasks.spawn(connection::serve(stream, Arc::clone(shared)));
}

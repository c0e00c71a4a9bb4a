//! What a run of the simulator can be told.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::bounds::StanzaLimits;
use crate::clock::{Clock, SystemClock};
use crate::unknown::Strictness;

/// Which messages an account's phone (device 0) decrypts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PhoneReading {
    /// Everything addressed to it: each decryption proves the sender's session with the phone, and failures are counted.
    Everything,
    /// Only what its own companions ask of it. Chat messages are taken from its queue unread; for load tests whose subject is the
    /// companions.
    PeersOnly,
}

/// Settings of one server. `Config::default()` is what tests want: a free loopback port, a fixed seed.
#[derive(Clone)]
pub struct Config {
    /// Where to listen. Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where the media server listens (HTTPS). Port 0 picks a free one.
    pub media_listen: SocketAddr,
    /// Accept a `listen` or `media_listen` address that other machines can reach. The server authenticates nobody: off unless the operator means it.
    pub exposure: Exposure,
    /// Seed of every number, key and id the server and its phones make up.
    pub seed: u64,
    /// The clock behind every timestamp on the wire.
    pub clock: Arc<dyn Clock>,
    /// Stanzas kept for [`crate::Simulator::stanzas`]; the oldest go first.
    pub log_stanzas: usize,
    /// Upper bound of the bytes those stanzas hold; reached first, it wins over `log_stanzas`.
    pub log_bytes: usize,
    /// Stanzas one connection may have under way to its socket before the device queue holds the rest back;
    /// at least 64.
    pub outgoing_stanzas: usize,
    /// How long a client may leave its socket unread before it is cut off; on the media server, how long nothing may move either way.
    pub write_timeout: Duration,
    /// How long a new connection may take to finish its handshake.
    pub handshake_timeout: Duration,
    /// Largest frame accepted from a client, in bytes.
    pub max_frame: usize,
    /// Largest upload the media server takes, in bytes.
    pub max_media: usize,
    /// What the media server holds altogether, in bytes; an upload that does not fit is refused.
    pub media_bytes: usize,
    /// How long an upload is served, by [`Self::clock`].
    pub media_lifetime: Duration,
    /// How large a stanza may be.
    pub stanzas: StanzaLimits,
    /// Connections there may be at once; more are closed at once.
    pub max_connections: usize,
    /// How many of them may come from one address.
    pub max_connections_per_source: usize,
    /// How many of them may have their handshake unfinished.
    pub max_handshakes: usize,
    /// What happens to stanzas that the server does not know.
    pub strictness: Strictness,
    /// Unacknowledged stanzas one device may have queued; a message that does not fit is refused to its sender, never dropped.
    pub queue_limit: usize,
    /// A companion is told to upload prekeys when it has fewer left than this.
    pub low_prekeys: usize,
    /// A collection of app state with more patches than this is given as a snapshot to a client that asks for one without naming a
    /// version. With 0 every such client has to fetch a file before it is connected, as on the service.
    pub snapshot_after: u64,
    /// What phones decrypt.
    pub phones: PhoneReading,
    /// The file of a world to begin with ([`crate::Simulator::save`]); an empty world without it.
    pub restore: Option<PathBuf>,
}

/// Who may reach the listening address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// This machine only; any other address is refused at start.
    Loopback,
    /// Whoever can reach the address.
    Anyone,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            media_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            exposure: Exposure::Loopback,
            seed: 1,
            clock: Arc::new(SystemClock),
            log_stanzas: 65_536,
            log_bytes: 64 << 20,
            outgoing_stanzas: 512,
            write_timeout: Duration::from_secs(30),
            handshake_timeout: Duration::from_secs(20),
            max_frame: 4 << 20,
            max_media: 256 << 20,
            media_bytes: 1 << 30,
            media_lifetime: Duration::from_secs(30 * 86_400),
            stanzas: StanzaLimits::default(),
            max_connections: 10_000,
            max_connections_per_source: 10_000,
            max_handshakes: 1_024,
            strictness: Strictness::Lenient,
            queue_limit: 200_000,
            low_prekeys: 10,
            snapshot_after: 50,
            phones: PhoneReading::Everything,
            restore: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("media_listen", &self.media_listen)
            .field("exposure", &self.exposure)
            .field("seed", &self.seed)
            .field("phones", &self.phones)
            .finish_non_exhaustive()
    }
}

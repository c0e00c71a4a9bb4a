//! Connections as the machine gives them, and patience where it gives none.

use std::future::Future;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use waspnest_core::clock::Clock;

use super::meters::{Accepted, Meters};

/// The first wait when the machine gives no connection, and the longest.
const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Where connections come from.
pub(in crate::http) trait Listen: Send {
    /// The next one.
    fn accept(&mut self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send;
}

impl Listen for TcpListener {
    async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        Self::accept(self).await
    }
}

/// The next connection, however long the machine has none to give: a process without free file descriptors has them again when connections
/// end, and neither spins nor dies until then.
pub(super) async fn next(from: &mut impl Listen, clock: &dyn Clock, meters: &Meters) -> (TcpStream, SocketAddr) {
    let mut wait = FIRST;
    loop {
        let error = match from.accept().await {
            Ok(come) => return come,
            Err(error) => error,
        };
        let its_own_end = [
            ErrorKind::ConnectionAborted,
            ErrorKind::ConnectionReset,
            ErrorKind::ConnectionRefused,
        ];
        if its_own_end.contains(&error.kind()) {
            continue;
        }
        meters.accepted(Accepted::Failed);
        if wait == FIRST {
            tracing::warn!(%error, "no connection can be accepted; trying again until one can");
        }
        clock.sleep(wait).await;
        wait = LONGEST.min(wait * 2);
    }
}

//! Connections whose other side is gone or takes nothing: the system lets go of them.
//!
//! A stream ends with a word to a listener that is too slow, but a word reaches only who reads. Whoever does not read at all, or vanished
//! without closing, would be held for ever, with what waits for it.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpListener;

/// How long somebody may take nothing of what is sent to it.
#[cfg(target_os = "linux")]
const UNREAD: Duration = Duration::from_secs(30);
/// How long a connection over which nothing goes is believed to stand; then the system asks the other side.
const IDLE: Duration = Duration::from_secs(60);

/// Makes it so for all connections that a listener accepts: they inherit it.
pub(super) fn give_up(listener: &TcpListener) {
    let listener = SockRef::from(listener);
    let set = listener.set_tcp_keepalive(&TcpKeepalive::new().with_time(IDLE));
    // Other systems have a time of their own.
    #[cfg(target_os = "linux")]
    let set = set.and_then(|()| listener.set_tcp_user_timeout(Some(UNREAD)));
    if let Err(error) = set {
        tracing::warn!(%error, "connections whose other side is gone are held until the system notices by itself");
    }
}

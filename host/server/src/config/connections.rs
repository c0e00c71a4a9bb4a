//! `[server.connections]`: how many connections the HTTP listener holds, and how long each may take over what.

use std::time::Duration;

use super::form;
use super::section::Section;

/// `[server.connections]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connections {
    /// How many there are at most; one more is closed at once.
    pub most: usize,
    /// How many there are at most from one address, but for those of proxies that are believed.
    pub most_from_address: usize,
    /// How long the head of a request may take, and a TLS handshake.
    pub head_timeout: Duration,
    /// How long nothing may be asked.
    pub idle_timeout: Duration,
    /// How long the other side may neither send what it began nor take what it is sent.
    pub stall_timeout: Duration,
    /// Headers of one request.
    pub headers: usize,
    /// Bytes of the head of one request.
    pub head_bytes: u64,
}

impl Default for Connections {
    fn default() -> Self {
        Self {
            most: 8192,
            most_from_address: 4096,
            head_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            stall_timeout: Duration::from_secs(60),
            headers: 100,
            head_bytes: 32 << 10,
        }
    }
}

impl Connections {
    pub(super) fn read(mut section: Section<'_>) -> Self {
        let default = Self::default();
        let count = || form::integer(1, 1_000_000);
        let span = || form::span(Duration::from_millis(10), Duration::from_secs(3600));
        let connections = Self {
            most: section.or("most", default.most, count()),
            most_from_address: section.or("most-from-address", default.most_from_address, count()),
            head_timeout: section.or("head-timeout", default.head_timeout, span()),
            idle_timeout: section.or("idle-timeout", default.idle_timeout, span()),
            stall_timeout: section.or("stall-timeout", default.stall_timeout, span()),
            headers: section.or("headers", default.headers, form::integer(16, 1000)),
            head_bytes: section.or("head-bytes", default.head_bytes, form::bytes(8 << 10, 1 << 20)),
        };
        section.finish();
        connections
    }

    /// The shortest of the times: nothing that begins now is over before.
    #[must_use]
    pub fn shortest(&self) -> Duration {
        self.head_timeout.min(self.idle_timeout).min(self.stall_timeout)
    }
}

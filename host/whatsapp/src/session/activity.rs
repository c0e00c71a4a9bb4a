//! How busy a session is, and what of it takes memory.

use waspnest_core::clock::UnixMs;

use super::SessionHandle;

/// Counted since the session's client was started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    /// Bytes written to WhatsApp, sealed.
    pub bytes_sent: u64,
    /// Bytes read from WhatsApp, sealed.
    pub bytes_received: u64,
    /// Messages that were sent, or tried to be.
    pub messages_sent: u64,
    /// Messages that came and could be read.
    pub messages_received: u64,
    /// How often the connection was made anew.
    pub reconnects: u64,
    /// Bytes the client estimates for what it keeps in memory.
    pub memory_bytes: u64,
}

/// When messages last came and went, since the host was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LastMessages {
    /// When one came.
    pub received_at: Option<UnixMs>,
    /// When WhatsApp's server took one.
    pub sent_at: Option<UnixMs>,
}

impl SessionHandle {
    /// How busy its client is; none while it is not connected.
    pub async fn activity(&self) -> Option<Activity> {
        let client = self.published.client()?;
        let stats = client.stats();
        Some(Activity {
            bytes_sent: stats.bytes_sent,
            bytes_received: stats.bytes_received,
            messages_sent: stats.messages_sent,
            messages_received: stats.messages_received,
            reconnects: stats.reconnects,
            memory_bytes: client.memory_report().await.total_estimated_bytes(),
        })
    }

    /// When messages last came and went.
    #[must_use]
    pub fn last_messages(&self) -> LastMessages {
        self.published.last_messages()
    }
}

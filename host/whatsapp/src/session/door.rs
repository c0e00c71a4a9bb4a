//! The transport of one client, which lets no message out before its ratchet keys are on disk.
//!
//! Frames are sealed and one after another, so a message that waits holds up what comes behind it; that is rare, and short.

use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;
use waspnest_core::clock::Clock;
use whatsapp_rust::anyhow::{Error, Result, anyhow};
use whatsapp_rust::transport::{Transport, TransportEvent, TransportFactory};
use whatsapp_rust::wacore::stats::TransportResourceReport;
use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::{Client, Jid, async_channel};

use super::departure::{Departures, Keys, Shown, settle, shown};
use crate::backend::Backend;
use crate::transport::Dialer;

/// How long a frame may wait. While missed messages come in, a flush waits for their commit. A frame that cannot leave in time ends the
/// connection, as it cannot be taken back from the order of the others.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long a frame waits before a flush. What moved the ratchet is a message that was decrypted a moment ago; a flush right then might
/// write its ratchet before its copy for redelivery, and a crash would lose it. whatsapp-rust itself waits 25 ms.
const PAUSE: Duration = Duration::from_millis(30);

/// Dials, and lets nothing out too early. One is for one client.
#[derive(Clone)]
pub(crate) struct Door(Arc<Doorkeeper>);

struct Doorkeeper {
    dialer: Dialer,
    departures: Arc<Departures>,
    backend: Arc<Backend>,
    clock: Arc<dyn Clock>,
    troubles: mpsc::Sender<Box<str>>,
    client: OnceLock<Weak<Client>>,
}

impl Door {
    pub(crate) fn new(
        dialer: Dialer,
        departures: Arc<Departures>,
        backend: Arc<Backend>,
        clock: Arc<dyn Clock>,
        troubles: mpsc::Sender<Box<str>>,
    ) -> Self {
        Self(Arc::new(Doorkeeper {
            dialer,
            departures,
            backend,
            clock,
            troubles,
            client: OnceLock::new(),
        }))
    }

    /// Names the client, before it runs.
    pub(crate) fn serve(&self, client: &Arc<Client>) {
        // It is named once, where it is made.
        let _ = self.0.client.set(Arc::downgrade(client));
    }
}

impl Doorkeeper {
    async fn let_out(&self, messages: &[Arc<Node>]) -> Result<()> {
        let shown: Vec<Shown> = messages.iter().flat_map(|message| shown(message)).collect();
        tokio::select! {
            settled = settle(&shown, self) => settled,
            () = self.clock.sleep(PATIENCE) => Err(anyhow!("ratchets could not be written in time")),
        }
    }
}

#[async_trait]
impl Keys for Doorkeeper {
    async fn sessions(&self, with: &Jid) -> Result<Vec<Bytes>> {
        Ok(self.backend.sessions_on_disk(with).await?)
    }

    async fn flush(&self) -> Result<()> {
        let client = self.client.get().and_then(Weak::upgrade);
        let client = client.ok_or_else(|| anyhow!("the client has ended"))?;
        self.clock.sleep(PAUSE).await;
        client.flush_pending_signal_state().await.map_err(Error::from)
    }
}

#[async_trait]
impl TransportFactory for Door {
    async fn create_transport(&self) -> Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>)> {
        let dialed = self.0.dialer.create_transport().await;
        if let Err(error) = &dialed {
            // whatsapp-rust tries again and tells nobody why. One that waits to be told is enough.
            let _ = self.0.troubles.try_send(format!("{error:#}").into());
        }
        let (line, events) = dialed?;
        let keeper = Arc::clone(&self.0);
        Ok((Arc::new(Guarded { line, keeper }), events))
    }
}

struct Guarded {
    line: Arc<dyn Transport>,
    keeper: Arc<Doorkeeper>,
}

#[async_trait]
impl Transport for Guarded {
    async fn send(&self, data: Bytes) -> Result<()> {
        let due = self.keeper.departures.take();
        if !due.is_empty() {
            self.keeper.let_out(&due).await?;
        }
        self.line.send(data).await
    }

    async fn disconnect(&self) {
        self.line.disconnect().await;
    }

    fn resource_report(&self) -> Option<TransportResourceReport> {
        self.line.resource_report()
    }
}

//! Ratchet keys are on disk before anything encrypted with them leaves.
//!
//! Receiving a message under a new ratchet key makes a new key pair for our answers. whatsapp-rust writes it within about 25 ms, and lets
//! answers leave before that: only message counters are reserved on disk beforehand. A crash in between loses the private half of a key
//! the other side already encrypts to, and its next message cannot be read. So every send waits for one flush that began after the send
//! was asked for; sends that wait at the same time share it. What is received after that flush is seen to where the message leaves, in
//! [`super::departure`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;
use whatsapp_rust::Client;

use super::departure::{Departure, Departures};

/// The flushes of one session.
#[derive(Debug, Default)]
pub(crate) struct Ratchets {
    asked: AtomicU64,
    /// Everything asked for up to this number is on disk. Held while a flush runs, so that those who come meanwhile share the next one.
    flushed: Mutex<u64>,
    departures: Arc<Departures>,
}

impl Ratchets {
    /// Returns when every key the client holds by now is on disk.
    pub(crate) async fn settle(&self, client: &Client) -> Result<(), String> {
        self.share(async || {
            client
                .flush_pending_signal_state()
                .await
                .map_err(|error| format!("{error:#}"))
        })
        .await
    }

    /// Announces a message that is sent after [`Ratchets::settle`]; see [`Departures::announce`].
    pub(crate) fn announce(&self, client: &Client, id: &str) -> Departure<'_> {
        self.departures.announce(client, id)
    }

    pub(crate) fn departures(&self) -> Arc<Departures> {
        Arc::clone(&self.departures)
    }

    async fn share(&self, flush: impl AsyncFnOnce() -> Result<(), String>) -> Result<(), String> {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let mut flushed = self.flushed.lock().await;
        if *flushed >= mine {
            return Ok(());
        }
        let covers = self.asked.load(Ordering::SeqCst);
        flush().await?;
        *flushed = covers;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn those_who_wait_share_the_next_flush() {
        let ratchets = Arc::new(Ratchets::default());
        let (begun, gate) = (Arc::new(AtomicU64::new(0)), Arc::new(Semaphore::new(0)));
        let ask = || {
            let (ratchets, begun, gate) = (Arc::clone(&ratchets), Arc::clone(&begun), Arc::clone(&gate));
            async move {
                let flush = async || {
                    begun.fetch_add(1, Ordering::SeqCst);
                    gate.acquire().await.expect("open").forget();
                    Ok(())
                };
                ratchets.share(flush).await.expect("flushed");
            }
        };
        let first = ask();
        let others = futures::future::join_all((0..10).map(|_| ask()));
        // The first begins alone; the others come while it runs and need one flush of their own.
        let release = async {
            while begun.load(Ordering::SeqCst) < 1 {
                tokio::task::yield_now().await;
            }
            gate.add_permits(2);
        };
        tokio::join!(first, others, release);
        assert_eq!(begun.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_failed_flush_covers_nobody() {
        let ratchets = Ratchets::default();
        assert!(ratchets.share(async || Err("no disk".into())).await.is_err());
        let mut ran = false;
        ratchets
            .share(async || {
                ran = true;
                Ok(())
            })
            .await
            .expect("flushed");
        assert!(ran);
    }
}

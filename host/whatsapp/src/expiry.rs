//! How long what belongs to messages is kept: those that were sent, for devices that could not decrypt them, and the secrets that edits, votes
//! and answers to messages are opened with.
//!
//! whatsapp-rust lets go of what is old once a connection has lasted for five minutes, so never where connections break sooner. The host sees to
//! it by its own clock.

use std::sync::Arc;
use std::time::Duration;

use waspnest_core::clock::Clock;
use whatsapp_rust::wacore::msg_secret::MsgSecretRetention;
use whatsapp_rust::wacore::store::error::StoreError;
use whatsapp_rust::wacore::store::traits::{MsgSecretStore, ProtocolStore};

use crate::backend::Backend;

/// How long a sent message can be asked for once more, as whatsapp-rust has it.
const SENT: Duration = Duration::from_secs(7200);
/// How often it is looked for what is old; what is kept for a short time is looked at sooner.
const EVERY: Duration = Duration::from_secs(3600);
/// How often in the time that things are kept.
const TIMES: u32 = 4;

/// See the module documentation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expiry {
    most: Duration,
}

impl Expiry {
    /// Nothing is kept for longer than events are.
    pub(crate) fn after(keep_events: Option<Duration>) -> Self {
        Self {
            most: keep_events.unwrap_or(Duration::MAX),
        }
    }

    pub(crate) fn sent(self) -> Duration {
        SENT.min(self.most)
    }

    pub(crate) fn secrets(self) -> MsgSecretRetention {
        let MsgSecretRetention { text, poll_event, bot } = MsgSecretRetention::default();
        MsgSecretRetention {
            text: text.min(self.most),
            poll_event: poll_event.min(self.most),
            bot: bot.min(self.most),
        }
    }

    /// Lets go of what is old, now and then. Never ends.
    pub(crate) async fn run(self, backend: Arc<Backend>, clock: Arc<dyn Clock>) {
        loop {
            clock.sleep(EVERY.min(self.most / TIMES)).await;
            let now = i64::try_from(clock.now().0 / 1000).unwrap_or(i64::MAX);
            if let Err(error) = self.let_go(&backend, now).await {
                // It is tried again the next time.
                tracing::warn!(%error, "what is old of messages could not be let go");
            }
        }
    }

    async fn let_go(self, backend: &Backend, now: i64) -> Result<(), StoreError> {
        let sent = i64::try_from(self.sent().as_secs()).unwrap_or(i64::MAX);
        backend.delete_expired_sent_messages(now.saturating_sub(sent)).await?;
        backend.delete_expired_msg_secrets(now).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use waspnest_core::clock::{Ids, ManualClock, SeededIds, UnixMs};
    use waspnest_core::id::SessionId;
    use waspnest_core::master_key::MasterKey;
    use waspnest_core::seal::Sealer;
    use waspnest_core::store::{KeyRange, MemoryStore, Order, Space, Store};

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn nothing_is_kept_for_longer_than_events() {
        let lasts = |keep| {
            let expiry = Expiry::after(keep);
            let secrets = expiry.secrets();
            [expiry.sent(), secrets.text, secrets.poll_event, secrets.bot]
        };
        assert_eq!(lasts(None), [SENT, DAY * 30, DAY * 90, DAY * 30]);
        assert_eq!(lasts(Some(DAY * 60)), [SENT, DAY * 30, DAY * 60, DAY * 30]);
        assert_eq!(lasts(Some(MINUTE)), [MINUTE; 4]);
    }

    #[tokio::test]
    async fn what_is_old_goes_whether_or_not_there_is_a_connection() {
        let clock = Arc::new(ManualClock::at(UnixMs(1_800_000_000_000)));
        let store = MemoryStore::new();
        let session = SessionId::new(SeededIds::new(1).ulid(clock.now()));
        let sealer = Sealer::new(&MasterKey::generate());
        let backend = Backend::open(store.clone(), session, sealer, clock.clone()).await;
        let backend = Arc::new(backend.expect("it opens"));
        backend
            .store_sent_message("c", "1", b"hello")
            .await
            .expect("it is kept");
        let passes = async {
            for second in 0.. {
                let all = KeyRange::prefix(&[]);
                let kept = store.scan(Space::Session(session), all, Order::Ascending, 10).await;
                if kept.expect("it reads").is_empty() {
                    return second;
                }
                clock.advance(Duration::from_secs(1));
                tokio::task::yield_now().await;
            }
            unreachable!("seconds do not end")
        };
        let gone = tokio::select! {
            seconds = passes => seconds,
            () = Expiry::after(Some(MINUTE)).run(backend, clock.clone()) => unreachable!("it does not end"),
        };
        assert!((60..120).contains(&gone), "after {gone} seconds");
    }
}

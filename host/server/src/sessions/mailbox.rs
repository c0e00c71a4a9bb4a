//! Keeps a session's mailbox: takes what has happened, and fetches files where they are wanted at once.
//!
//! It stands beside the way of messages to plugins and never in it: when it fails, it waits and tries again, and only a lost store ends the
//! session.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use waspnest_core::clock::Clock;
use waspnest_core::id::SessionId;
use waspnest_core::mailbox::{Behind, Mailbox};
use waspnest_core::store::StoreError;

use crate::config::mailbox::Fetching;
use crate::service::mailbox::Library;

/// How long it lets things come together before it takes them: taking many at once costs hardly more than taking one, and whoever reads takes
/// what there is first.
const GATHER: Duration = Duration::from_millis(50);
/// How long after a failure it is tried again.
const REST: Duration = Duration::from_secs(30);

pub(super) struct MailboxKeeper {
    pub(super) session: SessionId,
    pub(super) mailbox: Mailbox,
    pub(super) library: Library,
    pub(super) media: Fetching,
    pub(super) clock: Arc<dyn Clock>,
}

impl MailboxKeeper {
    /// Keeps it until `stop`.
    ///
    /// # Errors
    /// When the store is lost.
    pub(super) async fn run(self, stop: CancellationToken) -> Result<(), StoreError> {
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            lost = self.keep() => lost,
            () = self.fetch() => Ok(()),
        }
    }

    async fn keep(&self) -> Result<(), StoreError> {
        let mut wake = self.mailbox.wake(self.session);
        loop {
            match self.take().await {
                Ok(()) => {
                    wake.woken().await;
                    self.clock.sleep(GATHER).await;
                }
                Err(error @ StoreError::Lost { .. }) => return Err(error),
                Err(
                    error @ (StoreError::Conflict
                    | StoreError::TooLarge { .. }
                    | StoreError::Read { .. }
                    | StoreError::Damaged { .. }),
                ) => {
                    tracing::error!(session.id = %self.session, %error, "the mailbox could not be brought up to date");
                    self.clock.sleep(REST).await;
                }
            }
        }
    }

    async fn take(&self) -> Result<(), StoreError> {
        while self.mailbox.catch_up(self.session).await? == Behind::Yes {
            tokio::task::yield_now().await;
        }
        while self.mailbox.index_anew(self.session).await? == Behind::Yes {
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    /// Fetches the files of new messages one after another; never ends.
    async fn fetch(&self) {
        match self.media {
            Fetching::OnDemand => return std::future::pending().await,
            Fetching::Eager => {}
        }
        let mut changed = self.mailbox.changed(self.session);
        loop {
            for number in self.mailbox.take_fresh(self.session) {
                if let Err(error) = self.library.fetch_numbered(self.session, number).await {
                    tracing::warn!(session.id = %self.session, error = &error as &dyn std::error::Error, "a file could not be fetched");
                }
            }
            if changed.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

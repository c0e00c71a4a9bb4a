//! Removes files of plugins and of callers that nobody asks for and nothing that waits to be sent needs, messages that are not to be kept with
//! their files, records of calls that are old or too many, logins that have ended, and what is old in the audit log.
//!
//! Failures are told and tried again at the next time: a full disk must not end the host.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use waspnest_core::audit::AuditLog;
use waspnest_core::caller::Callers;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::effect::Effect;
use waspnest_core::event::Position;
use waspnest_core::files::{FileName, Files};
use waspnest_core::id::{InstallationId, SessionId};
use waspnest_core::mailbox::{Keep, Mailbox};
use waspnest_core::media_store::MediaStore;
use waspnest_core::outbox::Outbox;
use waspnest_core::runs::Runs;
use waspnest_core::scheduled_message::ScheduledMessages;
use waspnest_core::session::Sessions;
use waspnest_core::store::StoreError;
use waspnest_core::upload::Uploads;

use crate::config;
use crate::config::record::Record;
use crate::service::audit;

/// How often at most; messages that are kept for a short time are looked at sooner.
const EVERY: Duration = Duration::from_secs(3600);
/// How often in the time that messages are kept.
const TIMES: u32 = 4;
/// Effects looked at at a time.
const PAGE: usize = 500;

/// See the module documentation.
#[derive(Debug)]
pub(crate) struct Sweep {
    pub(crate) files: Files,
    pub(crate) mailbox: Mailbox,
    pub(crate) media: MediaStore,
    pub(crate) keeping: config::mailbox::Mailbox,
    pub(crate) uploads: Uploads,
    pub(crate) scheduled: ScheduledMessages,
    pub(crate) runs: Runs,
    pub(crate) record: Record,
    pub(crate) callers: Callers,
    pub(crate) audit: AuditLog,
    pub(crate) audit_ttl: Duration,
    pub(crate) outbox: Outbox,
    pub(crate) register: Sessions,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Sweep {
    /// Sweeps now and then until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let every = self.keeping.keep.map_or(EVERY, |keep| EVERY.min(keep / TIMES));
        loop {
            match self.sweep().await {
                Ok(0) => {}
                Ok(swept) => tracing::info!(swept, "files removed"),
                Err(error) => tracing::error!(error = &*error, "files could not be swept"),
            }
            if let Err(error) = self.sweep_runs().await {
                tracing::error!(error = &*error, "records of calls could not be swept");
            }
            if let Err(error) = self.sweep_callers().await {
                tracing::error!(%error, "ended logins and the audit log could not be swept");
            }
            if let Err(error) = self.sweep_mailboxes().await {
                tracing::error!(error = &*error, "mailboxes could not be swept");
            }
            tokio::select! {
                () = self.clock.sleep(every) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    async fn sweep(&self) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
        let mut needed = HashSet::new();
        for session in self.register.list().await? {
            self.add_needed(session.id, &mut needed).await?;
        }
        Ok(self.files.sweep(&needed).await?)
    }

    /// Lets go of messages that are not to be kept, and of files that nothing has any more: no message, nothing that waits to be sent, and no
    /// caller who put them here lately.
    async fn sweep_mailboxes(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let since = self.keeping.keep.map(|keep| {
            let keep = u64::try_from(keep.as_millis()).unwrap_or(u64::MAX);
            UnixMs(self.clock.now().0.saturating_sub(keep))
        });
        let keep = Keep {
            since,
            bytes: self.keeping.keep_bytes,
        };
        // What a session leaves that is gone goes with the next sweep.
        let sessions: Vec<_> = self.register.list().await?.iter().map(|session| session.id).collect();
        self.media.keep_sessions(&sessions).await?;
        for session in sessions {
            let needed = self.needed_media(session).await?;
            loop {
                let (removed, files) = self.mailbox.prune(session, keep).await?;
                for name in files {
                    if !needed.contains(&name) && self.uploads.get(session, &name).await?.is_none() {
                        self.media.remove(session, &name).await?;
                    }
                }
                if removed == 0 {
                    break;
                }
            }
            for kept in self.media.old(session).await? {
                if !needed.contains(&kept.name) && !self.mailbox.has_media(session, &kept.name).await? {
                    self.media.remove(session, &kept.name).await?;
                    self.uploads.forget(session, &kept.name).await?;
                }
            }
        }
        Ok(())
    }

    /// Media that something needs which waits to be sent.
    async fn needed_media(&self, session: SessionId) -> Result<HashSet<FileName>, StoreError> {
        let mut needed = HashSet::new();
        let mut after = Position::default();
        loop {
            let page = self.outbox.due(session, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.sequence;
            needed.extend(page.iter().filter_map(Effect::upload));
        }
        let mut after = None;
        loop {
            let page = self.scheduled.list(session, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(needed) };
            after = Some(last.id);
            needed.extend(page.iter().filter_map(|message| message.action.upload()));
        }
    }

    async fn sweep_runs(&self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let keep = usize::try_from(self.record.runs).unwrap_or(usize::MAX);
        let ttl = u64::try_from(self.record.ttl.as_millis()).unwrap_or(u64::MAX);
        let oldest = UnixMs(self.clock.now().0.saturating_sub(ttl));
        for session in self.register.list().await? {
            for installation in self.runs.installations(session.id).await? {
                self.runs.prune(session.id, &installation, keep, oldest).await?;
            }
        }
        Ok(())
    }

    async fn sweep_callers(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        self.callers.logins.prune(now).await?;
        let ttl = u64::try_from(self.audit_ttl.as_millis()).unwrap_or(u64::MAX);
        self.audit.prune(audit::MOST, UnixMs(now.0.saturating_sub(ttl))).await
    }

    async fn add_needed(
        &self,
        session: SessionId,
        needed: &mut HashSet<(InstallationId, FileName)>,
    ) -> Result<(), StoreError> {
        let mut after = Position::default();
        loop {
            let page = self.outbox.due(session, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.sequence;
            let files = page.iter().filter_map(|effect| effect.file());
            needed.extend(files.map(|(owner, name)| (owner.clone(), name)));
        }
    }
}

//! The audit log as it is written and read. What cannot be written is told in the log of the process, and holds no request up.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use waspnest_core::audit::{Actor, AuditEntry, AuditLog, Outcome, Which};
use waspnest_core::clock::{Clock, Ids, UnixMs};
use waspnest_core::id::{AuditId, TenantId};

use super::caller::{Buckets, Caller, Rule};
use super::error::Error;

/// Entries of each kind that are kept.
pub(crate) const MOST: usize = 10_000;
/// Entries between two looks at how many there are.
const LOOK_EVERY: u32 = 500;

/// Denied calls of one actor from one address that are written down; more are only counted in the log of the process.
const DENIED: Rule = Rule {
    burst: 20,
    per_minute: 10,
};

/// What is to be written down.
#[derive(Debug, Clone)]
pub struct Note<'a> {
    /// Who called.
    pub actor: Actor,
    /// Whose it is.
    pub tenant: Option<TenantId>,
    /// What came of it.
    pub outcome: Outcome,
    /// What was called.
    pub call: &'a str,
    /// What it was about.
    pub target: &'a str,
    /// From where.
    pub address: Option<IpAddr>,
    /// The request's id.
    pub request: &'a str,
}

/// Writes and reads the log. Clones are the same.
#[derive(Debug, Clone)]
pub struct Audit {
    log: AuditLog,
    denied: Buckets<(Actor, Option<IpAddr>)>,
    written: Arc<AtomicU32>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Audit {
    /// Over the log.
    #[must_use]
    pub fn new(log: AuditLog, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            denied: Buckets::new(DENIED, Arc::clone(&clock)),
            written: Arc::default(),
            log,
            clock,
            ids,
        }
    }

    /// Writes a note down.
    pub async fn write(&self, note: Note<'_>) {
        if matches!(note.outcome, Outcome::Denied(_)) && self.denied.take((note.actor, note.address)).is_err() {
            return;
        }
        let entry = AuditEntry {
            id: AuditId::new(self.ids.ulid(self.clock.now())),
            actor: note.actor,
            tenant: note.tenant,
            outcome: note.outcome,
            call: note.call.into(),
            target: note.target.into(),
            address: note.address,
            request: note.request.into(),
        };
        let mut done = self.log.add(&entry).await;
        if done.is_ok() && self.written.fetch_add(1, Ordering::Relaxed) % LOOK_EVERY == LOOK_EVERY - 1 {
            done = self.log.prune(MOST, UnixMs(0)).await;
        }
        if let Err(error) = done {
            tracing::error!(request.id = note.request, %error, "the audit log could not be written");
        }
    }

    /// Up to `limit` entries before another one that the caller sees, latest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(
        &self,
        caller: &Caller,
        which: Which,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, Error> {
        let tenant = match caller.tenant() {
            None if !caller.is_admin() => return Ok(Vec::new()),
            tenant => tenant,
        };
        Ok(self.log.before(which, tenant, before, limit).await?)
    }
}

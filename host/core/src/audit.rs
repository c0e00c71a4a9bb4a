//! The audit log: what callers were denied, and what was changed about the host by whom. Entries are added and fall out when they are
//! old or too many; nothing changes them.
//!
//! Denied calls and changes are kept apart, so that nobody can push a change out by being denied often.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::id::{ApiKeyId, AuditId, SessionId, TenantId, UserId};
use crate::schema::{Key, system};
use crate::store::{Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its id, which says when.
    pub id: AuditId,
    /// Who called.
    pub actor: Actor,
    /// Whose it was; none when it was nobody's or the whole host's.
    pub tenant: Option<TenantId>,
    /// What came of it.
    pub outcome: Outcome,
    /// What was called: `POST /v1/tenants`.
    pub call: Box<str>,
    /// What it was about, in ids and names and never in what people wrote.
    pub target: Box<str>,
    /// From where.
    pub address: Option<IpAddr>,
    /// The request's id, which its line in the log has too.
    pub request: Box<str>,
}

impl Record for AuditEntry {
    const VERSION: u8 = 1;
}

impl AuditEntry {
    /// When it happened.
    #[must_use]
    pub const fn at(&self) -> UnixMs {
        UnixMs(self.id.ulid().timestamp_ms())
    }
}

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Actor {
    /// Somebody who showed nothing that is known.
    Nobody,
    /// Who has the admin secret.
    Admin,
    /// A user.
    User(UserId),
    /// Who has an API key.
    ApiKey(ApiKeyId),
    /// Who has the token of a session.
    Session(SessionId),
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It was denied, for this reason.
    Denied(Box<str>),
    /// Something was changed.
    Changed,
}

/// Which entries are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Denied calls.
    Denied,
    /// Changes.
    Changed,
    /// Both.
    All,
}

impl Which {
    const fn sorts(self) -> &'static [u8] {
        match self {
            Self::Denied => &[DENIED],
            Self::Changed => &[CHANGED],
            Self::All => &[DENIED, CHANGED],
        }
    }
}

const DENIED: u8 = 0;
const CHANGED: u8 = 1;

/// The log. Clones are the same.
#[derive(Debug, Clone)]
pub struct AuditLog {
    store: Arc<dyn Store>,
}

impl AuditLog {
    /// The one in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Adds an entry. A change is durable when this returns; a denied call soon after.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn add(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let key = key(sort(entry), entry.id);
        let value = codec::encode(entry);
        match entry.outcome {
            Outcome::Denied(_) => {
                self.store.commit(Commit::lazy(Space::System).put(key, value)).await?;
                Ok(())
            }
            Outcome::Changed => {
                let commit = Commit::durable(Space::System).put(key, value);
                self.store.commit(commit).await?.durable().await
            }
        }
    }

    /// Up to `limit` entries before another one, latest first; of one tenant alone, if one is named.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn before(
        &self,
        which: Which,
        tenant: Option<TenantId>,
        before: Option<AuditId>,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let mut found = Vec::new();
        for sort in which.sorts() {
            let mut range = KeyRange::prefix(&[system::AUDIT, *sort]);
            if let Some(before) = before {
                range = range.before(&key(*sort, before));
            }
            let full = found.len() + limit;
            while found.len() < full {
                let rows = self
                    .store
                    .scan(Space::System, range.clone(), Order::Descending, MAX_SCAN)
                    .await?;
                let Some((last, _)) = rows.last() else { break };
                range = range.before(last);
                for (key, value) in &rows {
                    let entry: AuditEntry = codec::decode(key, value)?;
                    if tenant.is_none_or(|tenant| entry.tenant == Some(tenant)) {
                        found.push(entry);
                    }
                }
            }
        }
        found.sort_by_key(|entry| std::cmp::Reverse(entry.id));
        found.truncate(limit);
        Ok(found)
    }

    /// Forgets entries from before a moment, and the oldest of each kind while there are more than `keep`.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn prune(&self, keep: usize, older_than: UnixMs) -> Result<(), StoreError> {
        for sort in Which::All.sorts() {
            let mut range = KeyRange::prefix(&[system::AUDIT, *sort]);
            let mut left = 0;
            loop {
                let rows = self
                    .store
                    .scan(Space::System, range.clone(), Order::Descending, MAX_SCAN)
                    .await?;
                let Some((last, _)) = rows.last() else { break };
                range = range.before(last);
                let mut commit = Commit::lazy(Space::System);
                for (key, _) in rows {
                    let at = key.last_chunk::<16>().map(|id| Ulid::from_bytes(*id).timestamp_ms());
                    if left < keep && at.is_some_and(|at| at >= older_than.0) {
                        left += 1;
                    } else {
                        commit.ops.push(Op::Delete(key));
                    }
                }
                if !commit.ops.is_empty() {
                    self.store.commit(commit).await?;
                }
            }
        }
        Ok(())
    }
}

const fn sort(entry: &AuditEntry) -> u8 {
    match entry.outcome {
        Outcome::Denied(_) => DENIED,
        Outcome::Changed => CHANGED,
    }
}

fn key(sort: u8, id: AuditId) -> Bytes {
    Key::table(system::AUDIT)
        .bytes(&[sort])
        .bytes(&id.ulid().to_bytes())
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{World, on_every_engine};

    fn entry(ms: u64, outcome: Outcome, tenant: Option<TenantId>) -> AuditEntry {
        AuditEntry {
            id: AuditId::new(Ulid::from_parts(ms, 1)),
            actor: Actor::Admin,
            tenant,
            outcome,
            call: "POST /v1/users".into(),
            target: "usr_1".into(),
            address: None,
            request: "req_1".into(),
        }
    }

    async fn times(log: &AuditLog, which: Which, tenant: Option<TenantId>, before: Option<u64>) -> Vec<u64> {
        let before = before.map(|ms| AuditId::new(Ulid::from_parts(ms, 1)));
        let found = log.before(which, tenant, before, 3).await.expect("it reads");
        found.iter().map(|entry| entry.at().0).collect()
    }

    on_every_engine! {
        async fn entries_are_read_backwards_by_kind_and_tenant(world: &mut World) {
            let log = AuditLog::new(Arc::clone(&world.store));
            let ours = Some(TenantId::DEFAULT);
            for ms in 1..=3 {
                log.add(&entry(2 * ms, Outcome::Changed, ours)).await.expect("it adds");
                log.add(&entry(2 * ms + 1, Outcome::Denied("scope_missing".into()), None)).await.expect("it adds");
            }
            assert_eq!(times(&log, Which::All, None, None).await, [7, 6, 5]);
            assert_eq!(times(&log, Which::All, None, Some(5)).await, [4, 3, 2]);
            assert_eq!(times(&log, Which::Denied, None, None).await, [7, 5, 3]);
            assert_eq!(times(&log, Which::Changed, None, Some(6)).await, [4, 2]);
            assert_eq!(times(&log, Which::All, ours, None).await, [6, 4, 2]);
        }

        async fn no_flood_of_denials_takes_a_change(world: &mut World) {
            let log = AuditLog::new(Arc::clone(&world.store));
            log.add(&entry(1, Outcome::Changed, None)).await.expect("it adds");
            for ms in 2..=9 {
                log.add(&entry(ms, Outcome::Denied("unauthenticated".into()), None)).await.expect("it adds");
            }
            log.prune(2, UnixMs(0)).await.expect("it prunes");
            assert_eq!(times(&log, Which::All, None, None).await, [9, 8, 1]);
            log.prune(2, UnixMs(9)).await.expect("it prunes");
            assert_eq!(times(&log, Which::All, None, None).await, [9]);
        }
    }
}

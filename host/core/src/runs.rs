//! Records of plugin calls: what each was told, asked and wanted, for an operator who looks into it later.
//!
//! They are written lazily and beside everything else: nothing relies on them, and a crash may take the last ones. A session's records go
//! with the session. What a record holds of what people wrote is decided by whoever makes it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::clock::UnixMs;
use crate::codec::{self, Record};
use crate::event::Position;
use crate::id::{EventId, InstallationId, RunId, SessionId};
use crate::long_record;
use crate::schema::{self, Key, session, system};
use crate::store::{Commit, KeyRange, MAX_SCAN, Op, Order, Space, Store, StoreError};

/// The key that hides what records hold of what people wrote: made once, so that equal things look equal in all records.
pub type HidingKey = [u8; 32];

/// One call, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name; later calls have greater ones.
    pub id: RunId,
    /// Whose call.
    pub installation: InstallationId,
    /// The event it was called for.
    pub event: EventId,
    /// Where that is in the session's log.
    pub position: Position,
    /// What kind of event that is.
    pub kind: Box<str>,
    /// The version of the plugin.
    pub version: Box<str>,
    /// SHA-256 of the component, in hex.
    pub digest: Box<str>,
    /// 1 at the first call for this event.
    pub attempt: u32,
    /// When it began.
    pub started: UnixMs,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// Instructions, where they were counted.
    pub fuel: Option<u64>,
    /// Bytes of memory at most.
    pub memory_bytes: u64,
    /// Bytes that it handed to the host and got from it.
    pub hostcall_bytes: u64,
    /// `committed`, `conflict`, `already_done`, `kv_quota`, or the class of its error.
    pub outcome: Box<str>,
    /// How many effects its draft had.
    pub effects: u32,
}

impl Record for Run {
    const VERSION: u8 = 1;
}

/// Everything else of a call, in a form of the one who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Detail {
    installation: InstallationId,
    text: Box<str>,
}

impl Record for Detail {
    const VERSION: u8 = 1;
}

/// The records of all sessions. Clones are the same.
#[derive(Debug, Clone)]
pub struct Runs {
    store: Arc<dyn Store>,
}

impl Runs {
    /// The records in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The key of this data directory; `fresh` becomes it if there is none yet.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn hiding_key(&self, fresh: HidingKey) -> Result<HidingKey, StoreError> {
        let row = Key::table(system::RUNS_KEY).finish();
        if let Some(known) = self.store.get(Space::System, &row).await? {
            return <HidingKey>::try_from(known.as_ref()).map_err(|_| StoreError::Damaged {
                key: row.escape_ascii().to_string().into(),
                reason: "it is not 32 bytes".into(),
            });
        }
        let mut commit = Commit::lazy(Space::System);
        commit.ops.push(Op::Put(row, fresh.to_vec().into()));
        self.store.commit(commit).await?;
        Ok(fresh)
    }

    /// Adds records of one session, each with the rest of it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn add(&self, session: SessionId, runs: &[(Run, Box<str>)]) -> Result<(), StoreError> {
        let mut commit = Commit::lazy(Space::Session(session));
        for (run, text) in runs {
            let detail = Detail {
                installation: run.installation.clone(),
                text: text.clone(),
            };
            long_record::put(&mut commit.ops, detail_key(run.id), codec::encode(&detail))?;
            commit
                .ops
                .push(Op::Put(key(&run.installation, run.id), codec::encode(run)));
        }
        self.store.commit(commit).await?;
        Ok(())
    }

    /// Up to `limit` (at most 1000) records of one installation before another one, latest first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn before(
        &self,
        session: SessionId,
        installation: &InstallationId,
        before: Option<RunId>,
        limit: usize,
    ) -> Result<Vec<Run>, StoreError> {
        let mut range = KeyRange::prefix(schema::of(session::RUN, installation).as_slice());
        if let Some(before) = before {
            range = range.before(&key(installation, before));
        }
        let rows = self
            .store
            .scan(Space::Session(session), range, Order::Descending, limit.min(MAX_SCAN))
            .await?;
        rows.iter().map(|(key, value)| codec::decode(key, value)).collect()
    }

    /// One record and the rest of it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn get(&self, session: SessionId, id: RunId) -> Result<Option<(Run, Box<str>)>, StoreError> {
        let space = Space::Session(session);
        let row = detail_key(id);
        let Some(value) = self.store.get(space, &row).await? else {
            return Ok(None);
        };
        let whole = long_record::get(&*self.store, space, &row, value).await?;
        let Detail { installation, text } = codec::decode(&row, &whole)?;
        let row = key(&installation, id);
        let Some(value) = self.store.get(space, &row).await? else {
            return Ok(None);
        };
        Ok(Some((codec::decode(&row, &value)?, text)))
    }

    /// Whose records there are.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn installations(&self, session: SessionId) -> Result<Vec<InstallationId>, StoreError> {
        let mut range = KeyRange::prefix(&[session::RUN]);
        let mut found = Vec::new();
        loop {
            let rows = self
                .store
                .scan(Space::Session(session), range.clone(), Order::Descending, 1)
                .await?;
            let Some((row, value)) = rows.first() else {
                return Ok(found);
            };
            let run: Run = codec::decode(row, value)?;
            range = range.before(schema::of(session::RUN, &run.installation).as_slice());
            found.push(run.installation);
        }
    }

    /// Removes the records of one installation that are older than a moment, and the oldest while there are more than `keep`; answers how
    /// many are left.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn prune(
        &self,
        session: SessionId,
        installation: &InstallationId,
        keep: usize,
        older_than: UnixMs,
    ) -> Result<usize, StoreError> {
        let space = Space::Session(session);
        let mut range = KeyRange::prefix(schema::of(session::RUN, installation).as_slice());
        let mut left = 0;
        loop {
            let rows = self
                .store
                .scan(space, range.clone(), Order::Descending, MAX_SCAN)
                .await?;
            let Some((last, _)) = rows.last() else { return Ok(left) };
            range = range.before(last);
            let mut commit = Commit::lazy(space);
            for (row, _) in rows {
                let Some(id) = id_in(&row) else { continue };
                if left < keep && id.ulid().timestamp_ms() >= older_than.0 {
                    left += 1;
                    continue;
                }
                let detail = detail_key(id);
                if let Some(head) = self.store.get(space, &detail).await? {
                    long_record::delete(&mut commit.ops, detail, &head);
                }
                commit.ops.push(Op::Delete(row));
            }
            if !commit.ops.is_empty() {
                self.store.commit(commit).await?;
            }
        }
    }
}

fn key(installation: &InstallationId, id: RunId) -> bytes::Bytes {
    schema::of(session::RUN, installation)
        .bytes(&id.ulid().to_bytes())
        .finish()
}

fn detail_key(id: RunId) -> bytes::Bytes {
    Key::table(session::RUN_DETAIL).bytes(&id.ulid().to_bytes()).finish()
}

fn id_in(row: &[u8]) -> Option<RunId> {
    row.last_chunk::<16>().map(|bytes| RunId::new(Ulid::from_bytes(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{SESSION, World, installation, on_every_engine};
    use crate::store::MAX_VALUE;

    fn run(of: &str, ms: u64) -> Run {
        Run {
            id: RunId::new(Ulid::from_parts(ms, 7)),
            installation: installation(of),
            event: EventId::new(Ulid(1)),
            position: Position(3),
            kind: "message".into(),
            version: "1.0.0".into(),
            digest: "ab".into(),
            attempt: 1,
            started: UnixMs(ms),
            duration_us: 12,
            fuel: None,
            memory_bytes: 1 << 20,
            hostcall_bytes: 10,
            outcome: "committed".into(),
            effects: 1,
        }
    }

    async fn ids(runs: &Runs, of: &str, before: Option<RunId>) -> Vec<u64> {
        let found = runs
            .before(SESSION, &installation(of), before, 3)
            .await
            .expect("it reads");
        found.iter().map(|run| run.id.ulid().timestamp_ms()).collect()
    }

    on_every_engine! {
        async fn records_are_read_backwards_and_whole(world: &mut World) {
            let runs = Runs::new(Arc::clone(&world.store));
            let long: Box<str> = "x".repeat(2 * MAX_VALUE).into();
            let added: Vec<_> = (1..=5).map(|ms| (run("echo", ms), long.clone())).collect();
            runs.add(SESSION, &added).await.expect("it adds");
            runs.add(SESSION, &[(run("echo-2", 9), "short".into())]).await.expect("it adds");
            let whose = runs.installations(SESSION).await.expect("it reads");
            assert_eq!(whose, [installation("echo-2"), installation("echo")]);
            assert_eq!(ids(&runs, "echo", None).await, [5, 4, 3]);
            assert_eq!(ids(&runs, "echo", Some(run("echo", 3).id)).await, [2, 1]);
            assert_eq!(ids(&runs, "echo-2", None).await, [9]);
            assert_eq!(ids(&runs, "other", None).await, [0; 0]);
            let found = runs.get(SESSION, run("echo", 2).id).await.expect("it reads");
            assert_eq!(found, Some((run("echo", 2), long)));
            assert_eq!(runs.get(SESSION, run("echo", 6).id).await.expect("it reads"), None);
        }

        async fn what_is_old_or_too_much_goes_with_all_its_parts(world: &mut World) {
            let runs = Runs::new(Arc::clone(&world.store));
            let long: Box<str> = "x".repeat(2 * MAX_VALUE).into();
            let added: Vec<_> = (1..=5).map(|ms| (run("echo", ms), long.clone())).collect();
            runs.add(SESSION, &added).await.expect("it adds");
            let echo = installation("echo");
            assert_eq!(runs.prune(SESSION, &echo, 100, UnixMs(3)).await.expect("it prunes"), 3);
            assert_eq!(runs.prune(SESSION, &echo, 2, UnixMs(0)).await.expect("it prunes"), 2);
            assert_eq!(ids(&runs, "echo", None).await, [5, 4]);
            assert_eq!(runs.prune(SESSION, &echo, 0, UnixMs(0)).await.expect("it prunes"), 0);
            let left = world
                .store
                .scan(Space::Session(SESSION), KeyRange::prefix(&[]), Order::Ascending, MAX_SCAN)
                .await
                .expect("it reads");
            assert_eq!(left, [], "no part is left behind");
        }

        async fn the_key_is_made_once(world: &mut World) {
            let runs = Runs::new(Arc::clone(&world.store));
            assert_eq!(runs.hiding_key([1; 32]).await.expect("it makes one"), [1; 32]);
            assert_eq!(runs.hiding_key([2; 32]).await.expect("it knows one"), [1; 32]);
        }
    }
}

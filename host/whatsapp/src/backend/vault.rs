//! Sealed records of one session: read, write in batches, scan.
//!
//! A record is sealed whole and then cut into parts when it does not fit one value of the store; nearly none are. Which records have
//! parts is kept in memory and read once at the start, so that writing a record need not look for an older, longer one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use waspnest_core::id::SessionId;
use waspnest_core::store::{Class, Commit, KeyRange, MAX_VALUE, Op, Order, Space, Store, StoreError as CoreError};
use whatsapp_rust::wacore::store::error::{Result, StoreError};

use super::table::{Kind, Row, TABLES, body};
use waspnest_core::seal::Sealer;

/// Bytes of a part; the first one follows two bytes that say how many more there are.
const PART: usize = MAX_VALUE - 64;

/// Rows read or removed at a time.
const PAGE: usize = 500;

/// See the module documentation.
pub(super) struct Vault {
    store: Arc<dyn Store>,
    space: Space,
    sealer: Sealer,
    fenced: AtomicBool,
    /// Records with parts: their key, and how many parts follow the first.
    long: Mutex<HashMap<Bytes, u16>>,
}

/// Changes that happen together.
pub(super) struct Batch<'a> {
    vault: &'a Vault,
    ops: Vec<Op>,
    long: Vec<(Bytes, u16)>,
}

fn failed(error: CoreError) -> StoreError {
    StoreError::Database(Box::new(error))
}

impl Vault {
    pub(super) async fn open(store: Arc<dyn Store>, session: SessionId, sealer: Sealer) -> Result<Self> {
        let vault = Self {
            store,
            space: Space::Session(session),
            sealer,
            fenced: AtomicBool::new(false),
            long: Mutex::default(),
        };
        let mut long = HashMap::new();
        let mut range = KeyRange::prefix(&Row::of(Kind::Part).finish());
        loop {
            let page = vault
                .store
                .scan(vault.space, range.clone(), Order::Ascending, PAGE)
                .await
                .map_err(failed)?;
            for (key, _) in &page {
                let Some((number, of)) = body(key).split_first_chunk::<2>() else {
                    continue;
                };
                let parts = long.entry(Bytes::copy_from_slice(of)).or_default();
                *parts = u16::from_be_bytes(*number).max(*parts);
            }
            match page.last() {
                Some((last, _)) if page.len() == PAGE => range.start = behind(last),
                Some(_) | None => break,
            }
        }
        *vault.long() = long;
        Ok(vault)
    }

    pub(super) fn fence(&self) {
        self.fenced.store(true, Ordering::Release);
    }

    pub(super) async fn get(&self, key: &Bytes) -> Result<Option<Vec<u8>>> {
        match self.store.get(self.space, key).await.map_err(failed)? {
            Some(value) => self.open_record(key, &value).await.map(Some),
            None => Ok(None),
        }
    }

    pub(super) async fn has(&self, key: &Bytes) -> Result<bool> {
        Ok(self.store.get(self.space, key).await.map_err(failed)?.is_some())
    }

    /// Whether any key starts with `prefix`.
    pub(super) async fn has_any(&self, prefix: &[u8]) -> Result<bool> {
        let found = self
            .store
            .scan(self.space, KeyRange::prefix(prefix), Order::Ascending, 1)
            .await
            .map_err(failed)?;
        Ok(!found.is_empty())
    }

    /// The largest key that starts with `prefix`.
    pub(super) async fn last_key(&self, prefix: &[u8]) -> Result<Option<Bytes>> {
        let found = self
            .store
            .scan(self.space, KeyRange::prefix(prefix), Order::Descending, 1)
            .await
            .map_err(failed)?;
        Ok(found.into_iter().next().map(|(key, _)| key))
    }

    /// Every key that starts with `prefix`, in pages: `each` sees one page after another.
    pub(super) async fn keys(&self, prefix: &[u8]) -> Result<Vec<Bytes>> {
        let mut keys = Vec::new();
        let mut range = KeyRange::prefix(prefix);
        loop {
            let page = self
                .store
                .scan(self.space, range.clone(), Order::Ascending, PAGE)
                .await
                .map_err(failed)?;
            let full = page.len() == PAGE;
            keys.extend(page.into_iter().map(|(key, _)| key));
            match keys.last() {
                Some(last) if full => range.start = behind(last),
                Some(_) | None => return Ok(keys),
            }
        }
    }

    /// Every record whose key starts with `prefix`.
    pub(super) async fn records(&self, prefix: &[u8]) -> Result<Vec<(Bytes, Vec<u8>)>> {
        let mut records = Vec::new();
        let mut range = Self::all_of(prefix);
        while let Some(page) = self.page(&mut range).await? {
            records.extend(page);
        }
        Ok(records)
    }

    /// Where the records are whose key starts with `prefix`, for [`Vault::page`].
    pub(super) fn all_of(prefix: &[u8]) -> KeyRange {
        KeyRange::prefix(prefix)
    }

    /// The next records of a range, which begins behind them afterwards; none when there are no more.
    pub(super) async fn page(&self, range: &mut KeyRange) -> Result<Option<Vec<(Bytes, Vec<u8>)>>> {
        let page = self
            .store
            .scan(self.space, range.clone(), Order::Ascending, PAGE)
            .await
            .map_err(failed)?;
        let Some((last, _)) = page.last() else { return Ok(None) };
        range.start = behind(last);
        let mut records = Vec::with_capacity(page.len());
        for (key, value) in page {
            let record = self.open_record(&key, &value).await?;
            records.push((key, record));
        }
        Ok(Some(records))
    }

    async fn open_record(&self, key: &Bytes, value: &[u8]) -> Result<Vec<u8>> {
        let unreadable = || {
            StoreError::Validation(format!(
                "the record at {} does not open under the master key",
                key.escape_ascii()
            ))
        };
        let (more, first) = value.split_first_chunk::<2>().ok_or_else(unreadable)?;
        let more = u16::from_be_bytes(*more);
        if more == 0 {
            return self.sealer.open(self.space, key, first).map_err(|_| unreadable());
        }
        let mut sealed = first.to_vec();
        for number in 1..=more {
            let part = self
                .store
                .get(self.space, &part_key(key, number))
                .await
                .map_err(failed)?
                .ok_or_else(unreadable)?;
            sealed.extend_from_slice(&part);
        }
        self.sealer.open(self.space, key, &sealed).map_err(|_| unreadable())
    }

    pub(super) const fn batch(&self) -> Batch<'_> {
        Batch {
            vault: self,
            ops: Vec::new(),
            long: Vec::new(),
        }
    }

    /// Applies a batch; it becomes durable with what comes after it.
    pub(super) async fn lazy(&self, batch: Batch<'_>) -> Result<()> {
        self.commit(batch, Class::Lazy).await
    }

    /// Applies a batch and waits until it survives a crash.
    pub(super) async fn durable(&self, batch: Batch<'_>) -> Result<()> {
        self.commit(batch, Class::Durable).await
    }

    async fn commit(&self, batch: Batch<'_>, class: Class) -> Result<()> {
        if batch.ops.is_empty() {
            return Ok(());
        }
        if self.fenced.load(Ordering::Acquire) {
            return Err(StoreError::Validation(
                "the session has ended; this client may not write any more".into(),
            ));
        }
        let commit = Commit {
            space: self.space,
            expect: Vec::new(),
            ops: batch.ops,
            class,
        };
        let applied = self.store.commit(commit).await.map_err(failed)?;
        {
            let mut long = self.long();
            for (key, parts) in batch.long {
                if parts == 0 {
                    long.remove(&key);
                } else {
                    long.insert(key, parts);
                }
            }
        }
        match class {
            Class::Lazy => Ok(()),
            Class::Durable => applied.durable().await.map_err(failed),
        }
    }

    fn long(&self) -> MutexGuard<'_, HashMap<Bytes, u16>> {
        self.long.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parts_of(&self, key: &Bytes) -> u16 {
        self.long().get(key).copied().unwrap_or_default()
    }
}

impl Batch<'_> {
    /// Writes a record.
    pub(super) fn put(&mut self, key: Bytes, plain: &[u8]) {
        let sealed = self.vault.sealer.seal(self.vault.space, &key, plain);
        let before = self.vault.parts_of(&key);
        let mut chunks = sealed.chunks(PART);
        let first = chunks.next().unwrap_or_default();
        let more = u16::try_from(chunks.len()).unwrap_or(u16::MAX);
        let mut value = Vec::with_capacity(2 + first.len());
        value.extend_from_slice(&more.to_be_bytes());
        value.extend_from_slice(first);
        for (number, chunk) in (1..=more).zip(chunks) {
            self.ops
                .push(Op::Put(part_key(&key, number), Bytes::copy_from_slice(chunk)));
        }
        self.drop_parts(&key, more, before);
        self.ops.push(Op::Put(key, value.into()));
    }

    /// Removes a record; absent ones are fine.
    pub(super) fn delete(&mut self, key: Bytes) {
        let before = self.vault.parts_of(&key);
        self.drop_parts(&key, 0, before);
        self.ops.push(Op::Delete(key));
    }

    fn drop_parts(&mut self, key: &Bytes, now: u16, before: u16) {
        for number in now + 1..=before {
            self.ops.push(Op::Delete(part_key(key, number)));
        }
        if now != before {
            self.long.push((key.clone(), now));
        }
    }
}

fn part_key(key: &[u8], number: u16) -> Bytes {
    Row::of(Kind::Part).last(&number.to_be_bytes()).last(key).finish()
}

fn behind(key: &[u8]) -> Bytes {
    let mut next = key.to_vec();
    next.push(0);
    next.into()
}

/// Removes all tables of a session, durably.
pub(super) async fn wipe(store: &dyn Store, session: SessionId) -> std::result::Result<(), CoreError> {
    let space = Space::Session(session);
    for table in TABLES {
        loop {
            let page = store
                .scan(space, KeyRange::prefix(&[table]), Order::Ascending, PAGE)
                .await?;
            if page.is_empty() {
                break;
            }
            let ops = page.into_iter().map(|(key, _)| Op::Delete(key)).collect();
            store
                .commit(Commit {
                    space,
                    expect: Vec::new(),
                    ops,
                    class: Class::Lazy,
                })
                .await?;
        }
    }
    store.flush().await
}

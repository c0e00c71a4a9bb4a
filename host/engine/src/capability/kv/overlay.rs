//! A call's own writes over the host's values.

use std::collections::BTreeMap;
use std::ops::Bound;

use waspnest_core::draft::{KvEntry, KvKey, KvRead, KvScope, KvWrite, Pot};

use crate::host::KvUsage;
use crate::limits::KV_PAGE_BYTES;
use crate::state::Call;

/// What a call found and what it wrote.
#[derive(Default)]
pub(crate) struct Overlay {
    /// What the host had, of every key that was looked at singly.
    found: BTreeMap<KvKey, Option<KvEntry>>,
    written: BTreeMap<KvKey, Option<KvEntry>>,
    /// The highest revision given to each key; stays when the key is removed.
    given: BTreeMap<KvKey, u64>,
    usage: BTreeMap<Pot, (KvUsage, Counted)>,
}

/// What is counted as used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    /// Expired values too.
    All,
    /// What is there.
    Present,
}

impl Overlay {
    /// Writes a key, or removes it. The key must have been looked at before.
    pub(crate) fn write(&mut self, key: KvKey, entry: Option<KvEntry>) {
        if let Some(entry) = &entry {
            self.given.insert(key.clone(), entry.revision);
        }
        self.written.insert(key, entry);
    }

    /// The revision of the next write of a key: one more than any that this call or the host's value had.
    pub(crate) fn next_revision(&self, key: &KvKey) -> u64 {
        let found = self
            .found
            .get(key)
            .and_then(Option::as_ref)
            .map_or(0, |entry| entry.revision);
        self.given.get(key).copied().unwrap_or_default().max(found) + 1
    }

    /// What the draft carries: the last state of every key, and what the call relied on for it.
    pub(crate) fn into_draft(self) -> (Vec<KvWrite>, Vec<KvRead>) {
        let mut found = self.found;
        let mut reads = Vec::with_capacity(self.written.len());
        let mut writes = Vec::with_capacity(self.written.len());
        for (key, entry) in self.written {
            let before = found.remove(&key).flatten();
            reads.push(KvRead {
                key: key.clone(),
                revision: before.as_ref().map(|entry| entry.revision),
            });
            // Written and removed again within the call: nothing to do, but it relied on there being nothing.
            if entry.is_some() || before.is_some() {
                writes.push(KvWrite { key, entry });
            }
        }
        (writes, reads)
    }

    /// A key as the call has seen or written it; none when it was not looked at.
    pub(crate) fn known(&self, key: &KvKey) -> Option<Option<KvEntry>> {
        self.written.get(key).or_else(|| self.found.get(key)).cloned()
    }

    /// Notes what the host has of a key.
    pub(crate) fn find(&mut self, key: KvKey, entry: Option<KvEntry>) {
        self.found.insert(key, entry);
    }

    /// What would be used after this call's writes, if `base` was before.
    pub(crate) fn used(&self, pot: &Pot, base: KvUsage) -> KvUsage {
        let mut used = base;
        for (key, entry) in self.written.iter().filter(|(key, _)| key.scope.pot() == *pot) {
            if let Some(before) = self.found.get(key).and_then(Option::as_ref) {
                used.keys = used.keys.saturating_sub(1);
                used.bytes = used.bytes.saturating_sub(size(key, before));
            }
            if let Some(after) = entry {
                used.keys += 1;
                used.bytes += size(key, after);
            }
        }
        used
    }
}

impl Call {
    /// A key as the call sees it.
    pub(crate) async fn visible(&mut self, key: &KvKey) -> wasmtime::Result<Option<KvEntry>> {
        if let Some(known) = self.kv.known(key) {
            return Ok(known);
        }
        let found = self
            .host
            .kv_get(key)
            .await?
            .filter(|entry| entry.expires_at.is_none_or(|at| at > self.now));
        self.kv.find(key.clone(), found.clone());
        Ok(found)
    }

    /// What would be used after this call's writes so far. Expired values may count.
    pub(crate) async fn used(&mut self, pot: &Pot) -> wasmtime::Result<KvUsage> {
        let base = match self.kv.usage.get(pot) {
            Some((base, _)) => *base,
            None => {
                let base = self.host.kv_usage(pot).await?;
                self.kv.usage.insert(pot.clone(), (base, Counted::All));
                base
            }
        };
        Ok(self.kv.used(pot, base))
    }

    /// The same without expired values, where they were counted before; none where they were not.
    pub(crate) async fn used_exactly(&mut self, pot: &Pot) -> wasmtime::Result<Option<KvUsage>> {
        match self.kv.usage.get(pot) {
            Some((_, Counted::Present)) => Ok(None),
            Some((_, Counted::All)) | None => {
                let base = self.host.kv_present(pot).await?;
                self.kv.usage.insert(pot.clone(), (base, Counted::Present));
                Ok(Some(self.kv.used(pot, base)))
            }
        }
    }

    /// One page of a scan, and whether there may be more after it.
    pub(crate) async fn page(
        &mut self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> wasmtime::Result<(Vec<(Box<str>, KvEntry)>, bool)> {
        let mut items: BTreeMap<Box<str>, KvEntry> = BTreeMap::new();
        let mut from: Option<Box<str>> = after.map(Into::into);
        // Up to where the host's values are known; none once all are.
        let mut known = loop {
            let page = self.host.kv_scan(scope, prefix, from.as_deref(), limit).await?;
            let full = page.len() >= limit;
            from = page.last().map(|(key, _)| key.clone());
            for (key, entry) in page {
                let overwritten = self.kv.written.contains_key(&KvKey {
                    scope: scope.clone(),
                    key: key.clone(),
                });
                if !overwritten && entry.expires_at.is_none_or(|at| at > self.now) {
                    items.insert(key, entry);
                }
            }
            if !full {
                break None;
            }
            if items.len() >= limit {
                break from;
            }
        };
        let start = Bound::Excluded(KvKey {
            scope: scope.clone(),
            key: after.unwrap_or_default().into(),
        });
        for (key, entry) in self.kv.written.range((start, Bound::Unbounded)) {
            if key.scope != *scope {
                break;
            }
            let within = known.as_ref().is_none_or(|last| key.key <= *last);
            if let (true, true, Some(entry)) = (within, key.key.starts_with(prefix), entry) {
                items.insert(key.key.clone(), entry.clone());
            }
        }
        let mut page = Vec::with_capacity(items.len().min(limit));
        let mut bytes = 0;
        for (key, entry) in items {
            let cost = key.len() + entry.value.len();
            if page.len() >= limit || (!page.is_empty() && bytes + cost > KV_PAGE_BYTES) {
                known = Some(key);
                break;
            }
            bytes += cost;
            page.push((key, entry));
        }
        Ok((page, known.is_some()))
    }
}

fn size(key: &KvKey, entry: &KvEntry) -> u64 {
    (key.key.len() + entry.value.len()) as u64
}

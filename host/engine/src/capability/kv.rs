//! `kv`: the installation's durable state, and what it shares with others, as one call sees it.
//!
//! A call reads the host's values with its own writes on top, and writes only into its overlay. What the draft carries in the end is
//! one write for each key, and for each written key the revision the call found: a commit that finds another one is a conflict, and
//! the call is made again.

mod overlay;

use std::time::Duration;

use wasmtime::component::Resource;
use waspnest_core::draft::{KvEntry, KvKey, KvScope};
use waspnest_core::id::SharedName;

use super::{Answer, denied, granted, invalid, spend, unsupported};
use crate::bindings::waspnest::plugin::kv::{Entry, Host, HostStore, Page, PutOptions, Scope, Usage};
use crate::bindings::waspnest::plugin::types::Error;
use crate::host::KvUsage;
use crate::limits::{KV_KEY_BYTES, KV_PAGE, KV_VALUE_BYTES};
use crate::manifest::{Capability, KvTerms};
use crate::state::{Call, CallState};
pub(crate) use overlay::Overlay;

/// A store a guest opened.
#[derive(Debug)]
#[expect(
    unreachable_pub,
    reason = "the generated bindings export the type again, inside this crate"
)]
pub struct OpenStore {
    scope: KvScope,
}

impl Host for CallState {}

impl HostStore for CallState {
    async fn open(&mut self, scope: Scope) -> Answer<Resource<OpenStore>> {
        let Some(terms) = &self.call.effective.kv else {
            return Ok(Err(denied(Capability::Kv)));
        };
        let scope = granted!(self.call.scope(scope, terms));
        if self.call.only.as_ref().is_some_and(|only| *only != scope) {
            return Ok(Err(invalid(
                "scope",
                "a migration opens the store of its place and no other",
            )));
        }
        Ok(Ok(self.table.push(OpenStore { scope })?))
    }

    async fn get(&mut self, store: Resource<OpenStore>, key: String) -> Answer<Option<Entry>> {
        let (key, _) = granted!(self.enter(&store, key)?);
        let found = self.call.visible(&key).await?;
        self.call
            .crossing
            .count(key.key.len() + found.as_ref().map_or(0, |entry| entry.value.len()))?;
        Ok(Ok(found.map(shown)))
    }

    async fn put(
        &mut self,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
        options: Option<PutOptions>,
    ) -> Answer<u64> {
        let (key, terms) = granted!(self.enter(&store, key)?);
        self.call.crossing.count(key.key.len() + value.len())?;
        if value.len() > KV_VALUE_BYTES {
            return Ok(Err(Error::TooLarge(KV_VALUE_BYTES as u64)));
        }
        let PutOptions { ttl_ms, if_revision } = options.unwrap_or(PutOptions {
            ttl_ms: None,
            if_revision: None,
        });
        let found = self.call.visible(&key).await?;
        granted!(unchanged(found.as_ref(), if_revision));
        self.call.store(key, value, ttl_ms, found, terms).await
    }

    async fn delete(&mut self, store: Resource<OpenStore>, key: String, if_revision: Option<u64>) -> Answer<bool> {
        let (key, _) = granted!(self.enter(&store, key)?);
        let found = self.call.visible(&key).await?;
        granted!(unchanged(found.as_ref(), if_revision));
        if found.is_some() {
            self.call.kv.write(key, None);
        }
        Ok(Ok(found.is_some()))
    }

    async fn increment(
        &mut self,
        store: Resource<OpenStore>,
        key: String,
        delta: i64,
        ttl_ms_if_new: Option<u64>,
    ) -> Answer<i64> {
        let (key, terms) = granted!(self.enter(&store, key)?);
        let found = self.call.visible(&key).await?;
        let number = match &found {
            None => Some(0),
            Some(entry) => std::str::from_utf8(&entry.value)
                .ok()
                .and_then(|text| text.parse::<i64>().ok()),
        };
        let Some(number) = number else {
            return Ok(Err(invalid("key", "its value is not a whole number")));
        };
        let Some(sum) = number.checked_add(delta) else {
            return Ok(Err(invalid("delta", "the sum overflows")));
        };
        let answer = match found {
            None => {
                self.call
                    .store(key, sum.to_string().into_bytes(), ttl_ms_if_new, None, terms)
                    .await?
            }
            Some(entry) => {
                let expires_at = entry.expires_at;
                self.call
                    .store_until(key, sum.to_string().into_bytes(), expires_at, Some(entry), terms)
                    .await?
            }
        };
        Ok(answer.map(|_revision| sum))
    }

    async fn scan(
        &mut self,
        store: Resource<OpenStore>,
        prefix: String,
        limit: u32,
        cursor: Option<String>,
    ) -> Answer<Page> {
        let (scope, _) = granted!(self.opened(&store)?);
        if !(1..=KV_PAGE).contains(&limit) {
            return Ok(Err(invalid("limit", format!("must be 1 to {KV_PAGE}"))));
        }
        if cursor
            .as_ref()
            .is_some_and(|cursor| !cursor.starts_with(&prefix) || cursor.len() > KV_KEY_BYTES)
        {
            return Ok(Err(invalid("cursor", "is not one that a scan of this prefix answered")));
        }
        let (items, more) = self
            .call
            .page(&scope, &prefix, cursor.as_deref(), limit as usize)
            .await?;
        let bytes = items.iter().map(|(key, entry)| key.len() + entry.value.len()).sum();
        self.call.crossing.count(bytes)?;
        let cursor = items.last().map(|(key, _)| key.to_string()).filter(|_| more);
        Ok(Ok(Page {
            items: items
                .into_iter()
                .map(|(key, entry)| (key.into(), shown(entry)))
                .collect(),
            cursor,
        }))
    }

    async fn usage(&mut self, store: Resource<OpenStore>) -> Answer<Usage> {
        let (scope, terms) = granted!(self.opened(&store)?);
        let used = self.call.used(&scope.pot()).await?;
        Ok(Ok(Usage {
            keys: used.keys,
            bytes: used.bytes,
            max_keys: terms.max_keys,
            max_bytes: terms.max_bytes,
        }))
    }

    async fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl CallState {
    /// Takes one operation on an open store.
    fn opened(&mut self, store: &Resource<OpenStore>) -> Answer<(KvScope, KvTerms)> {
        let Some(terms) = self.call.effective.kv.clone() else {
            return Ok(Err(denied(Capability::Kv)));
        };
        granted!(spend(&mut self.call.kv_operations)?);
        Ok(Ok((self.table.get(store)?.scope.clone(), terms)))
    }

    /// Takes one operation on one key.
    fn enter(&mut self, store: &Resource<OpenStore>, key: String) -> Answer<(KvKey, KvTerms)> {
        let (scope, terms) = granted!(self.opened(store)?);
        if key.is_empty() || key.len() > KV_KEY_BYTES {
            return Ok(Err(invalid("key", format!("must have 1 to {KV_KEY_BYTES} bytes"))));
        }
        Ok(Ok((KvKey { scope, key: key.into() }, terms)))
    }
}

impl Call {
    fn scope(&self, scope: Scope, terms: &KvTerms) -> Result<KvScope, Error> {
        let chat = || {
            self.scene
                .chat
                .clone()
                .ok_or_else(|| invalid("scope", "the event has no chat"))
        };
        match scope {
            Scope::Instance => Err(unsupported("kv scope instance: a draft commits within one session")),
            Scope::Shared(name) => {
                let name: SharedName = name.parse().map_err(|error| invalid("scope", error))?;
                match terms.shared.contains(&name) {
                    true => Ok(KvScope::Shared(name)),
                    false => Err(Error::Denied(format!("kv: the shared store {name} is not granted"))),
                }
            }
            Scope::Session => Ok(KvScope::Session),
            Scope::Chat => chat().map(KvScope::Chat),
            Scope::Sender => {
                let sender = self
                    .scene
                    .sender
                    .clone()
                    .ok_or_else(|| invalid("scope", "the event has no sender"))?;
                Ok(KvScope::Sender { chat: chat()?, sender })
            }
        }
    }

    async fn store(
        &mut self,
        key: KvKey,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
        found: Option<KvEntry>,
        terms: KvTerms,
    ) -> Answer<u64> {
        if ttl_ms == Some(0) {
            return Ok(Err(invalid("ttl-ms", "must be at least 1")));
        }
        let expires_at = ttl_ms.map(|ttl| self.now.plus(Duration::from_millis(ttl)));
        self.store_until(key, value, expires_at, found, terms).await
    }

    async fn store_until(
        &mut self,
        key: KvKey,
        value: Vec<u8>,
        expires_at: Option<waspnest_core::clock::UnixMs>,
        found: Option<KvEntry>,
        terms: KvTerms,
    ) -> Answer<u64> {
        let pot = key.scope.pot();
        let used = self.used(&pot).await?;
        let mut over = over(&key, &value, found.as_ref(), used, &terms);
        // What has expired makes room, but is looked for only where there is none.
        if over.is_some()
            && let Some(used) = self.used_exactly(&pot).await?
        {
            over = self::over(&key, &value, found.as_ref(), used, &terms);
        }
        if let Some(quota) = over {
            return Ok(Err(quota));
        }
        let revision = self.kv.next_revision(&key);
        self.kv.write(
            key,
            Some(KvEntry {
                value,
                revision,
                expires_at,
            }),
        );
        Ok(Ok(revision))
    }
}

/// The refusal of a write that would use more than was granted, if it would.
fn over(key: &KvKey, value: &[u8], found: Option<&KvEntry>, used: KvUsage, terms: &KvTerms) -> Option<Error> {
    let KvUsage { mut keys, mut bytes } = used;
    match found {
        Some(entry) => bytes = bytes.saturating_sub(entry.value.len() as u64),
        None => {
            keys += 1;
            bytes += key.key.len() as u64;
        }
    }
    bytes += value.len() as u64;
    if keys > terms.max_keys {
        return Some(Error::Quota(format!("kv: {} keys", terms.max_keys)));
    }
    // A value that shrinks is taken even where the store is over its limit, or a full store could never be emptied.
    let grows = found.is_none_or(|entry| entry.value.len() < value.len());
    (bytes > terms.max_bytes && grows).then(|| Error::Quota(format!("kv: {} bytes", terms.max_bytes)))
}

/// Whether an entry is what the guest thinks it is.
fn unchanged(found: Option<&KvEntry>, if_revision: Option<u64>) -> Result<(), Error> {
    match if_revision {
        Some(wanted) if wanted != found.map_or(0, |entry| entry.revision) => Err(Error::Conflict),
        Some(_) | None => Ok(()),
    }
}

fn shown(entry: KvEntry) -> Entry {
    Entry {
        value: entry.value,
        revision: entry.revision,
        expires_at: entry.expires_at.map(|at| at.0),
    }
}

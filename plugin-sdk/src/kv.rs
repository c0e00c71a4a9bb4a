//! Durable state of the installation, and what it shares with others. Needs `kv`.
//!
//! Values are stored as JSON. Writes commit with the event or not at all, and a call reads its own writes. Open the store of
//! a scope and use it:
//!
//! ```
//! # use waspnest_plugin::{Error, kv};
//! # fn remember() -> Result<(), Error> {
//! let store = kv::chat()?;
//! store.put("language", &"de")?;
//! let language: Option<String> = store.get("language")?;
//! # Ok(())
//! # }
//! ```

use crate::bindings::imports::waspnest::plugin::kv::PutOptions;
use crate::types::UnixMs;
use crate::{Error, host};
use core::time::Duration;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::bindings::imports::waspnest::plugin::kv::{Scope, Usage};

/// Keys a scan asks for at a time: small enough for any value size, large enough to be few calls.
const SCAN_STEP: u32 = 100;

/// The store of the event's session.
///
/// # Errors
/// When `kv` is not granted.
pub fn session() -> Result<Store, Error> {
    open(Scope::Session)
}

/// The store of the event's chat.
///
/// # Errors
/// When `kv` is not granted, or the event has no chat.
pub fn chat() -> Result<Store, Error> {
    open(Scope::Chat)
}

/// The store of the event's sender in its chat.
///
/// # Errors
/// When `kv` is not granted, or the event has no sender.
pub fn sender() -> Result<Store, Error> {
    open(Scope::Sender)
}

/// A store that the installation shares with others of the session, by its name.
///
/// # Errors
/// When `kv` is not granted with this store among its `shared`.
pub fn shared(name: &str) -> Result<Store, Error> {
    open(Scope::Shared(name.into()))
}

/// The store of any scope.
///
/// # Errors
/// When `kv` is not granted, the event lacks what the scope needs, or this version does not have the scope.
pub fn open(scope: Scope) -> Result<Store, Error> {
    host::kv::Store::open(&scope)
        .map(Store)
        .map_err(Error::refused("kv.open"))
}

/// An open store.
#[derive(Debug)]
pub struct Store(host::kv::Store);

/// A value with what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// Changes with every write; what [`Store::replace`] compares.
    pub revision: u64,
    /// When it disappears by itself.
    pub expires_at: Option<UnixMs>,
}

impl Store {
    /// Reads a key; none when it is missing or expired.
    ///
    /// # Errors
    /// When the host refuses, or what is stored is no `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        Ok(self.get_versioned(key)?.map(|found| found.value))
    }

    /// Reads a key with its revision.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn get_versioned<T: DeserializeOwned>(&self, key: &str) -> Result<Option<Versioned<T>>, Error> {
        let Some(entry) = self.0.get(key).map_err(Error::refused("kv.get"))? else {
            return Ok(None);
        };
        let value = decode(key, &entry.value)?;
        Ok(Some(Versioned {
            value,
            revision: entry.revision,
            expires_at: entry.expires_at,
        }))
    }

    /// Writes a key and answers its revision.
    ///
    /// # Errors
    /// When the host refuses: the value is too large, or the grant is used up.
    pub fn put<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<u64, Error> {
        self.write(key, value, None)
    }

    /// Writes a key that disappears after `lifetime`.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_for<T: Serialize + ?Sized>(&self, key: &str, value: &T, lifetime: Duration) -> Result<u64, Error> {
        let ttl_ms = Some(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
        self.write(
            key,
            value,
            Some(PutOptions {
                ttl_ms,
                if_revision: None,
            }),
        )
    }

    /// Writes a key only if it is not there yet.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`Error::is_conflict`] when it is there.
    pub fn create<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<u64, Error> {
        self.replace(key, value, 0)
    }

    /// Writes a key only if it still has `revision`.
    ///
    /// # Errors
    /// As [`put`](Self::put); [`Error::is_conflict`] when it has another one.
    pub fn replace<T: Serialize + ?Sized>(&self, key: &str, value: &T, revision: u64) -> Result<u64, Error> {
        self.write(
            key,
            value,
            Some(PutOptions {
                ttl_ms: None,
                if_revision: Some(revision),
            }),
        )
    }

    /// Removes a key and answers whether it was there.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn delete(&self, key: &str) -> Result<bool, Error> {
        self.0.delete(key, None).map_err(Error::refused("kv.delete"))
    }

    /// Adds to a whole number and answers the sum; a missing key counts as 0.
    ///
    /// # Errors
    /// When the host refuses, or something else than a whole number is stored.
    pub fn increment(&self, key: &str, delta: i64) -> Result<i64, Error> {
        self.0
            .increment(key, delta, None)
            .map_err(Error::refused("kv.increment"))
    }

    /// All keys that start with `prefix`, in byte order, with their values.
    ///
    /// # Errors
    /// When the host refuses, or one of the values is no `T`.
    pub fn scan<T: DeserializeOwned>(&self, prefix: &str) -> Result<Vec<(String, T)>, Error> {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = self
                .0
                .scan(prefix, SCAN_STEP, cursor.as_deref())
                .map_err(Error::refused("kv.scan"))?;
            for (key, entry) in page.items {
                let value = decode(&key, &entry.value)?;
                found.push((key, value));
            }
            match page.cursor {
                Some(next) => cursor = Some(next),
                None => return Ok(found),
            }
        }
    }

    /// How much of the grant is used.
    ///
    /// # Errors
    /// When the host refuses.
    pub fn usage(&self) -> Result<Usage, Error> {
        self.0.usage().map_err(Error::refused("kv.usage"))
    }

    fn write<T: Serialize + ?Sized>(&self, key: &str, value: &T, options: Option<PutOptions>) -> Result<u64, Error> {
        let bytes = serde_json::to_vec(value).map_err(|source| Error::Form {
            what: format!("key {key:?}"),
            source,
        })?;
        self.0.put(key, &bytes, options).map_err(Error::refused("kv.put"))
    }
}

fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::Form {
        what: format!("key {key:?}"),
        source,
    })
}

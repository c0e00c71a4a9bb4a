//! Encryption of records at rest.
//!
//! XChaCha20-Poly1305 under the master key, a fresh random nonce for every record, and the record's place (space and key) as associated
//! data: a record moved to another place does not open. What is stored is one version byte, the nonce, the ciphertext.

pub mod stream;

use std::fmt;
use std::sync::Arc;

use crate::master_key::MasterKey;
use crate::schema::{Key, system};
use crate::store::{Commit, Expect, Space, Store, StoreError};
use bytes::Bytes;
use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const CHECK: &[u8] = b"waspnest master key check 1";

/// Seals and opens records under one master key.
#[derive(Clone)]
pub struct Sealer(Arc<XChaCha20Poly1305>);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// Why the master key cannot be used with this store.
#[derive(Debug, thiserror::Error)]
pub enum KeyCheckError {
    /// The store was written under another key.
    #[error(
        "the master key is not the one this data directory was written with; linked devices and stored secrets cannot be read"
    )]
    WrongKey,
    /// The store did not answer.
    #[error("the master key could not be checked")]
    Store(#[from] StoreError),
}

/// A record that does not open: moved, changed, or sealed under another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the record does not open under the master key")]
pub struct Unopened;

impl Sealer {
    /// A sealer that checks nothing.
    #[must_use]
    pub fn new(key: &MasterKey) -> Self {
        Self(Arc::new(XChaCha20Poly1305::new(key.bytes().into())))
    }

    /// Checks the key against the store's check record, and writes that record into a store that has none.
    ///
    /// # Errors
    /// [`KeyCheckError`].
    pub async fn checked(key: &MasterKey, store: &dyn Store) -> Result<Self, KeyCheckError> {
        let sealer = Self::new(key);
        let place = Key::table(system::MASTER_KEY_CHECK).finish();
        if let Some(record) = store.get(Space::System, &place).await? {
            return sealer.confirm(&place, &record);
        }
        let record = Bytes::from(sealer.seal(Space::System, &place, CHECK));
        let commit = Commit::durable(Space::System)
            .expect(Expect::Absent(place.clone()))
            .put(place.clone(), record);
        match store.commit(commit).await {
            Ok(applied) => {
                applied.durable().await?;
                Ok(sealer)
            }
            // Somebody else was faster: theirs decides.
            Err(StoreError::Conflict) => match store.get(Space::System, &place).await? {
                Some(record) => sealer.confirm(&place, &record),
                None => Err(StoreError::Conflict.into()),
            },
            Err(error) => Err(error.into()),
        }
    }

    fn confirm(self, place: &[u8], record: &[u8]) -> Result<Self, KeyCheckError> {
        match self.open(Space::System, place, record) {
            Ok(text) if text == CHECK => Ok(self),
            Ok(_) | Err(Unopened) => Err(KeyCheckError::WrongKey),
        }
    }

    /// The sealed form of `plain` for its place.
    #[expect(clippy::expect_used, reason = "see the expectation's own words")]
    #[must_use]
    pub fn seal(&self, space: Space, key: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let place = place(space, key);
        let body = self
            .0
            .encrypt(
                &nonce,
                Payload {
                    msg: plain,
                    aad: &place,
                },
            )
            .expect("encrypting into memory fails only for plaintexts of 256 GiB and more");
        let mut record = Vec::with_capacity(1 + NONCE + body.len());
        record.push(VERSION);
        record.extend_from_slice(&nonce);
        record.extend_from_slice(&body);
        record
    }

    /// What was sealed for this place.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn open(&self, space: Space, key: &[u8], record: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (version, rest) = record.split_first().ok_or(Unopened)?;
        let (nonce, body) = rest.split_at_checked(NONCE).ok_or(Unopened)?;
        if *version != VERSION {
            return Err(Unopened);
        }
        let place = place(space, key);
        self.0
            .decrypt(XNonce::from_slice(nonce), Payload { msg: body, aad: &place })
            .map_err(|_| Unopened)
    }
}

fn place(space: Space, key: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(17 + key.len());
    match space {
        Space::System => place.push(0),
        Space::Sessions => place.push(1),
        Space::Session(id) => {
            place.push(2);
            place.extend_from_slice(&id.ulid().to_bytes());
        }
    }
    place.extend_from_slice(key);
    place
}

#[cfg(test)]
mod tests {
    use crate::store::MemoryStore;

    use super::*;

    #[test]
    fn a_record_opens_at_its_own_place_only() {
        let sealer = Sealer::new(&MasterKey::generate());
        let record = sealer.seal(Space::System, b"a", b"secret");
        assert_eq!(sealer.open(Space::System, b"a", &record), Ok(b"secret".to_vec()));
        assert_eq!(sealer.open(Space::System, b"b", &record), Err(Unopened));
        assert_eq!(sealer.open(Space::Sessions, b"a", &record), Err(Unopened));
        assert_eq!(
            Sealer::new(&MasterKey::generate()).open(Space::System, b"a", &record),
            Err(Unopened)
        );
    }

    #[test]
    fn a_changed_record_does_not_open() {
        let sealer = Sealer::new(&MasterKey::generate());
        let record = sealer.seal(Space::System, b"a", b"secret");
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert_eq!(sealer.open(Space::System, b"a", &changed), Err(Unopened), "byte {at}");
            assert_eq!(
                sealer.open(Space::System, b"a", &record[..at]),
                Err(Unopened),
                "cut at {at}"
            );
        }
        assert!(!record.windows(6).any(|window| window == b"secret"));
    }

    #[tokio::test]
    async fn a_store_remembers_its_key() {
        let store = MemoryStore::new();
        let key = MasterKey::generate();
        Sealer::checked(&key, store.as_ref())
            .await
            .expect("the first key is taken");
        Sealer::checked(&key, store.as_ref())
            .await
            .expect("the same key is right");
        let error = Sealer::checked(&MasterKey::generate(), store.as_ref())
            .await
            .expect_err("another key is wrong");
        assert!(matches!(error, KeyCheckError::WrongKey), "{error}");
    }
}

//! A device's public Signal keys as the server holds them: checked when they arrive, one-time keys handed out once.

use std::collections::{HashMap, HashSet, VecDeque};

use whatsapp_rust::wacore::libsignal::protocol::PublicKey;

/// The one kind of Signal key there is.
pub(crate) const KEY_TYPE: u8 = 5;

/// A signed prekey whose signature was verified against its identity.
#[derive(Debug, Clone)]
pub(crate) struct SignedPrekey {
    pub(crate) id: u32,
    pub(crate) public: [u8; 32],
    pub(crate) signature: [u8; 64],
}

/// Why keys were not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("a key or id is missing or has the wrong length")]
    Shape,
    #[error("a public key is not a point")]
    NotAKey,
    #[error("the signed prekey's signature does not verify")]
    Signature,
    #[error("an id stands for two keys")]
    Duplicate,
    #[error("they are another device's")]
    Foreign,
}

impl SignedPrekey {
    /// Accepts a signed prekey only when `identity` signed it.
    pub(crate) fn verified(id: u32, public: &[u8], signature: &[u8], identity: &[u8; 32]) -> Result<Self, KeyError> {
        let public: [u8; 32] = public.try_into().map_err(|_| KeyError::Shape)?;
        let signature: [u8; 64] = signature.try_into().map_err(|_| KeyError::Shape)?;
        let signer = PublicKey::from_djb_public_key_bytes(identity).map_err(|_| KeyError::NotAKey)?;
        let signed = PublicKey::from_djb_public_key_bytes(&public).map_err(|_| KeyError::NotAKey)?;
        if signer.verify_signature(&signed.serialize(), &signature) {
            Ok(Self { id, public, signature })
        } else {
            Err(KeyError::Signature)
        }
    }
}

/// Everything another device needs to start a session with this one.
#[derive(Debug, Clone)]
pub(crate) struct KeyBundle {
    pub(crate) registration_id: u32,
    pub(crate) identity: [u8; 32],
    pub(crate) signed: SignedPrekey,
    /// One-time prekeys in upload order; the front is handed out next.
    pub(crate) one_time: VecDeque<(u32, [u8; 32])>,
}

impl KeyBundle {
    /// Removes and returns the next one-time prekey. It is gone for good: no second device ever gets it.
    pub(crate) fn take_one_time(&mut self) -> Option<(u32, [u8; 32])> {
        self.one_time.pop_front()
    }

    /// Adds uploaded one-time prekeys, all or none. A key the server holds already may be offered again; another key under an id that is
    /// taken is refused.
    pub(crate) fn add_one_time(&mut self, keys: impl IntoIterator<Item = (u32, [u8; 32])>) -> Result<(), KeyError> {
        let mut known: HashMap<u32, [u8; 32]> = self.one_time.iter().copied().collect();
        let mut fresh = Vec::new();
        let mut offered = HashSet::new();
        for (id, key) in keys {
            if !offered.insert(id) || known.get(&id).is_some_and(|held| *held != key) {
                return Err(KeyError::Duplicate);
            }
            if known.insert(id, key).is_none() {
                fresh.push((id, key));
            }
        }
        self.one_time.extend(fresh);
        Ok(())
    }
}

/// A big-endian unsigned number of one to four bytes, as key and registration ids travel.
pub(crate) fn uint(bytes: &[u8]) -> Result<u32, KeyError> {
    if bytes.is_empty() || bytes.len() > 4 {
        return Err(KeyError::Shape);
    }
    Ok(bytes.iter().fold(0, |value, byte| (value << 8) | u32::from(*byte)))
}

//! The phone's cryptography of linking by code: what the typed code opens, and the secret that both sides arrive at.
//!
//! The eight characters protect two ephemeral keys, one each way. A wrong code opens to another key, which nobody notices until the
//! client's bundle does not open.

use whatsapp_rust::wacore::crypto::hkdf_sha256_into;
use whatsapp_rust::wacore::libsignal::crypto::aes_256_gcm_decrypt;
use whatsapp_rust::wacore::libsignal::protocol::{KeyPair, PublicKey};
use whatsapp_rust::wacore::pair_code::PairCodeUtils;

/// Salt, initial counter and sealed key.
pub(crate) const WRAPPED_KEY: usize = 32 + 16 + 32;
/// Salt, nonce, three keys and the tag.
pub(crate) const WRAPPED_BUNDLE: usize = 32 + 12 + 96 + 16;

/// One entry of a code, before the slow part: deriving keys from it.
pub(crate) struct Entry {
    /// The client's ephemeral key as it came.
    pub(crate) wrapped_theirs: [u8; WRAPPED_KEY],
    /// The phone's own, for this entry alone.
    pub(crate) ephemeral: KeyPair,
    /// Salt and initial counter for it.
    pub(crate) salt_and_counter: [u8; 48],
}

/// After the slow part.
pub(crate) struct Entered {
    pub(crate) ephemeral: KeyPair,
    /// The client's ephemeral key, if the code was the right one.
    pub(crate) theirs: [u8; 32],
    /// What the client is sent.
    pub(crate) wrapped: Vec<u8>,
}

impl Entry {
    /// Derives both keys from the code: 131,072 rounds each, so never under a lock or on a task that serves others.
    pub(crate) fn derive(self, code: &str) -> Entered {
        let theirs = crossed(&self.wrapped_theirs, code);
        let mut wrapped = self.salt_and_counter.to_vec();
        wrapped.extend_from_slice(self.ephemeral.public_key.public_key_bytes());
        let sealed = crossed(&wrapped, code);
        wrapped.truncate(48);
        wrapped.extend_from_slice(&sealed);
        Entered {
            ephemeral: self.ephemeral,
            theirs,
            wrapped,
        }
    }
}

/// The last 32 bytes under the key stream of the code: sealed when they were open, open when they were sealed.
fn crossed(wrapped: &[u8], code: &str) -> [u8; 32] {
    PairCodeUtils::decrypt_primary_ephemeral_pub(wrapped, code).expect("the length is that of a wrapped key")
}

/// Why a client's bundle was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BundleError {
    /// It does not open: the code that was typed is not the one the client shows.
    Sealed,
    /// It opens and names other keys than those in play.
    Foreign(&'static str),
}

/// Opens the client's bundle and answers the secret that authenticates the offer.
pub(crate) fn open_bundle(
    bundle: &[u8; WRAPPED_BUNDLE],
    ephemeral: &KeyPair,
    theirs: &[u8; 32],
    account: &KeyPair,
    device_identity: &[u8; 32],
) -> Result<[u8; 32], BundleError> {
    let agreed = |ours: &KeyPair, theirs: &[u8; 32]| {
        let theirs = PublicKey::from_djb_public_key_bytes(theirs).ok()?;
        ours.private_key.calculate_agreement(&theirs).ok()
    };
    let shared = agreed(ephemeral, theirs).ok_or(BundleError::Sealed)?;
    let (salt, rest) = bundle.split_at(32);
    let (nonce, sealed) = rest.split_at(12);
    let nonce: &[u8; 12] = nonce.try_into().expect("split at twelve");
    let mut key = [0; 32];
    hkdf_sha256_into(
        &shared,
        Some(salt),
        b"link_code_pairing_key_bundle_encryption_key",
        &mut key,
    )
    .expect("32 bytes are within what HKDF gives");
    let mut open = Vec::with_capacity(96);
    aes_256_gcm_decrypt(&key, nonce, b"", sealed, &mut open).map_err(|_| BundleError::Sealed)?;
    if open[..32] != device_identity[..] {
        return Err(BundleError::Foreign("it names another client's identity"));
    }
    if open[32..64] != *account.public_key.public_key_bytes() {
        return Err(BundleError::Foreign("it names another account's identity"));
    }
    let identities =
        agreed(account, device_identity).ok_or(BundleError::Foreign("the client's identity is not a key"))?;
    let mut secret = [0; 32];
    let material = [&shared[..], &identities[..], &open[64..]].concat();
    hkdf_sha256_into(&material, None, b"adv_secret", &mut secret).expect("32 bytes are within what HKDF gives");
    Ok(secret)
}

//! Secrets that the test sets. Requests keep the places for them as the plugin wrote them.

use sha2::{Digest as _, Sha256};

use super::granted;
use crate::types::Error;

const SIGNED_BYTES: usize = 1 << 20;
const BLOCK: usize = 64;

/// A secret that is there.
#[derive(Debug)]
pub(crate) struct Secret(String);

pub(crate) fn get(name: &str) -> Result<Secret, Error> {
    text_of(name).map(|_| Secret(name.into()))
}

pub(crate) fn hmac_sha256(name: &str, data: &[u8]) -> Result<Vec<u8>, Error> {
    let secret = text_of(name)?;
    if data.len() > SIGNED_BYTES {
        return Err(Error::TooLarge(SIGNED_BYTES as u64));
    }
    let mut key = [0; BLOCK];
    if secret.len() > BLOCK {
        key[..32].copy_from_slice(&Sha256::digest(&secret));
    } else {
        key[..secret.len()].copy_from_slice(secret.as_bytes());
    }
    let inner = Sha256::new_with_prefix(key.map(|byte| byte ^ 0x36)).chain_update(data);
    let outer = Sha256::new_with_prefix(key.map(|byte| byte ^ 0x5c)).chain_update(inner.finalize());
    Ok(outer.finalize().to_vec())
}

impl Secret {
    pub(crate) fn reveal(&self) -> Result<String, Error> {
        text_of(&self.0)
    }
}

fn text_of(name: &str) -> Result<String, Error> {
    granted("secrets", |state| {
        state.secrets.get(name).cloned().ok_or(Error::NotFound)
    })
}

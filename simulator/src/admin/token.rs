//! The bearer token of the admin interface. It must never be shown.

use std::fmt;

use http::header::{AUTHORIZATION, HeaderMap};
use sha2::{Digest, Sha256};

use super::problem::Problem;

/// The path that needs no token.
const OPEN: &str = "/health";

/// The bearer token. Kept as a digest, so that neither `Debug` nor the time a comparison takes tells anything.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    /// From the secret itself.
    pub fn new(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Whether a call to `path` may go on.
    pub(super) fn admits(&self, path: &str, headers: &HeaderMap) -> Result<(), Problem> {
        if path == OPEN {
            return Ok(());
        }
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        match given.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(secret) if Self::new(secret.trim()) == *self => Ok(()),
            Some(_) | None => Err(Problem::unauthorized()),
        }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

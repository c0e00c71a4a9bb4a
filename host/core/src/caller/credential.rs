//! What callers show: a text that names its record and holds a secret, `wn_live_01ARZ3…_9f86d0…`.
//!
//! The id finds the record, so that nothing is searched by secrets; the whole text is compared with the digest in the record. 32 random
//! bytes need no slow hash.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use ulid::Ulid;

use crate::clock::Ids;
use crate::hmac;

/// Bytes of a secret.
const SECRET: usize = 32;

/// What kind of record a credential names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// An API key: its id.
    ApiKey,
    /// The token of a session: the session's id.
    SessionToken,
    /// What a login is refreshed with: the login's id.
    Refresh,
}

impl CredentialKind {
    const ALL: [Self; 3] = [Self::ApiKey, Self::SessionToken, Self::Refresh];

    /// What its text starts with, so that scanners of leaked secrets know it.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "wn_live_",
            Self::SessionToken => "wn_session_",
            Self::Refresh => "wn_refresh_",
        }
    }
}

/// A credential as it is shown, once to its owner and then by its owner.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// What it names.
    pub kind: CredentialKind,
    /// Which of them.
    pub id: Ulid,
    text: Box<str>,
}

impl Credential {
    /// A new one for a record.
    #[must_use]
    pub fn draw(kind: CredentialKind, id: Ulid, ids: &dyn Ids) -> Self {
        let mut secret = [0; SECRET];
        for part in secret.chunks_exact_mut(8) {
            part.copy_from_slice(&ids.seed().to_be_bytes());
        }
        let text = format!("{}{id}_{}", kind.prefix(), hmac::hex(&secret)).into();
        Self { kind, id, text }
    }

    /// Reads one; none for whatever else was shown.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (kind, rest) = CredentialKind::ALL
            .into_iter()
            .find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)))?;
        let (id, secret) = rest.split_once('_')?;
        let id = Ulid::from_string(id).ok()?;
        (secret.len() == 2 * SECRET).then(|| Self {
            kind,
            id,
            text: text.into(),
        })
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What is stored of it.
    #[must_use]
    pub fn digest(&self) -> SecretDigest {
        SecretDigest(Sha256::digest(self.text.as_bytes()).into())
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({}{}_…)", self.kind.prefix(), self.id)
    }
}

/// What is stored of a credential.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// Whether it is of this credential. Takes the same time for every answer.
    #[must_use]
    pub fn is_of(&self, credential: &Credential) -> bool {
        *self == credential.digest()
    }
}

impl PartialEq for SecretDigest {
    fn eq(&self, other: &Self) -> bool {
        hmac::verify(&self.0, &other.0)
    }
}

impl Eq for SecretDigest {}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(…)")
    }
}

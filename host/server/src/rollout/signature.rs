//! Who signed a package: minisign signatures, against the operator's list of keys.
//!
//! What is signed is the digest of the package as it is written, and a line feed; the signature is `plugin.minisig` beside the manifest, or
//! comes with the request. It is no part of the package, so that signing makes no other version of it. Both forms of minisign are good: the
//! text itself, or its BLAKE2b hash.

use minisign_verify::{PublicKey, Signature};
use waspnest_core::package::PackageDigest;

use super::RolloutError;

/// What the signature of a package is called.
pub const FILE: &str = "plugin.minisig";

/// A key that an operator trusts: `minisign:` and the key as minisign writes it.
#[derive(Clone)]
pub struct TrustedKey {
    text: Box<str>,
    key: PublicKey,
}

impl TrustedKey {
    const PREFIX: &'static str = "minisign:";

    /// Reads a key.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is not a key: expected \"minisign:\" and the second line of a minisign.pub");
        let encoded = text.strip_prefix(Self::PREFIX).ok_or_else(form)?;
        Ok(Self {
            text: text.into(),
            key: PublicKey::from_base64(encoded).map_err(|_| form())?,
        })
    }
}

impl TrustedKey {
    /// Whether it is the key that is written so.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        *self.text == *text
    }
}

impl std::fmt::Debug for TrustedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for TrustedKey {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// The key that signed a package, as the list has it; none if there is no signature and none is needed.
///
/// # Errors
/// When there is a signature that no key of the list made, or there is none and one is needed. A bad signature is never passed over:
/// somebody has changed something.
pub(super) fn signer(
    trust: &[TrustedKey],
    needed: Needed,
    digest: PackageDigest,
    signature: Option<&[u8]>,
) -> Result<Option<Box<str>>, RolloutError> {
    let refused = |problem: &str| RolloutError::Signature {
        digest,
        problem: problem.to_owned(),
    };
    let Some(signature) = signature else {
        return match needed {
            Needed::Yes => Err(refused("it is not signed, and plugins.require-signed asks for that")),
            Needed::No => Ok(None),
        };
    };
    let signature = std::str::from_utf8(signature)
        .ok()
        .and_then(|text| Signature::decode(text).ok());
    let signature = signature.ok_or_else(|| refused("its signature is not one of minisign's"))?;
    let text = digest.signed_text();
    let good = |trusted: &&TrustedKey| trusted.key.verify(text.as_bytes(), &signature, true).is_ok();
    match (trust.iter().find(good), trust.is_empty(), needed) {
        (Some(trusted), _, _) => Ok(Some(trusted.text.clone())),
        // Nobody to compare with, and nobody asked: as good as unsigned.
        (None, true, Needed::No) => Ok(None),
        (None, _, _) => Err(refused("no key of plugins.trust has signed it")),
    }
}

/// Whether packages must be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// By a key of the list.
    Yes,
    /// They may be.
    No,
}

#[cfg(test)]
mod tests;

//! The server's own keys in a file: clients that know them come back with an IK handshake.

use whatsapp_rust::wacore::libsignal::protocol::{KeyPair, PrivateKey};

use crate::noise::ServerIdentity;
use crate::saved::{Blob, Unsound};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedServer {
    static_key: Blob,
    /// The certificates, signed.
    chain: Blob,
    /// Who signed them.
    #[serde(default)]
    root: Option<Blob>,
}

impl SavedServer {
    pub(crate) fn of(identity: &ServerIdentity) -> Self {
        Self {
            static_key: Blob::of(identity.static_key.private_key.serialize()),
            chain: Blob::of(&identity.chain),
            root: identity.root.map(Blob::of),
        }
    }

    pub(crate) fn restore(self) -> Result<ServerIdentity, Unsound> {
        let root = match self.root {
            None => None,
            Some(root) => Some(
                root.bytes()
                    .try_into()
                    .map_err(|_| Unsound("the server's root key is not one"))?,
            ),
        };
        Ok(ServerIdentity {
            root,
            static_key: key_pair(&self.static_key, "the server's key is not one")?,
            chain: self.chain.into_bytes(),
        })
    }
}

/// A key pair from its private half.
pub(crate) fn key_pair(private: &Blob, what: &'static str) -> Result<KeyPair, Unsound> {
    let private = PrivateKey::deserialize(private.bytes()).map_err(|_| Unsound(what))?;
    let public = private.public_key().map_err(|_| Unsound(what))?;
    Ok(KeyPair::new(public, private))
}

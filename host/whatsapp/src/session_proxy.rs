//! The proxy a session goes through: its own, kept where the session is, or the host's.
//!
//! Sealed under the master key, as there may be a password in it. It stays when the session is logged out, and goes with the session.

use bytes::Bytes;
use waspnest_core::id::SessionId;
use waspnest_core::schema::{Key, session};
use waspnest_core::store::{Commit, Space, StoreError};

use crate::host::Host;
use crate::proxy::Proxy;

/// Why a session's proxy could not be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// This build accepts any server's certificate and must not leave the machine.
    #[error("this build was made for the simulator and only talks to loopback addresses, not to {proxy}")]
    WeakenedBuild {
        /// The proxy.
        proxy: Proxy,
    },
    /// What is stored does not open.
    #[error("the stored proxy of the session cannot be read")]
    Unreadable,
    /// The store failed.
    #[error("the session's proxy cannot be kept")]
    Store(#[from] StoreError),
}

impl Host {
    /// The session's own.
    pub(crate) async fn own_proxy(&self, session: SessionId) -> Result<Option<Proxy>, ProxyError> {
        let (space, key) = place(session);
        let Some(sealed) = self.store.get(space, &key).await? else {
            return Ok(None);
        };
        let plain = self
            .sealer
            .open(space, &key, &sealed)
            .map_err(|_| ProxyError::Unreadable)?;
        let text = String::from_utf8(plain).map_err(|_| ProxyError::Unreadable)?;
        text.parse().map(Some).map_err(|_| ProxyError::Unreadable)
    }

    /// The one it goes through: its own, else the host's, if there is one.
    pub(crate) async fn proxy(&self, session: SessionId) -> Result<Option<Proxy>, ProxyError> {
        Ok(self.own_proxy(session).await?.or_else(|| self.usual_proxy.clone()))
    }

    /// Keeps a proxy for a session, durably; none takes it away.
    pub(crate) async fn set_proxy(&self, session: SessionId, proxy: Option<&Proxy>) -> Result<(), ProxyError> {
        let (space, key) = place(session);
        let commit = Commit::durable(space);
        let commit = match proxy {
            Some(proxy) => {
                crate::certificate::permit_proxy(proxy)?;
                let sealed = self.sealer.seal(space, &key, proxy.expose().as_bytes());
                commit.put(key, sealed)
            }
            None => commit.delete(key),
        };
        self.store.commit(commit).await?.durable().await?;
        Ok(())
    }
}

fn place(session: SessionId) -> (Space, Bytes) {
    (Space::Session(session), Key::table(session::PROXY).finish())
}

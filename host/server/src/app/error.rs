//! Why the host did not start.

use std::net::SocketAddr;

use waspnest_core::files::FileError;
use waspnest_core::master_key::MasterKeyError;
use waspnest_core::media_store::MediaError;
use waspnest_core::packages::PackagesError;
use waspnest_core::seal::KeyCheckError;
use waspnest_core::session::SessionError;
use waspnest_core::store::{OpenError, StoreError};
use waspnest_core::webhook::WebhookError;
use waspnest_engine::EngineError;
use waspnest_whatsapp::AuthorityError;

use crate::rollout::RolloutError;
use crate::service::admin_secret::AdminSecretError;
use crate::sessions::StartError;

/// Why the host did not start. Nothing of it runs then.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store failed.
    #[error("the store cannot be used")]
    Store(#[from] StoreError),
    /// Device keys cannot be protected.
    #[error("the master key cannot be used")]
    MasterKey(#[from] MasterKeyError),
    /// What is encrypted cannot be read.
    #[error("the master key cannot be used")]
    KeyCheck(#[from] KeyCheckError),
    /// There is no admin secret.
    #[error(transparent)]
    AdminSecret(#[from] AdminSecretError),
    /// Plugins cannot be let out.
    #[error(transparent)]
    Egress(#[from] waspnest_egress::SetUpError),
    /// Nobody can be told of traces.
    #[error(transparent)]
    Traces(#[from] crate::traces::ExportSetUpError),
    /// Files of plugins cannot be kept.
    #[error(transparent)]
    Files(#[from] FileError),
    /// Files of messages cannot be kept.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The sandbox cannot be set up.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Plugins' packages cannot be kept.
    #[error(transparent)]
    Packages(#[from] PackagesError),
    /// What webhooks are told cannot be read.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// A plugin cannot be put to work.
    #[error(transparent)]
    Rollout(#[from] RolloutError),
    /// Nobody is there to vouch for servers.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The WhatsApp side cannot be set up.
    #[error(transparent)]
    WhatsApp(#[from] waspnest_whatsapp::StartError),
    /// A session cannot be given its proxy.
    #[error(transparent)]
    Proxy(#[from] waspnest_whatsapp::ProxyError),
    /// The register of sessions cannot be used.
    #[error(transparent)]
    Register(#[from] SessionError),
    /// A session cannot be put to work.
    #[error(transparent)]
    Session(#[from] StartError),
    /// What was set while the host ran before cannot be read.
    #[error("what was set for plugins cannot be read")]
    Settings(#[from] crate::service::error::Error),
    /// What the listener is to show cannot be shown.
    #[error(transparent)]
    Tls(#[from] crate::tls::TlsError),
    /// The port cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// server.listen.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

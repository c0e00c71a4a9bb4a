//! Another configuration for a host that runs.
//!
//! Each part takes up by itself what the file says of it ([`Reloadable`]); what nobody can take up is named. A file with faults changes
//! nothing.

mod parts;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use waspnest_core::session::SessionError;
use waspnest_core::store::StoreError;

use crate::config::Config;
use crate::config::problem::ConfigError;
use crate::systemd::Systemd;
use crate::tls::TlsError;
pub(crate) use parts::{Limits, SessionPolicies};

/// A part that can be another one while it works.
#[async_trait]
pub trait Reloadable: Send + Sync {
    /// Takes up what a configuration says of it. Whatever can go wrong does so before anything has changed.
    async fn reload(&self, config: &Config) -> Result<(), ReloadError>;
}

/// Why a configuration was not taken up.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// It cannot be read, or something in it is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// What the listener is to show cannot be shown.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The way out cannot be guarded anew.
    #[error(transparent)]
    Egress(#[from] waspnest_egress::SetUpError),
    /// The lines that are to be logged cannot be told from others.
    #[error("log.level cannot be set")]
    Log(#[from] tracing_subscriber::reload::Error),
    /// The store failed.
    #[error("the store cannot be read")]
    Store(#[from] StoreError),
    /// The register of sessions failed.
    #[error(transparent)]
    Register(#[from] SessionError),
}

/// Where another configuration comes from.
pub type Reread = Box<dyn Fn() -> Result<Config, ConfigError> + Send + Sync>;

/// A host that runs under a configuration, as far as that can change.
pub struct Reload {
    /// What the host does: what it was started with, and what it has taken up since.
    running: Config,
    /// Those that can fail first: whoever comes behind them has nothing to undo.
    parts: Vec<Arc<dyn Reloadable>>,
    reread: Reread,
}

impl fmt::Debug for Reload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reload")
            .field("parts", &self.parts.len())
            .finish_non_exhaustive()
    }
}

impl Reload {
    /// Of a host that was started under `running`.
    #[must_use]
    pub fn new(running: Config, parts: Vec<Arc<dyn Reloadable>>, reread: Reread) -> Self {
        Self { running, parts, reread }
    }

    /// Takes up another configuration each time it is asked to, until `stop`.
    pub async fn serve(mut self, asked: impl Stream<Item = ()> + Send, systemd: Systemd, stop: CancellationToken) {
        let mut asked = std::pin::pin!(asked);
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                next = asked.next() => if next.is_none() {
                    return stop.cancelled().await;
                }
            }
            systemd.reloading();
            match self.take().await {
                Ok(left) if left.is_empty() => tracing::info!("the configuration was reloaded"),
                Ok(left) => {
                    let left = left.join(", ");
                    tracing::warn!("the configuration was reloaded; needs a restart: {left}");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "the configuration was not reloaded, and the old one holds");
                }
            }
            systemd.ready();
        }
    }

    /// Takes up what is written now, and answers the keys of what needs a restart.
    async fn take(&mut self) -> Result<Vec<&'static str>, ReloadError> {
        let new = (self.reread)()?;
        for part in &self.parts {
            part.reload(&new).await?;
        }
        Ok(self.running.adopt(&new))
    }
}

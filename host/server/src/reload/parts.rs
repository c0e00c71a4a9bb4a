//! How each part of the host takes up another configuration.

use async_trait::async_trait;
use waspnest_core::session::Sessions as Register;
use waspnest_egress::Egress;

use super::{ReloadError, Reloadable};
use crate::config::Config;
use crate::config::connections::Connections;
use crate::delivery::Endpoints;
use crate::send_policies::Policies;
use crate::service::callers::Callers;
use crate::telemetry::Lines;
use crate::tls::Certificates;
use waspnest_core::current::Current;

#[async_trait]
impl Reloadable for Certificates {
    async fn reload(&self, config: &Config) -> Result<(), ReloadError> {
        // Whether there is TLS at all is decided when the host starts.
        if let Some(files) = &config.server.tls {
            self.turn_to(files.clone())?;
        }
        Ok(())
    }
}

#[async_trait]
impl Reloadable for Lines {
    async fn reload(&self, config: &Config) -> Result<(), ReloadError> {
        Ok(self.set(&config.log.level)?)
    }
}

#[async_trait]
impl Reloadable for Callers {
    async fn reload(&self, config: &Config) -> Result<(), ReloadError> {
        self.turn_to(config.callers.clone());
        Ok(())
    }
}

/// What one request, and one connection, may take.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) body: Current<u64>,
    pub(crate) connections: Current<Connections>,
}

#[async_trait]
impl Reloadable for Limits {
    async fn reload(&self, config: &Config) -> Result<(), ReloadError> {
        self.body.set(config.server.body_limit);
        self.connections.set(config.server.connections.clone());
        Ok(())
    }
}

/// How fast every session sends.
#[derive(Debug)]
pub(crate) struct SessionPolicies {
    pub(crate) policies: Policies,
    pub(crate) register: Register,
}

#[async_trait]
impl Reloadable for SessionPolicies {
    async fn reload(&self, config: &Config) -> Result<(), ReloadError> {
        let sessions = self.register.list().await?;
        Ok(self.policies.turn_to(config.send_policy.clone(), &sessions).await?)
    }
}

#[async_trait]
impl Reloadable for Endpoints {
    async fn reload(&self, config: &Config) -> Result<(), ReloadError> {
        self.turn_to(config.deliveries.clone());
        Ok(())
    }
}

#[async_trait]
impl Reloadable for Egress {
    async fn reload(&self, config: &Config) -> Result<(), ReloadError> {
        Ok(self.guard_by(config.plugins.egress.clone())?)
    }
}

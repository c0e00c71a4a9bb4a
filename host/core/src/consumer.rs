//! Who works through the logs of sessions, each at its own pace.

use crate::id::{InstallationId, WebhookId};

/// An installation, or a webhook.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consumer {
    /// A plugin at work, which handles events.
    Installation(InstallationId),
    /// A server that is told of events.
    Webhook(WebhookId),
}

impl From<&InstallationId> for Consumer {
    fn from(installation: &InstallationId) -> Self {
        Self::Installation(installation.clone())
    }
}

impl From<WebhookId> for Consumer {
    fn from(webhook: WebhookId) -> Self {
        Self::Webhook(webhook)
    }
}

impl From<&Self> for Consumer {
    fn from(consumer: &Self) -> Self {
        consumer.clone()
    }
}

//! An installation: one plugin put to work, with what the operator grants and configures.
//!
//! It holds no durable state. What it keeps in memory are the windows of its rates and, if asked for, warm sandboxes.

mod log_quota;
mod rate;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use waspnest_core::event::{EventKind, Family, TickCause};
use waspnest_core::id::{EndpointName, InstallationId, SecretName};

use crate::call::Sandbox;
use crate::configuration::Configuration;
use crate::engine::Metering;
use crate::grant::{Effective, Grants};
use crate::handlers::Handler;
use crate::limits::{LimitWish, Limits};
use crate::manifest::{Capability, Need};
use crate::plugin::Plugin;
pub(crate) use log_quota::{Line, LogQuota};
pub(crate) use rate::{Lane, Rates, Taken};

/// Whether sandboxes are used for more than one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reuse {
    /// A new sandbox for every call: nothing of one call can be seen by another.
    #[default]
    Fresh,
    /// A sandbox is kept after a call that ended well and used again, up to so many calls. For guests that are slow to start; what a
    /// guest keeps in memory then outlives the call.
    Warm {
        /// Calls after which it is replaced.
        max_calls: u32,
    },
}

/// Whether an installation takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// It does.
    #[default]
    Active,
    /// It looks on: what acts on WhatsApp is denied, whatever was granted.
    Observe,
}

/// How a plugin is put to work.
#[derive(Debug, Clone)]
pub struct InstallationSpec {
    /// The operator's name of it.
    pub id: InstallationId,
    /// What the operator grants.
    pub grants: Grants,
    /// The operator's configuration, over the manifest's defaults: a JSON object or null.
    pub config: Value,
    /// The operator's limits; the manifest's wish where they say nothing.
    pub limits: LimitWish,
    /// Whether sandboxes are used again.
    pub reuse: Reuse,
    /// Whether it takes part.
    pub mode: Mode,
}

impl InstallationSpec {
    /// An installation without grants and without configuration.
    #[must_use]
    pub fn new(id: InstallationId) -> Self {
        Self {
            id,
            grants: Grants::default(),
            config: Value::Null,
            limits: LimitWish::default(),
            reuse: Reuse::Fresh,
            mode: Mode::Active,
        }
    }
}

/// A plugin that could not be put to work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstallError {
    /// The plugin cannot do without something it was not granted.
    #[error("the plugin {plugin} requires {capability:?}, which installation {installation} is not granted{}", reason_of(reason.as_deref()))]
    NotGranted {
        /// The plugin.
        plugin: String,
        /// The installation.
        installation: InstallationId,
        /// The name of the capability.
        capability: &'static str,
        /// Why the plugin wants it, in its author's words.
        reason: Option<String>,
    },
    /// Its instructions are to be counted, and the plugin was loaded to be timed.
    #[error(
        "installation {installation} limits instructions, but the plugin {plugin} was loaded without counting them"
    )]
    Metering {
        /// The plugin.
        plugin: String,
        /// The installation.
        installation: InstallationId,
    },
    /// The configuration is not an object.
    #[error("the configuration of installation {installation} must be a table")]
    Config {
        /// The installation.
        installation: InstallationId,
    },
}

fn reason_of(reason: Option<&str>) -> String {
    reason
        .map(|reason| format!(" (the plugin's reason: {reason})"))
        .unwrap_or_default()
}

/// A plugin put to work. See [`crate::Engine::call`].
pub struct Installation {
    plugin: Arc<Plugin>,
    spec: InstallationSpec,
    id: InstallationId,
    warnings: Vec<String>,
    limits: Limits,
    reuse: Reuse,
    config: Configuration,
    pub(crate) effective: Arc<Effective>,
    pub(crate) rates: Arc<Rates>,
    /// What it may still log.
    pub(crate) lines: Arc<LogQuota>,
    /// Calls that it may make at the same time; none leaves that to the pool.
    turns: Option<Arc<Semaphore>>,
    warm: Mutex<Vec<Sandbox>>,
}

impl Installation {
    /// Puts a plugin to work.
    pub fn new(plugin: Arc<Plugin>, spec: InstallationSpec) -> Result<Self, InstallError> {
        let manifest = &plugin.manifest;
        let effective = Effective::of(&manifest.requests, &spec.grants);
        let mut warnings = Vec::new();
        for capability in Capability::ALL {
            match (manifest.requests.need(capability), spec.grants.has(capability)) {
                (Some(Need::Required), false) => {
                    return Err(InstallError::NotGranted {
                        plugin: manifest.id.to_string(),
                        installation: spec.id,
                        capability: capability.name(),
                        reason: manifest.requests.reason(capability).map(str::to_owned),
                    });
                }
                (None, true) => warnings.push(format!(
                    "{capability:?} is granted to {} but the plugin {} does not ask for it",
                    spec.id,
                    manifest.id,
                    capability = capability.name()
                )),
                (Some(Need::Optional), false) | (Some(_), true) | (None, false) => {}
            }
        }
        let kept = spec.clone();
        let nothing = Map::new();
        let layer = match &spec.config {
            Value::Object(layer) => layer,
            Value::Null => &nothing,
            _ => return Err(InstallError::Config { installation: spec.id }),
        };
        let config = Configuration::of_layers([&manifest.defaults, layer]);
        let effective = match spec.mode {
            Mode::Active => effective,
            Mode::Observe => effective.looking_on(),
        };
        let limits = spec.limits.or(manifest.limits.or(Limits::DEFAULT)).min(plugin.caps);
        if limits.fuel.is_some() && plugin.metering == Metering::Time {
            return Err(InstallError::Metering {
                plugin: manifest.id.to_string(),
                installation: spec.id,
            });
        }
        Ok(Self {
            rates: Arc::new(Rates::of(&effective, &limits)),
            lines: Arc::new(LogQuota::new(limits.log_bytes_per_minute)),
            turns: limits.concurrency.map(|most| Arc::new(Semaphore::new(most as usize))),
            effective: Arc::new(effective),
            id: spec.id,
            warnings,
            limits,
            reuse: spec.reuse,
            config,
            warm: Mutex::default(),
            plugin,
            spec: kept,
        })
    }

    /// The same, with another plugin at work in it and windows of its own, for a call that must not touch this one. It logs nothing.
    ///
    /// # Errors
    /// [`InstallError`].
    pub fn beside(&self, plugin: Arc<Plugin>) -> Result<Self, InstallError> {
        let mut spec = self.spec.clone();
        spec.limits.log_bytes_per_minute = Some(0);
        Self::new(plugin, spec)
    }

    /// How it was put to work.
    #[must_use]
    pub const fn spec(&self) -> &InstallationSpec {
        &self.spec
    }

    /// The operator's name of it.
    #[must_use]
    pub const fn id(&self) -> &InstallationId {
        &self.id
    }

    /// The plugin it runs.
    #[must_use]
    pub const fn plugin(&self) -> &Arc<Plugin> {
        &self.plugin
    }

    /// What an operator should look at, such as grants the plugin did not ask for.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Its limits, the engine's caps among them.
    #[must_use]
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// How much state it may keep in each session; none without the capability.
    #[must_use]
    pub fn kv_terms(&self) -> Option<&crate::manifest::KvTerms> {
        self.effective.kv.as_ref()
    }

    /// How many dialogues it may have open in each session; none without the capability.
    #[must_use]
    pub fn dialogue_terms(&self) -> Option<crate::manifest::DialogueTerms> {
        self.effective.dialogue
    }

    /// The secrets it may use; none without the capability.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretName> {
        let terms = self.effective.secrets.as_ref();
        terms
            .and_then(|terms| terms.names.clone())
            .into_iter()
            .flatten()
            .collect()
    }

    /// The endpoints it may tell; none without the capability.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointName> {
        let terms = self.effective.webhooks.as_ref();
        terms
            .and_then(|terms| terms.endpoints.clone())
            .into_iter()
            .flatten()
            .collect()
    }

    /// Whether it can wait for messages: its plugin asks for that, and it is granted.
    #[must_use]
    pub fn takes_replies(&self) -> bool {
        self.effective.dialogue.is_some() && self.plugin.handlers.has_reply()
    }

    /// Whether sandboxes are used again.
    #[must_use]
    pub const fn reuse(&self) -> Reuse {
        self.reuse
    }

    /// Whether the plugin wants an event, as its manifest says. Costs nothing: no plugin code runs.
    #[must_use]
    pub fn wants(&self, event: &EventKind) -> bool {
        match event {
            EventKind::Tick(tick) => {
                let handled = match tick.cause {
                    TickCause::Expired => self.takes_replies(),
                    TickCause::Recurring | TickCause::Once | TickCause::Manual | TickCause::CatchUp => {
                        self.plugin.handlers.has(Family::Schedule)
                    }
                };
                handled && tick.installation == self.id
            }
            EventKind::Request(request) => self.plugin.handlers.has(Family::Request) && request.installation == self.id,
            // Nobody is told what they said themselves.
            EventKind::Topic(topic) if topic.publisher == self.id => false,
            EventKind::Message(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_) => {
                let subscriptions = &self.plugin.manifest.subscriptions;
                subscriptions.iter().any(|subscription| subscription.wants(event))
            }
        }
    }

    /// The handler that gets an event: its family's own, unless the plugin wants it as JSON and not otherwise.
    pub(crate) fn handler_of(&self, event: &EventKind) -> Handler {
        let subscriptions = &self.plugin.manifest.subscriptions;
        let reaches = |handler| {
            subscriptions
                .iter()
                .any(|subscription| subscription.handler() == handler && subscription.wants(event))
        };
        let own = Handler::Of(event.family());
        if !reaches(own) && reaches(Handler::Raw) {
            Handler::Raw
        } else {
            own
        }
    }

    /// The name of the handler that gets an event as what it is.
    #[must_use]
    pub fn handler_name(&self, event: &EventKind) -> &'static str {
        self.handler_of(event).interface()
    }

    /// Whether the plugin wants any events of a family, as its manifest says.
    #[must_use]
    pub fn subscribes(&self, family: Family) -> bool {
        let subscriptions = &self.plugin.manifest.subscriptions;
        subscriptions.iter().any(|subscription| subscription.covers(family))
    }

    /// Its configuration where no session's or chat's layer is over it: not yet judged, see [`crate::Engine::judge`].
    #[must_use]
    pub const fn config(&self) -> &Configuration {
        &self.config
    }

    /// Takes the turn of one call, when there is one.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        match &self.turns {
            // Nobody closes it.
            Some(turns) => Arc::clone(turns).acquire_owned().await.ok(),
            None => None,
        }
    }

    /// A warm sandbox, if there is one.
    pub(crate) fn take_warm(&self) -> Option<Sandbox> {
        // Nothing can panic while the list is locked, so a poisoned lock is still good.
        self.warm.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps a sandbox for the next call.
    pub(crate) fn keep_warm(&self, sandbox: Sandbox) {
        self.warm.lock().unwrap_or_else(PoisonError::into_inner).push(sandbox);
    }
}

impl fmt::Debug for Installation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installation")
            .field("id", &self.id)
            .field("plugin", &self.plugin)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

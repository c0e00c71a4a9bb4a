//! The webhooks there are. Whoever tells them follows this table; whoever changes them does so here, one at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use waspnest_core::clock::UnixMs;
use waspnest_core::current::Current;
use waspnest_core::id::{SessionId, TenantId, WebhookId};
use waspnest_core::webhook::{Standing, Webhook, WebhookError, WebhookRegister};

use super::endpoint::{Endpoint, Server};
use crate::config::deliveries::Deliveries as Rules;

/// The table. Clones are the same.
#[derive(Debug, Clone)]
pub struct Endpoints {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    register: WebhookRegister,
    rules: Current<Rules>,
    all: Mutex<BTreeMap<WebhookId, Arc<Endpoint>>>,
    changed: watch::Sender<()>,
    /// Held while one is changed.
    turn: tokio::sync::Mutex<()>,
}

/// Why a webhook was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The tenant has as many as it may.
    #[error("the tenant may have {most} webhooks, and has them")]
    TooMany {
        /// How many it may have.
        most: usize,
    },
    /// It is not there.
    #[error("there is no webhook {id}")]
    Unknown {
        /// What was asked for.
        id: WebhookId,
    },
    /// Its record could not be written.
    #[error(transparent)]
    Register(#[from] WebhookError),
}

impl Endpoints {
    /// Those that were made before.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn open(register: WebhookRegister, rules: Rules) -> Result<Self, WebhookError> {
        let found = register.list().await?.into_iter();
        let all = found.map(|(id, webhook)| {
            let server = Arc::new(Server::new(&rules));
            (id, Arc::new(Endpoint::new(id, webhook, server)))
        });
        Ok(Self {
            inner: Arc::new(Inner {
                all: Mutex::new(all.collect()),
                register,
                rules: rules.into(),
                changed: watch::Sender::new(()),
                turn: tokio::sync::Mutex::default(),
            }),
        })
    }

    /// How all of them are told.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        self.inner.rules.get()
    }

    /// Has all of them told by other rules from now on. When a server is left alone, and how many attempts there are at the same time, are
    /// those it began with.
    pub fn turn_to(&self, rules: Rules) {
        self.inner.rules.set(rules);
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Endpoint>> {
        self.all().values().cloned().collect()
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: WebhookId) -> Option<Arc<Endpoint>> {
        self.all().get(&id).cloned()
    }

    /// Those that are told of a session now.
    #[must_use]
    pub(super) fn of(&self, tenant: TenantId, session: SessionId) -> Vec<Arc<Endpoint>> {
        let all = self.all();
        let told = all
            .values()
            .filter(|endpoint| endpoint.is_active() && endpoint.is_of(tenant, session));
        told.cloned().collect()
    }

    /// Says when there are others, or they are others.
    pub(super) fn follow(&self) -> watch::Receiver<()> {
        self.inner.changed.subscribe()
    }

    /// Adds one. `before` is done when it is written down, and before anybody is told that it is there.
    ///
    /// # Errors
    /// [`ChangeError`], or that of `before`.
    pub async fn add<E: From<ChangeError>>(
        &self,
        id: WebhookId,
        webhook: Webhook,
        before: impl Future<Output = Result<(), E>>,
    ) -> Result<Arc<Endpoint>, E> {
        let _turn = self.inner.turn.lock().await;
        let rules = self.rules();
        let most = rules.most;
        let tenant = webhook.tenant;
        let theirs = self
            .all()
            .values()
            .filter(|other| other.webhook.tenant == tenant)
            .count();
        if theirs >= most {
            return Err(ChangeError::TooMany { most }.into());
        }
        let written = self.inner.register.set(id, &webhook).await;
        written.map_err(ChangeError::from)?;
        let endpoint = self.put(id, webhook, Arc::new(Server::new(&rules)));
        before.await?;
        self.inner.changed.send_replace(());
        Ok(endpoint)
    }

    /// Changes one, durably.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn change(
        &self,
        id: WebhookId,
        change: impl FnOnce(&mut Webhook) + Send,
    ) -> Result<Arc<Endpoint>, ChangeError> {
        let _turn = self.inner.turn.lock().await;
        let Some(endpoint) = self.get(id) else {
            return Err(ChangeError::Unknown { id });
        };
        let mut webhook = endpoint.webhook.clone();
        change(&mut webhook);
        if webhook == endpoint.webhook {
            return Ok(endpoint);
        }
        self.inner.register.set(id, &webhook).await?;
        let endpoint = self.put(id, webhook, Arc::clone(&endpoint.server));
        self.inner.changed.send_replace(());
        Ok(endpoint)
    }

    /// Takes one away, for good. What is kept of it in sessions is removed by those who told it there.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn remove(&self, id: WebhookId) -> Result<(), ChangeError> {
        let _turn = self.inner.turn.lock().await;
        self.inner.register.remove(id).await?;
        self.all().remove(&id);
        self.inner.changed.send_replace(());
        Ok(())
    }

    /// A server has said that there is nothing any more: it is told no more until somebody wants it so.
    pub(super) async fn gone(&self, id: WebhookId, at: UnixMs) {
        let change = |webhook: &mut Webhook| webhook.standing = Standing::Gone { at };
        match self.change(id, change).await {
            Ok(_) => tracing::warn!(webhook.id = %id, "the webhook answered that it is gone, and is told no more"),
            Err(error) => tracing::error!(webhook.id = %id, %error, "the webhook answered that it is gone"),
        }
    }

    fn put(&self, id: WebhookId, webhook: Webhook, server: Arc<Server>) -> Arc<Endpoint> {
        let endpoint = Arc::new(Endpoint::new(id, webhook, server));
        self.all().insert(id, Arc::clone(&endpoint));
        endpoint
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<WebhookId, Arc<Endpoint>>> {
        // The table is plain data; no panic can leave it half-way.
        self.inner.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

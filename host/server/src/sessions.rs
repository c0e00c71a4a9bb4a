//! The sessions at work in this process.
//!
//! Each has a WhatsApp client, a router, schedules and a sink, under one supervising task that starts and ends them in order: first
//! nothing new is taken, then calls under way finish, then effects under way, then the connection closes.

mod connection;
mod mailbox;
mod stagger;
mod supervise;

pub use stagger::Stagger;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::effect::{Action, Effect, EffectState, Progress as Outcome};
use waspnest_core::files::Files;
use waspnest_core::id::{EffectId, EventId, SessionId};
use waspnest_core::journal::Journal;
use waspnest_core::log::Log;
use waspnest_core::mailbox::Mailbox;
use waspnest_core::media_store::MediaStore;
use waspnest_core::outbox::{CommitError, Committed, Outbox};
use waspnest_core::progress::Progress;
use waspnest_core::session::{SessionRecord, Sessions};
use waspnest_core::store::{Store, StoreError};
use waspnest_egress::Egress;
use waspnest_engine::Engine;
use waspnest_whatsapp::{RequestError, SessionHandle, WhatsApp};

use crate::config;
use crate::config::plugins::{LoopGuard, Retry};
use crate::delivery::Endpoints;
use crate::live::Live;
use crate::recorder::Recorder;
use crate::replies::Replies;
use crate::router::{self, Slots};
use crate::secrets::Secrets;
use crate::send_policies::Policies;
use crate::shutdown::Shutdown;
use crate::sink::{CANCELED, SinkPort};
use crate::source::Timetable;
use crate::traces::Traces;
use crate::webhook::Webhooks;
use crate::webhook_meters::WebhookMeters;

/// What the ids of effects that were repeated derive from, beside the request.
const REPEATED: &str = "repeated";

/// What all sessions share.
#[derive(Debug)]
pub struct Shared {
    /// Where everything durable is.
    pub store: Arc<dyn Store>,
    /// The register of sessions.
    pub register: Sessions,
    /// Events.
    pub log: Log,
    /// Those who listen to them.
    pub live: Live,
    /// Effects.
    pub outbox: Outbox,
    /// What phones show.
    pub mailbox: Mailbox,
    /// The files of messages.
    pub media: MediaStore,
    /// What is kept of messages.
    pub keeping: config::mailbox::Mailbox,
    /// How far installations have come.
    pub progress: Progress,
    /// What plugins were answered inside their calls.
    pub journal: Journal,
    /// The way out for plugins.
    pub egress: Egress,
    /// Secrets of the operator.
    pub secrets: Secrets,
    /// What plugins answer to requests from outside.
    pub replies: Replies,
    /// The way to servers of the operator's.
    pub webhooks: Webhooks,
    /// The webhooks that tenants made.
    pub endpoints: Endpoints,
    /// The files plugins made.
    pub files: Files,
    /// The sandbox.
    pub engine: Arc<Engine>,
    /// The WhatsApp side.
    pub whatsapp: WhatsApp,
    /// Plugins at work.
    pub installations: Slots,
    /// Their schedules.
    pub timetable: Arc<dyn Timetable>,
    /// How often machines are answered.
    pub loop_guard: LoopGuard,
    /// How many sessions connect at a time.
    pub stagger: Stagger,
    /// What is measured of routers.
    pub router_meters: router::Meters,
    /// What is measured of webhooks.
    pub webhook_meters: WebhookMeters,
    /// Where work is told of.
    pub traces: Traces,
    /// Where calls are recorded, if they are.
    pub records: Option<Recorder>,
    /// What happens to effects that fail for the moment.
    pub send_retry: Retry,
    /// How fast sessions send.
    pub policies: Policies,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

/// The sessions at work. Clones are the same table.
#[derive(Debug, Clone)]
pub struct RunningSessions {
    shared: Arc<Shared>,
    shutdown: Shutdown,
    table: Arc<Mutex<HashMap<SessionId, Running>>>,
}

/// One session at work.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its WhatsApp side.
    pub handle: SessionHandle,
    sink: SinkPort,
    stop: CancellationToken,
    ended: watch::Receiver<bool>,
}

/// A session that could not be started.
#[derive(Debug, thiserror::Error)]
#[error("session {name} could not be started")]
pub struct StartError {
    name: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl RunningSessions {
    /// No session is at work yet.
    #[must_use]
    pub fn new(shared: Shared, shutdown: Shutdown) -> Self {
        Self {
            shared: Arc::new(shared),
            shutdown,
            table: Arc::default(),
        }
    }

    /// What all sessions share.
    #[must_use]
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Puts a session to work. It connects when asked to ([`SessionHandle::connect`]). Starting one that is at work already answers
    /// with that one.
    ///
    /// # Errors
    /// When its state cannot be read.
    pub async fn start(&self, record: &SessionRecord) -> Result<Running, StartError> {
        if let Some(running) = self.get(record.id) {
            return Ok(running);
        }
        let failed = |source| StartError {
            name: record.name.to_string(),
            source,
        };
        let stop = self.shutdown.soft().child_token();
        let (parts, sink) = supervise::prepare(&self.shared, record, stop.clone())
            .await
            .map_err(failed)?;
        let (end, ended) = watch::channel(false);
        let running = Running {
            handle: parts.handle().clone(),
            sink,
            stop: stop.clone(),
            ended,
        };
        self.table().insert(record.id, running.clone());
        self.shutdown
            .spawn_until(format!("session {}", record.name), stop, async move {
                parts.run().await;
                end.send_replace(true);
            });
        Ok(running)
    }

    /// Connects sessions in the background, so many a second.
    pub fn connect_all(&self, all: Vec<SessionHandle>) {
        self.staggered(
            "connect sessions",
            all,
            |session| async move { session.connect().await },
        );
    }

    /// Starts the clients of sessions anew in the background, so many a second.
    pub fn restart_all(&self, all: Vec<SessionHandle>) {
        self.staggered(
            "restart sessions",
            all,
            |session| async move { session.restart().await },
        );
    }

    fn staggered<F>(&self, name: &str, all: Vec<SessionHandle>, act: fn(SessionHandle) -> F)
    where
        F: Future<Output = Result<(), RequestError>> + Send + 'static,
    {
        let shared = Arc::clone(&self.shared);
        let stop = self.shutdown.soft();
        self.shutdown.spawn_finite(name, async move {
            let each = |session: SessionHandle| async move {
                let id = session.id();
                if let Err(error) = act(session).await {
                    tracing::error!(session.id = %id, %error, "the session could not be connected");
                }
            };
            tokio::select! {
                () = shared.stagger.each(all, &*shared.clock, &*shared.ids, each) => {}
                () = stop.cancelled() => {}
            }
        });
    }

    /// A session at work.
    #[must_use]
    pub fn get(&self, id: SessionId) -> Option<Running> {
        self.table().get(&id).cloned()
    }

    /// Ends a session in order; it can be started again.
    pub async fn stop(&self, id: SessionId) {
        let running = self.table().remove(&id);
        if let Some(mut running) = running {
            running.stop.cancel();
            // Only a task that was cut off drops the sender, and then it has ended too.
            let _ = running.ended.wait_for(|ended| *ended).await;
        }
        self.shared.policies.forget(id);
        self.shared.log.forget(id);
        self.shared.outbox.forget(id);
        self.shared.mailbox.forget(id);
    }

    /// Puts effects into a session's outbox on behalf of a caller, and wakes its sink. The same request twice is committed once.
    ///
    /// # Errors
    /// [`CommitError::AlreadyDone`] for a request that was committed before; its effects stand.
    pub async fn submit(
        &self,
        id: SessionId,
        request: EventId,
        actions: Vec<Action>,
    ) -> Result<Vec<Effect>, CommitError> {
        let committed = self.shared.outbox.submit(id, request, actions).await?;
        self.hand_over(id, committed).await
    }

    /// Puts the action of an effect that failed into the outbox once more, as an effect of its own whose id derives from `request`.
    ///
    /// # Errors
    /// [`CommitError::AlreadyDone`] for a request that was committed before.
    pub async fn resubmit(&self, failed: Effect, request: EventId) -> Result<Effect, CommitError> {
        let by: waspnest_core::id::InstallationId = REPEATED.parse().map_err(|_| CommitError::AlreadyDone)?;
        let id = EffectId::derive(request, &by, 0);
        let Effect {
            session, cause, action, ..
        } = failed;
        let committed = self.shared.outbox.at_once(session, cause, id, action).await?;
        let effects = self.hand_over(session, committed).await?;
        effects.into_iter().next().ok_or(CommitError::AlreadyDone)
    }

    /// Calls off an effect that is pending; says whether it will not leave any more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn cancel(&self, session: SessionId, id: EffectId) -> Result<bool, StoreError> {
        if let Some(running) = self.get(session)
            && running.sink.cancel(id).await.is_err()
        {
            return Ok(false);
        }
        // Where no sink is at work nothing can leave meanwhile.
        let canceled = Outcome::Failed {
            reason: CANCELED.into(),
            code: None,
        };
        let state = self.shared.outbox.progress(session, id, canceled).await?;
        Ok(matches!(state, Some(EffectState::Failed { .. })))
    }

    async fn hand_over(&self, id: SessionId, committed: Committed) -> Result<Vec<Effect>, CommitError> {
        let Committed { effects, applied } = committed;
        applied.durable().await.map_err(CommitError::Store)?;
        if let Some(running) = self.get(id) {
            let applied = waspnest_core::store::Applied::already_durable();
            running
                .sink
                .offer(Committed {
                    effects: effects.clone(),
                    applied,
                })
                .await;
        }
        Ok(effects)
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<SessionId, Running>> {
        // The table is plain data; no panic can leave it half-way.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

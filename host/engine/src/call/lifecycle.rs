//! What a version does beside handling events: it brings the data of an earlier one into its own form, and hears of its end.
//!
//! Both run in a fresh sandbox with nothing but what the contract says for them, within the call timeout of the installation.

use std::sync::Arc;

use async_trait::async_trait;
use ulid::Ulid;
use wasmtime::Store;
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::{Draft, KvEntry, KvKey, KvScope, TimerOrigin};
use waspnest_core::event::{Event, EventKind, Position, Tick, TickCause};
use waspnest_core::id::{EventId, InstallationId, SessionId, SessionName};

use super::{Call, CallContext, CallError, Sandbox, classify};
use crate::bindings::exports::waspnest::plugin::lifecycle::{Guest, GuestIndices, Place};
use crate::engine::Engine;
use crate::host::values::{OnlyValues, Values};
use crate::host::{HostError, KvUsage};
use crate::installation::Installation;
use crate::limits::{ERROR_BYTES, cut};
use crate::state::CallState;

/// One store that is to be brought into another form.
#[derive(Debug, Clone, Copy)]
pub struct Migration<'a> {
    /// The session it is in.
    pub session: &'a SessionName,
    /// The store.
    pub scope: &'a KvScope,
    /// The form that it has.
    pub from: u32,
    /// The form that it shall have.
    pub to: u32,
}

/// A store that was not brought into another form.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The plugin has no code for that.
    #[error("the plugin does not export \"lifecycle\", which brings data into another form")]
    Missing,
    /// The plugin says no.
    #[error("the plugin says: {0}")]
    Refused(Box<str>),
    /// Its call failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl Engine {
    /// Has a version bring one store into its form. Answers a draft that holds values and nothing else.
    ///
    /// # Errors
    /// [`MigrationError`].
    pub async fn migrate(
        &self,
        installation: &Installation,
        migration: Migration<'_>,
        values: Arc<dyn Values>,
    ) -> Result<Draft, MigrationError> {
        let Migration {
            session,
            scope,
            from,
            to,
        } = migration;
        let indices = installation
            .plugin()
            .lifecycle
            .as_ref()
            .ok_or(MigrationError::Missing)?;
        let now = self.clock.now();
        let event = nothing_happened(installation.id(), Some(scope), now);
        let mut call = self.beside(installation, &event, session, values);
        call.effective = Arc::new(installation.effective.only_values());
        call.only = Some(scope.clone());
        let place = match scope {
            // What is shared is nobody's to migrate; it is not among the stores of an installation.
            KvScope::Session | KvScope::Shared(_) => Place::Session,
            KvScope::Chat(chat) => Place::Chat(chat.to_string()),
            KvScope::Sender { chat, sender } => Place::Sender((chat.to_string(), sender.to_string())),
        };
        let task = Task::Migrate { place, from, to };
        let (mut sandbox, answered) = self.alone(installation, call, indices, task).await?;
        answered.map_err(|problem| MigrationError::Refused(cut(&problem, ERROR_BYTES).into()))?;
        let (kv, kv_reads) = std::mem::take(&mut sandbox.store.data_mut().call.kv).into_draft();
        Ok(Draft {
            kv,
            kv_reads,
            ..Draft::default()
        })
    }

    /// Tells a version that another one has taken over. A version that does not want to know is not asked.
    ///
    /// # Errors
    /// When its call fails; nothing depends on it.
    pub async fn retire(&self, installation: &Installation, reason: &str) -> Result<(), CallError> {
        let Some(indices) = &installation.plugin().lifecycle else {
            return Ok(());
        };
        let now = self.clock.now();
        let event = nothing_happened(installation.id(), None, now);
        let session = "none".parse().unwrap_or_else(|_| unreachable!("it is a name"));
        let mut call = self.beside(installation, &event, &session, Arc::new(Nothing));
        call.effective = Arc::default();
        let done = self.alone(installation, call, indices, Task::Retire { reason }).await;
        done.map(drop)
    }

    fn beside(
        &self,
        installation: &Installation,
        event: &Event,
        session: &SessionName,
        values: Arc<dyn Values>,
    ) -> Call {
        let context = CallContext::new(event, session);
        let time = installation.limits().call_timeout;
        self.begin(installation, &context, Arc::new(OnlyValues(values)), time)
    }

    /// Does one thing in a sandbox of its own, within its time.
    async fn alone(
        &self,
        installation: &Installation,
        call: Call,
        indices: &GuestIndices,
        task: Task<'_>,
    ) -> Result<(Sandbox, Result<(), String>), CallError> {
        let limits = installation.limits();
        let places = self.places(installation).await;
        let (now, deadline) = (call.now, call.deadline);
        let run = async {
            let mut sandbox = Sandbox::new(installation, call, limits, 0, places);
            let instance = sandbox.instance(installation).await?;
            let store = &mut sandbox.store;
            let answered = match indices.load(&mut *store, &instance) {
                Ok(guest) => task.run(&guest, store).await,
                Err(error) => Err(error),
            };
            store.data().journal.finish();
            match answered {
                Ok(answered) => Ok((sandbox, answered)),
                Err(error) => Err(classify(&error, sandbox.store.data())),
            }
        };
        tokio::select! {
            biased;
            ended = run => ended,
            () = self.clock.sleep(deadline.since(now)) => Err(CallError::Deadline { limit: deadline.since(now) }),
        }
    }
}

/// What a version is asked to do.
enum Task<'a> {
    Migrate { place: Place, from: u32, to: u32 },
    Retire { reason: &'a str },
}

impl Task<'_> {
    async fn run(&self, guest: &Guest, store: &mut Store<CallState>) -> wasmtime::Result<Result<(), String>> {
        match self {
            Self::Migrate { place, from, to } => guest.call_migrate(store, place, *from, *to).await,
            Self::Retire { reason } => guest.call_retire(store, reason).await.map(Ok),
        }
    }
}

/// What stands where a call has an event: it is shown to nobody, and is in the chat whose store is meant.
fn nothing_happened(installation: &InstallationId, scope: Option<&KvScope>, now: UnixMs) -> Event {
    let origin = match scope {
        None | Some(KvScope::Session | KvScope::Shared(_)) => None,
        Some(KvScope::Chat(chat)) => Some((chat, None)),
        Some(KvScope::Sender { chat, sender }) => Some((chat, Some(sender))),
    };
    let schedule = "lifecycle".parse();
    Event {
        id: EventId::new(Ulid::nil()),
        session: SessionId::new(Ulid::nil()),
        position: Position::default(),
        received_at: now,
        kind: EventKind::Tick(Tick {
            installation: installation.clone(),
            schedule: schedule.unwrap_or_else(|_| unreachable!("it is a name")),
            cause: TickCause::Manual,
            scheduled_for: now,
            missed: 0,
            previous: None,
            zone: "UTC".into(),
            payload: Vec::new(),
            origin: origin.map(|(chat, sender)| TimerOrigin {
                chat: chat.clone(),
                sender: sender.cloned(),
            }),
        }),
    }
}

/// No values at all.
struct Nothing;

#[async_trait]
impl Values for Nothing {
    async fn get(&self, _: &KvKey) -> Result<Option<KvEntry>, HostError> {
        Ok(None)
    }

    async fn scan(
        &self,
        _: &KvScope,
        _: &str,
        _: Option<&str>,
        _: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        Ok(Vec::new())
    }

    async fn usage(&self) -> Result<KvUsage, HostError> {
        Ok(KvUsage::default())
    }
}

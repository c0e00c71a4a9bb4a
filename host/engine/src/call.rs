//! One call: one event, one installation, one sandbox, one draft or one error.
//!
//! The deadline goes round the whole call, host functions included. A guest that computes is interrupted by the ticker and yields;
//! it is ended by the deadline of the injected clock or by its share of processor time, whichever comes first, so that a loop ends
//! even under a clock that stands still. After anything but a good end the sandbox is dropped, and the draft with it.

mod called;
mod config_check;
mod error;
mod lifecycle;

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Instance, ResourceTable};
use wasmtime::{Store, UpdateDeadline};
use waspnest_core::address::Party;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::dialogue::Pending;
use waspnest_core::draft::{Draft, Flow};
use waspnest_core::event::{Event, EventKind};
use waspnest_core::id::SessionName;

use crate::bindings::exports::waspnest::plugin::request_handler::Response;
use crate::bindings::waspnest::plugin::types::{Flow as WitFlow, HandlerError, Outcome};
use crate::capability::dialogue::Dialogues;
use crate::capability::log::Journal;
use crate::command::Command;
use crate::configuration::Configuration;
use crate::convert::{self, FileOf, ToGuest};
use crate::engine::{Engine, Held, TICK};
use crate::handlers::{Handled, Handler};
use crate::host::Host;
use crate::installation::{Installation, Reuse, Taken};
use crate::limits::{
    DIALOGUE_OPERATIONS, EFFECTS, FILES, HOSTCALL_BYTES, HTTP_PIECES, HTTP_REQUESTS, KV_OPERATIONS, LIVE_OPERATIONS,
    LOOKS, Limits, NOTE_BYTES, PUBLICATIONS, RESOURCES, SCHEDULE_OPERATIONS, SECRET_OPERATIONS, cut,
};
use crate::state::{Budget, Call, CallState, Crossing, Meter, Scene};
use crate::wasi;
pub use called::{Called, Dues, Usage};
pub use error::CallError;
use error::{OutOfTime, classify, classify_start};
pub use lifecycle::{Migration, MigrationError};

/// What is true of one call.
#[derive(Debug, Clone)]
pub struct CallContext<'a> {
    /// The event to handle.
    pub event: &'a Event,
    /// The operator's name of the event's session.
    pub session: &'a SessionName,
    /// The session's own account, where it is known.
    pub me: Option<&'a Party>,
    /// 1 at the first call for this event, one more at each repetition.
    pub attempt: u32,
    /// What the guest's randomness is made of. The same seed gives the same random bytes.
    pub seed: u64,
    /// Name of the rule that brought the event here.
    pub binding: &'a str,
    /// A moment at which the call shall end if that is before its own limit.
    pub deadline: Option<UnixMs>,
    /// W3C `traceparent` of what caused the call.
    pub traceparent: Option<&'a str>,
    /// What the event is to the plugin.
    pub occasion: Occasion<'a>,
    /// The configuration that holds for the event's session and chat; none is the installation's own.
    pub config: Option<&'a Configuration>,
    /// The clock that the guest sees; none is the engine's, which in any case is the one that ends the call.
    pub clock: Option<&'a Arc<dyn Clock>>,
}

/// What an event is to a plugin, which decides about the handler that gets it.
#[derive(Debug, Clone, Copy, Default)]
pub enum Occasion<'a> {
    /// What it is to everybody.
    #[default]
    Event,
    /// The end of a wait of the plugin's.
    Reply(&'a Pending),
    /// A command of the plugin's.
    Command(&'a Command),
}

impl<'a> CallContext<'a> {
    /// A first call, with nothing known but the event and its session.
    #[must_use]
    pub const fn new(event: &'a Event, session: &'a SessionName) -> Self {
        Self {
            event,
            session,
            me: None,
            attempt: 1,
            seed: 0,
            binding: "",
            deadline: None,
            traceparent: None,
            occasion: Occasion::Event,
            config: None,
            clock: None,
        }
    }
}

/// A sandbox with a guest in it, and the places of the pool it takes.
pub(crate) struct Sandbox {
    store: Store<CallState>,
    /// None until its first call has begun.
    instance: Option<Instance>,
    calls: u32,
    /// Given back when the sandbox is dropped.
    _places: Held,
}

impl Engine {
    /// Hands one event to an installation, and takes what it drafted for done.
    ///
    /// Waits for a free sandbox first; the deadline runs from then on. Dropping the future ends the call and drops its draft.
    pub async fn call(
        &self,
        installation: &Installation,
        context: CallContext<'_>,
        host: Arc<dyn Host>,
    ) -> Result<Draft, CallError> {
        self.handle(installation, context, host).await.committed()
    }

    /// The same for whoever commits the draft, and wants to know what the call used.
    pub async fn handle(&self, installation: &Installation, context: CallContext<'_>, host: Arc<dyn Host>) -> Called {
        let limits = installation.limits();
        let _turn = installation.turn().await;
        let warm = match installation.reuse() {
            Reuse::Fresh => None,
            Reuse::Warm { .. } => installation.take_warm(),
        };
        let places = match &warm {
            Some(_) => None,
            None => Some(self.places(installation).await),
        };
        let now = self.clock.now();
        let own = now.plus(limits.call_timeout);
        let deadline = context.deadline.map_or(own, |other| other.min(own));
        let late = self.clock.sleep(deadline.since(now));
        let call = self.begin(installation, &context, host, deadline.since(now));
        let began = call.now;
        let mut sandbox = match (warm, places) {
            (Some(sandbox), _) => sandbox.again(call, limits, context.seed),
            (None, Some(places)) => Sandbox::new(installation, call, limits, context.seed, places),
            (None, None) => {
                let error = CallError::sandbox("no place in the pool was taken");
                return Called::failed(installation, error, began);
            }
        };
        let outcome = tokio::select! {
            biased;
            ended = sandbox.handle(installation, &context) => ended,
            () = late => Err(CallError::Deadline { limit: deadline.since(now) }),
        };
        let journal = &sandbox.store.data().journal;
        journal.finish();
        let lines = journal.take_written();
        let usage = sandbox.usage(limits);
        let taken = sandbox.store.data_mut().call.taken.hand_over();
        let result = match outcome {
            Ok(Ok(outcome)) => {
                let draft = sandbox.draft(outcome);
                self.put_back(installation, sandbox);
                Ok(draft)
            }
            Ok(Err(refused)) => Err(CallError::from_guest(refused, sandbox.store.data())),
            Err(error) => Err(error),
        };
        Called::new(result, usage, began, lines, taken)
    }

    async fn places(&self, installation: &Installation) -> Held {
        self.pool().take(installation.id(), installation.plugin().weight).await
    }

    fn begin(
        &self,
        installation: &Installation,
        context: &CallContext<'_>,
        host: Arc<dyn Host>,
        time: Duration,
    ) -> Call {
        let clock = context.clock.unwrap_or(&self.clock);
        let now = clock.now();
        Call {
            installation: installation.id().clone(),
            event: context.event.id,
            position: context.event.position,
            session: context.session.clone(),
            me: context.me.map(|me| me.jid.clone()),
            scene: Scene::of(context.event),
            host,
            clock: clock.clone(),
            now,
            deadline: now.plus(time),
            fuel: installation.limits().fuel,
            config: context.config.unwrap_or_else(|| installation.config()).clone(),
            effective: installation.effective.clone(),
            only: None,
            taken: Taken::none(installation.rates.clone()),
            draft: Draft::default(),
            kv: Default::default(),
            jobs: Default::default(),
            dialogues: Dialogues::of(context.event.position, context.occasion),
            asked: Default::default(),
            http_requests: Budget::of("HTTP requests", HTTP_REQUESTS),
            http_pieces: Budget::of("pieces of answers", HTTP_PIECES),
            live_operations: Budget::of("operations on the account", LIVE_OPERATIONS),
            secret_operations: Budget::of("operations with secrets", SECRET_OPERATIONS),
            publications: Budget::of("publications", PUBLICATIONS),
            hops: hops(&context.event.kind),
            kv_operations: Budget::of("key-value operations", KV_OPERATIONS),
            schedule_operations: Budget::of("schedule operations", SCHEDULE_OPERATIONS),
            dialogue_operations: Budget::of("dialogue operations", DIALOGUE_OPERATIONS),
            effects: Budget::of("effects", EFFECTS),
            looks: Budget::of("looks at earlier messages", LOOKS),
            opened: Default::default(),
            file_operations: Budget::of("files", FILES),
            crossing: Crossing::of(installation.limits().hostcall_bytes),
        }
    }

    /// Keeps a sandbox for the next call, unless the installation wants a fresh one or others may need its places.
    fn put_back(&self, installation: &Installation, sandbox: Sandbox) {
        match installation.reuse() {
            Reuse::Fresh => {}
            Reuse::Warm { max_calls } => {
                if sandbox.calls < max_calls && self.pool().are_roomy() {
                    installation.keep_warm(sandbox);
                }
            }
        }
    }
}

impl Sandbox {
    fn new(installation: &Installation, call: Call, limits: Limits, seed: u64, places: Held) -> Self {
        let quota = Arc::clone(&installation.lines);
        let journal = Journal::new(call.installation.clone(), quota, call.event, call.clock.clone());
        let journal = Arc::new(journal);
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let state = CallState {
            wasi: wasi::context(call.clock.clone(), seed, &journal),
            table,
            meter: Meter::new(usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX)),
            journal,
            ticks: 0,
            max_ticks: 0,
            call,
        };
        let mut store = Store::new(installation.plugin().pre.engine(), state);
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        store.epoch_deadline_callback(|mut store| {
            let state = store.data_mut();
            state.ticks += 1;
            if state.ticks > state.max_ticks {
                Err(OutOfTime.into())
            } else {
                Ok(UpdateDeadline::Yield(1))
            }
        });
        arm(&mut store, limits);
        Self {
            store,
            instance: None,
            calls: 0,
            _places: places,
        }
    }

    /// The guest, which is started if it is not there yet.
    async fn instance(&mut self, installation: &Installation) -> Result<Instance, CallError> {
        if let Some(instance) = self.instance {
            return Ok(instance);
        }
        match installation.plugin().pre.instantiate_async(&mut self.store).await {
            Ok(instance) => {
                self.instance = Some(instance);
                Ok(instance)
            }
            Err(error) => Err(classify_start(&error, self.store.data())),
        }
    }

    /// What the call has used so far.
    fn usage(&self, limits: Limits) -> Usage {
        let left = self.store.get_fuel().ok();
        Usage {
            fuel: left.zip(limits.fuel).map(|(left, limit)| limit.saturating_sub(left)),
            memory_bytes: self.store.data().meter.used() as u64,
            hostcall_bytes: self.store.data().call.crossing.used(),
        }
    }

    /// The same sandbox, with another call in it.
    fn again(mut self, call: Call, limits: Limits, seed: u64) -> Self {
        let state = self.store.data_mut();
        state.journal.turn_to(call.event);
        state.wasi = wasi::context(call.clock.clone(), seed, &state.journal);
        state.meter.refused = None;
        state.call = call;
        arm(&mut self.store, limits);
        self
    }

    async fn handle(&mut self, installation: &Installation, context: &CallContext<'_>) -> Result<Handled, CallError> {
        self.calls += 1;
        let deadline = self.store.data().call.deadline;
        let CallContext {
            event,
            session,
            me,
            attempt,
            binding,
            traceparent,
            occasion,
            seed: _,
            deadline: _,
            config: _,
            clock: _,
        } = *context;
        let shown = convert::context(event, session, me, attempt, binding, traceparent, deadline);
        let to_guest = ToGuest {
            session: session.as_str(),
            file: FileOf {
                event: event.id,
                position: event.position,
            },
        };
        let handlers = &installation.plugin().handlers;
        let instance = &self.instance(installation).await?;
        let (store, kind) = (&mut self.store, &event.kind);
        if let EventKind::Request(request) = kind {
            let called = handlers.call_request(store, instance, &shown, request).await;
            return self.answered(called, kind);
        }
        let handled = match occasion {
            Occasion::Reply(pending) => {
                let told = (pending, kind);
                handlers.call_reply(store, instance, &shown, &to_guest, told).await
            }
            Occasion::Command(command) => {
                let told = (command, kind);
                handlers.call_command(store, instance, &shown, &to_guest, told).await
            }
            Occasion::Event => match installation.handler_of(kind) {
                Handler::Of(_) | Handler::Reply | Handler::Command => {
                    handlers.call(store, instance, &shown, &to_guest, kind).await
                }
                Handler::Raw => {
                    let json = convert::json::event(event, session).to_string();
                    handlers.call_raw(store, instance, &shown, kind.name(), &json).await
                }
            },
        };
        let handled = handled.ok_or(CallError::NoHandler {
            event: event.kind.name(),
        })?;
        handled.map_err(|error| classify(&error, self.store.data()))
    }

    /// Keeps what a plugin answers to a request, if it is in form.
    fn answered(
        &mut self,
        called: Option<wasmtime::Result<Result<Response, HandlerError>>>,
        event: &EventKind,
    ) -> Result<Handled, CallError> {
        let called = called.ok_or(CallError::NoHandler { event: event.name() })?;
        match called.map_err(|error| classify(&error, self.store.data()))? {
            Err(refused) => Ok(Err(refused)),
            Ok(response) => {
                let response = convert::response(response).map_err(|problem| CallError::Reject {
                    message: format!("its answer is in no form: {problem}"),
                })?;
                self.store.data_mut().call.draft.response = Some(response);
                Ok(Ok(Outcome {
                    flow: WitFlow::Next,
                    note: None,
                }))
            }
        }
    }

    /// What the call asked for, in the form that is committed.
    fn draft(&mut self, outcome: Outcome) -> Draft {
        let state = self.store.data_mut();
        let note = outcome
            .note
            .map(|note| cut(&state.journal.redacted(&note), NOTE_BYTES).into());
        let call = &mut state.call;
        let (kv, kv_reads) = std::mem::take(&mut call.kv).into_draft();
        let mut timers = std::mem::take(&mut call.jobs).into_changes();
        let (dialogues, dialogue_reads) = std::mem::take(&mut call.dialogues).into_draft(&mut timers);
        let flow = match outcome.flow {
            WitFlow::Next => Flow::Next,
            WitFlow::Stop => Flow::Stop,
            WitFlow::Drop => Flow::Drop,
        };
        Draft {
            kv,
            kv_reads,
            dialogues,
            dialogue_reads,
            timers,
            questions: call.asked.count(),
            flow,
            note,
            ..std::mem::take(&mut call.draft)
        }
    }
}

/// How many topics led to an event.
const fn hops(event: &EventKind) -> u8 {
    match event {
        EventKind::Topic(topic) => topic.hops,
        EventKind::Message(_)
        | EventKind::Tick(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Request(_) => 0,
    }
}

/// Gives a store its time for one call.
fn arm(store: &mut Store<CallState>, limits: Limits) {
    let state = store.data_mut();
    state.ticks = 0;
    state.max_ticks = u32::try_from(limits.call_timeout.as_nanos().div_ceil(TICK.as_nanos())).unwrap_or(u32::MAX);
    store.set_epoch_deadline(1);
    if let Some(fuel) = limits.fuel {
        // It fails where fuel is not counted, and there an installation has no limit of it.
        let counted = store.set_fuel(fuel);
        debug_assert!(counted.is_ok(), "a plugin whose fuel is limited is loaded to count it");
    }
}

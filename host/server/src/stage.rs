//! A session without WhatsApp: the log, router, schedules and outbox of a host around one plugin, with a script in the place of the
//! account, servers that are played, and time that passes when it is told to.
//!
//! Everything lives in memory and ends with the stage. Between two steps nothing is under way, so that the same scenario always comes to the
//! same; that needs a runtime of one thread. Somebody who chats with a plugin instead has the time of the machine and real servers.

mod account;
mod clock;
mod script;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waspnest_core::address::Party;
use waspnest_core::clock::{Clock, Ids, SeededIds, SystemClock, UnixMs};
use waspnest_core::draft::Response;
use waspnest_core::effect::{Action, Effect};
use waspnest_core::event::{EventKind, Interest, LiveInterest, Position};
use waspnest_core::files::{FileError, Files};
use waspnest_core::id::{EventId, InstallationId, RunId, SessionId, SessionName, TenantId};
use waspnest_core::journal::Journal;
use waspnest_core::log::{Incoming, Log, LogError};
use waspnest_core::master_key::MasterKey;
use waspnest_core::outbox::Outbox;
use waspnest_core::progress::Progress;
use waspnest_core::runs::{Run, Runs};
use waspnest_core::seal::Sealer;
use waspnest_core::secret::StoredSecrets;
use waspnest_core::session::{Desired, SessionError, SessionRecord, Sessions};
use waspnest_core::store::{MemoryStore, Store, StoreError};
use waspnest_egress::{Egress, SetUpError, SystemNames};
use waspnest_engine::record::{Bodies, Detail, Hide};
use waspnest_engine::{Engine, EngineError, EngineOptions};

use crate::config::Config;
use crate::config::record::Record;
use crate::config::scenario::{INSTALLATION, Scenario};
use crate::install::{self, InstallationError, SlotTimetable};
use crate::recorder::recording;
use crate::replies::{Replies, Reply};
use crate::router::{GroupAdmins, Installed, LoopGuard, RouterParts, SessionRouter, Slots};
use crate::scenario::{NoMessage, Remembered};
use crate::secrets::Secrets;
use crate::sink::{EffectTraces, Failures, PolicyParts, SessionSink, SinkParts};
use crate::source::{SessionSchedules, SourceParts, Timetable};
use crate::traces::Traces;
use account::PlayedAccount;
use clock::StageClock;
use script::{PlayedFiles, PlayedServers, Sent, Taker};

/// How long a step may take on this machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it may take where time does not stand still meanwhile: longer than any call.
const PATIENCE_WHILE_TIME_PASSES: Duration = Duration::from_secs(120);
/// The rest between two looks where time does not stand still.
const REST: Duration = Duration::from_millis(1);
/// Looks that must find nothing under way before it is believed.
const LOOKS: u32 = 3;
/// Turns that everybody else gets between two looks.
const TURNS: u32 = 32;
/// Records of calls that are kept, and so the most that one step may make.
const RECORDS: u32 = 10_000;

/// Why a scenario cannot be played to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StageError {
    /// The plugin cannot be put to work.
    #[error(transparent)]
    Install(#[from] InstallationError),
    /// The sandbox cannot be set up.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Files of the plugin cannot be kept.
    #[error(transparent)]
    Files(#[from] FileError),
    /// There is no place for files.
    #[error("there is no place for temporary files")]
    Directory(#[source] std::io::Error),
    /// Something in memory failed, which is a fault of ours.
    #[error("the stage broke down")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A step is about a message that is not there.
    #[error(transparent)]
    Message(#[from] NoMessage),
    /// The plugin was put to work, and the scenario says that it cannot be.
    #[error("the plugin was to be refused, and it was put to work")]
    NotRefused,
    /// There is no way to servers.
    #[error("servers cannot be asked from this machine")]
    Egress(#[from] SetUpError),
    /// Something is under way that does not end.
    #[error("the plugin was still at work after {} s", .0.as_secs())]
    Stuck(Duration),
}

/// Whose time and servers a stage has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum World {
    /// Time stands still between steps, and servers answer as the scenario says.
    Played,
    /// Time passes, and servers are asked, unless the scenario says what some answer.
    Real,
}

macro_rules! faults {
    ($($error:ty),+) => {
        $(impl From<$error> for StageError {
            fn from(error: $error) -> Self {
                Self::Fault(error.into())
            }
        })+
    };
}
faults!(StoreError, LogError, SessionError);

/// A call that was made.
#[derive(Debug)]
pub(crate) struct Call {
    /// In short.
    pub(crate) run: Run,
    /// All of it.
    pub(crate) detail: Detail,
}

/// A session at play.
pub(crate) struct Stage {
    config: Config,
    clock: StageClock,
    ids: Arc<SeededIds>,
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
    register: Sessions,
    record: SessionRecord,
    log: Log,
    outbox: Outbox,
    progress: Progress,
    runs: Runs,
    replies: Replies,
    egress: Egress,
    secrets: Secrets,
    files: Files,
    account: Arc<PlayedAccount>,
    shelf: Arc<PlayedFiles>,
    sent: Sent,
    taken: Arc<Mutex<Vec<Effect>>>,
    /// The machine's clock, where its time is the stage's.
    machine: Option<SystemClock>,
    seen: Option<RunId>,
    life: Option<Life>,
    // Last, because it is removed when everything else is gone.
    _dir: tempfile::TempDir,
}

/// What ends when the host does.
struct Life {
    stop: CancellationToken,
    sink_stop: CancellationToken,
    tasks: JoinSet<Result<(), StageError>>,
}

impl Stage {
    /// Sets everything up and puts the plugin to work.
    ///
    /// # Errors
    /// [`StageError`].
    pub(crate) async fn open(scenario: &Scenario, world: World) -> Result<Self, StageError> {
        let mut config = scenario.config.clone();
        // The time until a failed call is repeated is nothing that a scenario waits for.
        config.plugins.retry.backoff.first = Duration::ZERO;
        config.plugins.retry.backoff.max = Duration::ZERO;
        let clock = StageClock::at(scenario.start);
        let any_clock: Arc<dyn Clock> = Arc::new(clock.clone());
        let ids = Arc::new(SeededIds::new(scenario.seed));
        let store: Arc<dyn Store> = MemoryStore::new();
        let register = Sessions::open(Arc::clone(&store)).await?;
        let name: SessionName = "scenario".parse().expect("it has the form of a name");
        let record = register.create(name, Desired::Connected, &clock, &*ids).await?;
        let log = Log::new(Arc::clone(&store), Arc::clone(&any_clock), ids.clone());
        let outbox = Outbox::new(Arc::clone(&store), Arc::clone(&any_clock), log.clone());
        let dir = tempfile::tempdir().map_err(StageError::Directory)?;
        let engine = Engine::new(EngineOptions {
            caps: config.plugins.caps.limits,
            ..EngineOptions::new(Arc::clone(&any_clock))
        })?;
        let key = Sealer::new(&MasterKey::from_bytes([0; 32]));
        let me = Party {
            push_name: Some("Bot".into()),
            ..Party::known_as("4915200000000".parse().expect("it has the form of a phone number"))
        };
        let egress = if world == World::Played || !scenario.answers.is_empty() {
            let servers = Arc::new(PlayedServers::new(scenario.answers.clone()));
            Egress::played(servers, Arc::clone(&any_clock))
        } else {
            let guard = config.plugins.egress.clone();
            Egress::new(guard, Arc::new(SystemNames), Arc::clone(&any_clock))?
        };
        let mut stage = Self {
            egress,
            secrets: Secrets::new(config.secrets.clone(), StoredSecrets::new(Arc::clone(&store), key)),
            files: Files::open(dir.path(), any_clock)?,
            account: Arc::new(PlayedAccount::new(me, scenario)),
            shelf: Arc::new(PlayedFiles::of(scenario)),
            sent: Sent::default(),
            progress: Progress::new(Arc::clone(&store)),
            runs: Runs::new(Arc::clone(&store)),
            replies: Replies::default(),
            engine: Arc::new(engine),
            config,
            clock,
            ids,
            store,
            register,
            record,
            log,
            outbox,
            taken: Arc::default(),
            machine: match world {
                World::Played => None,
                World::Real => Some(SystemClock::new()),
            },
            seen: None,
            life: None,
            _dir: dir,
        };
        let installed = stage.install().await?;
        stage.start(installed).await?;
        stage.settle().await?;
        Ok(stage)
    }

    /// Loads the plugin as it is now.
    async fn install(&self) -> Result<Vec<Arc<Installed>>, StageError> {
        Ok(install::all(&self.engine, &self.config).await?)
    }

    async fn start(&mut self, installed: Vec<Arc<Installed>>) -> Result<(), StageError> {
        let session = self.record.id;
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let ids: Arc<dyn Ids> = self.ids.clone();
        let slots = Slots::new(installed);
        let timetable: Arc<dyn Timetable> = Arc::new(SlotTimetable(slots.clone()));
        let connection = watch::Sender::new(Some(1));
        let (sink, port) = SessionSink::new(SinkParts {
            session,
            store: Arc::clone(&self.store),
            outbox: self.outbox.clone(),
            carrier: Arc::new(Taker {
                me: self.account.me.clone(),
                sent: Arc::clone(&self.sent),
                session,
                outbox: self.outbox.clone(),
                connection,
                taken: Arc::clone(&self.taken),
            }),
            clock: Arc::clone(&clock),
            retry: self.config.plugins.retry.clone(),
            failures: Failures::new(session, self.log.clone(), LiveInterest::default()),
            traces: EffectTraces::new(session, self.log.clone(), Traces::default()),
            // What a scenario says happens when it says.
            policy: PolicyParts::off(
                session,
                &self.log,
                &self.outbox,
                &self.store,
                Arc::clone(&clock),
                Arc::clone(&ids),
            ),
        });
        let wanted = Record {
            runs: RECORDS,
            bodies: Some(Bodies::Full),
            ..Record::default()
        };
        let hide = Hide::under([0; 32]);
        let (records, writer) = recording(&wanted, self.runs.clone(), hide, &clock, &ids).unzip();
        let me = watch::Sender::new(Some(self.account.me.clone()));
        let router = SessionRouter::resume(RouterParts {
            session,
            name: self.record.name.clone(),
            me: me.subscribe(),
            tenant: TenantId::DEFAULT,
            installations: slots,
            interest: LiveInterest::default(),
            shown: Interest::NONE,
            engine: Arc::clone(&self.engine),
            log: self.log.clone(),
            progress: self.progress.clone(),
            journal: Journal::new(Arc::clone(&self.store)),
            replies: self.replies.clone(),
            egress: self.egress.clone(),
            secrets: self.secrets.clone(),
            files: self.files.clone(),
            shelf: self.shelf.clone(),
            account: self.account.clone(),
            outbox: self.outbox.clone(),
            loop_guard: LoopGuard::new(self.config.plugins.loop_guard),
            group_admins: GroupAdmins::default(),
            records,
            meters: crate::router::Meters::default(),
            traces: Traces::default(),
            sink: port,
            clock: Arc::clone(&clock),
            ids,
        })
        .await
        .map_err(fault)?
        .marking_at_once();
        let schedules = SessionSchedules::resume(SourceParts {
            session,
            name: self.record.name.clone(),
            tenant: TenantId::DEFAULT,
            timetable,
            store: Arc::clone(&self.store),
            log: self.log.clone(),
            timers: self.outbox.timers().clone(),
            progress: self.progress.clone(),
            register: self.register.clone(),
            up_since: clock.now(),
            clock,
        })
        .await
        .map_err(fault)?;

        let (stop, sink_stop) = (CancellationToken::new(), CancellationToken::new());
        let mut tasks = JoinSet::new();
        let (ends, sink_ends) = (stop.clone(), sink_stop.clone());
        tasks.spawn(async move { schedules.run(ends).await.map_err(fault) });
        let ends = stop.clone();
        tasks.spawn(async move {
            // Whoever asks who the session is asks this.
            let _me = me;
            router.run(ends).await.map_err(fault)
        });
        tasks.spawn(async move { sink.run(sink_ends).await.map_err(fault) });
        if let Some(writer) = writer {
            let ends = sink_stop.clone();
            tasks.spawn(async move {
                writer.run(ends).await;
                Ok(())
            });
        }
        self.life = Some(Life { stop, sink_stop, tasks });
        Ok(())
    }

    /// Ends everything in order; what is stored stays.
    async fn end(&mut self) -> Result<(), StageError> {
        let Some(mut life) = self.life.take() else {
            return Ok(());
        };
        life.stop.cancel();
        life.sink_stop.cancel();
        while let Some(ended) = life.tasks.join_next().await {
            ended.map_err(fault)??;
        }
        Ok(())
    }

    /// The host ends and starts again, with the plugin as it is now. Where that cannot be loaded, nothing changes.
    pub(crate) async fn restart(&mut self) -> Result<(), StageError> {
        let installed = self.install().await?;
        self.end().await?;
        // Records of calls are ordered within one life of the host, and by the clock from one to the next.
        self.clock.set(self.clock.now().plus(Duration::from_millis(1)));
        self.start(installed).await?;
        self.settle().await
    }

    /// Somebody is there who was not in the scenario.
    pub(crate) fn introduce(&self, who: Party) {
        self.account.introduce(who);
    }

    /// The time of the machine has gone on; what waited for it happens. Nothing where time is played.
    pub(crate) async fn catch_up(&self) -> Result<(), StageError> {
        self.tick();
        self.settle().await
    }

    fn tick(&self) {
        if let Some(machine) = &self.machine {
            self.clock.follow(machine.monotonic());
        }
    }

    /// What has left since the last time, in its order.
    pub(crate) fn taken(&self) -> Vec<Effect> {
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Ends for good.
    pub(crate) async fn close(mut self) -> Result<(), StageError> {
        self.end().await
    }

    /// What time it is.
    pub(crate) fn now(&self) -> UnixMs {
        self.clock.now()
    }

    /// The session's account.
    pub(crate) fn me(&self) -> &Party {
        &self.account.me
    }

    /// What the account has sent since the last time.
    pub(crate) fn sent(&self) -> Vec<Remembered> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// An id for something that people make.
    pub(crate) fn fresh(&self) -> ulid::Ulid {
        self.ids.ulid(self.clock.now())
    }

    /// Something happens, and all that comes of it.
    pub(crate) async fn happens(&self, kind: EventKind) -> Result<EventId, StageError> {
        self.account.hear(&kind);
        let incoming = Incoming::from(kind);
        let appended = self.log.append(self.record.id, vec![incoming]).await?;
        appended.applied.durable().await?;
        self.settle().await?;
        Ok(appended.events[0].id)
    }

    /// What the plugin answered to a request; none where it failed.
    pub(crate) async fn answer(&self, request: EventId) -> Option<Response> {
        match self.replies.take(request).await {
            Reply::Answered(response) => Some(response),
            Reply::Failed => None,
        }
    }

    /// Time passes, from each moment that something waits for to the next.
    pub(crate) async fn passes(&self, span: Duration) -> Result<(), StageError> {
        let end = self.clock.now().plus(span);
        loop {
            match self.clock.next() {
                Some(next) if next < end => self.clock.set(next),
                Some(_) | None => break,
            }
            self.settle().await?;
        }
        self.clock.set(end);
        self.settle().await
    }

    /// Waits until nothing is under way.
    async fn settle(&self) -> Result<(), StageError> {
        let machine = SystemClock::new();
        let patience = match self.machine {
            None => PATIENCE,
            Some(_) => PATIENCE_WHILE_TIME_PASSES,
        };
        let mut calm = 0;
        while calm < LOOKS {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            if self.machine.is_some() {
                self.tick();
                machine.sleep(REST).await;
            }
            calm = match self.is_calm().await? {
                true => calm + 1,
                false => 0,
            };
            if machine.monotonic() > patience {
                return Err(StageError::Stuck(patience));
            }
        }
        Ok(())
    }

    async fn is_calm(&self) -> Result<bool, StageError> {
        let session = self.record.id;
        if self.clock.is_waking() || !self.is_handled(session).await? {
            return Ok(false);
        }
        let now = self.clock.now();
        let timer = self.outbox.timers().next_due(session).await?;
        if timer.is_some_and(|next| next <= now) {
            return Ok(false);
        }
        // Webhooks are told of and go nowhere.
        let due = self.outbox.due(session, Position::default(), 1000).await?;
        Ok(due.iter().all(|effect| matches!(effect.action, Action::Webhook(_))))
    }

    async fn is_handled(&self, session: SessionId) -> Result<bool, StageError> {
        let installation: InstallationId = INSTALLATION.parse().expect("it has the form of an id");
        let head = self.log.head(session).await?;
        Ok(self.progress.load(session, &installation).await?.low >= head)
    }

    /// The calls since the last time, in their order.
    pub(crate) async fn calls(&mut self) -> Result<Vec<Call>, StageError> {
        let session = self.record.id;
        let installation: InstallationId = INSTALLATION.parse().expect("it has the form of an id");
        let mut fresh = Vec::new();
        let mut before = None;
        loop {
            let page = self.runs.before(session, &installation, before, 100).await?;
            let Some(oldest) = page.last() else { break };
            before = Some(oldest.id);
            let is_new = |run: &Run| self.seen.is_none_or(|seen| run.id > seen);
            let all_new = page.iter().all(is_new);
            fresh.extend(page.into_iter().filter(is_new));
            if !all_new {
                break;
            }
        }
        fresh.reverse();
        self.seen = fresh.last().map(|run| run.id).or(self.seen);
        let mut calls = Vec::new();
        for run in fresh {
            let found = self.runs.get(session, run.id).await?;
            if let Some(detail) = found.and_then(|(_, text)| Detail::read(&text)) {
                calls.push(Call { run, detail });
            }
        }
        Ok(calls)
    }
}

fn fault(error: impl std::error::Error + Send + Sync + 'static) -> StageError {
    StageError::Fault(error.into())
}

//! A session's router and sink on a store in memory, with a script that plays WhatsApp.

mod beside;
mod install;
mod outside;
mod records;
mod world;

use install::installed;
pub(super) use install::plugin_dir;
pub(super) use install::{Install, everything, hostile, id};
pub(super) use world::{Left, World};

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, UnixMs};
use waspnest_core::draft::Timer;
use waspnest_core::effect::{Effect, Progress as EffectProgress};
use waspnest_core::event::{EventKind, Interest, LiveInterest, Position, Tick, TickCause};
use waspnest_core::files::Files;
use waspnest_core::id::{EffectId, MessageId, SessionId, TenantId};
use waspnest_core::journal::Journal;
use waspnest_core::log::{Incoming, Log};
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_core::outbox::Outbox;
use waspnest_core::progress::{DeadLetter, Found, Progress};
use waspnest_core::store::{HeldStore, MemoryStore, Store};
use waspnest_core::timer::Firing;
use waspnest_egress::{Egress, Guard, Names, SystemNames};
use waspnest_engine::manifest::Manifest;
use waspnest_engine::{Engine, EngineOptions, FetchFailure};

use super::account::ScriptedAccount;
use crate::replies::Replies;
use crate::router::{GroupAdmins, Installed, RouterParts, SessionRouter, Shelf, Slots};
use crate::sink::{Answer, Carried, Carrier, CarryError, EffectTraces, Failures, PolicyParts, SessionSink, SinkParts};

/// Long enough for a busy machine; a test that needs it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// How WhatsApp behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    TakesEverything,
    /// Messages leave, and the connection is lost before the server answers.
    LosesAcknowledgements,
    Disconnected,
}

#[derive(Debug)]
struct Scripted {
    session: SessionId,
    outbox: Outbox,
    script: Mutex<Script>,
    connection: watch::Sender<Option<u64>>,
    carried: watch::Sender<Vec<Effect>>,
}

#[async_trait]
impl Carrier for Scripted {
    async fn carry_out(&self, effect: &Effect) -> Result<Carried, CarryError> {
        let script = *self.script.lock().expect("no test panics with this lock");
        match script {
            Script::Disconnected => Err(CarryError::NotConnected),
            Script::LosesAcknowledgements => {
                self.carried.send_modify(|carried| carried.push(effect.clone()));
                Ok(Carried::AwaitAck(Box::pin(std::future::pending())))
            }
            Script::TakesEverything => {
                self.carried.send_modify(|carried| carried.push(effect.clone()));
                let (session, outbox, id) = (self.session, self.outbox.clone(), effect.id);
                Ok(Carried::AwaitAck(Box::pin(async move {
                    outbox
                        .progress(session, id, EffectProgress::Sent)
                        .await
                        .expect("the store works");
                    Answer::Taken
                })))
            }
        }
    }

    fn connection(&self) -> watch::Receiver<Option<u64>> {
        self.connection.subscribe()
    }
}

/// A running pipeline.
pub(super) struct Harness {
    pub(super) store: Arc<HeldStore>,
    clock: Arc<ManualClock>,
    ids: Arc<SeededIds>,
    engine: Arc<Engine>,
    /// Who held the engine when this life began.
    others: usize,
    session: SessionId,
    log: Log,
    progress: Progress,
    installs: Vec<Install>,
    slots: Slots,
    scripted: Arc<Scripted>,
    /// Outlives restarts, as what WhatsApp knows does.
    pub(super) account: Arc<ScriptedAccount>,
    pub(super) replies: Replies,
    stop: CancellationToken,
    tasks: JoinSet<()>,
    egress: Egress,
    /// Files of plugins.
    dir: Arc<tempfile::TempDir>,
}

/// What outlives a process.
struct Kept {
    store: Arc<HeldStore>,
    session: SessionId,
    carried: watch::Sender<Vec<Effect>>,
    account: Arc<ScriptedAccount>,
    egress: Egress,
    dir: Arc<tempfile::TempDir>,
}

impl Kept {
    /// Nothing yet.
    fn new(store: Arc<HeldStore>, session: SessionId, egress: Egress) -> Self {
        Self {
            store,
            session,
            carried: watch::Sender::new(Vec::new()),
            account: Arc::default(),
            egress,
            dir: Arc::new(tempfile::tempdir().expect("a directory")),
        }
    }
}

impl Harness {
    pub(super) async fn start(installs: Vec<Install>) -> Self {
        let guard = Guard {
            allow: vec!["127.0.0.0/8".parse().expect("a network")],
            ..Guard::default()
        };
        Self::start_through(guard, Arc::new(SystemNames), installs).await
    }

    /// With another way out than one that reaches servers of tests.
    pub(super) async fn start_through(guard: Guard, names: Arc<dyn Names>, installs: Vec<Install>) -> Self {
        let clock = Arc::new(ManualClock::at(UnixMs(1_750_000_000_000)));
        let ids = Arc::new(SeededIds::new(7));
        let store = HeldStore::new(MemoryStore::new());
        let session = records::session(&store, &clock, &ids).await;
        let engine = Arc::new(Engine::new(EngineOptions::new(clock.clone())).expect("an engine"));
        let egress = Egress::new(guard, names, clock.clone()).expect("this machine knows authorities");
        let kept = Kept::new(store, session, egress);
        Self::resume(engine, clock, ids, installs, kept).await
    }

    /// Another session of the same host, which must end before this one.
    pub(super) async fn beside(&self, installs: Vec<Install>) -> Self {
        let session = SessionId::new(self.ids.ulid(self.clock.now()));
        let kept = Kept {
            dir: Arc::clone(&self.dir),
            ..Kept::new(Arc::clone(&self.store), session, self.egress.clone())
        };
        let (engine, clock, ids) = (self.engine.clone(), self.clock.clone(), self.ids.clone());
        Self::resume(engine, clock, ids, installs, kept).await
    }

    /// Everything in memory is gone; the store stays.
    pub(super) async fn restart(self) -> Self {
        let installs = self.installs.clone();
        self.restart_with(installs).await
    }

    pub(super) async fn restart_with(mut self, installs: Vec<Install>) -> Self {
        self.end().await;
        self.installs = installs;
        self.again().await
    }

    /// The next life, with what the last one left.
    async fn again(self) -> Self {
        let kept = Kept {
            store: self.store,
            session: self.session,
            carried: watch::Sender::new(self.scripted.carried.borrow().clone()),
            account: self.account,
            egress: self.egress,
            dir: self.dir,
        };
        Self::resume(self.engine, self.clock, self.ids, self.installs, kept).await
    }

    async fn resume(
        engine: Arc<Engine>,
        clock: Arc<ManualClock>,
        ids: Arc<SeededIds>,
        installs: Vec<Install>,
        kept: Kept,
    ) -> Self {
        let Kept {
            store,
            session,
            carried,
            account,
            egress,
            dir,
        } = kept;
        let any_store: Arc<dyn Store> = store.clone();
        let log = Log::new(Arc::clone(&any_store), clock.clone(), ids.clone());
        let outbox = Outbox::new(Arc::clone(&any_store), clock.clone(), log.clone());
        let progress = Progress::new(Arc::clone(&any_store));
        let others = Arc::strong_count(&engine);
        let mut installations = Vec::new();
        for install in &installs {
            installations.push(Arc::new(installed(&engine, install).await));
        }
        let slots = Slots::new(installations);
        let (recorder, writer) = records::recording(&any_store, &clock, &ids);
        let scripted = Arc::new(Scripted {
            session,
            outbox: outbox.clone(),
            script: Mutex::new(Script::TakesEverything),
            connection: watch::Sender::new(Some(1)),
            carried,
        });
        let (sink, port) = SessionSink::new(SinkParts {
            session,
            store: Arc::clone(&any_store),
            outbox: outbox.clone(),
            carrier: scripted.clone(),
            clock: clock.clone(),
            retry: Install::of("", "").retry,
            failures: Failures::new(session, log.clone(), LiveInterest::default()),
            traces: EffectTraces::new(session, log.clone(), Default::default()),
            policy: PolicyParts::off(session, &log, &outbox, &any_store, clock.clone(), ids.clone()),
        });
        let wake = port.webhooks();
        let replies = Replies::default();
        let me = watch::Sender::new(None);
        let router = SessionRouter::resume(RouterParts {
            session,
            name: "test".parse().expect("a valid name"),
            me: me.subscribe(),
            tenant: TenantId::DEFAULT,
            installations: slots.clone(),
            interest: LiveInterest::default(),
            shown: Interest::NONE,
            engine: Arc::clone(&engine),
            log: log.clone(),
            progress: progress.clone(),
            journal: Journal::new(Arc::clone(&any_store)),
            egress: egress.clone(),
            secrets: outside::secrets(&any_store),
            replies: replies.clone(),
            files: Files::open(dir.path(), clock.clone()).expect("a directory"),
            shelf: Arc::new(Empty),
            account: account.clone(),
            outbox,
            loop_guard: outside::loop_guard(),
            group_admins: GroupAdmins::default(),
            records: Some(recorder),
            meters: Default::default(),
            traces: Default::default(),
            sink: port,
            clock: clock.clone(),
            ids: ids.clone(),
        })
        .await
        .expect("a router");
        let webhooks = outside::webhooks(
            (session, wake),
            &installs,
            (&scripted.outbox, &log, &egress),
            &any_store,
            (&clock, &ids),
        );
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (router_stop, sink_stop) = (stop.clone(), CancellationToken::new());
        let (sink_end, webhooks_stop) = (sink_stop.clone(), sink_stop.clone());
        tasks.spawn(async move { webhooks.run(webhooks_stop).await.expect("the webhooks end in order") });
        tasks.spawn(async move {
            router.run(router_stop).await.expect("the router ends in order");
            sink_end.cancel();
        });
        let writer_stop = stop.clone();
        tasks.spawn(writer.run(writer_stop));
        tasks.spawn(async move { sink.run(sink_stop).await.expect("the sink ends in order") });
        Self {
            store,
            clock,
            ids,
            engine,
            others,
            session,
            log,
            progress,
            installs,
            slots,
            scripted,
            account,
            replies,
            stop,
            tasks,
            egress,
            dir,
        }
    }

    /// An installation at work, by its place among those that were given.
    pub(super) fn at_work(&self, place: usize) -> Arc<Installed> {
        self.slots.all()[place].active()
    }

    pub(super) async fn stop(mut self) {
        self.end().await;
    }

    async fn end(&mut self) {
        self.stop.cancel();
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("no part panics");
        }
        assert_eq!(Arc::strong_count(&self.engine), self.others, "no call is left behind");
    }

    /// Somebody writes a text; returns when it is in the log for good.
    pub(super) async fn hears(&self, chat: &str, text: &str) {
        self.happens(self.text(chat, text)).await;
    }

    /// The same, and gives the message's id.
    pub(super) async fn hears_as(&self, chat: &str, text: &str) -> MessageId {
        let incoming = self.text(chat, text);
        let EventKind::Message(message) = &incoming.kind else {
            unreachable!("a text is a message")
        };
        let id = message.key.id.clone();
        self.happens(incoming).await;
        id
    }

    pub(super) async fn hears_without_waiting(&self, chat: &str, text: &str) {
        self.log
            .append(self.session, vec![self.text(chat, text)])
            .await
            .expect("the log takes it");
    }

    /// The account itself writes a text, on another device.
    pub(super) async fn writes(&self, chat: &str, text: &str) {
        let mut incoming = self.text(chat, text);
        if let EventKind::Message(message) = &mut incoming.kind {
            message.key.from = Origin::Me;
        }
        self.happens(incoming).await;
    }

    pub(super) async fn happens(&self, incoming: Incoming) {
        let appended = self
            .log
            .append(self.session, vec![incoming])
            .await
            .expect("the log takes it");
        appended.applied.durable().await.expect("the store works");
    }

    pub(super) fn text(&self, chat: &str, text: &str) -> Incoming {
        let chat: Jid = chat.parse().expect("a valid address");
        let now = self.clock.now();
        let message = Message {
            key: MessageKey {
                chat: chat.clone(),
                id: format!("3EB0{}", self.ids.ulid(now)).parse().expect("a valid id"),
                from: Origin::Them,
                participant: None,
            },
            chat_kind: ChatKind::Direct,
            chat_name: None,
            sender: Party::known_as(chat),
            timestamp: now,
            content: Content::Text(Text {
                body: text.into(),
                preview: None,
            }),
            quoted: None,
            mentions: Vec::new(),
            mentions_me: false,
            mentions_all: false,
            edit_of: None,
            album_of: None,
            thread: None,
            forwarded_score: 0,
            view_once: false,
            ephemeral_s: None,
            spoiler: false,
            offline: false,
            history: false,
            device: None,
        };
        Incoming {
            kind: EventKind::Message(Box::new(message)),
            also: Vec::new(),
            expect: Vec::new(),
        }
    }

    /// Changes how WhatsApp behaves; a new connection stands for it, unless there is none.
    pub(super) fn script(&self, script: Script) {
        *self.scripted.script.lock().expect("no test panics with this lock") = script;
        self.scripted.connection.send_modify(|connection| {
            *connection = match script {
                Script::Disconnected => None,
                Script::TakesEverything | Script::LosesAcknowledgements => Some(connection.unwrap_or(1) + 1),
            };
        });
    }

    /// Waits until at least `count` messages have left, and gives chat and text of the first so many.
    pub(super) async fn replies(&self, count: usize) -> Vec<(String, String)> {
        let mut carried = self.scripted.carried.subscribe();
        let waited = tokio::time::timeout(PATIENCE, carried.wait_for(|carried| carried.len() >= count))
            .await
            .map(drop);
        if waited.is_err() {
            panic!("only {} of {count} messages left", self.scripted.carried.borrow().len());
        }
        let carried = self.scripted.carried.borrow();
        carried.iter().take(count).map(chat_and_text).collect()
    }

    pub(super) fn carried_ids(&self) -> Vec<EffectId> {
        self.scripted.carried.borrow().iter().map(|effect| effect.id).collect()
    }

    /// Lets time pass until at least `count` messages have left.
    pub(super) async fn pass_until_replies(&self, count: usize) {
        self.pass_until(async || self.scripted.carried.borrow().len() >= count)
            .await;
    }

    /// Lets time pass until the installation has given up an event, and gives that.
    pub(super) async fn dead_letter(&self, installation: &str) -> DeadLetter {
        self.pass_until(async || !self.dead_letters(installation).await.is_empty())
            .await;
        self.dead_letters(installation).await.remove(0)
    }

    pub(super) async fn dead_letters(&self, installation: &str) -> Vec<DeadLetter> {
        let letters = self
            .progress
            .dead_letters(self.session, &id(installation), Position(0), 10)
            .await
            .expect("the store works");
        letters.into_iter().map(|(_, letter)| letter).collect()
    }

    /// An operator wants an event handled again that was given up.
    pub(super) async fn wants_again(&self, installation: &str, position: Position) {
        let found = self.progress.replay(self.session, &id(installation), position).await;
        assert_eq!(found.expect("the store works"), Found::Yes);
    }

    /// Lets time pass at once.
    pub(super) fn passes(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Lets time pass until the installation is done with an event.
    pub(super) async fn done(&self, installation: &str, position: Position) {
        let is_done = async || {
            self.progress
                .load(self.session, &id(installation))
                .await
                .expect("the store works")
                .is_done(position)
        };
        self.pass_until(is_done).await;
    }

    pub(super) async fn timers(&self, installation: &str) -> Vec<Timer> {
        self.scripted
            .outbox
            .timers()
            .list(self.session, &id(installation))
            .await
            .expect("the store works")
    }

    /// Lets time pass.
    pub(super) fn pass(&self, span: Duration) {
        self.clock.advance(span);
    }

    /// What a plugin's author says of it.
    pub(super) async fn manifest(&self, plugin: &'static str) -> Manifest {
        let installed = self.installed(&Install::of(plugin, "any")).await;
        installed.installation.plugin().manifest.clone()
    }

    /// An installation that is not at work.
    pub(super) async fn installed(&self, install: &Install) -> Arc<Installed> {
        Arc::new(installed(&self.engine, install).await)
    }

    /// Lets the only wait of an installation run out: the clock moves to its end, and the tick comes.
    pub(super) async fn expire(&self, installation: &str) {
        let timers = self.timers(installation).await;
        let [timer] = timers.as_slice() else {
            panic!("{timers:?}")
        };
        self.clock.set(timer.next);
        let tick = Tick {
            installation: id(installation),
            schedule: timer.id.clone(),
            cause: TickCause::Expired,
            scheduled_for: timer.next,
            missed: 0,
            previous: None,
            zone: timer.zone.clone(),
            payload: timer.payload.clone(),
            origin: timer.origin.clone(),
        };
        let firing = Firing {
            installation: id(installation),
            timer: timer.clone(),
            tick,
            next: None,
        };
        let fired = self
            .scripted
            .outbox
            .timers()
            .fire(&self.log, self.session, firing)
            .await;
        assert!(fired.expect("the store works").is_some());
    }

    /// Moves the clock in small steps, giving the tasks a turn in between.
    pub(super) async fn pass_until(&self, condition: impl AsyncFn() -> bool) {
        self.until(condition, Duration::from_millis(100)).await;
    }

    /// Waits, while the clock stands still, until a call of the installation for an event has failed.
    pub(super) async fn failed_once(&self, installation: &str, position: Position) {
        let has_failed = async || {
            let cursor = self.progress.load(self.session, &id(installation)).await;
            let attempts = cursor.expect("the store works").attempts;
            attempts.get(&position).is_some_and(|attempt| attempt.count > 0)
        };
        self.until(has_failed, Duration::ZERO).await;
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "sandboxes are cut off by real time, and sockets take some; the wait is for a condition"
    )]
    async fn until(&self, condition: impl AsyncFn() -> bool, step: Duration) {
        let waited = async {
            while !condition().await {
                self.clock.advance(step);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waited).await.unwrap_or_else(|_| {
            let left = self.scripted.carried.borrow().len();
            panic!("it did not happen in time; {left} messages left")
        });
    }
}

/// No message here has a file.
#[derive(Debug)]
struct Empty;

#[async_trait]
impl Shelf for Empty {
    async fn fetch(&self, _: &Content, _: u64) -> Result<Bytes, FetchFailure> {
        Err(FetchFailure::Gone)
    }
}

/// Where a message went and what it says; its kind in parentheses where that is no text.
fn chat_and_text(effect: &Effect) -> (String, String) {
    let Some(send) = effect.action.sent() else {
        panic!("a message was expected, not {}", effect.action.name())
    };
    match &send.content {
        Content::Text(text) => (send.to.user().to_owned(), text.body.to_string()),
        other => (send.to.user().to_owned(), format!("({})", other.kind())),
    }
}

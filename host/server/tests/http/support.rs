//! A host of which only the API is real, and a client that says exactly what is on the wire.

mod hooks;
mod script;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use flate2::read::GzDecoder;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use waspnest::breaker::Breaker;
use waspnest::config::callers::Callers as CallersConfig;
use waspnest::config::connections::Connections;
use waspnest::config::plugins::BreakerRule;
use waspnest::config::send_policy::SendPolicies;
use waspnest::config::server::Compression;
use waspnest::http::{Http, HttpParts};
use waspnest::install::SlotTimetable;
use waspnest::live::Live;
use waspnest::meters::Meters;
use waspnest::replies::Replies;
use waspnest::rollout::{Rollout, RolloutParts};
use waspnest::router::{Installed, Slots};
use waspnest::secrets::Secrets as HostSecrets;
use waspnest::send_policies::Policies;
use waspnest::service::accounts::Accounts;
use waspnest::service::admin_secret::AdminHash;
use waspnest::service::callers::{Callers, CallersParts};
use waspnest::service::control::{Busy, Canceled, Connection, Control, ControlError, ShownPasskey};
use waspnest::service::events::Events;
use waspnest::service::health::{Health, Phase};
use waspnest::service::hooks::Hooks;
use waspnest::service::installations::{Described, DescribedPlugin, Installations, Origin, Standing};
use waspnest::service::mailbox::{Library, Mailbox as MailboxService};
use waspnest::service::media::{MediaLimits, Medias};
use waspnest::service::messages::{Messages, MessagesParts};
use waspnest::service::metrics::Metrics;
use waspnest::service::readiness::{Readiness, ReadinessParts};
use waspnest::service::routes::Routes;
use waspnest::service::schedules::{Schedules, SchedulesParts};
use waspnest::service::secrets::Secrets;
use waspnest::service::sessions::Sessions;
use waspnest::service::settings::{InstallationSettings, SettingsParts};
use waspnest::service::stream_tickets::StreamTickets;
use waspnest::service::values::Values;
use waspnest::shutdown::Shutdown;
use waspnest_core::address::Jid;
use waspnest_core::affairs::Affairs;
use waspnest_core::answered::Answers;
use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, UnixMs};
use waspnest_core::config_layer::ConfigLayers;
use waspnest_core::effect::{Action, Effect, Progress as EffectProgress};
use waspnest_core::event::Position;
use waspnest_core::id::{EffectId, EventId, InstallationId, SessionId};
use waspnest_core::live::Refusal;
use waspnest_core::log::Log;
use waspnest_core::made_installation::MadeInstallations;
use waspnest_core::mailbox::Mailbox;
use waspnest_core::master_key::MasterKey;
use waspnest_core::media_store::MediaStore;
use waspnest_core::outbox::{CommitError, Outbox};
use waspnest_core::packages::Packages;
use waspnest_core::progress::{DeadLetter, Progress};
use waspnest_core::runs::Runs as Records;
use waspnest_core::schedule_state::ScheduleStates;
use waspnest_core::scheduled_message::ScheduledMessages;
use waspnest_core::seal::Sealer;
use waspnest_core::secret::StoredSecrets;
use waspnest_core::send_ledger::SendLedger;
use waspnest_core::session::{Desired, SessionRecord, Sessions as Register};
use waspnest_core::store::{MemoryStore, Store, StoreError};
use waspnest_core::upload::Uploads;
use waspnest_core::uploaded_plugin::UploadedPlugins;
use waspnest_core::version::VersionRegister;
use waspnest_egress::{Egress, Guard, SystemNames};
use waspnest_engine::record::Hide;
use waspnest_whatsapp::{PairCode, Passkey, Proxy, Qr, State, Status};

use crate::metrics::Idle;
use crate::played_account::{PlayedAccount, busy};
use crate::scripted_versions::ScriptedVersions;
use crate::{backups, document, known, mailbox, plugins, runs, webhook_examples};
pub(crate) use hooks::HOOK_SECRET;
pub(crate) use script::Script;

pub(crate) const SECRET: &str = "a secret of the operator";
pub(crate) const BODY_LIMIT: u64 = 4096;

/// 2026-01-01T00:00:00Z.
pub(crate) const START: UnixMs = UnixMs(1_767_225_600_000);

/// The API at work on a free port, with one session `main` and one installation `echo` that parked one event.
pub(crate) struct TestApi {
    pub(crate) address: std::net::SocketAddr,
    pub(crate) script: Arc<Script>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) outbox: Outbox,
    pub(crate) log: Log,
    pub(crate) replies: Replies,
    pub(crate) store: Arc<dyn Store>,
    _media: tempfile::TempDir,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) stop: CancellationToken,
    pub(crate) versions: Arc<ScriptedVersions>,
    /// What installations that are made are made with, for a start of another host over the same data.
    pub(crate) rollout: RolloutParts,
    pub(crate) settings: SettingsParts,
    pub(crate) states: ScheduleStates,
    pub(crate) progress: Progress,
    pub(crate) main: SessionId,
    pub(crate) mailbox: Mailbox,
}

impl TestApi {
    pub(crate) async fn start() -> Self {
        Self::start_over(Vec::new()).await
    }

    /// With installations that are at work, as far as the API can see.
    pub(crate) async fn start_over(installations: Vec<Arc<Installed>>) -> Self {
        // Time stands still, so that nobody's calls are ever a minute ago.
        let config = CallersConfig {
            requests: 1_000_000,
            address_requests: 1_000_000,
            ..CallersConfig::default()
        };
        Self::start_with(installations, config).await
    }

    /// With `[callers]` as well.
    pub(crate) async fn start_with(installations: Vec<Arc<Installed>>, config: CallersConfig) -> Self {
        let installations = Slots::new(installations);
        let clock = Arc::new(ManualClock::at(START));
        let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(42));
        let store: Arc<dyn Store> = MemoryStore::new();
        let log = Log::new(Arc::clone(&store), clock.clone(), Arc::clone(&ids));
        let outbox = Outbox::new(Arc::clone(&store), clock.clone(), log.clone());
        let progress = Progress::new(Arc::clone(&store));
        let stored = StoredSecrets::new(Arc::clone(&store), Sealer::new(&MasterKey::from_bytes([7; 32])));
        let crm = ("crm".parse().expect("a name"), "swordfish".parse().expect("a secret"));
        stored.set(&crm.0, &crm.1).await.expect("kept");
        let layers = ConfigLayers::new(Arc::clone(&store));
        let states = ScheduleStates::new(Arc::clone(&store));
        let known = progress.clone();
        let register = Register::open(Arc::clone(&store)).await.expect("an empty store");
        let settings = SettingsParts {
            installations: installations.clone(),
            engine: plugins::engine(),
            layers,
            register: register.clone(),
            contacts: log.contacts().clone(),
            clock: clock.clone(),
        };
        let live = Live::new(log.clone(), register.clone());
        let shutdown = Shutdown::new(clock.clone());
        let script = Arc::new(Script {
            live: live.clone(),
            shutdown: shutdown.clone(),
            played: Mutex::default(),
            outbox: outbox.clone(),
            clock: clock.clone(),
            proxies: Mutex::default(),
            refusal: Mutex::default(),
            looked: Notify::new(),
        });
        let control: Arc<dyn Control> = script.clone();

        let main = register
            .create("main".parse().expect("a name"), Desired::Connected, &*clock, &*ids)
            .await
            .expect("created");
        script.start(&main).await.expect("it starts");
        let echo: InstallationId = "echo".parse().expect("an id");
        let letter = DeadLetter {
            event: EventId::new(ids.ulid(START)),
            attempts: 5,
            error: "the plugin trapped: unreachable".into(),
            at: START,
            kind: "message".into(),
        };
        for position in [3, 7] {
            progress
                .park(main.id, &echo, Position(position), &letter)
                .await
                .expect("parked");
        }
        let described = Described {
            id: echo,
            origin: Origin::File,
            tenant: None,
            plugin: Some(DescribedPlugin {
                id: "org.waspnest.echo".parse().expect("an id"),
                name: "Echo".into(),
                version: "1.2.3".into(),
                digest: "00ff".into(),
            }),
            granted: vec!["messages.send".into()],
            binds: vec!["echo-all".into()],
            standing: Standing::AtWork(Arc::new(Breaker::new(BreakerRule::default()))),
        };

        let callers = Callers::open(CallersParts {
            store: Arc::clone(&store),
            sessions: register.clone(),
            admin: AdminHash::of(SECRET),
            master_key: MasterKey::from_bytes([7; 32]),
            config,
            clock: clock.clone(),
            ids: Arc::clone(&ids),
        });
        let callers = callers.await.expect("an empty store");
        known::put(&store, &*clock).await;
        let versions = Arc::new(ScriptedVersions::new());
        let sessions = Sessions::new(register.clone(), Arc::clone(&control), clock.clone(), Arc::clone(&ids));
        let secrets = HostSecrets::new(BTreeMap::from([hooks::secret()]), stored.clone());
        let replies = Replies::default();
        let hooks = hooks::all();
        let hooks = Hooks::new(
            move |id: &InstallationId| Some((hooks.get(id).cloned()?, None)),
            secrets,
            sessions.clone(),
            log.clone(),
            replies.clone(),
            clock.clone(),
        );
        let (phase, phases) = watch::channel(Phase::Ready);
        let media_dir = tempfile::tempdir().expect("a directory");
        let media = MediaStore::open(&media_dir.path().join("media"), clock.clone()).expect("it opens");
        let medias = Medias::new(
            media.clone(),
            Uploads::new(Arc::clone(&store)),
            Egress::new(Guard::default(), Arc::new(SystemNames), clock.clone()).expect("a way out"),
            MediaLimits {
                upload: 1 << 16,
                fetch: 1 << 16,
            },
            clock.clone(),
        );
        let sealer = Sealer::new(&MasterKey::from_bytes([7; 32]));
        let mailbox = Mailbox::new(
            Arc::clone(&store),
            log.clone(),
            outbox.clone(),
            register.clone(),
            clock.clone(),
        );
        mailbox::furnish(&mailbox, &media, main.id).await;
        let library = Library::new(mailbox.clone(), media, Arc::new(mailbox::Quiet), 1000);
        let parts = RolloutParts {
            config: Arc::new(plugins::config("")),
            engine: plugins::engine(),
            packages: Packages::open(&media_dir.path().join("packages")).expect("a directory"),
            register: VersionRegister::new(Arc::clone(&store)),
            made: MadeInstallations::new(Arc::clone(&store)),
            uploaded: UploadedPlugins::new(Arc::clone(&store)),
            layers: ConfigLayers::new(Arc::clone(&store)),
            store: Arc::clone(&store),
            progress: progress.clone(),
            runs: Records::new(Arc::clone(&store)),
            egress: Egress::new(Guard::default(), Arc::new(SystemNames), clock.clone()).expect("a way out"),
            sessions: register.clone(),
            outbox: outbox.clone(),
            hide: Hide::under([7; 32]),
            shutdown: shutdown.clone(),
            clock: clock.clone(),
        };
        let rollout = parts.clone();
        let made = Rollout::begin(parts).await.expect("nothing is at work");
        let values = Values::new(outbox.clone(), progress.clone(), register.clone());
        let webhooks = webhook_examples::service(webhook_examples::Rests {
            store: &store,
            log: &log,
            progress: &progress,
            register: &register,
            clock: &clock,
            ids: &ids,
            main: main.id,
        });
        let webhooks = webhooks.await;
        let look = {
            let made = made.clone();
            move || std::iter::once(described.clone()).chain(made.described()).collect()
        };
        let meters = Meters::new(clock.clone());
        let parts = HttpParts {
            answers: Answers::new(Arc::clone(&store), sealer, clock.clone()),
            health: Health::new(phases.clone(), sessions.clone(), clock.clone()),
            readiness: Readiness::new(ReadinessParts {
                phase: phases,
                store: Arc::clone(&store),
                dir: media_dir.path().to_owned(),
                min_free: 1,
                routers: meters.router.clone(),
                log: log.clone(),
                clock: clock.clone(),
            }),
            metrics: Metrics::new(meters.shown(), Arc::new(Idle), clock.clone()),
            traces: Default::default(),
            meters: meters.http,
            backups: backups::over(&store, media_dir.path(), &shutdown, &clock, &ids),
            sessions,
            accounts: Accounts::new(
                Arc::clone(&control),
                log.contacts().clone(),
                clock.clone(),
                Arc::clone(&ids),
            ),
            messages: Messages::new(MessagesParts {
                log: log.clone(),
                outbox: outbox.clone(),
                mailbox: mailbox.clone(),
                scheduled: ScheduledMessages::new(Arc::clone(&store)),
                media: medias.clone(),
                control,
                clock: clock.clone(),
                ids: Arc::clone(&ids),
            }),
            events: Events::new(log.clone()),
            live,
            tickets: StreamTickets::new(clock.clone(), Arc::clone(&ids)),
            tasks: shutdown.clone(),
            medias,
            policies: Policies::new(SendPolicies::default(), SendLedger::new(Arc::clone(&store))),
            installations: Installations::new(look, progress, register.clone()),
            settings: InstallationSettings::new(settings.clone()),
            schedules: Schedules::new(SchedulesParts {
                timetable: Arc::new(SlotTimetable(installations.clone())),
                states: states.clone(),
                log: log.clone(),
                progress: known.clone(),
                register: settings.register.clone(),
                clock: clock.clone(),
            }),
            versions: versions.clone(),
            values,
            webhooks,
            made,
            runs: runs::service(&store, &log, register.clone(), installations.clone()),
            mailbox: MailboxService::new(mailbox.clone(), library, clock.clone()),
            routes: Routes::new(installations, clock.clone()),
            hooks,
            secrets: Secrets::new(stored),
            callers,
            body_limit: BODY_LIMIT.into(),
            connections: Connections::default().into(),
            tls: None,
            compression: Compression::Gzip,
            clock: clock.clone(),
            ids,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let stop = shutdown.soft();
        shutdown.spawn("http", Http::new(parts, stop.clone()).serve(listener));
        Self {
            address,
            script,
            clock,
            outbox,
            log,
            replies,
            store,
            _media: media_dir,
            phase,
            stop,
            versions,
            rollout,
            settings,
            states,
            progress: known,
            main: main.id,
            mailbox,
        }
    }

    /// A request with the admin secret.
    pub(crate) fn request(&self, method: &str, path: &str) -> Request<'_> {
        self.bare(method, path)
            .header("Authorization", &format!("Bearer {SECRET}"))
    }

    /// A request without credentials.
    pub(crate) fn bare(&self, method: &str, path: &str) -> Request<'_> {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n");
        Request {
            api: self,
            head,
            body: Vec::new(),
        }
    }

    /// What `waiting` comes to while time goes on, `step` at a time.
    pub(crate) async fn while_time_passes<T>(&self, step: Duration, waiting: impl Future<Output = T>) -> T {
        let mut waiting = std::pin::pin!(waiting);
        let passing = async {
            loop {
                tokio::select! {
                    biased;
                    done = &mut waiting => return done,
                    () = tokio::task::yield_now() => self.clock.advance(step),
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), passing)
            .await
            .expect("it ends")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path).json(&body).send().await
    }
}

/// A request that is being written.
#[must_use]
pub(crate) struct Request<'a> {
    api: &'a TestApi,
    head: String,
    body: Vec<u8>,
}

impl Request<'_> {
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json")
            .body(body.to_string().as_bytes())
    }

    pub(crate) fn body(self, body: &[u8]) -> Self {
        let mut with = self.header("Content-Length", &body.len().to_string());
        with.body = body.to_vec();
        with
    }

    /// What is sent is what was said, byte for byte; `body` is not announced unless a header does.
    pub(crate) fn raw(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    pub(crate) async fn send(mut self) -> Answer {
        if !self.head.contains("X-Request-Id: ") {
            self = self.header("X-Request-Id", "test");
        }
        let mut connection = TcpStream::connect(self.api.address).await.expect("the API listens");
        let wire = [self.head.as_bytes(), b"\r\n", &self.body].concat();
        // A host that refuses a body may answer and close before it has read it all.
        let _ = connection.write_all(&wire).await;
        let mut answer = Vec::new();
        // What never ends is read until it has begun.
        while !begins_a_stream(&answer) && matches!(connection.read_buf(&mut answer).await, Ok(1..)) {}
        let answer = Answer::parse(&answer);
        let mut asked = self.head.split(' ');
        if let (Some(method), Some(path)) = (asked.next(), asked.next()) {
            let sent = self.head.contains("Content-Type: application/json");
            let sent = sent.then(|| serde_json::from_slice(&self.body).ok()).flatten();
            document::check(method, path, sent.as_ref(), &answer);
        }
        answer
    }
}

/// Whether this is the beginning of a stream of events, with its first block.
fn begins_a_stream(wire: &[u8]) -> bool {
    let text = String::from_utf8_lossy(wire);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    head.starts_with("HTTP/1.1 101") || head.contains("content-type: text/event-stream") && body.contains("\n\n")
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn parse(wire: &[u8]) -> Self {
        let end = wire
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap_or_else(|| panic!("not an answer: {:?}", String::from_utf8_lossy(wire)));
        let head = String::from_utf8_lossy(&wire[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|status| status.parse().ok())
            .expect("a status");
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: wire[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The body, out of gzip if it came in it.
    pub(crate) fn plain(&self) -> Vec<u8> {
        let mut plain = Vec::new();
        match self.header("content-encoding") {
            Some("gzip") => GzDecoder::new(&self.body[..])
                .read_to_end(&mut plain)
                .expect("it is gzip"),
            Some(other) => panic!("nobody asked for {other}"),
            None => return self.body.clone(),
        };
        plain
    }

    pub(crate) fn json(&self) -> Value {
        let body = self.plain();
        serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&body)))
    }

    /// For snapshots: status, type and body.
    pub(crate) fn shown(&self) -> String {
        let body = match &self.body[..] {
            [] => String::new(),
            body => match serde_json::from_slice::<Value>(body) {
                Ok(json) if json.is_object() => format!("\n{json:#}"),
                Ok(_) | Err(_) => format!("\n{}", String::from_utf8_lossy(body)),
            },
        };
        format!("{} {}{body}", self.status, self.header("content-type").unwrap_or("-"))
    }

    /// Asserts that this is a problem with this status and code, and answers what it says.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!(
            (self.status, problem["code"].as_str()),
            (status, Some(code)),
            "{problem:#}"
        );
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], "test");
        problem
    }
}

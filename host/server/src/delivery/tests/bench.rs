//! One session, its log, and the deliverer that reads it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, UnixMs};
use waspnest_core::delivery::Deliveries;
use waspnest_core::event::{Event, EventKind, Position, Receipt, ReceiptStatus};
use waspnest_core::id::{SessionId, TenantId, WebhookId};
use waspnest_core::log::Log;
use waspnest_core::master_key::MasterKey;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_core::progress::{DeadLetter, Progress};
use waspnest_core::seal::Sealer;
use waspnest_core::session::{Desired, Sessions as Register};
use waspnest_core::store::{KeyRange, MemoryStore, Order, Space, Store};
use waspnest_core::webhook::{Format, Own, Seen, Standing, Wants, Webhook, WebhookRegister, WebhookSecrets};
use waspnest_egress::{Egress, Guard, SystemNames};

use crate::config::deliveries::Deliveries as Rules;
use crate::config::plugins::{Backoff, BreakerRule, Retry};
use crate::delivery::{ChangeError, Deliverer, DelivererParts, Endpoints};
use crate::test_server::Server;
use crate::traces::Traces;
use crate::webhook_meters::WebhookMeters;

pub(super) const ADA: &str = "4915100001";
pub(super) const BOB: &str = "4915100002";
pub(super) const GROUP: &str = "120363001234567890@g.us";
pub(super) const SIGNING: &str = "a secret between two";
/// Events of a webhook that are held at a time: few, so that tests come across the end of the room.
pub(super) const MOST_OPEN: usize = 50;
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) struct Bench {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    ids: Arc<SeededIds>,
    log: Log,
    register: Register,
    rules: Rules,
    pub(super) session: SessionId,
    pub(super) progress: Progress,
    pub(super) deliveries: Deliveries,
    pub(super) endpoints: Endpoints,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Bench {
    pub(super) async fn start() -> Self {
        let retry = Retry {
            max_attempts: 3,
            backoff: Backoff {
                first: Duration::from_secs(5),
                factor: 4.0,
                max: Duration::from_secs(3600),
                jitter: 0.0,
            },
        };
        Self::with(retry).await
    }

    pub(super) async fn with(retry: Retry) -> Self {
        let clock = Arc::new(ManualClock::at(UnixMs(1_750_000_000_000)));
        let ids = Arc::new(SeededIds::new(7));
        let store: Arc<dyn Store> = MemoryStore::new();
        let register = Register::open(Arc::clone(&store)).await.expect("it opens");
        let name = "main".parse().expect("a name");
        let main = register.create(name, Desired::Disconnected, &*clock, &*ids).await;
        let session = main.expect("it is new").id;
        let rules = Rules {
            timeout: Duration::from_secs(10),
            concurrency: 8,
            most: 10,
            keep: 1000,
            retry,
            breaker: BreakerRule {
                failures: 10,
                window: Duration::from_secs(60),
                open: Duration::from_secs(30),
            },
        };
        Self::over(store, clock, ids, register, session, rules).await
    }

    async fn over(
        store: Arc<dyn Store>,
        clock: Arc<ManualClock>,
        ids: Arc<SeededIds>,
        register: Register,
        session: SessionId,
        rules: Rules,
    ) -> Self {
        let log = Log::new(Arc::clone(&store), clock.clone(), ids.clone());
        let progress = Progress::new(Arc::clone(&store));
        let deliveries = Deliveries::new(Arc::clone(&store), progress.clone());
        let sealer = Sealer::new(&MasterKey::from_bytes([7; 32]));
        let endpoints = Endpoints::open(WebhookRegister::new(Arc::clone(&store), sealer), rules.clone())
            .await
            .expect("they can be read");
        let guard = Guard {
            allow: vec!["127.0.0.1/32".parse().expect("a network")],
            ..Guard::default()
        };
        let egress = Egress::new(guard, Arc::new(SystemNames), clock.clone()).expect("a way out");
        let deliverer = Deliverer::new(DelivererParts {
            session,
            tenant: TenantId::DEFAULT,
            endpoints: endpoints.clone(),
            log: log.clone(),
            progress: progress.clone(),
            deliveries: deliveries.clone(),
            register: register.clone(),
            egress,
            meters: WebhookMeters::default(),
            traces: Traces::default(),
            clock: clock.clone(),
            ids: ids.clone(),
        });
        let deliverer = deliverer.holding(MOST_OPEN);
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn({
            let stop = stop.clone();
            async move { deliverer.run(stop).await.expect("the store works") }
        });
        Self {
            store,
            clock,
            ids,
            log,
            register,
            rules,
            session,
            progress,
            deliveries,
            endpoints,
            stop,
            tasks,
        }
    }

    /// It ends in order, and begins again.
    pub(super) async fn restart(mut self) -> Self {
        self.stop.cancel();
        self.ended().await;
        self.again().await
    }

    /// It dies where it stands, and begins again.
    pub(super) async fn crash(mut self) -> Self {
        self.tasks.shutdown().await;
        self.again().await
    }

    async fn again(self) -> Self {
        let Self {
            store,
            clock,
            ids,
            register,
            session,
            rules,
            ..
        } = self;
        Self::over(store, clock, ids, register, session, rules).await
    }

    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        self.ended().await;
    }

    /// What hangs is given up when its time is over.
    async fn ended(&mut self) {
        let mut tasks = std::mem::take(&mut self.tasks);
        let (sender, ended) = tokio::sync::watch::channel(false);
        let waiting = async {
            while let Some(ended) = tasks.join_next().await {
                ended.expect("it did not panic");
            }
            sender.send_replace(true);
        };
        tokio::join!(waiting, self.pass_until(async || *ended.borrow()));
    }

    /// A webhook at a server, changed as a test wants it.
    pub(super) async fn webhook(&self, server: &Server, change: impl FnOnce(&mut Webhook)) -> WebhookId {
        let now = self.clock.now();
        let id = WebhookId::new(self.ids.ulid(now));
        let mut webhook = Webhook {
            tenant: TenantId::DEFAULT,
            name: "crm".into(),
            url: format!("http://{}/hook", server.addr).into(),
            wants: Wants {
                events: None,
                sessions: None,
                chats: None,
                own: Own::Told,
                seen: Seen::Everything,
            },
            format: Format::Native,
            secrets: WebhookSecrets {
                signing: SIGNING.into(),
                previous: None,
                headers: Vec::new(),
            },
            standing: Standing::Active,
            created_at: now,
            changed_at: now,
        };
        change(&mut webhook);
        let begin = async {
            let head = self.log.head(self.session).await.expect("the store works");
            let place = self.progress.start_at(self.session, id, head).await;
            place.expect("the store works");
            Ok::<_, ChangeError>(())
        };
        self.endpoints
            .add(id, webhook, begin)
            .await
            .expect("the store works")
            .id
    }

    pub(super) async fn change(&self, id: WebhookId, change: impl FnOnce(&mut Webhook) + Send) {
        self.endpoints.change(id, change).await.expect("the store works");
    }

    /// Somebody writes a text.
    pub(super) async fn hears(&self, chat: &str, text: &str) -> Event {
        self.writes(chat, text, Origin::Them).await
    }

    pub(super) async fn writes(&self, chat: &str, text: &str, from: Origin) -> Event {
        let chat: Jid = chat.parse().expect("an address");
        let now = self.clock.now();
        self.happens(EventKind::Message(Box::new(Message {
            key: MessageKey {
                chat: chat.clone(),
                id: format!("3EB0{}", self.ids.ulid(now)).parse().expect("a valid id"),
                from,
                participant: None,
            },
            chat_kind: chat.chat_kind(),
            chat_name: None,
            sender: Party::known_as(ADA.parse().expect("an address")),
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
            device: Some(0),
        })))
        .await
    }

    /// Somebody has read something.
    pub(super) async fn reads(&self, chat: &str) -> Event {
        self.happens(EventKind::Receipt(Receipt {
            chat: chat.parse().expect("an address"),
            messages: vec!["3EB0".parse().expect("a message id")],
            status: ReceiptStatus::Read,
            by: None,
            at: self.clock.now(),
        }))
        .await
    }

    pub(super) async fn happens(&self, kind: EventKind) -> Event {
        let appended = self.log.append(self.session, vec![kind.into()]).await;
        appended.expect("the log takes it").events.remove(0)
    }

    pub(super) fn now(&self) -> UnixMs {
        self.clock.now()
    }

    pub(super) fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    pub(super) async fn is_done(&self, webhook: WebhookId, position: Position) -> bool {
        let cursor = self.progress.load(self.session, webhook).await;
        cursor.expect("the store works").is_done(position)
    }

    /// Waits, while the clock stands still, until a webhook is done with everything up to a position.
    pub(super) async fn done(&self, webhook: WebhookId, position: Position) {
        self.until(async || self.is_done(webhook, position).await).await;
    }

    pub(super) async fn letters(&self, webhook: WebhookId) -> Vec<(Position, DeadLetter)> {
        let letters = self
            .progress
            .dead_letters(self.session, webhook, Position(0), 1000)
            .await;
        letters.expect("the store works")
    }

    /// How many rows of the session's are a webhook's.
    pub(super) async fn rows_of(&self, webhook: WebhookId) -> usize {
        let all = KeyRange {
            start: Bytes::new(),
            end: None,
        };
        let rows = self
            .store
            .scan(Space::Session(self.session), all, Order::Ascending, 1000)
            .await
            .expect("the store works");
        let name = webhook.to_string();
        rows.iter()
            .filter(|(key, _)| key.get(1..).is_some_and(|rest| rest.starts_with(name.as_bytes())))
            .count()
    }

    /// Moves the clock in small steps, giving the tasks a turn in between.
    pub(super) async fn pass_until(&self, condition: impl AsyncFn() -> bool) {
        self.until_after(condition, Duration::from_millis(500)).await;
    }

    /// Waits while the clock stands still.
    pub(super) async fn until(&self, condition: impl AsyncFn() -> bool) {
        self.until_after(condition, Duration::ZERO).await;
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "sockets take real time; the wait is for a condition"
    )]
    async fn until_after(&self, condition: impl AsyncFn() -> bool, step: Duration) {
        let waited = async {
            while !condition().await {
                self.clock.advance(step);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waited).await;
        waited.expect("it happens in time");
    }
}

/// A header of a request.
pub(super) fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let found = request
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name} in {request}"))
}

/// The body of a request.
pub(super) fn json(request: &str) -> serde_json::Value {
    let (_, body) = request.split_once("\r\n\r\n").expect("a request");
    serde_json::from_str(body).expect("JSON")
}

/// What a message says that was told.
pub(super) fn text_of(request: &str) -> String {
    let body = json(request);
    body["data"]["text"]
        .as_str()
        .unwrap_or_else(|| panic!("no text in {body}"))
        .to_owned()
}

/// The id of a request.
pub(super) fn id_of(request: &str) -> String {
    header(request, "webhook-id").to_owned()
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

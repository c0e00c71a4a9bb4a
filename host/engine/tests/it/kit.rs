//! What the tests stand on: an engine, a host in memory, and events made by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tempfile::TempDir;
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, SystemClock, UnixMs};
use waspnest_core::draft::{Draft, KvEntry, KvKey, KvScope, Pot, Timer, TimerChange};
use waspnest_core::effect::Action;
use waspnest_core::event::{Event, EventKind, Position, Tick, TickCause};
use waspnest_core::files::FileName;
use waspnest_core::id::{EffectId, EventId, MessageId, SecretName, SessionId, SessionName};
use waspnest_core::journal::Question;
use waspnest_core::live;
use waspnest_core::log::Place;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_engine::{
    BoundSecret, CallContext, CallError, Engine, EngineOptions, FetchFailure, Grants, Host, HostError, HttpAnswer,
    HttpFailure, HttpRequest, Installation, InstallationSpec, InvalidMessage, InvalidRule, KeepFailure, KvUsage,
    Recorded, Values,
};

use crate::account;

/// When the tests take place.
pub(crate) const NOW: UnixMs = UnixMs(1_790_000_000_000);

/// A directory of `target/plugins`.
pub(crate) fn plugin_dir(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/plugins")
        .join(name);
    assert!(
        dir.join("plugin.toml").is_file(),
        "{} is missing: run `cargo xtask plugins` first",
        dir.display()
    );
    dir
}

/// A copy of a plugin with its manifest changed.
pub(crate) fn changed(name: &str, change: impl FnOnce(String) -> String) -> TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    let from = plugin_dir(name);
    for entry in fs::read_dir(&from).expect("a directory") {
        let entry = entry.expect("an entry");
        fs::copy(entry.path(), dir.path().join(entry.file_name())).expect("a copy");
    }
    let manifest = dir.path().join("plugin.toml");
    fs::write(&manifest, change(fs::read_to_string(&manifest).expect("a manifest"))).expect("written");
    dir
}

/// How the session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connection {
    There,
    Lost,
}

/// A host in memory, for one session and one installation.
#[derive(Default)]
pub(crate) struct Memory {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    values: BTreeMap<KvKey, KvEntry>,
    dialogues: BTreeMap<KvKey, KvEntry>,
    timers: BTreeMap<String, Timer>,
    messages: Vec<Message>,
    broken: bool,
    /// How often each URL was asked.
    asked: BTreeMap<String, u32>,
    /// What the server that repeats everything was told.
    heard: Vec<String>,
    kept: BTreeMap<[u8; 16], Bytes>,
    files: BTreeMap<FileName, Bytes>,
    left: Vec<(EffectId, Action)>,
    sent_keys: BTreeMap<String, MessageId>,
    /// What was done to the account, in order.
    done: Vec<&'static str>,
    offline: bool,
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the host")
    }

    /// What the outbox does with a draft, as far as a later call can see it.
    pub(crate) fn commit(&self, draft: &Draft) {
        let mut state = self.state();
        for read in &draft.kv_reads {
            let now = state.values.get(&read.key).map(|entry| entry.revision);
            assert_eq!(
                now, read.revision,
                "the draft relies on a revision the store does not have"
            );
        }
        for write in &draft.kv {
            match &write.entry {
                Some(entry) => state.values.insert(write.key.clone(), entry.clone()),
                None => state.values.remove(&write.key),
            };
        }
        for write in &draft.dialogues {
            match &write.entry {
                Some(entry) => state.dialogues.insert(write.key.clone(), entry.clone()),
                None => state.dialogues.remove(&write.key),
            };
        }
        for sent in &draft.sent_keys {
            state.sent_keys.insert(sent.key.to_string(), sent.message.clone());
        }
        for change in &draft.timers {
            match change {
                TimerChange::Set(timer) => state.timers.insert(timer.id.as_str().to_owned(), timer.clone()),
                TimerChange::Cancel(id) => state.timers.remove(id.as_str()),
            };
        }
    }

    pub(crate) fn put(&self, key: KvKey, entry: KvEntry) {
        self.state().values.insert(key, entry);
    }

    pub(crate) fn remember(&self, message: Message) {
        self.state().messages.push(message);
    }

    /// The texts that left at once.
    pub(crate) fn left(&self) -> Vec<String> {
        let state = self.state();
        let texts = state
            .left
            .iter()
            .filter_map(|(_, action)| action.sent()?.content.plain_text());
        texts.map(str::to_owned).collect()
    }

    /// A remembered message with where it is.
    pub(crate) fn recorded_as(&self, id: &str) -> Recorded {
        let mut recorded = self.recorded().expect("the host works");
        let found = recorded.find(|recorded| recorded.message.key.id.as_str() == id);
        found.expect("it is remembered")
    }

    /// From now on every read fails.
    pub(crate) fn break_down(&self) {
        self.state().broken = true;
    }

    /// The messages, from position 1000 on.
    fn recorded(&self) -> Result<impl Iterator<Item = Recorded>, HostError> {
        let messages = self.working()?.messages.clone();
        Ok(messages
            .into_iter()
            .zip(1000_u64..)
            .map(|(message, position)| Recorded {
                event: EventId::new(SeededIds::new(position).ulid(NOW)),
                position: Position(position),
                message,
            }))
    }

    /// What the account was asked to do, in order.
    pub(crate) fn done(&self) -> Vec<&'static str> {
        self.state().done.clone()
    }

    /// What the server that repeats everything was told.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.state().heard.clone()
    }

    /// What is kept for repeated calls.
    pub(crate) fn all_kept(&self) -> Vec<Bytes> {
        self.state().kept.values().cloned().collect()
    }

    /// Whether the session is connected from now on.
    pub(crate) fn connect(&self, connection: Connection) {
        self.state().offline = connection == Connection::Lost;
    }

    fn working(&self) -> Result<MutexGuard<'_, State>, HostError> {
        let state = self.state();
        if state.broken {
            Err(HostError("the store is gone".into()))
        } else {
            Ok(state)
        }
    }
}

fn used_by<'a>(values: impl Iterator<Item = (&'a KvKey, &'a KvEntry)>) -> KvUsage {
    values.fold(KvUsage::default(), |used, (key, entry)| KvUsage {
        keys: used.keys + 1,
        bytes: used.bytes + (key.key.len() + entry.value.len()) as u64,
    })
}

#[async_trait]
impl Host for Memory {
    async fn kv_get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        Ok(self.working()?.values.get(key).cloned())
    }

    async fn kv_scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        let state = self.working()?;
        let within = |key: &KvKey| {
            key.scope == *scope && key.key.starts_with(prefix) && after.is_none_or(|after| &*key.key > after)
        };
        Ok(state
            .values
            .iter()
            .filter(|(key, _)| within(key))
            .take(limit)
            .map(|(key, entry)| (key.key.clone(), entry.clone()))
            .collect())
    }

    async fn kv_usage(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        let state = self.working()?;
        let counted = state.values.iter().filter(|(key, _)| key.scope.pot() == *pot);
        Ok(used_by(counted))
    }

    async fn kv_present(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        let state = self.working()?;
        let counted = state.values.iter().filter(|(key, _)| key.scope.pot() == *pot);
        Ok(used_by(
            counted.filter(|(_, entry)| entry.expires_at.is_none_or(|at| at > NOW)),
        ))
    }

    async fn dialogue(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        Ok(self.working()?.dialogues.get(key).cloned())
    }

    async fn dialogue_usage(&self) -> Result<KvUsage, HostError> {
        Ok(KvUsage {
            keys: self.working()?.dialogues.len() as u64,
            bytes: 0,
        })
    }

    async fn timers(&self) -> Result<Vec<Timer>, HostError> {
        Ok(self.working()?.timers.values().cloned().collect())
    }

    async fn message(&self, key: &MessageKey) -> Result<Option<Recorded>, HostError> {
        Ok(self.recorded()?.find(|recorded| recorded.message.key == *key))
    }

    async fn message_at(&self, position: Position) -> Result<Option<Recorded>, HostError> {
        Ok(self.recorded()?.find(|recorded| recorded.position == position))
    }

    async fn history(&self, chat: &Jid, before: Place, limit: usize) -> Result<Vec<Recorded>, HostError> {
        let place = |recorded: &Recorded| Place {
            at: recorded.message.timestamp,
            position: recorded.position,
        };
        let mut found: Vec<_> = self
            .recorded()?
            .filter(|recorded| recorded.message.key.chat == *chat && place(recorded) < before)
            .collect();
        found.sort_by_key(|recorded| std::cmp::Reverse(place(recorded)));
        found.truncate(limit);
        Ok(found)
    }

    /// Knows one rule, every minute, and no zone but UTC and Berlin.
    fn next_cron(&self, expression: &str, zone: &str, after: UnixMs) -> Result<UnixMs, InvalidRule> {
        if !["UTC", "Europe/Berlin"].contains(&zone) {
            return Err(InvalidRule(format!("unknown time zone {zone:?}")));
        }
        if expression.split(' ').count() != 5 {
            return Err(InvalidRule(format!("{expression:?} is not a cron expression")));
        }
        Ok(UnixMs(after.0 / 60_000 * 60_000 + 60_000))
    }

    async fn leave(&self, id: EffectId, action: Action) -> Result<(), HostError> {
        let mut state = self.working()?;
        if state.left.iter().all(|(known, _)| *known != id) {
            state.left.push((id, action));
        }
        Ok(())
    }

    async fn sent_under(&self, key: &str) -> Result<Option<MessageId>, HostError> {
        Ok(self.working()?.sent_keys.get(key).cloned())
    }

    /// Every file of a message is its caption.
    async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchFailure> {
        let text = content.plain_text().unwrap_or_default();
        if text == "offline" {
            return Err(FetchFailure::Offline);
        }
        if text.len() as u64 > limit {
            return Err(FetchFailure::TooLarge);
        }
        Ok(Bytes::copy_from_slice(text.as_bytes()))
    }

    async fn keep_file(&self, bytes: Bytes, limit: u64) -> Result<FileName, KeepFailure> {
        let name = FileName::of(&bytes);
        let mut state = self.working()?;
        let kept: usize = state.files.values().map(Bytes::len).sum();
        if (kept + bytes.len()) as u64 > limit {
            return Err(KeepFailure::Full);
        }
        state.files.insert(name, bytes);
        Ok(name)
    }

    async fn file(&self, name: &FileName) -> Result<Option<Bytes>, HostError> {
        Ok(self.working()?.files.get(name).cloned())
    }

    async fn touch_file(&self, name: &FileName) -> Result<Option<u64>, HostError> {
        Ok(self.working()?.files.get(name).map(|bytes| bytes.len() as u64))
    }

    /// Whatever begins with an `R` is a message.
    fn judge_raw(&self, message: &[u8]) -> Result<(), InvalidMessage> {
        match message.first() {
            Some(b'R') => Ok(()),
            Some(_) | None => Err(InvalidMessage("it is not an encoded message".to_owned())),
        }
    }

    async fn kept(&self, question: &Question) -> Result<Option<Bytes>, HostError> {
        Ok(self.working()?.kept.get(question.bytes()).cloned())
    }

    async fn keep(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        let answer = Bytes::copy_from_slice(answer);
        self.working()?.kept.insert(*question.bytes(), answer);
        Ok(())
    }

    async fn keep_for_good(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        self.keep(question, answer).await
    }

    async fn ask_account(&self, request: live::Request) -> Result<live::Answer, live::Refusal> {
        let mut state = self.state();
        if state.offline {
            return Err(live::Refusal::Offline);
        }
        state.done.push(request.operation.name());
        account::answer(&request.operation, state.done.len())
    }

    async fn people(&self, _: Option<&Jid>, _: usize) -> Result<Vec<Party>, HostError> {
        Ok(vec![account::ana()])
    }

    /// `token`, for this machine, and one that stands for itself.
    async fn secret(&self, name: &SecretName) -> Result<Option<BoundSecret>, HostError> {
        drop(self.working()?);
        Ok((name.as_str() == "token").then(|| BoundSecret {
            text: "swordfish".parse().expect("a secret"),
            hosts: Arc::new(["127.0.0.1".parse().expect("a host")]),
        }))
    }

    /// A server that answers how often it was asked, but for ports that nobody listens at.
    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        if request.url.port() == Some(1) {
            return Err(HttpFailure::Unreachable("connection refused".to_owned()));
        }
        if request.url.path() == "/echo" {
            let headers = request.headers.values();
            let mut said: Vec<_> = headers
                .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
                .collect();
            said.extend(request.url.query().map(str::to_owned));
            said.push(String::from_utf8_lossy(&request.body).into_owned());
            self.state().heard.extend(said.clone());
            return Ok(HttpAnswer {
                status: 200,
                headers: Default::default(),
                body: said.join("|").into(),
                truncated: false,
            });
        }
        let mut state = self.state();
        let count = state.asked.entry(request.url.to_string()).or_default();
        *count += 1;
        Ok(HttpAnswer {
            status: 200,
            headers: Default::default(),
            body: format!("{} number {count}", request.method).into(),
            truncated: false,
        })
    }
}

#[async_trait]
impl Values for Memory {
    async fn get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        self.kv_get(key).await
    }

    async fn scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        self.kv_scan(scope, prefix, after, limit).await
    }

    async fn usage(&self) -> Result<KvUsage, HostError> {
        self.kv_usage(&Pot::Own).await
    }
}

/// An engine, a clock that stands still, a host and ids.
pub(crate) struct Rig {
    pub(crate) engine: Engine,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) host: Arc<Memory>,
    pub(crate) session: SessionName,
    ids: SeededIds,
    count: AtomicU64,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut EngineOptions)) -> Self {
        let clock = Arc::new(ManualClock::at(NOW));
        let mut options = EngineOptions::new(clock.clone());
        options.cache_dir = Some(shared_cache());
        options.concurrency = 4;
        change(&mut options);
        Self {
            engine: Engine::new(options).expect("the engine starts"),
            clock,
            host: Arc::default(),
            session: "sales-de".parse().expect("a session name"),
            ids: SeededIds::new(7),
            count: AtomicU64::new(0),
        }
    }

    /// An engine on the machine's clock, for what only time can end.
    pub(crate) fn on_system_clock() -> Self {
        Self::with(|options| options.clock = Arc::new(SystemClock::new()))
    }

    pub(crate) async fn install(&self, name: &str) -> Installation {
        self.install_with(name, |spec| spec.grants = Grants::as_requested())
            .await
    }

    pub(crate) async fn install_with(&self, name: &str, change: impl FnOnce(&mut InstallationSpec)) -> Installation {
        let mut spec = InstallationSpec::new(name.parse().expect("an installation id"));
        change(&mut spec);
        let dir = plugin_dir(name);
        let plugin = self.engine.load_for(&dir, spec.limits).await.expect("the plugin loads");
        Installation::new(plugin, spec).expect("the plugin installs")
    }

    pub(crate) async fn call(&self, installation: &Installation, event: &Event) -> Result<Draft, CallError> {
        self.engine
            .call(installation, CallContext::new(event, &self.session), self.host.clone())
            .await
    }

    /// Says something to the guest, commits what it drafts, and answers the texts it sends.
    pub(crate) async fn say(&self, installation: &Installation, text: &str) -> Vec<String> {
        let draft = self
            .call(installation, &self.text(text))
            .await
            .unwrap_or_else(|error| panic!("{text:?} ended with {error}"));
        self.host.commit(&draft);
        sent(&draft)
    }

    pub(crate) fn event(&self, kind: EventKind) -> Event {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        Event {
            id: EventId::new(self.ids.ulid(NOW)),
            session: SessionId::new(self.ids.ulid(NOW)),
            position: Position(count),
            received_at: NOW,
            kind,
        }
    }

    /// A text in a direct chat.
    pub(crate) fn text(&self, text: &str) -> Event {
        self.event(EventKind::Message(Box::new(message("4915112345678", text))))
    }

    /// The tick of a timer.
    pub(crate) fn tick(&self, timer: &Timer, installation: &Installation) -> Event {
        self.event(EventKind::Tick(Tick {
            installation: installation.id().clone(),
            schedule: timer.id.clone(),
            cause: TickCause::Once,
            scheduled_for: timer.next,
            missed: 0,
            previous: None,
            zone: timer.zone.clone(),
            payload: timer.payload.clone(),
            origin: timer.origin.clone(),
        }))
    }
}

/// Compiled guests are shared by the tests of one build of them: compiling is most of a test's time.
fn shared_cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-guests")
}

/// A text of somebody's, in their own chat.
pub(crate) fn message(phone: &str, text: &str) -> Message {
    let jid: Jid = phone.parse().expect("a phone number");
    Message {
        key: MessageKey {
            chat: jid.clone(),
            id: format!("IN{}", text.len()).parse().expect("a message id"),
            from: Origin::Them,
            participant: None,
        },
        chat_kind: ChatKind::Direct,
        chat_name: None,
        sender: Party {
            alt: Some("123456789012345@lid".parse().expect("a LID")),
            ..Party::known_as(jid)
        },
        timestamp: NOW,
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
    }
}

/// The texts a draft sends.
pub(crate) fn sent(draft: &Draft) -> Vec<String> {
    draft
        .effects
        .iter()
        .filter_map(|action| action.sent()?.content.plain_text().map(str::to_owned))
        .collect()
}

/// Waits for something that must happen soon, and fails if it does not.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    let limit = SystemClock::new().sleep(Duration::from_secs(60));
    tokio::select! {
        done = what => done,
        () = limit => panic!("did not happen within a minute"),
    }
}

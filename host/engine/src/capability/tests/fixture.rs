//! A call in progress, with a host in memory behind it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use wasmtime::component::ResourceTable;
use waspnest_core::address::{ChatKind, Jid, Party};
use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, UnixMs};
use waspnest_core::draft::{Draft, KvEntry, KvKey, KvScope, Pot, Timer};
use waspnest_core::effect::Action;
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::files::FileName;
use waspnest_core::id::{EffectId, EventId, MessageId, SecretName, SessionId};
use waspnest_core::journal::Question;
use waspnest_core::live;
use waspnest_core::log::Place;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};

use crate::bindings::waspnest::plugin::types::MessageKey as WitKey;
use crate::call::Occasion;
use crate::capability::dialogue::Dialogues;
use crate::capability::log::Journal;
use crate::configuration::Configuration;
use crate::grant::Effective;
use crate::host::{
    FetchFailure, Host, HostError, HttpAnswer, HttpBody, HttpFailure, HttpIncoming, HttpRequest, InvalidMessage,
    InvalidRule, KeepFailure, KvUsage, Recorded,
};
use crate::installation::{LogQuota, Rates, Taken};
use crate::limits::{
    DIALOGUE_OPERATIONS, EFFECTS, FILES, HTTP_PIECES, HTTP_REQUESTS, KV_OPERATIONS, LIVE_OPERATIONS, LOOKS, Limits,
    PUBLICATIONS, SCHEDULE_OPERATIONS, SECRET_OPERATIONS,
};
use crate::manifest::{
    BusTerms, DialogueTerms, HttpTerms, JobTerms, KvTerms, MediaReadTerms, MediaWriteTerms, MessageTerms, Scope,
    SecretMode, SecretTerms, WebhookTerms,
};
use crate::secret::BoundSecret;
use crate::state::{Budget, Call, CallState, Crossing, Meter, Scene};
use crate::wasi;

pub(super) const NOW: UnixMs = UnixMs(1_790_000_000_000);
pub(super) const CHAT: &str = "4915112345678@s.whatsapp.net";

/// What the host has.
#[derive(Default)]
pub(super) struct Stored {
    pub(super) values: BTreeMap<KvKey, KvEntry>,
    pub(super) dialogues: BTreeMap<KvKey, KvEntry>,
    pub(super) timers: Vec<Timer>,
    pub(super) answers: Answers,
    pub(super) messages: Vec<Message>,
    pub(super) account: Script,
}

/// What the account answers, and what it was asked. Shared, so that it outlives a call.
#[derive(Clone, Default)]
pub(super) struct Script(Arc<Mutex<Scripted>>);

#[derive(Default)]
struct Scripted {
    coming: Vec<Result<live::Answer, live::Refusal>>,
    asked: Vec<live::Request>,
    people: Vec<Party>,
    silent: bool,
}

impl Script {
    /// Answers in this order; the session is offline after the last.
    pub(super) fn of(answers: impl IntoIterator<Item = Result<live::Answer, live::Refusal>>) -> Self {
        let mut coming: Vec<_> = answers.into_iter().collect();
        coming.reverse();
        Self(Arc::new(Mutex::new(Scripted {
            coming,
            ..Scripted::default()
        })))
    }

    pub(super) fn knowing(people: Vec<Party>) -> Self {
        Self(Arc::new(Mutex::new(Scripted {
            people,
            ..Scripted::default()
        })))
    }

    /// Never answers.
    pub(super) fn silent() -> Self {
        Self(Arc::new(Mutex::new(Scripted {
            silent: true,
            ..Scripted::default()
        })))
    }

    pub(super) fn asked(&self) -> Vec<live::Request> {
        self.script().asked.clone()
    }

    fn people(&self) -> Vec<Party> {
        self.script().people.clone()
    }

    /// None for no answer at all.
    fn ask(&self, request: live::Request) -> Option<Result<live::Answer, live::Refusal>> {
        let mut script = self.script();
        script.asked.push(request);
        let answer = script.coming.pop().unwrap_or(Err(live::Refusal::Offline));
        Some(answer).filter(|_| !script.silent)
    }

    fn script(&self) -> std::sync::MutexGuard<'_, Scripted> {
        self.0.lock().expect("no test panics while it holds the script")
    }
}

/// What servers answer, what they were asked, and what was kept of it. Shared, so that it outlives a call.
#[derive(Clone, Default)]
pub(super) struct Answers(Arc<Mutex<Web>>);

#[derive(Default)]
struct Web {
    coming: Vec<Result<HttpAnswer, HttpFailure>>,
    asked: Vec<HttpRequest>,
    kept: BTreeMap<[u8; 16], Bytes>,
    files: BTreeMap<FileName, Bytes>,
    left: Vec<(EffectId, Action)>,
}

impl Answers {
    /// Answers in this order; nobody answers after the last.
    pub(super) fn of(answers: impl IntoIterator<Item = Result<HttpAnswer, HttpFailure>>) -> Self {
        let mut coming: Vec<_> = answers.into_iter().collect();
        coming.reverse();
        Self(Arc::new(Mutex::new(Web {
            coming,
            ..Web::default()
        })))
    }

    pub(super) fn asked(&self) -> Vec<HttpRequest> {
        self.web().asked.clone()
    }

    /// What left at once.
    pub(super) fn left(&self) -> Vec<(EffectId, Action)> {
        self.web().left.clone()
    }

    fn web(&self) -> std::sync::MutexGuard<'_, Web> {
        self.0.lock().expect("no test panics while it holds the answers")
    }
}

impl Stored {
    /// The messages, from position 100 on.
    fn recorded(&self) -> impl Iterator<Item = Recorded> {
        self.messages
            .iter()
            .cloned()
            .zip(100..)
            .map(|(message, position)| Recorded {
                event: EventId::new(SeededIds::new(position).ulid(NOW)),
                position: Position(position),
                message,
            })
    }
}

#[async_trait]
impl Host for Stored {
    async fn kv_get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        Ok(self.values.get(key).cloned())
    }

    async fn kv_scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        let within = |key: &KvKey| {
            key.scope == *scope && key.key.starts_with(prefix) && after.is_none_or(|after| &*key.key > after)
        };
        Ok(self
            .values
            .iter()
            .filter(|(key, _)| within(key))
            .take(limit)
            .map(|(key, entry)| (key.key.clone(), entry.clone()))
            .collect())
    }

    async fn kv_usage(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        let counted = self.values.iter().filter(|(key, _)| key.scope.pot() == *pot);
        Ok(counted.fold(KvUsage::default(), |used, (key, entry)| KvUsage {
            keys: used.keys + 1,
            bytes: used.bytes + (key.key.len() + entry.value.len()) as u64,
        }))
    }

    async fn kv_present(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        self.kv_usage(pot).await
    }

    async fn dialogue(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        Ok(self.dialogues.get(key).cloned())
    }

    async fn dialogue_usage(&self) -> Result<KvUsage, HostError> {
        Ok(KvUsage {
            keys: self.dialogues.len() as u64,
            bytes: 0,
        })
    }

    async fn timers(&self) -> Result<Vec<Timer>, HostError> {
        Ok(self.timers.clone())
    }

    async fn message(&self, key: &MessageKey) -> Result<Option<Recorded>, HostError> {
        Ok(self.recorded().find(|recorded| recorded.message.key == *key))
    }

    async fn message_at(&self, position: Position) -> Result<Option<Recorded>, HostError> {
        Ok(self.recorded().find(|recorded| recorded.position == position))
    }

    async fn history(&self, _: &Jid, _: Place, limit: usize) -> Result<Vec<Recorded>, HostError> {
        Ok(self.recorded().take(limit).collect())
    }

    async fn leave(&self, id: EffectId, action: Action) -> Result<(), HostError> {
        let left = &mut self.answers.web().left;
        if left.iter().all(|(known, _)| *known != id) {
            left.push((id, action));
        }
        Ok(())
    }

    async fn sent_under(&self, key: &str) -> Result<Option<MessageId>, HostError> {
        Ok((key == "known").then(|| "SENT".parse().expect("an id")))
    }

    /// Every file of a message is its caption.
    async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchFailure> {
        let text = content.plain_text().unwrap_or_default();
        if text.len() as u64 > limit {
            return Err(FetchFailure::TooLarge);
        }
        Ok(Bytes::copy_from_slice(text.as_bytes()))
    }

    async fn keep_file(&self, bytes: Bytes, limit: u64) -> Result<FileName, KeepFailure> {
        let name = FileName::of(&bytes);
        let mut web = self.answers.web();
        let kept: usize = web.files.values().map(Bytes::len).sum();
        if (kept + bytes.len()) as u64 > limit {
            return Err(KeepFailure::Full);
        }
        web.files.insert(name, bytes);
        Ok(name)
    }

    async fn file(&self, name: &FileName) -> Result<Option<Bytes>, HostError> {
        Ok(self.answers.web().files.get(name).cloned())
    }

    async fn touch_file(&self, name: &FileName) -> Result<Option<u64>, HostError> {
        Ok(self.answers.web().files.get(name).map(|bytes| bytes.len() as u64))
    }

    /// Whatever begins with an `R` is a message.
    fn judge_raw(&self, message: &[u8]) -> Result<(), InvalidMessage> {
        match message.first() {
            Some(b'R') => Ok(()),
            Some(_) | None => Err(InvalidMessage("it is not an encoded message".to_owned())),
        }
    }

    /// Every minute, whatever the expression.
    fn next_cron(&self, _: &str, zone: &str, after: UnixMs) -> Result<UnixMs, InvalidRule> {
        if zone == "UTC" {
            Ok(UnixMs(after.0 + 60_000))
        } else {
            Err(InvalidRule(format!("unknown time zone {zone:?}")))
        }
    }

    async fn kept(&self, question: &Question) -> Result<Option<Bytes>, HostError> {
        Ok(self.answers.web().kept.get(question.bytes()).cloned())
    }

    async fn keep(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        let mut web = self.answers.web();
        web.kept.insert(*question.bytes(), Bytes::copy_from_slice(answer));
        Ok(())
    }

    async fn keep_for_good(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        self.keep(question, answer).await
    }

    async fn ask_account(&self, request: live::Request) -> Result<live::Answer, live::Refusal> {
        match self.account.ask(request) {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }

    async fn people(&self, after: Option<&Jid>, limit: usize) -> Result<Vec<Party>, HostError> {
        let people = self.account.people().into_iter();
        Ok(people
            .filter(|who| after.is_none_or(|after| who.jid > *after))
            .take(limit)
            .collect())
    }

    /// `token`, for one host.
    async fn secret(&self, name: &SecretName) -> Result<Option<BoundSecret>, HostError> {
        Ok((name.as_str() == "token").then(|| BoundSecret {
            text: "sword/fish".parse().expect("a secret"),
            hosts: Arc::new(["api.example.com".parse().expect("a host")]),
        }))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        let mut web = self.answers.web();
        web.asked.push(request);
        web.coming
            .pop()
            .unwrap_or_else(|| Err(HttpFailure::Unreachable("nobody is there".to_owned())))
    }

    /// Answers in the pieces that stand between the bars of a body.
    async fn open(&self, request: HttpRequest) -> Result<HttpIncoming, HttpFailure> {
        let HttpAnswer {
            status, headers, body, ..
        } = self.exchange(request).await?;
        let pieces = body.split(|byte| *byte == b'|').map(Bytes::copy_from_slice);
        Ok(HttpIncoming {
            status,
            headers,
            body: Box::new(Pieces(pieces.collect())),
        })
    }
}

/// A body that is there already; it breaks off where a piece says so.
struct Pieces(VecDeque<Bytes>);

#[async_trait]
impl HttpBody for Pieces {
    async fn next(&mut self, _: Duration, _: Duration) -> Result<Option<Bytes>, HttpFailure> {
        match self.0.pop_front() {
            Some(piece) if &*piece == b"(breaks off)" => Err(HttpFailure::Unreachable("reset".to_owned())),
            piece => Ok(piece),
        }
    }
}

/// Everything, everywhere.
pub(super) fn everything() -> Effective {
    let anywhere = || {
        Some(MessageTerms {
            scope: Scope::ANY,
            rates: Vec::new(),
        })
    };
    Effective {
        send: anywhere(),
        react: anywhere(),
        read: anywhere(),
        typing: anywhere(),
        edit: anywhere(),
        revoke: anywhere(),
        moderate: anywhere(),
        vote: anywhere(),
        pin: anywhere(),
        star: anywhere(),
        raw: anywhere(),
        history: anywhere(),
        kv: Some(KvTerms {
            max_bytes: 1000,
            max_keys: 40,
            shared: ["pool".parse().expect("a name")].into(),
        }),
        schedule: Some(JobTerms {
            max_jobs: 2,
            ..JobTerms::DEFAULT
        }),
        http: Some(HttpTerms::default()),
        dialogue: Some(DialogueTerms { max_open: 3 }),
        media_read: Some(MediaReadTerms::anywhere(1000)),
        media_write: Some(MediaWriteTerms {
            max_bytes: 1000,
            max_stored: 1500,
            rates: Vec::new(),
        }),
        groups_read: anywhere(),
        groups_write: anywhere(),
        contacts_read: anywhere(),
        contacts_write: anywhere(),
        chats_write: anywhere(),
        secrets: Some(SecretTerms {
            names: None,
            mode: SecretMode::Reveal,
        }),
        webhooks: Some(WebhookTerms::default()),
        bus: Some(BusTerms::default()),
    }
}

/// A call that handles a text, with everything granted.
pub(super) fn call_over(stored: Stored) -> CallState {
    let ids = SeededIds::new(5);
    let sender: Jid = CHAT.parse().expect("a JID");
    let message = Message {
        key: MessageKey {
            chat: sender.clone(),
            id: "ASKED".parse().expect("an id"),
            from: Origin::Them,
            participant: None,
        },
        chat_kind: ChatKind::Direct,
        chat_name: None,
        sender: Party::known_as(sender),
        timestamp: NOW,
        content: Content::Text(Text {
            body: "hello".into(),
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
    let event = Event {
        id: EventId::new(ids.ulid(NOW)),
        session: SessionId::new(ids.ulid(NOW)),
        position: Position(1),
        received_at: NOW,
        kind: EventKind::Message(Box::new(message)),
    };
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
    let effective = everything();
    let journal = Arc::new(Journal::new(
        "tested".parse().expect("an id"),
        Arc::new(LogQuota::new(u64::MAX)),
        event.id,
        clock.clone(),
    ));
    CallState {
        wasi: wasi::context(clock.clone(), 0, &journal),
        table: ResourceTable::new(),
        meter: Meter::new(1 << 20),
        journal,
        ticks: 0,
        max_ticks: 1,
        call: Call {
            installation: "tested".parse().expect("an id"),
            event: event.id,
            position: event.position,
            session: "sales-de".parse().expect("a name"),
            me: Some("4915100000000".parse().expect("a JID")),
            scene: Scene::of(&event),
            host: Arc::new(stored),
            clock,
            now: NOW,
            deadline: UnixMs(NOW.0 + 1000),
            fuel: None,
            config: Configuration::of_layers([]),
            taken: Taken::none(Arc::new(Rates::of(&effective, &Limits::CEILING))),
            effective: Arc::new(effective),
            only: None,
            draft: Draft::default(),
            kv: Default::default(),
            jobs: Default::default(),
            dialogues: Dialogues::of(event.position, Occasion::Event),
            asked: Default::default(),
            http_requests: Budget::of("HTTP requests", HTTP_REQUESTS),
            http_pieces: Budget::of("pieces of answers", HTTP_PIECES),
            live_operations: Budget::of("operations on the account", LIVE_OPERATIONS),
            secret_operations: Budget::of("operations with secrets", SECRET_OPERATIONS),
            publications: Budget::of("publications", PUBLICATIONS),
            hops: 0,
            kv_operations: Budget::of("key-value operations", KV_OPERATIONS),
            schedule_operations: Budget::of("schedule operations", SCHEDULE_OPERATIONS),
            dialogue_operations: Budget::of("dialogue operations", DIALOGUE_OPERATIONS),
            effects: Budget::of("effects", EFFECTS),
            looks: Budget::of("looks at earlier messages", LOOKS),
            opened: Default::default(),
            file_operations: Budget::of("files", FILES),
            crossing: Crossing::of(u64::MAX),
        },
    }
}

pub(super) fn call() -> CallState {
    call_over(Stored::default())
}

/// Somebody's message in a chat.
pub(super) fn key(chat: &str, id: &str, participant: Option<&str>) -> WitKey {
    WitKey {
        session: "sales-de".to_owned(),
        chat: chat.to_owned(),
        id: id.to_owned(),
        from_me: false,
        participant: participant.map(str::to_owned),
    }
}

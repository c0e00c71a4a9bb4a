//! A host in memory, for one session and one installation.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::{Ids, SeededIds, UnixMs};
use waspnest_core::draft::{Draft, KvEntry, KvKey, KvScope, Pot, Timer, TimerChange};
use waspnest_core::effect::{Action, Change};
use waspnest_core::event::Position;
use waspnest_core::files::FileName;
use waspnest_core::id::{EffectId, EventId, MessageId, SecretName};
use waspnest_core::journal::Question;
use waspnest_core::live;
use waspnest_core::log::Place;
use waspnest_core::message::{Content, Message, MessageKey};
use waspnest_engine::{
    BoundSecret, FetchFailure, Host, HostError, HttpAnswer, HttpBody, HttpFailure, HttpIncoming, HttpRequest,
    InvalidMessage, InvalidRule, KeepFailure, KvUsage, Recorded, Values,
};

use super::NOW;
use crate::account;

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

    /// The texts that edits which left at once put in place of others.
    pub(crate) fn edits_left(&self) -> Vec<String> {
        let state = self.state();
        let texts = state.left.iter().filter_map(|(_, action)| match action {
            Action::Change(Change::Edit { content, .. }) => content.plain_text(),
            _ => None,
        });
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

    /// The same server, which says its answers in pieces of three letters, and breaks off behind two of them at `/broken`.
    async fn open(&self, request: HttpRequest) -> Result<HttpIncoming, HttpFailure> {
        let broken = request.url.path() == "/broken";
        let HttpAnswer {
            status, headers, body, ..
        } = self.exchange(request).await?;
        let pieces = body.chunks(3).map(Bytes::copy_from_slice).map(Ok);
        let pieces: VecDeque<_> = match broken {
            false => pieces.collect(),
            true => {
                let broken = Err(HttpFailure::Unreachable("connection reset".to_owned()));
                pieces.take(2).chain([broken]).collect()
            }
        };
        Ok(HttpIncoming {
            status,
            headers,
            body: Box::new(Pieces(pieces)),
        })
    }
}

/// A body that is there already.
struct Pieces(VecDeque<Result<Bytes, HttpFailure>>);

#[async_trait]
impl HttpBody for Pieces {
    async fn next(&mut self, _: Duration, _: Duration) -> Result<Option<Bytes>, HttpFailure> {
        self.0.pop_front().transpose()
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

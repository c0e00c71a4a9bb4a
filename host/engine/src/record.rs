//! What a call asks of the host and is told, taken down while it runs.
//!
//! The recorder stands between the call and the host and changes nothing; what it takes down stays in memory until the call has ended
//! and somebody else makes a record of it (`detail`). A [`Replay`] answers another call from such a record. Nothing here writes.

mod detail;
mod function;
mod hide;
mod pieces;
mod replay;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Pot, Timer};
use waspnest_core::effect::Action;
use waspnest_core::event::Position;
use waspnest_core::files::FileName;
use waspnest_core::id::{EffectId, MessageId, SecretName};
use waspnest_core::journal::Question;
use waspnest_core::live;
use waspnest_core::log::Place;
use waspnest_core::message::{Content, MessageKey};
use waspnest_core::secret::SecretText;

pub use detail::{Bodies, Detail, Story, Was, drafted};
pub use function::Function;
use function::{HttpAsked, HttpBegun, HttpTold, PieceOf, Seen, plain};
pub use hide::Hide;
pub use replay::{Missing, Replay, Rules};

use crate::host::{
    FetchFailure, Host, HostError, HttpAnswer, HttpFailure, HttpIncoming, HttpRequest, InvalidMessage, InvalidRule,
    KeepFailure, KvUsage, Recorded,
};
use crate::secret::{BoundSecret, Passing};

/// Bytes that are taken down of one call. What comes after is counted and left out.
const MOST_BYTES: usize = 1 << 20;

/// One thing that was asked, and what was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What.
    pub function: Function,
    pub(crate) question: Vec<u8>,
    pub(crate) answer: Vec<u8>,
}

/// What a call asked, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Steps {
    /// As far as they were taken down.
    pub taken: Vec<Step>,
    /// How many more there were.
    pub left_out: u32,
    /// Secrets that were given out, which no record shows.
    pub(crate) secrets: Vec<(SecretName, SecretText)>,
}

/// What stands for a secret in records and in replays.
fn placeholder(name: &SecretName) -> String {
    format!("recorded-secret-{name}")
}

/// A host that takes down what is asked of it.
pub struct Recorder {
    host: Arc<dyn Host>,
    /// Shared with the answers that are still coming.
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    steps: Steps,
    bytes: usize,
    /// Answers that were opened.
    streams: u32,
}

impl Notes {
    fn note<Q: Serialize, A: Serialize>(&mut self, function: Function, question: &Q, answer: &A) {
        let step = Step {
            function,
            question: plain(question),
            answer: plain(answer),
        };
        let bytes = step.question.len() + step.answer.len();
        if self.bytes + bytes > MOST_BYTES {
            self.steps.left_out += 1;
        } else {
            self.bytes += bytes;
            self.steps.taken.push(step);
        }
    }
}

fn locked(notes: &Mutex<Notes>) -> std::sync::MutexGuard<'_, Notes> {
    // Nothing can panic while they are locked, so a poisoned lock is still good.
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    /// Takes down what is asked of `host`.
    #[must_use]
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self {
            host,
            notes: Arc::default(),
        }
    }

    /// What was asked.
    #[must_use]
    pub fn take(&self) -> Steps {
        std::mem::take(&mut *self.notes()).steps
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        locked(&self.notes)
    }

    fn note<Q: Serialize, A: Serialize>(&self, function: Function, question: &Q, answer: &A) {
        self.notes().note(function, question, answer);
    }

    fn usage<Q: Serialize>(
        &self,
        function: Function,
        question: &Q,
        usage: Result<KvUsage, HostError>,
    ) -> Result<KvUsage, HostError> {
        if let Ok(KvUsage { keys, bytes }) = &usage {
            self.note(function, question, &(keys, bytes));
        }
        usage
    }
}

fn seen(recorded: &Recorded) -> Seen {
    Seen {
        event: recorded.event,
        position: recorded.position,
        message: recorded.message.clone(),
    }
}

/// Goes on with an answer, or fails as the host did: the failure itself ends the call and is told with it.
macro_rules! told {
    ($answer:expr) => {
        match $answer {
            Ok(answer) => answer,
            Err(error) => return Err(error),
        }
    };
}

#[async_trait]
impl Host for Recorder {
    async fn kv_get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        let entry = told!(self.host.kv_get(key).await);
        self.note(Function::KvGet, key, &entry);
        Ok(entry)
    }

    async fn kv_scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        let found = told!(self.host.kv_scan(scope, prefix, after, limit).await);
        self.note(Function::KvScan, &(scope, prefix, after, limit as u64), &found);
        Ok(found)
    }

    async fn kv_usage(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        self.usage(Function::KvUsage, pot, self.host.kv_usage(pot).await)
    }

    async fn kv_present(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        self.usage(Function::KvPresent, pot, self.host.kv_present(pot).await)
    }

    async fn dialogue(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        let entry = told!(self.host.dialogue(key).await);
        self.note(Function::Dialogue, key, &entry);
        Ok(entry)
    }

    async fn dialogue_usage(&self) -> Result<KvUsage, HostError> {
        self.usage(Function::DialogueUsage, &(), self.host.dialogue_usage().await)
    }

    async fn timers(&self) -> Result<Vec<Timer>, HostError> {
        let timers = told!(self.host.timers().await);
        self.note(Function::Timers, &(), &timers);
        Ok(timers)
    }

    async fn message(&self, key: &MessageKey) -> Result<Option<Recorded>, HostError> {
        let found = told!(self.host.message(key).await);
        self.note(Function::Message, key, &found.as_ref().map(seen));
        Ok(found)
    }

    async fn message_at(&self, position: Position) -> Result<Option<Recorded>, HostError> {
        let found = told!(self.host.message_at(position).await);
        self.note(Function::MessageAt, &position, &found.as_ref().map(seen));
        Ok(found)
    }

    async fn history(&self, chat: &Jid, before: Place, limit: usize) -> Result<Vec<Recorded>, HostError> {
        let found = told!(self.host.history(chat, before, limit).await);
        let asked = (chat, before.at, before.position, limit as u64);
        self.note(Function::History, &asked, &found.iter().map(seen).collect::<Vec<_>>());
        Ok(found)
    }

    /// Follows from the question alone, so nothing is taken down.
    fn next_cron(&self, expression: &str, zone: &str, after: UnixMs) -> Result<UnixMs, InvalidRule> {
        self.host.next_cron(expression, zone, after)
    }

    async fn leave(&self, id: EffectId, action: Action) -> Result<(), HostError> {
        told!(self.host.leave(id, action.clone()).await);
        self.note(Function::Leave, &(id, action), &());
        Ok(())
    }

    async fn sent_under(&self, key: &str) -> Result<Option<MessageId>, HostError> {
        let sent = told!(self.host.sent_under(key).await);
        self.note(Function::SentUnder, &key, &sent);
        Ok(sent)
    }

    async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchFailure> {
        let fetched = self.host.fetch(content, limit).await;
        let answer = fetched.as_ref().map(|bytes| bytes.to_vec());
        self.note(Function::Fetch, &(content, limit), &answer);
        fetched
    }

    /// The name follows from the bytes; taken down is only whether there was room.
    async fn keep_file(&self, bytes: Bytes, limit: u64) -> Result<FileName, KeepFailure> {
        let name = *FileName::of(&bytes).bytes();
        let kept = self.host.keep_file(bytes, limit).await;
        match &kept {
            Ok(_) => self.note(Function::KeepFile, &(name, limit), &true),
            Err(KeepFailure::Full) => self.note(Function::KeepFile, &(name, limit), &false),
            Err(KeepFailure::Host(_)) => {}
        }
        kept
    }

    async fn file(&self, name: &FileName) -> Result<Option<Bytes>, HostError> {
        let file = told!(self.host.file(name).await);
        self.note(Function::File, name.bytes(), &file.as_ref().map(|bytes| bytes.to_vec()));
        Ok(file)
    }

    async fn touch_file(&self, name: &FileName) -> Result<Option<u64>, HostError> {
        let size = told!(self.host.touch_file(name).await);
        self.note(Function::TouchFile, name.bytes(), &size);
        Ok(size)
    }

    /// Follows from the question alone, so nothing is taken down.
    fn judge_raw(&self, message: &[u8]) -> Result<(), InvalidMessage> {
        self.host.judge_raw(message)
    }

    /// Only an answer of an earlier attempt is worth a note: it stands for what is not asked again.
    async fn kept(&self, question: &Question) -> Result<Option<Bytes>, HostError> {
        let kept = told!(self.host.kept(question).await);
        if let Some(kept) = &kept {
            self.note(Function::Kept, question.bytes(), &Some(kept.to_vec()));
        }
        Ok(kept)
    }

    /// What is kept was an answer, which is taken down already.
    async fn keep(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        self.host.keep(question, answer).await
    }

    async fn keep_for_good(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        self.host.keep_for_good(question, answer).await
    }

    async fn ask_account(&self, request: live::Request) -> Result<live::Answer, live::Refusal> {
        let operation = request.operation.clone();
        let answer = self.host.ask_account(request).await;
        self.note(Function::AskAccount, &operation, &answer);
        answer
    }

    async fn people(&self, after: Option<&Jid>, limit: usize) -> Result<Vec<Party>, HostError> {
        let people = told!(self.host.people(after, limit).await);
        self.note(Function::People, &(after, limit as u64), &people);
        Ok(people)
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        let mut asked = HttpAsked::of(&request);
        let answer = self.host.exchange(request).await;
        let mut told = answer.as_ref().map(HttpTold::of);
        for (name, text) in self.notes().steps.secrets.clone() {
            let stands_for = placeholder(&name);
            asked.replace(text.expose(), &stands_for);
            if let Ok(told) = &mut told {
                told.replace(text.expose(), &stands_for);
            }
        }
        self.note(Function::Exchange, &asked, &told);
        answer
    }

    async fn open(&self, request: HttpRequest) -> Result<HttpIncoming, HttpFailure> {
        let mut asked = HttpAsked::of(&request);
        let opened = self.host.open(request).await;
        let mut notes = self.notes();
        let stream = notes.streams;
        notes.streams += 1;
        let mut told = opened.as_ref().map(|opened| HttpBegun::of(opened, stream));
        let secrets = notes.steps.secrets.clone();
        for (name, text) in &secrets {
            let stands_for = placeholder(name);
            asked.replace(text.expose(), &stands_for);
            if let Ok(told) = &mut told {
                told.replace(text.expose(), &stands_for);
            }
        }
        notes.note(Function::Open, &asked, &told);
        drop(notes);
        let HttpIncoming { status, headers, body } = opened?;
        let hidden = secrets.iter().map(|(name, text)| (text.expose(), placeholder(name)));
        Ok(HttpIncoming {
            status,
            headers,
            body: Box::new(pieces::Recorded {
                body,
                notes: Arc::clone(&self.notes),
                next: PieceOf { stream, piece: 0 },
                passing: Passing::without(hidden),
            }),
        })
    }

    /// Of a secret only the hosts are taken down that it may go to.
    async fn secret(&self, name: &SecretName) -> Result<Option<BoundSecret>, HostError> {
        let bound = told!(self.host.secret(name).await);
        let hosts: Option<Vec<String>> = bound
            .as_ref()
            .map(|bound| bound.hosts.iter().map(ToString::to_string).collect());
        self.note(Function::Secret, name, &hosts);
        if let Some(bound) = &bound {
            self.notes().steps.secrets.push((name.clone(), bound.text.clone()));
        }
        Ok(bound)
    }
}

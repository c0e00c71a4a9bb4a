//! A host that answers from a record, for a call whose draft nobody will commit.
//!
//! It has no power: nothing it is told to do is done, and what the record does not hold is answered as not recorded and noted. The same
//! question is answered in the order of the record, and after the last answer with that one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
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

use super::function::{HttpAsked, HttpBegun, HttpTold, PieceOf, Seen, headers, plain, read};
use super::pieces::Replayed;
use super::{Function, Step, Steps, placeholder};
use crate::host::{
    FetchFailure, Host, HostError, HttpAnswer, HttpFailure, HttpIncoming, HttpRequest, InvalidMessage, InvalidRule,
    KeepFailure, KvUsage, Recorded,
};
use crate::secret::{BoundSecret, SecretHost};

/// What is told of a question that the record does not answer.
pub(super) const NOT_RECORDED: &str = "this was not recorded";

/// What follows from a question alone, and is asked of the host that runs.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// See [`Host::next_cron`].
    pub next_cron: fn(&str, &str, UnixMs) -> Result<UnixMs, InvalidRule>,
    /// See [`Host::judge_raw`].
    pub judge_raw: fn(&[u8]) -> Result<(), InvalidMessage>,
}

/// A question that the record does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing(pub Function);

/// See the module documentation.
pub struct Replay {
    rules: Rules,
    /// Secrets that the call which is replayed was given, where they are still known.
    secrets: Vec<(SecretName, SecretText)>,
    /// Shared with the answers that are taken in pieces.
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
pub(super) struct State {
    steps: Vec<(Step, u32)>,
    missing: Vec<Missing>,
    files: HashMap<FileName, Bytes>,
    kept: HashMap<[u8; 16], Bytes>,
}

pub(super) fn locked(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    // Nothing can panic while it is locked, so a poisoned lock is still good.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(super) fn find<Q: Serialize, A: Serialize + DeserializeOwned>(
        &mut self,
        function: Function,
        question: &Q,
    ) -> Option<A> {
        let question = plain(question);
        let same = |(step, _): &&mut (Step, u32)| step.function == function && step.question == question;
        // The one that was given least often, and of those the first.
        let found = self
            .steps
            .iter_mut()
            .filter(|step| same(step))
            .min_by_key(|(_, times)| *times);
        let answer = found.and_then(|(step, times)| {
            *times += 1;
            read(&step.answer)
        });
        if answer.is_none() {
            self.missing.push(Missing(function));
        }
        answer
    }
}

impl Replay {
    /// Answers from what was taken down.
    #[must_use]
    pub fn of(steps: Vec<Step>, rules: Rules) -> Self {
        let state = State {
            steps: steps.into_iter().map(|step| (step, 0)).collect(),
            ..State::default()
        };
        Self {
            rules,
            secrets: Vec::new(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Answers from what was taken down just now: secrets are what they were, so that what is signed with them is the same.
    #[must_use]
    pub fn beside(steps: &Steps, rules: Rules) -> Self {
        Self {
            secrets: steps.secrets.clone(),
            ..Self::of(steps.taken.clone(), rules)
        }
    }

    /// What was asked and is not in the record.
    #[must_use]
    pub fn missing(&self) -> Vec<Missing> {
        self.state().missing.clone()
    }

    /// What is in the record and was not asked this time.
    #[must_use]
    pub fn unasked(&self) -> Vec<Function> {
        let state = self.state();
        let unasked = state.steps.iter().filter(|(_, times)| *times == 0);
        unasked.map(|(step, _)| step.function).collect()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        locked(&self.state)
    }

    fn find<Q: Serialize, A: Serialize + DeserializeOwned>(&self, function: Function, question: &Q) -> Option<A> {
        self.state().find(function, question)
    }

    fn recorded<Q: Serialize, A: Serialize + DeserializeOwned>(
        &self,
        function: Function,
        question: &Q,
    ) -> Result<A, HostError> {
        let missing = || HostError(format!("{}: {NOT_RECORDED}", function.name()).into());
        self.find(function, question).ok_or_else(missing)
    }

    fn usage<Q: Serialize>(&self, function: Function, question: &Q) -> Result<KvUsage, HostError> {
        let (keys, bytes) = self.recorded(function, question)?;
        Ok(KvUsage { keys, bytes })
    }
}

#[async_trait]
impl Host for Replay {
    async fn kv_get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        self.recorded(Function::KvGet, key)
    }

    async fn kv_scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        self.recorded(Function::KvScan, &(scope, prefix, after, limit as u64))
    }

    async fn kv_usage(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        self.usage(Function::KvUsage, pot)
    }

    async fn kv_present(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        self.usage(Function::KvPresent, pot)
    }

    async fn dialogue(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        self.recorded(Function::Dialogue, key)
    }

    async fn dialogue_usage(&self) -> Result<KvUsage, HostError> {
        self.usage(Function::DialogueUsage, &())
    }

    async fn timers(&self) -> Result<Vec<Timer>, HostError> {
        self.recorded(Function::Timers, &())
    }

    async fn message(&self, key: &MessageKey) -> Result<Option<Recorded>, HostError> {
        let found: Option<Seen> = self.recorded(Function::Message, key)?;
        Ok(found.map(Into::into))
    }

    async fn message_at(&self, position: Position) -> Result<Option<Recorded>, HostError> {
        let found: Option<Seen> = self.recorded(Function::MessageAt, &position)?;
        Ok(found.map(Into::into))
    }

    async fn history(&self, chat: &Jid, before: Place, limit: usize) -> Result<Vec<Recorded>, HostError> {
        let asked = (chat, before.at, before.position, limit as u64);
        let found: Vec<Seen> = self.recorded(Function::History, &asked)?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    fn next_cron(&self, expression: &str, zone: &str, after: UnixMs) -> Result<UnixMs, InvalidRule> {
        (self.rules.next_cron)(expression, zone, after)
    }

    /// Nothing leaves. Whether the same left then, is told by what is missing.
    async fn leave(&self, id: EffectId, action: Action) -> Result<(), HostError> {
        let _known: Option<()> = self.find(Function::Leave, &(id, action));
        Ok(())
    }

    async fn sent_under(&self, key: &str) -> Result<Option<MessageId>, HostError> {
        self.recorded(Function::SentUnder, &key)
    }

    async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchFailure> {
        let told: Option<Result<Vec<u8>, FetchFailure>> = self.find(Function::Fetch, &(content, limit));
        match told {
            Some(told) => told.map(Into::into),
            None => Err(FetchFailure::Failed(NOT_RECORDED.to_owned())),
        }
    }

    async fn keep_file(&self, bytes: Bytes, limit: u64) -> Result<FileName, KeepFailure> {
        let name = FileName::of(&bytes);
        let room: Option<bool> = self.find(Function::KeepFile, &(*name.bytes(), limit));
        if room == Some(false) {
            return Err(KeepFailure::Full);
        }
        self.state().files.insert(name, bytes);
        Ok(name)
    }

    async fn file(&self, name: &FileName) -> Result<Option<Bytes>, HostError> {
        if let Some(made) = self.state().files.get(name) {
            return Ok(Some(made.clone()));
        }
        let file: Option<Vec<u8>> = self.recorded(Function::File, name.bytes())?;
        Ok(file.map(Into::into))
    }

    async fn touch_file(&self, name: &FileName) -> Result<Option<u64>, HostError> {
        if let Some(made) = self.state().files.get(name) {
            return Ok(Some(made.len() as u64));
        }
        self.recorded(Function::TouchFile, name.bytes())
    }

    fn judge_raw(&self, message: &[u8]) -> Result<(), InvalidMessage> {
        (self.rules.judge_raw)(message)
    }

    /// That there was no answer yet is not in records, so it is nothing that is missing.
    async fn kept(&self, question: &Question) -> Result<Option<Bytes>, HostError> {
        let asked = plain(question.bytes());
        let mut state = self.state();
        if let Some(kept) = state.kept.get(question.bytes()) {
            return Ok(Some(kept.clone()));
        }
        let same = |(step, _): &&mut (Step, u32)| step.function == Function::Kept && step.question == asked;
        let found = state.steps.iter_mut().find(same).and_then(|(step, times)| {
            *times += 1;
            read::<Option<Vec<u8>>>(&step.answer)
        });
        Ok(found.flatten().map(Into::into))
    }

    async fn keep(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        self.state()
            .kept
            .insert(*question.bytes(), Bytes::copy_from_slice(answer));
        Ok(())
    }

    async fn keep_for_good(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        self.keep(question, answer).await
    }

    async fn ask_account(&self, request: live::Request) -> Result<live::Answer, live::Refusal> {
        let told: Option<Result<live::Answer, live::Refusal>> = self.find(Function::AskAccount, &request.operation);
        told.unwrap_or_else(|| {
            Err(live::Refusal::Refused {
                code: 0,
                words: NOT_RECORDED.into(),
            })
        })
    }

    async fn people(&self, after: Option<&Jid>, limit: usize) -> Result<Vec<Party>, HostError> {
        self.recorded(Function::People, &(after, limit as u64))
    }

    /// Where the secret is not known any more, something that stands for it: it is in no record.
    async fn secret(&self, name: &SecretName) -> Result<Option<BoundSecret>, HostError> {
        let hosts: Option<Vec<String>> = self.recorded(Function::Secret, name)?;
        let bound = hosts.and_then(|hosts| {
            let hosts: Vec<SecretHost> = hosts.iter().filter_map(|host| host.parse().ok()).collect();
            let known = self.secrets.iter().find(|(known, _)| known == name);
            Some(BoundSecret {
                text: match known {
                    Some((_, text)) => text.clone(),
                    None => placeholder(name).parse().ok()?,
                },
                hosts: hosts.into(),
            })
        });
        Ok(bound)
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        let mut asked = HttpAsked::of(&request);
        for (name, text) in &self.secrets {
            asked.replace(text.expose(), &placeholder(name));
        }
        let told: Option<Result<HttpTold, HttpFailure>> = self.find(Function::Exchange, &asked);
        match told {
            Some(told) => told.map(Into::into),
            None => Err(HttpFailure::Unreachable(NOT_RECORDED.to_owned())),
        }
    }

    async fn open(&self, request: HttpRequest) -> Result<HttpIncoming, HttpFailure> {
        let mut asked = HttpAsked::of(&request);
        for (name, text) in &self.secrets {
            asked.replace(text.expose(), &placeholder(name));
        }
        let told: Option<Result<HttpBegun, HttpFailure>> = self.find(Function::Open, &asked);
        let begun = told.unwrap_or_else(|| Err(HttpFailure::Unreachable(NOT_RECORDED.to_owned())))?;
        Ok(HttpIncoming {
            status: begun.status,
            headers: headers(begun.headers),
            body: Box::new(Replayed {
                state: Arc::clone(&self.state),
                next: PieceOf {
                    stream: begun.stream,
                    piece: 0,
                },
            }),
        })
    }
}

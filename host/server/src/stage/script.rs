//! Who plays WhatsApp and the servers: takes everything, has the files that people send, and answers as the scenario says.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use waspnest_core::address::{ChatKind, Party};
use waspnest_core::effect::{Action, Effect, Progress, Send};
use waspnest_core::id::SessionId;
use waspnest_core::message::{Content, MessageKey, Origin};
use waspnest_core::outbox::Outbox;
use waspnest_egress::{EgressError, Outbound, Part, Played, Servers};
use waspnest_engine::FetchFailure;

use crate::config::scenario::{self, Answer, Deed, Ends, Scenario, What};
use crate::router::Shelf;
use crate::scenario::Remembered;
use crate::sink::{self, Carried, Carrier, CarryError};

/// What the account has sent and nobody has asked about yet.
pub(super) type Sent = Arc<Mutex<Vec<Remembered>>>;

/// Takes every effect at once, and remembers messages.
#[derive(Debug)]
pub(super) struct Taker {
    pub(super) me: Party,
    pub(super) sent: Sent,
    pub(super) session: SessionId,
    pub(super) outbox: Outbox,
    pub(super) connection: watch::Sender<Option<u64>>,
    /// What it took.
    pub(super) taken: Arc<Mutex<Vec<Effect>>>,
}

#[async_trait]
impl Carrier for Taker {
    async fn carry_out(&self, effect: &Effect) -> Result<Carried, CarryError> {
        let (session, outbox, id) = (self.session, self.outbox.clone(), effect.id);
        if let Some(send) = sending(&effect.action) {
            let several = send.to.chat_kind() != ChatKind::Direct;
            let message = Remembered {
                key: MessageKey {
                    chat: send.to.clone(),
                    id: id.message_id(),
                    from: Origin::Me,
                    participant: several.then(|| self.me.jid.clone()),
                },
                sender: self.me.clone(),
                content: send.content.clone(),
            };
            self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        }
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.push(effect.clone());
        drop(taken);
        Ok(Carried::AwaitAck(Box::pin(async move {
            match outbox.progress(session, id, Progress::Sent).await {
                Ok(_) => sink::Answer::Taken,
                // The store is in memory and does not fail; if it did, the effect would leave again.
                Err(_) => sink::Answer::NotTaken,
            }
        })))
    }

    fn connection(&self) -> watch::Receiver<Option<u64>> {
        self.connection.subscribe()
    }
}

/// The message of an effect that is one with a content.
fn sending(action: &Action) -> Option<&Send> {
    if let Action::SendMarked(marked) = action {
        return Some(&marked.send);
    }
    if let Action::Send(send) = action {
        return Some(send);
    }
    None
}

/// The files that people send, by the digests that their messages name.
#[derive(Debug)]
pub(super) struct PlayedFiles(HashMap<Vec<u8>, Bytes>);

impl PlayedFiles {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let files = scenario.steps.iter().filter_map(|step| {
            let Deed::Message(deed) = &step.deed else { return None };
            let What::Sends(scenario::Sent::File(file)) = &deed.what else {
                return None;
            };
            Some(&file.bytes)
        });
        Self(
            files
                .map(|bytes| (Sha256::digest(bytes).to_vec(), Bytes::copy_from_slice(bytes)))
                .collect(),
        )
    }
}

#[async_trait]
impl Shelf for PlayedFiles {
    async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchFailure> {
        let digest = content.file().and_then(|media| media.sha256.as_ref());
        let bytes = digest.and_then(|digest| self.0.get(digest)).ok_or(FetchFailure::Gone)?;
        match bytes.len() as u64 <= limit {
            true => Ok(bytes.clone()),
            false => Err(FetchFailure::TooLarge),
        }
    }
}

/// Answers as the scenario says.
pub(super) struct PlayedServers(Mutex<Vec<Answer>>);

impl PlayedServers {
    pub(super) fn new(answers: Vec<Answer>) -> Self {
        Self(Mutex::new(answers))
    }
}

impl fmt::Debug for PlayedServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlayedServers")
    }
}

#[async_trait]
impl Servers for PlayedServers {
    async fn answer(&self, request: Outbound) -> Result<Played, EgressError> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |answer: &&mut Answer| {
            answer.times != Some(0)
                && answer.method.as_ref().is_none_or(|method| *method == request.method)
                && answer.url.matches(request.url.as_str())
        };
        let Some(answer) = answers.iter_mut().find(fits) else {
            let problem = format!("the scenario has no [[answer]] for {} {}", request.method, request.url);
            return Err(EgressError::Unreachable(problem.into()));
        };
        if let Some(times) = &mut answer.times {
            *times -= 1;
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &answer.headers {
            let header = HeaderName::try_from(&**name)
                .ok()
                .zip(HeaderValue::try_from(&**value).ok());
            let (name, value) =
                header.ok_or_else(|| EgressError::Unreachable(format!("{name}: is not a header").into()))?;
            headers.append(name, value);
        }
        let said = answer.pieces.iter().map(|piece| Part {
            after: answer.pause,
            bytes: Some(Bytes::copy_from_slice(piece.as_bytes())),
        });
        let end = match answer.ends {
            Ends::Whole => None,
            Ends::BreaksOff => Some(Part {
                after: answer.pause,
                bytes: None,
            }),
        };
        Ok(Played {
            status: answer.status,
            headers,
            parts: said.chain(end).collect(),
        })
    }
}

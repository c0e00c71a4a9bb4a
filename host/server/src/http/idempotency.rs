//! `Idempotency-Key`: the same request under the same key does nothing more within a day, and is answered as it was.
//!
//! Kept are answers of what was done, durably and sealed; what was refused may be tried again. While a request is under way another one under
//! its key is told so. A crash between doing and keeping leaves no answer: whatever must not be done twice even then has a name of its own that
//! derives from the key, as messages have.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Method, StatusCode};
use sha2::{Digest, Sha256};
use waspnest_core::answered::{AnswerKey, Answered, Answers, KEY_LIFE};
use waspnest_core::clock::Clock;

use super::error::ApiError;
use super::reply::Reply;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_KEY: usize = 255;
/// What an answer was given for the first time and is given again.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a caller asks, as far as two requests can differ.
pub(super) struct Asked<'a> {
    /// Who.
    pub(super) caller: &'a str,
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a [(String, String)],
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Bytes,
}

/// The keys of all callers.
#[derive(Debug)]
pub(super) struct Idempotency {
    answers: Answers,
    under_way: Mutex<HashSet<AnswerKey>>,
}

/// How a request begins.
pub(super) enum Begun<'a> {
    /// It has no key.
    Free,
    /// It was answered before.
    Again(Box<Reply>),
    /// It is the first under its key.
    First(Claim<'a>),
}

/// A key that is under way; free again when this is dropped.
pub(super) struct Claim<'a> {
    all: &'a Idempotency,
    key: AnswerKey,
    asked: [u8; 32],
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.all.under_way().remove(&self.key);
    }
}

impl Idempotency {
    pub(super) fn new(answers: Answers) -> Self {
        Self {
            answers,
            under_way: Mutex::default(),
        }
    }

    /// Begins a request.
    pub(super) async fn begin(&self, request: Asked<'_>) -> Result<Begun<'_>, ApiError> {
        let Some(given) = key_of(request.headers)? else {
            return Ok(Begun::Free);
        };
        let key = AnswerKey::of(request.caller, &given);
        let asked = digest(&request);
        if !self.under_way().insert(key) {
            return Err(ApiError::under_way());
        }
        let claim = Claim { all: self, key, asked };
        let before = self.answers.get(&key).await;
        match before.map_err(crate::service::error::Error::from)? {
            None => Ok(Begun::First(claim)),
            Some(before) if before.asked == asked => Ok(Begun::Again(Box::new(again(before)))),
            Some(_) => Err(crate::service::error::Error::KeyReused.into()),
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashSet<AnswerKey>> {
        // Only inserted into and removed from; neither leaves it half-way.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// Keeps what the request was answered.
    pub(super) async fn keep(self, reply: &Reply, clock: &dyn Clock) -> Result<(), ApiError> {
        let Some(body) = reply.whole().filter(|_| reply.status.is_success()) else {
            return Ok(());
        };
        let told = |name: HeaderName| {
            let value = reply.headers.get(&name)?.to_str().ok()?;
            Some((name.as_str().into(), value.into()))
        };
        let answered = Answered {
            asked: self.asked,
            status: reply.status.as_u16(),
            headers: [CONTENT_TYPE, LOCATION].into_iter().filter_map(told).collect(),
            body: body.to_vec(),
            until: clock.now().plus(KEY_LIFE),
        };
        let kept = self.all.answers.keep(&self.key, &answered).await;
        if !kept.map_err(crate::service::error::Error::from)? {
            tracing::warn!(
                bytes = body.len(),
                "an answer is too large to be given again under its idempotency key"
            );
        }
        Ok(())
    }
}

/// The key under which a request is made, if it has one.
pub(super) fn key_of(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = key.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| ApiError::invalid_header("Idempotency-Key: expected 1 to 255 printable ASCII characters"))
}

fn digest(request: &Asked<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(request.method.as_str().as_bytes());
    part(request.path.as_bytes());
    // How long to wait for it makes no other request.
    for (name, value) in request.query.iter().filter(|(name, _)| name != "wait") {
        part(name.as_bytes());
        part(value.as_bytes());
    }
    part(request.body);
    hash.finalize().into()
}

fn again(answered: Answered) -> Reply {
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::OK);
    let mut reply = Reply::new(status, answered.body.into());
    for (name, value) in answered.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(&*name), HeaderValue::try_from(&*value)) {
            reply.headers.insert(name, value);
        }
    }
    reply.headers.insert(REPLAYED, HeaderValue::from_static("true"));
    reply
}

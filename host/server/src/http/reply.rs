//! What a handler answers.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use waspnest_core::media_store::MediaError;

use super::lasting::Lasting;
use super::operation::{Answer, Description};

/// What it usually answers with.
pub(super) const JSON: &str = "application/json";

/// A status, headers and a body.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Where it is kept what was made of it, if it is the same each time.
    pub(super) lasting: Option<&'static Lasting>,
    body: Body,
}

/// What is answered.
enum Body {
    /// As a whole.
    Whole(Bytes),
    /// As it is read.
    Parts(OneByOne),
}

/// Parts of an answer, one after another.
pub(super) type Parts = BoxStream<'static, Result<Bytes, MediaError>>;

/// Parts as warp takes them: shared between threads, though only one of them ever asks.
struct OneByOne(Mutex<Parts>);

impl Stream for OneByOne {
    type Item = Result<Bytes, MediaError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Nobody has ever locked it.
        let parts = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        parts.poll_next_unpin(context)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(body) => write!(f, "{} bytes", body.len()),
            Self::Parts(_) => f.write_str("parts"),
        }
    }
}

impl Reply {
    pub(super) fn new(status: StatusCode, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        // Answers are states of a moment, and some are secret.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self {
            status,
            headers,
            lasting: None,
            body: Body::Whole(body),
        }
    }

    /// A body that is made while it is sent.
    pub(super) fn in_parts(status: StatusCode, parts: Parts) -> Self {
        Self {
            body: Body::Parts(OneByOne(Mutex::new(parts))),
            ..Self::new(status, Bytes::new())
        }
    }

    /// Something that is not JSON.
    pub(super) fn media(kind: &'static str, body: impl Into<Bytes>) -> Self {
        let mut reply = Self::new(StatusCode::OK, body.into());
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        reply
    }

    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        // Nothing that is answered has keys that are not texts, or numbers that are none.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let mut reply = Self::new(status, Bytes::from(body));
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
        reply
    }

    /// What is answered, if that is in memory.
    pub(super) const fn whole(&self) -> Option<&Bytes> {
        match &self.body {
            Body::Whole(body) => Some(body),
            Body::Parts(_) => None,
        }
    }

    /// Puts something else in the place of what is answered.
    pub(super) fn replace(&mut self, body: Bytes) {
        self.body = Body::Whole(body);
    }

    pub(super) fn into_response(self) -> warp::reply::Response {
        let mut response = match self.body {
            Body::Whole(body) => Response::new(body.into()),
            Body::Parts(parts) => warp::Reply::into_response(warp::reply::stream(parts)),
        };
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

fn tell<T: JsonSchema>(told: &mut Description, status: StatusCode, says: &str) {
    let schema: Value = told.schemas.subschema_for::<T>().into();
    told.answer(status.as_u16(), says, JSON, &schema);
}

/// A resource.
pub(super) struct Shown<T>(pub(super) T);

impl<T: Serialize + JsonSchema> Answer for Shown<T> {
    fn reply(self) -> Reply {
        Reply::json(StatusCode::OK, &self.0)
    }

    fn tell(told: &mut Description) {
        tell::<T>(told, StatusCode::OK, "What was asked for.");
    }
}

/// A resource that was made, and where it is.
pub(super) struct Created<T> {
    pub(super) shown: T,
    /// Its path.
    pub(super) at: Option<String>,
}

impl<T> Created<T> {
    /// A resource at a path.
    pub(super) fn at(path: impl Display, shown: T) -> Self {
        let at = Some(path.to_string());
        Self { shown, at }
    }
}

impl<T: Serialize + JsonSchema> Answer for Created<T> {
    fn reply(self) -> Reply {
        let mut reply = Reply::json(StatusCode::CREATED, &self.shown);
        if let Some(place) = self.at.and_then(|at| HeaderValue::from_str(&at).ok()) {
            reply.headers.insert(LOCATION, place);
        }
        reply
    }

    fn tell(told: &mut Description) {
        tell::<T>(told, StatusCode::CREATED, "It was made.");
    }
}

/// Something that will be done.
pub(super) struct Accepted<T>(pub(super) T);

impl<T: Serialize + JsonSchema> Answer for Accepted<T> {
    fn reply(self) -> Reply {
        Reply::json(StatusCode::ACCEPTED, &self.0)
    }

    fn tell(told: &mut Description) {
        tell::<T>(told, StatusCode::ACCEPTED, "It will be done.");
    }
}

/// One answer or another.
pub(super) enum Either<A, B> {
    First(A),
    Second(B),
}

impl<A: Answer, B: Answer> Answer for Either<A, B> {
    fn reply(self) -> Reply {
        match self {
            Self::First(answer) => answer.reply(),
            Self::Second(answer) => answer.reply(),
        }
    }

    fn tell(told: &mut Description) {
        A::tell(told);
        B::tell(told);
    }
}

/// Nothing to say.
pub(super) struct NoContent;

impl Answer for NoContent {
    fn reply(self) -> Reply {
        Reply::new(StatusCode::NO_CONTENT, Bytes::new())
    }

    fn tell(told: &mut Description) {
        let status = StatusCode::NO_CONTENT.as_u16();
        told.answers
            .push((status, serde_json::json!({ "description": "It is done." })));
    }
}

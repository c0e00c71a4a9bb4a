//! What a handler answers.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use serde_json::Value;

/// A status, headers and a body.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Bytes,
}

impl Reply {
    pub(super) fn new(status: StatusCode, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        // Answers are states of a moment, and some are secret.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self { status, headers, body }
    }

    /// A resource.
    pub(super) fn ok(body: &Value) -> Self {
        Self::json(StatusCode::OK, body)
    }

    /// A resource that was made.
    pub(super) fn created(body: &Value) -> Self {
        Self::json(StatusCode::CREATED, body)
    }

    /// Something that will be done.
    pub(super) fn accepted(body: &Value) -> Self {
        Self::json(StatusCode::ACCEPTED, body)
    }

    /// Nothing to say.
    pub(super) fn no_content() -> Self {
        Self::new(StatusCode::NO_CONTENT, Bytes::new())
    }

    /// Something that is not JSON.
    pub(super) fn media(kind: &'static str, body: impl Into<Bytes>) -> Self {
        let mut reply = Self::new(StatusCode::OK, body.into());
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        reply
    }

    pub(super) fn json(status: StatusCode, body: &Value) -> Self {
        let mut reply = Self::new(status, Bytes::from(body.to_string()));
        reply
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        reply
    }

    pub(super) fn into_response(self) -> warp::reply::Response {
        let mut response = Response::new(self.body.into());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

//! A call and its answer, reduced to what handlers need.

use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A call that found its handler.
#[derive(Debug)]
pub(crate) struct Request {
    /// The `{phone}` of the path; empty for paths without one.
    pub(crate) phone: String,
    query: String,
    body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(phone: String, query: String, body: Vec<u8>) -> Self {
        Self { phone, query, body }
    }

    /// The JSON body; no body counts as `{}`.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        let body = if self.body.is_empty() {
            b"{}"
        } else {
            self.body.as_slice()
        };
        serde_json::from_slice(body).map_err(|error| Problem::bad_body(&error))
    }

    /// The query string.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_urlencoded::from_str(&self.query).map_err(|error| Problem::bad_query(&error))
    }
}

/// A JSON answer.
#[derive(Debug)]
pub(crate) struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn ok(value: &impl Serialize) -> Self {
        Self::with(StatusCode::OK, value)
    }

    pub(crate) fn created(value: &impl Serialize) -> Self {
        Self::with(StatusCode::CREATED, value)
    }

    pub(crate) fn accepted(value: &impl Serialize) -> Self {
        Self::with(StatusCode::ACCEPTED, value)
    }

    fn with(status: StatusCode, value: &impl Serialize) -> Self {
        // Answers are structs of strings and numbers, which always serialise.
        Self {
            status,
            body: serde_json::to_vec(value).unwrap_or_default(),
        }
    }

    pub(crate) fn into_response(self) -> Response<Vec<u8>> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

//! What a handler gets: one request, read as far as every request is.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::HttpParts;
use super::body::{self, Fields};
use super::error::ApiError;
use super::query::Query;

/// One request.
pub(super) struct Ctx {
    pub(super) parts: Arc<HttpParts>,
    pub(super) method: Method,
    /// As the caller wrote it.
    pub(super) path: String,
    pub(super) query: Query,
    /// The media type the caller wants, of those the route offers.
    pub(super) wanted: &'static str,
    pub(super) params: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) stop: CancellationToken,
}

impl Ctx {
    /// A parameter of the path, as the caller wrote it. The table names it, so it is there.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as a JSON object whose fields are asked for by name.
    pub(super) fn fields(&self) -> Result<Fields, ApiError> {
        self.is_json()?;
        Fields::parse(&self.body)
    }

    /// The body as a JSON object whose keys are somebody else's.
    pub(super) fn object(&self) -> Result<Map<String, Value>, ApiError> {
        self.is_json()?;
        body::object(&self.body)
    }

    fn is_json(&self) -> Result<(), ApiError> {
        let kind = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(ApiError::unsupported_media_type());
        }
        Ok(())
    }

    /// What `waiting` comes to, unless the host stops first: callers that wait must not hold it up.
    pub(super) async fn unless_stopped<T>(
        &self,
        waiting: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        tokio::select! {
            biased;
            done = waiting => done,
            () = self.stop.cancelled() => Err(ApiError::not_ready("stopping")),
        }
    }
}

//! What a handler gets: one request, read as far as every request is.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap};
use tokio_util::sync::CancellationToken;
use waspnest_core::session::SessionRecord;

use super::HttpParts;
use super::body::Fields;
use super::document::Document;
use super::error::ApiError;

/// One request.
pub(super) struct Ctx {
    pub(super) parts: Arc<HttpParts>,
    pub(super) method: Method,
    /// As the caller wrote it.
    pub(super) path: String,
    /// The media type the caller wants, of those the route offers.
    pub(super) wanted: &'static str,
    pub(super) params: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) document: Document,
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

    /// The session of the path, as far as the caller may see it.
    pub(super) async fn session(&self) -> Result<SessionRecord, ApiError> {
        Ok(self.parts.sessions.record(self.param("s")).await?)
    }

    /// Whether the body says that it is JSON.
    pub(super) fn is_json(&self) -> Result<(), ApiError> {
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

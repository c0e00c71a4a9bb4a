//! Packages of plugins as bodies.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde_json::json;

use super::body::FromFields;
use super::context::Ctx;
use super::error::ApiError;
use super::operation::{Description, Input, MaybeJson};
use super::query::Params;

/// Media types of an uploaded package: a tar archive, compressed by gzip or not.
const ARCHIVES: [&str; 4] = [
    "application/x-tar",
    "application/gzip",
    "application/x-gzip",
    "application/octet-stream",
];

/// A package as the body, or something in JSON.
pub(super) enum ArchiveOr<T> {
    Archive(Bytes),
    Said(T),
}

impl<T: FromFields + Send> Input for ArchiveOr<T> {
    fn read(ctx: &Ctx, params: &mut Params) -> Result<Self, ApiError> {
        let kind = ctx.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        match kind.is_some_and(|kind| ARCHIVES.contains(&kind.trim())) {
            true => Ok(Self::Archive(ctx.body.clone())),
            false => MaybeJson::read(ctx, params).map(|MaybeJson(said)| Self::Said(said)),
        }
    }

    fn tell(told: &mut Description) {
        MaybeJson::<T>::tell(told);
        if let Some(body) = &mut told.body {
            for archive in ARCHIVES {
                body["content"][archive] = json!({ "schema": { "type": "string", "contentMediaType": archive } });
            }
        }
    }
}

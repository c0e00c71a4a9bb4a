//! What handlers answer with. Status and type are part of a handler's signature, so the document says what is sent.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};
use warp::reply::Response;

/// An answer of one kind.
pub(crate) trait Answer: Send + 'static {
    /// Its status.
    const STATUS: StatusCode;

    /// Its `content` in an OpenAPI document.
    fn content(schemas: &mut SchemaGenerator) -> Value;

    /// As it goes out.
    fn into_response(self) -> Response;
}

/// `200` with JSON.
pub(crate) struct Shown<T>(pub(crate) T);
/// `201` with JSON.
pub(crate) struct Created<T>(pub(crate) T);
/// `202` with JSON.
pub(crate) struct Accepted<T>(pub(crate) T);

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Shown<T> {
    const STATUS: StatusCode = StatusCode::OK;

    fn content(schemas: &mut SchemaGenerator) -> Value {
        json_content::<T>(schemas)
    }

    fn into_response(self) -> Response {
        json_response(Self::STATUS, &self.0)
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Created<T> {
    const STATUS: StatusCode = StatusCode::CREATED;

    fn content(schemas: &mut SchemaGenerator) -> Value {
        json_content::<T>(schemas)
    }

    fn into_response(self) -> Response {
        json_response(Self::STATUS, &self.0)
    }
}

impl<T: Serialize + JsonSchema + Send + 'static> Answer for Accepted<T> {
    const STATUS: StatusCode = StatusCode::ACCEPTED;

    fn content(schemas: &mut SchemaGenerator) -> Value {
        json_content::<T>(schemas)
    }

    fn into_response(self) -> Response {
        json_response(Self::STATUS, &self.0)
    }
}

fn json_content<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    json!({ "application/json": { "schema": schemas.subschema_for::<T>() } })
}

fn json_response(status: StatusCode, value: &impl Serialize) -> Response {
    // Answers are structs of strings and numbers, which always serialise.
    let mut response = Response::new(serde_json::to_vec(value).unwrap_or_default().into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

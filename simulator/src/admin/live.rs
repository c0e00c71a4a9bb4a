//! Answers that go on: one thing after another as it happens, as server-sent events or as lines of text, until the client hangs up
//! or the interface closes.

use std::convert::Infallible;
use std::fmt::Display;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use futures::{Stream, StreamExt};
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use warp::Reply;
use warp::reply::Response;

use super::answer::Answer;
use super::problem::Problem;
use super::request::Request;
use super::state::State;
use super::subject::{Param, Subject};

/// In which form the client wants them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `text/event-stream`: each as the JSON `data` of one event.
    Events,
    /// `text/plain`: each as a line for people.
    Lines,
}

impl Form {
    fn media_type(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Lines => "text/plain; charset=utf-8",
        }
    }
}

impl Subject for Form {
    fn params() -> Vec<Param> {
        Vec::new()
    }

    fn find(_state: &Arc<State>, request: &Request) -> Result<Self, Problem> {
        let accept = request.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        let plain = accept.is_some_and(|accept| accept.starts_with("text/plain"));
        Ok(if plain { Self::Lines } else { Self::Events })
    }
}

/// `200`, and then one `T` after another.
pub(crate) struct Live<T> {
    form: Form,
    chunks: Pin<Box<dyn Stream<Item = String> + Send + Sync>>,
    of: PhantomData<fn() -> T>,
}

impl<T: Serialize + Display> Live<T> {
    /// Goes on with `items` until `end`.
    pub(crate) fn new(
        form: Form,
        items: impl Stream<Item = T> + Send + Sync + 'static,
        end: CancellationToken,
    ) -> Self {
        let chunk = move |item: T| match form {
            // Records are structs of strings and numbers, which always serialise, to a single line.
            Form::Events => format!("data: {}\n\n", serde_json::to_string(&item).unwrap_or_default()),
            Form::Lines => format!("{item}\n"),
        };
        // A first word at once, so that the client knows that it is heard before anything happens.
        let hello = match form {
            Form::Events => ": following\n\n",
            Form::Lines => "",
        };
        let chunks = items.map(chunk).take_until(end.cancelled_owned());
        Self {
            form,
            chunks: Box::pin(futures::stream::iter([hello.to_owned()]).chain(chunks)),
            of: PhantomData,
        }
    }
}

impl<T: JsonSchema + Send + 'static> Answer for Live<T> {
    const STATUS: StatusCode = StatusCode::OK;

    fn content(schemas: &mut SchemaGenerator) -> Value {
        // The document names the type so that clients find it; a stream has no schema of its own in OpenAPI 3.1.
        let item = schemas.subschema_for::<T>();
        json!({
            "text/event-stream": {
                "schema": { "type": "string", "description": "Events whose `data` is one record as JSON.", "x-data": item },
            },
            "text/plain": { "schema": { "type": "string", "description": "One record a line, for people." } },
        })
    }

    fn into_response(self) -> Response {
        let form = HeaderValue::from_static(self.form.media_type());
        let mut response = warp::reply::stream(self.chunks.map(Ok::<_, Infallible>)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, form);
        response
    }
}

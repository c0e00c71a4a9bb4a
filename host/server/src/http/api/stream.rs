//! What happens, while it happens, as server-sent events (HTML standard, "Server-sent events").

use std::fmt::Write as _;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde_json::json;
use waspnest_core::address::Jid;
use waspnest_core::id::SessionId;

use super::events::{allowed, types};
use crate::http::HttpParts;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Text, list, parsed};
use crate::http::meters::{OpenStream, StreamKind};
use crate::http::operation::{Answer, Description, Query};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::Reply;
use crate::http::routes::TICKET;
use crate::live::{Cursor, Ended, Feed, FeedParts, Missed, Opening, Pass, Told};
use crate::public_event::{Filter, TypeSet};
use crate::service::caller::Caller;

const SSE: &str = "text/event-stream";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies that understand it pass on what comes as it comes.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

/// Sessions that one filter may name.
const MOST_SESSIONS: usize = 100;
/// Milliseconds after which a client that lost its stream asks again.
const RETRY: u32 = 2000;

/// What is wanted of all that happens.
pub(in crate::http) struct Wanted {
    pub(super) types: Option<TypeSet>,
    sessions: Option<Vec<String>>,
    chat: Option<Jid>,
    cursor: Option<String>,
}

/// The sessions that a caller names, of its own.
pub(super) async fn sessions(
    parts: &HttpParts,
    caller: &Caller,
    given: Option<&[String]>,
) -> Result<Option<Vec<SessionId>>, ApiError> {
    let Some(given) = given else { return Ok(None) };
    let mut found = Vec::with_capacity(given.len());
    for given in given {
        found.push(parts.sessions.find(caller, given).await?.0.id);
    }
    Ok(Some(found))
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let types = types(params);
        let says = "Only those of these sessions, each by its id, its name or its phone number.";
        let sessions = params.optional("session", list(Text, MOST_SESSIONS), says);
        let chat = params.optional("chat", parsed(), "Only those of this chat, by any of its addresses.");
        let says = "Where to go on: the id of the last event that came. The header `Last-Event-ID` goes before it.";
        let cursor = params.optional("cursor", Text, says);
        // It was taken before anything else was read.
        params.optional(
            TICKET,
            Text,
            "A ticket, in place of the header `Authorization`; good once.",
        );
        Some(Self {
            types,
            sessions,
            chat,
            cursor,
        })
    }
}

impl Wanted {
    /// As a filter, of what the caller may see.
    pub(super) async fn filter(&self, ctx: &Ctx) -> Result<Filter, ApiError> {
        let sessions = sessions(&ctx.parts, &ctx.caller, self.sessions.as_deref()).await?;
        allowed(&ctx.caller, self.types)?;
        Ok(Filter {
            types: self.types,
            sessions,
            chat: self.chat.clone(),
        })
    }

    /// Where to go on.
    pub(super) fn cursor(&self, ctx: &Ctx) -> Result<Option<Cursor>, ApiError> {
        let (name, given) = match ctx.headers.get(LAST_EVENT_ID) {
            Some(given) => ("Last-Event-ID", Some(given.to_str().unwrap_or_default())),
            None => ("cursor", self.cursor.as_deref()),
        };
        // A browser that has heard nothing yet says so with an empty one.
        let given = given.filter(|given| !given.is_empty());
        let read = given.map(str::parse).transpose();
        read.map_err(|error| ApiError::invalid_query(format!("{name}: {error}")))
    }
}

/// A feed for whoever makes this request.
pub(super) async fn feed(ctx: &Ctx, wanted: &Wanted) -> Result<Feed, ApiError> {
    let filter = wanted.filter(ctx).await?;
    let cursor = wanted.cursor(ctx)?;
    let parts = &ctx.parts;
    Ok(Feed::new(FeedParts {
        live: parts.live.clone(),
        caller: ctx.caller.clone(),
        pass: Pass {
            credentials: parts.callers.credentials.clone(),
            bearer: ctx.bearer.clone().ok_or_else(ApiError::unauthenticated)?,
            address: ctx.address,
        },
        filter,
        cursor,
        clock: parts.clock.clone(),
        stop: ctx.stop.clone(),
    }))
}

/// What is told, as it is told.
pub(in crate::http) struct EventStream(Box<Feed>, OpenStream);

impl Answer for EventStream {
    fn reply(self) -> Reply {
        let told = stream::unfold((self.0, self.1), |(mut feed, mut open)| async move {
            let told = feed.next().await?;
            if let Told::Ended(why) = told {
                open.ends(why);
            }
            Some((Ok(written(told)), (feed, open)))
        });
        let told: BoxStream<'static, _> = told.boxed();
        let mut reply = Reply::in_parts(StatusCode::OK, told);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(SSE));
        let (name, value) = UNBUFFERED;
        reply.headers.insert(name, value);
        reply
    }

    fn tell(told: &mut Description) {
        // So that the document has the schema of what stands in the lines.
        let event = told.schemas.subschema_for::<crate::public_event::PublicEvent>();
        let schema = json!({
            "type": "string",
            "description": "Events as blocks of lines. `data` holds one event as JSON, and `id` the place behind it. A block named `opened` comes first, with the place from which on events are told, and, where the caller stood before what is kept, with `missed`: a list of how many `events` of which `session` are not told any more; one named `closed` comes last, with `code` and `detail` of why there are no more. Lines that begin with a colon say that nothing happened.",
            "contentMediaType": "application/json",
            "contentSchema": event,
        });
        told.answer(200, "What happens, until the caller or the host ends it.", SSE, &schema);
    }
}

/// What is told, as the lines of an event stream.
fn written(told: Told) -> Bytes {
    let mut lines = String::new();
    // Writing into a String cannot fail.
    let _ = match told {
        Told::Opened(opening) => write!(
            lines,
            "retry: {RETRY}\nid: {}\nevent: opened\ndata: {}\n\n",
            opening.place,
            opened(&opening)
        ),
        Told::Beat(None) => write!(lines, ":\n\n"),
        // Without data it moves the place and is no event.
        Told::Beat(Some(place)) => write!(lines, ":\nid: {place}\n\n"),
        Told::Ended(why) => write!(lines, "event: closed\ndata: {}\n\n", ended(why)),
        Told::Event(event, place) => {
            let mut wire = match place {
                Some(place) => format!("id: {place}\ndata: "),
                None => "data: ".to_owned(),
            }
            .into_bytes();
            wire.extend_from_slice(&event);
            wire.extend_from_slice(b"\n\n");
            return wire.into();
        }
    };
    lines.into()
}

/// Where a stream begins, and what of it is not kept any more.
pub(super) fn opened(opening: &Opening) -> serde_json::Value {
    let Opening { place, missed } = opening;
    let mut shown = json!({ "cursor": place.to_string() });
    if !missed.is_empty() {
        let missed = missed.iter().map(|missed| {
            let Missed { session, events } = missed;
            json!({ "session": session.to_string(), "events": events })
        });
        shown["missed"] = missed.collect();
    }
    shown
}

/// Why there are no more events.
pub(super) fn ended(why: Ended) -> serde_json::Value {
    json!({ "code": why.code(), "detail": why.detail() })
}

pub(in crate::http) async fn open(ctx: Ctx, Query(wanted): Query<Wanted>) -> Result<EventStream, ApiError> {
    let feed = feed(&ctx, &wanted).await?;
    Ok(EventStream(Box::new(feed), ctx.parts.meters.stream(StreamKind::Sse)))
}

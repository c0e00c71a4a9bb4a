//! What happens, while it happens, over a WebSocket.
//!
//! One task a connection, which ends with it, with the host, and with the right to listen.

use std::sync::Arc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_websockets::{CloseCode, Message};
use waspnest_core::address::Jid;
use waspnest_core::clock::Clock;

use super::events::{allowed, type_of};
use super::stream::{Wanted, feed, opened, sessions};
use crate::http::HttpParts;
use crate::http::body::{Fields, FromFields, object};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Text, list, parsed};
use crate::http::meters::{OpenStream, StreamKind};
use crate::http::operation::Query;
use crate::http::upgrade::{Coming, Socket, Switched, switch};
use crate::live::{Ended, Feed, Told};
use crate::public_event::{Filter, TypeSet};

/// How long a frame may take to leave.
const SLOW: Duration = Duration::from_secs(20);
/// How long the other side may take to hear the end.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long a caller may be silent who is asked again and again whether it is there.
const SILENT: Duration = Duration::from_secs(60);
/// Types and sessions that one message may name.
const MOST: usize = 100;

pub(in crate::http) async fn open(ctx: Ctx, Query(wanted): Query<Wanted>) -> Result<Switched, ApiError> {
    let (switched, coming) = switch(&ctx.headers, ctx.take_upgrade())?;
    let feed = feed(&ctx, &wanted).await?;
    let line = Line {
        parts: Arc::clone(&ctx.parts),
        feed,
        open: ctx.parts.meters.stream(StreamKind::Ws),
    };
    ctx.parts.tasks.spawn_finite("websocket", line.serve(coming));
    Ok(switched)
}

/// What a caller wants from now on.
struct Wish {
    types: Option<TypeSet>,
    sessions: Option<Vec<String>>,
    chat: Option<Jid>,
}

impl FromFields for Wish {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let types = fields.optional("type", list(type_of(), MOST), "Only these types and families.");
        let sessions = fields.optional("session", list(Text, MOST), "Only those of these sessions.");
        let chat = fields.optional("chat", parsed(), "Only those of this chat.");
        Some(Self {
            types: types.map(|types| types.into_iter().fold(TypeSet::default(), TypeSet::or)),
            sessions,
            chat,
        })
    }
}

/// Somebody's connection, and what they are told over it.
struct Line {
    parts: Arc<HttpParts>,
    feed: Feed,
    open: OpenStream,
}

/// What comes next.
enum Next {
    Told(Option<Told>),
    Said(Option<Result<Message, tokio_websockets::Error>>),
}

impl Line {
    async fn serve(mut self, coming: Coming) {
        let Some(mut socket) = coming.socket().await else {
            return;
        };
        let clock = Arc::clone(&self.parts.clock);
        let mut heard = clock.monotonic();
        loop {
            let next = tokio::select! {
                biased;
                said = socket.next() => Next::Said(said),
                told = self.feed.next() => Next::Told(told),
            };
            let frame = match next {
                Next::Said(Some(Ok(message))) => {
                    heard = clock.monotonic();
                    match message.as_text() {
                        Some(text) => Message::text(self.said(text).await.to_string()),
                        // Answers to pings, and a closing that was answered already.
                        None => continue,
                    }
                }
                // It is gone, or speaks something else.
                Next::Said(Some(Err(_)) | None) | Next::Told(None) => return,
                Next::Told(Some(Told::Ended(why))) => {
                    self.open.ends(why);
                    let farewell = Message::close(Some(code(why)), why.code());
                    if send(&mut socket, &*clock, farewell).await.is_some() {
                        part(&mut socket, &*clock).await;
                    }
                    return;
                }
                Next::Told(Some(Told::Beat(place))) => {
                    if clock.monotonic().saturating_sub(heard) > SILENT {
                        return;
                    }
                    if let Some(place) = place
                        && send(&mut socket, &*clock, told(&json!({ "cursor": place.to_string() })))
                            .await
                            .is_none()
                    {
                        return;
                    }
                    Message::ping("")
                }
                Next::Told(Some(Told::Opened(opening))) => told(&json!({ "opened": opened(&opening) })),
                Next::Told(Some(Told::Event(event, place))) => {
                    // The event is a text already.
                    let event = String::from_utf8_lossy(&event);
                    let place = json!(place.map(|place| place.to_string()));
                    Message::text(format!("{{\"event\":{event},\"cursor\":{place}}}"))
                }
            };
            if send(&mut socket, &*clock, frame).await.is_none() {
                return;
            }
        }
    }

    /// Does what a caller says, and what it is answered.
    async fn said(&mut self, text: &str) -> Value {
        match self.want(text).await {
            Ok(()) => json!({ "wanted": {} }),
            Err(error) => json!({ "error": error.told() }),
        }
    }

    async fn want(&mut self, text: &str) -> Result<(), ApiError> {
        let mut fields = Fields::of(object(text.as_bytes())?, String::new());
        let found = Wish::from_fields(&mut fields);
        let wanted = fields.finish(found)?;
        let caller = self.feed.caller().clone();
        allowed(&caller, wanted.types)?;
        let sessions = sessions(&self.parts, &caller, wanted.sessions.as_deref()).await?;
        self.feed.want(Filter {
            types: wanted.types,
            sessions,
            chat: wanted.chat,
        });
        Ok(())
    }
}

fn told(frame: &Value) -> Message {
    Message::text(frame.to_string())
}

/// Sends a frame; none when it does not leave.
async fn send(socket: &mut Socket, clock: &dyn Clock, frame: Message) -> Option<()> {
    tokio::select! {
        biased;
        sent = socket.send(frame) => sent.ok(),
        () = clock.sleep(SLOW) => None,
    }
}

/// Waits until the other side has heard that this is the end: a connection that is cut off may lose the words before.
async fn part(socket: &mut Socket, clock: &dyn Clock) {
    tokio::select! {
        () = async { while let Some(Ok(_)) = socket.next().await {} } => {}
        () = clock.sleep(FAREWELL) => {}
    }
}

/// The code of a closing frame (RFC 6455, section 7.4.1, and IANA's register).
const fn code(why: Ended) -> CloseCode {
    match why {
        Ended::Stopping => CloseCode::GOING_AWAY,
        Ended::NotAdmitted | Ended::Forbidden => CloseCode::POLICY_VIOLATION,
        Ended::TooSlow => CloseCode::SERVICE_OVERLOAD,
        Ended::Failed => CloseCode::INTERNAL_SERVER_ERROR,
    }
}

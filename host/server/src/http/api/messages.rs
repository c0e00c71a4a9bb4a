//! Sending: a message is accepted durably, and leaves when its session is connected.

use std::time::Duration;

use http::HeaderName;
use waspnest_core::message::Origin;

use super::effects::shown;
use crate::http::body::{self, Fields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::reply::Reply;
use crate::service::messages::{Quote, Repeat, TextMessage};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_KEY: usize = 255;
/// Bytes of the longest text WhatsApp's clients send.
const LONGEST_TEXT: usize = 65_536;
/// How long `?wait=sent` waits.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

#[derive(Clone, Copy)]
enum Kind {
    Text,
}

/// `{ "type": "text", "to", "text", "quote"?: { "id", "from"?, "participant"? }, "mentions"? }`.
///
/// 202 with the effect, which holds the id of the message it will be. With `?wait=sent`: 200 once it has left or failed, or 202 when
/// that takes longer than a caller may wait.
pub(in crate::http) async fn send(ctx: Ctx) -> Result<Reply, ApiError> {
    let wait = match ctx.query.get("wait") {
        None => None,
        Some("sent") => Some(LONGEST_WAIT),
        Some(other) => {
            return Err(ApiError::invalid_query(format!(
                "wait: {other:?} is not allowed: expected \"sent\""
            )));
        }
    };
    ctx.query.finish()?;
    let key = idempotency_key(&ctx)?;
    let session = ctx.parts.sessions.record(ctx.param("s")).await?;
    let message = read(ctx.fields()?)?;
    let repeat = key.as_deref().map_or(Repeat::New, Repeat::Key);
    let mut effect = ctx.parts.messages.send_text(&session, message, repeat).await?;
    if let Some(wait) = wait {
        // The message is accepted whatever happens now: a host that stops answers with what is known.
        tokio::select! {
            biased;
            settled = ctx.parts.messages.settled(session.id, effect.id, wait) => effect = settled?,
            () = ctx.stop.cancelled() => {}
        }
        if !effect.state.is_pending() {
            return Ok(Reply::ok(&shown(&effect)));
        }
    }
    Ok(Reply::accepted(&shown(&effect)))
}

fn idempotency_key(ctx: &Ctx) -> Result<Option<String>, ApiError> {
    let Some(key) = ctx.headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = key.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| ApiError::invalid_header("Idempotency-Key: expected 1 to 255 printable ASCII characters"))
}

fn read(mut fields: Fields) -> Result<TextMessage, ApiError> {
    let kind = fields.required("type", body::one_of(&[("text", Kind::Text)]));
    let to = fields.required("to", body::parsed);
    let text = fields.required("text", |value| match body::text(value)? {
        text if text.is_empty() => Err("must not be empty".to_owned()),
        text if text.len() > LONGEST_TEXT => {
            Err(format!("has {} bytes; at most {LONGEST_TEXT} are allowed", text.len()))
        }
        text => Ok(text.into()),
    });
    let quote = fields.object("quote", |quote| {
        let id = quote.required("id", body::parsed);
        let from = quote
            .optional("from", body::one_of(&[("them", Origin::Them), ("me", Origin::Me)]))
            .unwrap_or(Origin::Them);
        let participant = quote.optional("participant", body::parsed);
        Some(Quote {
            id: id?,
            from,
            participant,
        })
    });
    let mentions = fields
        .optional("mentions", body::list(body::parsed))
        .unwrap_or_default();
    let message = match (kind, to, text) {
        (Some(Kind::Text), Some(to), Some(text)) => Some(TextMessage {
            to,
            text,
            quote,
            mentions,
        }),
        _ => None,
    };
    fields.finish(message)
}

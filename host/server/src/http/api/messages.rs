//! Sending: a message is accepted durably, and leaves when its session is connected.

use std::time::Duration;

use http::HeaderName;
use waspnest_core::message::Origin;

use super::effects::{ShownEffect, shown};
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{list, one_of, parsed, text_of};
use crate::http::operation::{Json, Query};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Accepted, Either, Shown};
use crate::service::messages::{Quote, Repeat, TextMessage};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_KEY: usize = 255;
/// Bytes of the longest text WhatsApp's clients send.
const LONGEST_TEXT: usize = 65_536;
/// The most people a message may mention: more than a group can have.
const MOST_MENTIONS: usize = 2048;
/// How long `?wait=sent` waits.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// Until when the caller wants to wait.
#[derive(Clone, Copy)]
enum Until {
    Sent,
}

/// Whether to wait.
pub(in crate::http) struct Wait(Option<Until>);

impl FromQuery for Wait {
    fn from_query(params: &mut Params) -> Option<Self> {
        let says = "`sent` waits until the message has left or failed, for at most 15 seconds.";
        Some(Self(params.optional("wait", one_of(&[("sent", Until::Sent)]), says)))
    }
}

impl FromFields for TextMessage {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.variant("type", "What is sent.", &[("text", text)])
    }
}

fn text(fields: &mut Fields) -> Option<TextMessage> {
    let to = fields.required("to", parsed(), "To whom.");
    let text = fields.required("text", text_of(1, LONGEST_TEXT), "What it says.");
    let quote = fields.object("quote", "The message it answers, in the same chat.", |quote| {
        let id = quote.required("id", parsed(), "WhatsApp's id of it.");
        let side = one_of(&[("them", Origin::Them), ("me", Origin::Me)]);
        let from = quote.optional("from", side, "Which side wrote it; `them` if nothing is said.");
        let participant = quote.optional("participant", parsed(), "Who wrote it, in a group.");
        Some(Quote {
            id: id?,
            from: from.unwrap_or(Origin::Them),
            participant,
        })
    });
    let mentions = fields.optional("mentions", list(parsed(), MOST_MENTIONS), "Who is mentioned.");
    Some(TextMessage {
        to: to?,
        text: text?.into(),
        quote,
        mentions: mentions.unwrap_or_default(),
    })
}

/// 202 with the effect, which holds the id of the message it will be. With `?wait=sent`: 200 once it has left or failed, or 202 when
/// that takes longer than a caller may wait.
pub(in crate::http) async fn send(
    ctx: Ctx,
    Query(Wait(wait)): Query<Wait>,
    Json(message): Json<TextMessage>,
) -> Result<Either<Accepted<ShownEffect>, Shown<ShownEffect>>, ApiError> {
    let key = idempotency_key(&ctx)?;
    let (session, tenant) = ctx.owned_session().await?;
    ctx.parts.callers.meter.take(tenant, 1).await?;
    let repeat = key.as_deref().map_or(Repeat::New, Repeat::Key);
    let mut effect = ctx.parts.messages.send_text(&session, message, repeat).await?;
    if let Some(Until::Sent) = wait {
        // The message is accepted whatever happens now: a host that stops answers with what is known.
        tokio::select! {
            biased;
            settled = ctx.parts.messages.settled(session.id, effect.id, LONGEST_WAIT) => effect = settled?,
            () = ctx.stop.cancelled() => {}
        }
        if !effect.state.is_pending() {
            return Ok(Either::Second(Shown(shown(&effect))));
        }
    }
    Ok(Either::First(Accepted(shown(&effect))))
}

fn idempotency_key(ctx: &Ctx) -> Result<Option<String>, ApiError> {
    let Some(key) = ctx.headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    let key = key.to_str().ok().filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    key.map(|key| Some(key.to_owned()))
        .ok_or_else(|| ApiError::invalid_header("Idempotency-Key: expected 1 to 255 printable ASCII characters"))
}
